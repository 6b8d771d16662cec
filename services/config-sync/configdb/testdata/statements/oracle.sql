-- catalogue
SELECT c.owner, c.table_name, c.column_name, c.data_type FROM all_tab_columns c
		WHERE c.table_name LIKE 'CFG%' ORDER BY c.owner, c.table_name, c.column_id;

-- transaction start
SET TRANSACTION READ ONLY;

-- tenant
SELECT t.name FROM ccadmin.cfg_tenant t WHERE t.dbid = :1;

-- switches
SELECT w.dbid, w.name FROM ccadmin.cfg_switch w WHERE w.tenant_dbid = :1 ORDER BY w.dbid;

-- persons
SELECT p.dbid, p.user_name, p.employee_id, p.email_address, p.first_name, p.last_name, p.is_agent, p.state
		FROM ccadmin.cfg_person p WHERE p.tenant_dbid = :1 ORDER BY p.dbid;

-- persons (least)
SELECT p.dbid, p.user_name, p.employee_id, NULL, p.first_name, p.last_name, p.is_agent, p.state
		FROM ccadmin.cfg_person p WHERE p.tenant_dbid = :1 ORDER BY p.dbid;

-- logins
SELECT i.person_dbid, l.switch_dbid, w.name, l.login_code FROM ccadmin.cfg_login_info i
		INNER JOIN ccadmin.cfg_agent_login l ON l.dbid = i.agent_login_dbid INNER JOIN ccadmin.cfg_switch w ON w.dbid = l.switch_dbid
		WHERE w.tenant_dbid = :1 ORDER BY i.person_dbid, l.dbid;

-- skills
SELECT s.dbid, s.name, s.state FROM ccadmin.cfg_skill s WHERE s.tenant_dbid = :1 ORDER BY s.dbid;

-- skill levels
SELECT l.person_dbid, l.skill_dbid, l.level_ FROM ccadmin.cfg_skill_level l
		INNER JOIN ccadmin.cfg_skill s ON s.dbid = l.skill_dbid WHERE s.tenant_dbid = :1 ORDER BY l.person_dbid, l.skill_dbid;

-- dns
SELECT d.dbid, d.number_, d.name, d.type, d.state, d.switch_dbid, w.name FROM ccadmin.cfg_dn d
		INNER JOIN ccadmin.cfg_switch w ON w.dbid = d.switch_dbid
		WHERE w.tenant_dbid = :1 AND d.type IN (1, 3, 4, 5, 22) ORDER BY d.dbid;

-- dns (least)
SELECT d.dbid, d.number_, d.name, d.type, 1, d.switch_dbid, w.name FROM ccadmin.cfg_dn d
		INNER JOIN ccadmin.cfg_switch w ON w.dbid = d.switch_dbid
		WHERE w.tenant_dbid = :1 AND d.type IN (1, 3, 4, 5, 22) ORDER BY d.dbid;

-- groups
SELECT g.dbid, g.name, g.state FROM ccadmin.cfg_group g WHERE g.tenant_dbid = :1 AND g.group_type IN (5) ORDER BY g.dbid;

-- groups (least)
SELECT g.dbid, g.name, g.state FROM ccadmin.cfg_group g WHERE g.tenant_dbid = :1 ORDER BY g.dbid;

-- group members
SELECT m.group_dbid, m.agent_dbid FROM ccadmin.cfg_agent_group m
		INNER JOIN ccadmin.cfg_group g ON g.dbid = m.group_dbid WHERE g.tenant_dbid = :1 AND g.group_type IN (5) ORDER BY m.group_dbid, m.agent_dbid;

-- group members (least)
SELECT m.group_dbid, m.agent_dbid FROM ccadmin.cfg_agent_group m
		INNER JOIN ccadmin.cfg_group g ON g.dbid = m.group_dbid WHERE g.tenant_dbid = :1 ORDER BY m.group_dbid, m.agent_dbid;

-- folders
SELECT f.dbid, f.name, f.type, f.parent_dbid, f.parent_type, f.state FROM ccadmin.cfg_folder f ORDER BY f.dbid;

-- folders (least)
SELECT f.dbid, f.name, f.type, f.parent_dbid, f.parent_type, 1 FROM ccadmin.cfg_folder f ORDER BY f.dbid;

-- folder objects
SELECT o.folder_dbid, o.object_dbid, o.object_type FROM ccadmin.cfg_folder_object o
		WHERE o.object_type IN (2, 3, 5, 13) ORDER BY o.folder_dbid, o.object_dbid;

