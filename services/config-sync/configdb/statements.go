package configdb

import (
	"fmt"
	"regexp"
)

// The statements keep to what PostgreSQL, SQLite, Oracle and SQL Server have in common: no alias
// with AS for a table, no LIMIT, no concatenation, no comparison with an empty text. In braces:
// {Person} is a table, {p.PersonEmail} a column, or what stands for it where it does not exist,
// {tenant} and {object} are bound.
const (
	sqlTenant = `SELECT t.name FROM {Tenant} t WHERE t.dbid = {tenant}`

	sqlSwitches = `SELECT w.dbid, w.name FROM {Switch} w WHERE w.tenant_dbid = {tenant} ORDER BY w.dbid`

	sqlPersons = `SELECT p.dbid, p.user_name, p.employee_id, {p.PersonEmail}, p.first_name, p.last_name, p.is_agent, p.state
		FROM {Person} p WHERE p.tenant_dbid = {tenant} ORDER BY p.dbid`

	sqlLogins = `SELECT i.person_dbid, l.switch_dbid, w.name, l.login_code FROM {LoginInfo} i
		INNER JOIN {AgentLogin} l ON l.dbid = i.agent_login_dbid INNER JOIN {Switch} w ON w.dbid = l.switch_dbid
		WHERE w.tenant_dbid = {tenant} ORDER BY i.person_dbid, l.dbid`

	sqlSkills = `SELECT s.dbid, s.name, s.state FROM {Skill} s WHERE s.tenant_dbid = {tenant} ORDER BY s.dbid`

	sqlLevels = `SELECT l.person_dbid, l.skill_dbid, l.level_ FROM {SkillLevel} l
		INNER JOIN {Skill} s ON s.dbid = l.skill_dbid WHERE s.tenant_dbid = {tenant} ORDER BY l.person_dbid, l.skill_dbid`

	// The tenant of a DN is that of its switch; a column of its own is not certain to exist.
	sqlDNs = `SELECT d.dbid, d.number_, d.name, d.type, {d.DNState}, d.switch_dbid, w.name FROM {DN} d
		INNER JOIN {Switch} w ON w.dbid = d.switch_dbid
		WHERE w.tenant_dbid = {tenant} AND d.type IN (1, 3, 4, 5, 22) ORDER BY d.dbid`

	sqlGroups = `SELECT g.dbid, g.name, g.state FROM {Group} g WHERE g.tenant_dbid = {tenant}{GroupFilter} ORDER BY g.dbid`

	sqlMembers = `SELECT m.group_dbid, m.agent_dbid FROM {AgentGroup} m
		INNER JOIN {Group} g ON g.dbid = m.group_dbid WHERE g.tenant_dbid = {tenant}{GroupFilter} ORDER BY m.group_dbid, m.agent_dbid`

	sqlFolders = `SELECT f.dbid, f.name, {f.FolderType}, {f.FolderParent}, {f.FolderParentType}, {f.FolderState} FROM {Folder} f ORDER BY f.dbid`

	sqlFolderObjects = `SELECT {o.LinkFolder}, {o.LinkObject}, {o.LinkType} FROM {FolderObject} o
		WHERE {o.LinkType} IN (2, 3, 5, 13) ORDER BY {o.LinkFolder}, {o.LinkObject}`

	sqlAttributes = `SELECT e.dbid, e.name, {e.EnumeratorType}, {e.EnumeratorState} FROM {Enumerator} e
		WHERE e.tenant_dbid = {tenant} ORDER BY e.dbid`

	sqlValues = `SELECT {v.ValueEnumerator}, v.dbid, v.name, {v.ValueDisplay}, {v.ValueState} FROM {Value} v
		INNER JOIN {Enumerator} e ON e.dbid = {v.ValueEnumerator} WHERE e.tenant_dbid = {tenant} ORDER BY {v.ValueEnumerator}, v.dbid`

	// The type of hybrid_integration is List. The name is compared again by the reader, because a
	// database may ignore case and trailing blanks.
	sqlTransaction = `SELECT t.dbid, t.name, {t.TransactionState} FROM {Transaction} t
		WHERE t.tenant_dbid = {tenant} AND t.name = 'hybrid_integration' AND {t.TransactionType} = 21 ORDER BY t.dbid`

	// Persons, agent groups and business attributes.
	sqlAnnex = `SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM {FlexProp} f
		WHERE f.object_type IN (3, 5, 35) ORDER BY f.object_type, f.object_dbid, f.dbid{PartOrder}`

	sqlTransactionAnnex = `SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM {FlexProp} f
		WHERE f.object_type = 16 AND f.object_dbid = {object} ORDER BY f.object_type, f.object_dbid, f.dbid{PartOrder}`

	// The newest entry of the history for each DN.
	sqlHistory = `SELECT {h.HistoryObject}, MAX({h.HistoryTime}) FROM {History} h
		WHERE {h.HistoryType} = 2 GROUP BY {h.HistoryObject} ORDER BY {h.HistoryObject}`
)

// The statements of the probe.
const (
	// What a link must refer to: persons that exist, and folders of persons.
	sqlLinkRows    = `SELECT COUNT(*) FROM {FolderObject} o WHERE {o.LinkType} = 3`
	sqlLinkPersons = `SELECT COUNT(*) FROM {FolderObject} o
		WHERE {o.LinkType} = 3 AND NOT EXISTS (SELECT p.dbid FROM {Person} p WHERE p.dbid = {o.LinkObject})`
	sqlLinkFolders = `SELECT COUNT(*) FROM {FolderObject} o
		WHERE {o.LinkType} = 3 AND NOT EXISTS (SELECT f.dbid FROM {Folder} f WHERE f.dbid = {o.LinkFolder} AND {f.FolderType} = 3)`

	// What the numbers of object states (0) and DN types (5) are called in English (1).
	sqlLocale = `SELECT l.lc_type, l.lc_subtype, l.lc_value FROM {Locale} l
		WHERE l.lcid = 1 AND l.lc_class = 8 AND l.lc_type IN (0, 5) ORDER BY l.lc_type, l.lc_subtype`

	// Which kinds the groups have that have agents, or an annex of an agent group.
	sqlGroupTypes = `SELECT g.group_type, COUNT(*) FROM {Group} g WHERE g.dbid IN (SELECT m.group_dbid FROM {AgentGroup} m)
		GROUP BY g.group_type ORDER BY g.group_type`
	sqlAnnexGroupTypes = `SELECT g.group_type, COUNT(*) FROM {Group} g
		WHERE g.dbid IN (SELECT f.object_dbid FROM {FlexProp} f WHERE f.object_type = 5)
		GROUP BY g.group_type ORDER BY g.group_type`

	sqlTransactionRows = `SELECT COUNT(*) FROM {Transaction} t WHERE t.name = 'hybrid_integration' AND {t.TransactionType} = 21`
	sqlHistoryRows     = `SELECT COUNT(*) FROM {History} h WHERE {h.HistoryType} = 2`
)

// Statement is one statement that is sent to a database.
type Statement struct{ Name, Text string }

// templates are the statements of a reading and of the probe, by name.
func templates() []Statement {
	return []Statement{
		{"tenant", sqlTenant},
		{"switches", sqlSwitches},
		{"persons", sqlPersons},
		{"logins", sqlLogins},
		{"skills", sqlSkills},
		{"skill levels", sqlLevels},
		{"dns", sqlDNs},
		{"groups", sqlGroups},
		{"group members", sqlMembers},
		{"folders", sqlFolders},
		{"folder objects", sqlFolderObjects},
		{"business attributes", sqlAttributes},
		{"business attribute values", sqlValues},
		{"transaction", sqlTransaction},
		{"annex", sqlAnnex},
		{"transaction annex", sqlTransactionAnnex},
		{"history", sqlHistory},
		{"probe: link rows", sqlLinkRows},
		{"probe: link persons", sqlLinkPersons},
		{"probe: link folders", sqlLinkFolders},
		{"probe: locale", sqlLocale},
		{"probe: group types", sqlGroupTypes},
		{"probe: annex group types", sqlAnnexGroupTypes},
		{"probe: transaction rows", sqlTransactionRows},
		{"probe: history rows", sqlHistoryRows},
	}
}

// renderer puts names and placeholders into a template.
type renderer struct {
	names       Names
	schema      string
	placeholder string
}

var bracePattern = regexp.MustCompile(`\{(?:([a-z])\.)?([A-Za-z]+)\}`)

func (r renderer) render(template string) string {
	return bracePattern.ReplaceAllStringFunc(template, func(found string) string {
		parts := bracePattern.FindStringSubmatch(found)
		alias, field := parts[1], parts[2]
		switch field {
		case "tenant", "object":
			return r.placeholder
		case "GroupFilter":
			if !r.names.has("GroupType") {
				return ""
			}
			return " AND g.group_type IN (" + r.names.GroupType + ")"
		case "PartOrder":
			return r.optional("FlexPart", ", f.")
		}
		if alias != "" {
			return r.column(alias, field)
		}
		if r.schema != "" {
			return r.schema + "." + r.names.get(field)
		}
		return r.names.get(field)
	})
}

func (r renderer) optional(field, before string) string {
	if !r.names.has(field) {
		return ""
	}
	return before + r.names.get(field)
}

func (r renderer) column(alias, field string) string {
	if r.names.has(field) {
		return alias + "." + r.names.get(field)
	}
	for _, f := range nameFields() {
		if f.field == field && f.fallback != "" {
			return f.fallback
		}
	}
	panic(fmt.Sprintf("configdb: column %s is not known", field)) // the probe never leaves such a gap
}