-- business attributes
SELECT e.dbid, e.name, e.type, e.state FROM ccadmin.cfg_enumerator e
		WHERE e.tenant_dbid = :1 ORDER BY e.dbid;

-- business attributes (least)
SELECT e.dbid, e.name, e.type, 1 FROM ccadmin.cfg_enumerator e
		WHERE e.tenant_dbid = :1 ORDER BY e.dbid;

-- business attribute values
SELECT v.enumerator_dbid, v.dbid, v.name, v.display_name, v.state FROM ccadmin.cfg_enumerator_value v
		INNER JOIN ccadmin.cfg_enumerator e ON e.dbid = v.enumerator_dbid WHERE e.tenant_dbid = :1 ORDER BY v.enumerator_dbid, v.dbid;

-- business attribute values (least)
SELECT v.enumerator_dbid, v.dbid, v.name, NULL, 1 FROM ccadmin.cfg_enumerator_value v
		INNER JOIN ccadmin.cfg_enumerator e ON e.dbid = v.enumerator_dbid WHERE e.tenant_dbid = :1 ORDER BY v.enumerator_dbid, v.dbid;

-- transaction
SELECT t.dbid, t.name, t.state FROM ccadmin.cfg_transaction t
		WHERE t.tenant_dbid = :1 AND t.name = 'hybrid_integration' AND t.type = 21 ORDER BY t.dbid;

-- transaction (least)
SELECT t.dbid, t.name, 1 FROM ccadmin.cfg_transaction t
		WHERE t.tenant_dbid = :1 AND t.name = 'hybrid_integration' AND t.type = 21 ORDER BY t.dbid;

-- annex
SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM ccadmin.cfg_flex_prop f
		WHERE f.object_type IN (3, 5, 35) ORDER BY f.object_type, f.object_dbid, f.dbid, f.part;

-- annex (least)
SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM ccadmin.cfg_flex_prop f
		WHERE f.object_type IN (3, 5, 35) ORDER BY f.object_type, f.object_dbid, f.dbid;

-- transaction annex
SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM ccadmin.cfg_flex_prop f
		WHERE f.object_type = 16 AND f.object_dbid = :1 ORDER BY f.object_type, f.object_dbid, f.dbid, f.part;

-- transaction annex (least)
SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM ccadmin.cfg_flex_prop f
		WHERE f.object_type = 16 AND f.object_dbid = :1 ORDER BY f.object_type, f.object_dbid, f.dbid;

-- history
SELECT h.object_dbid, MAX(h.changed_at) FROM ccadmin.cfg_hist_log h
		WHERE h.object_type = 2 GROUP BY h.object_dbid ORDER BY h.object_dbid;

-- probe: link rows
SELECT COUNT(*) FROM ccadmin.cfg_folder_object o WHERE o.object_type = 3;

-- probe: link persons
SELECT COUNT(*) FROM ccadmin.cfg_folder_object o
		WHERE o.object_type = 3 AND NOT EXISTS (SELECT p.dbid FROM ccadmin.cfg_person p WHERE p.dbid = o.object_dbid);

-- probe: link folders
SELECT COUNT(*) FROM ccadmin.cfg_folder_object o
		WHERE o.object_type = 3 AND NOT EXISTS (SELECT f.dbid FROM ccadmin.cfg_folder f WHERE f.dbid = o.folder_dbid AND f.type = 3);

-- probe: locale
SELECT l.lc_type, l.lc_subtype, l.lc_value FROM ccadmin.cfg_locale l
		WHERE l.lcid = 1 AND l.lc_class = 8 AND l.lc_type IN (0, 5) ORDER BY l.lc_type, l.lc_subtype;

-- probe: group types
SELECT g.group_type, COUNT(*) FROM ccadmin.cfg_group g WHERE g.dbid IN (SELECT m.group_dbid FROM ccadmin.cfg_agent_group m)
		GROUP BY g.group_type ORDER BY g.group_type;

-- probe: annex group types
SELECT g.group_type, COUNT(*) FROM ccadmin.cfg_group g
		WHERE g.dbid IN (SELECT f.object_dbid FROM ccadmin.cfg_flex_prop f WHERE f.object_type = 5)
		GROUP BY g.group_type ORDER BY g.group_type;

-- probe: transaction rows
SELECT COUNT(*) FROM ccadmin.cfg_transaction t WHERE t.name = 'hybrid_integration' AND t.type = 21;

-- probe: history rows
SELECT COUNT(*) FROM ccadmin.cfg_hist_log h WHERE h.object_type = 2;

