package configdb

import (
	"strings"
)

// The statements keep to what PostgreSQL, SQLite, Oracle and SQL Server have in common: no alias
// with AS for a table, no LIMIT, no concatenation, no comparison with an empty text. {Name} is a
// field of Names, {tenant} the bound tenant, {object} a bound object. Tables carry the schema.
const (
	sqlTenant = `SELECT t.name FROM {Tenant} t WHERE t.dbid = {tenant}`

	sqlSwitches = `SELECT w.dbid, w.name FROM {Switch} w WHERE w.tenant_dbid = {tenant} ORDER BY w.dbid`

	sqlPersons = `SELECT p.dbid, p.user_name, p.employee_id, {PersonEmail}, p.first_name, p.last_name, p.is_agent, p.state
		FROM {Person} p WHERE p.tenant_dbid = {tenant} ORDER BY p.dbid`

	sqlLogins = `SELECT i.person_dbid, l.switch_dbid, w.name, l.login_code FROM {LoginInfo} i
		INNER JOIN {AgentLogin} l ON l.dbid = i.agent_login_dbid INNER JOIN {Switch} w ON w.dbid = l.switch_dbid
		WHERE w.tenant_dbid = {tenant} ORDER BY i.person_dbid, l.dbid`

	sqlSkills = `SELECT s.dbid, s.name, s.state FROM {Skill} s WHERE s.tenant_dbid = {tenant} ORDER BY s.dbid`

	sqlLevels = `SELECT l.person_dbid, l.skill_dbid, l.level_ FROM {SkillLevel} l
		INNER JOIN {Skill} s ON s.dbid = l.skill_dbid WHERE s.tenant_dbid = {tenant} ORDER BY l.person_dbid, l.skill_dbid`

	// The tenant of a DN is that of its switch; a column of its own is not certain to exist.
	sqlDNs = `SELECT d.dbid, d.number_, d.name, d.type, d.state, d.switch_dbid, w.name FROM {DN} d
		INNER JOIN {Switch} w ON w.dbid = d.switch_dbid
		WHERE w.tenant_dbid = {tenant} AND d.type IN (1, 3, 4, 5, 22) ORDER BY d.dbid`

	sqlGroups = `SELECT g.dbid, g.name, g.state FROM {Group} g WHERE g.tenant_dbid = {tenant} ORDER BY g.dbid`

	sqlMembers = `SELECT m.group_dbid, m.agent_dbid FROM {AgentGroup} m
		INNER JOIN {Group} g ON g.dbid = m.group_dbid WHERE g.tenant_dbid = {tenant} ORDER BY m.group_dbid, m.agent_dbid`

	sqlFolders = `SELECT f.dbid, f.name, f.type, f.{FolderParent}, f.{FolderParentType}, f.state FROM {Folder} f ORDER BY f.dbid`

	sqlFolderObjects = `SELECT o.{LinkFolder}, o.{LinkObject}, o.{LinkType} FROM {FolderObject} o
		WHERE o.{LinkType} IN (2, 3, 5, 13) ORDER BY o.{LinkFolder}, o.{LinkObject}`

	sqlAttributes = `SELECT e.dbid, e.name, e.{EnumeratorType}, e.state FROM {Enumerator} e WHERE e.tenant_dbid = {tenant} ORDER BY e.dbid`

	sqlValues = `SELECT v.{ValueEnumerator}, v.dbid, v.name, v.display_name, v.state FROM {Value} v
		INNER JOIN {Enumerator} e ON e.dbid = v.{ValueEnumerator} WHERE e.tenant_dbid = {tenant} ORDER BY v.{ValueEnumerator}, v.dbid`

	// The type of hybrid_integration is List.
	sqlTransaction = `SELECT t.dbid FROM {Transaction} t
		WHERE t.tenant_dbid = {tenant} AND t.name = 'hybrid_integration' AND t.type = 21 AND t.state = 1 ORDER BY t.dbid`

	// Persons, agent groups and business attributes.
	sqlAnnex = `SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM {FlexProp} f
		WHERE f.object_type IN (3, 5, 35) ORDER BY f.object_type, f.object_dbid, f.dbid{FlexPart}`

	sqlTransactionAnnex = `SELECT f.object_type, f.object_dbid, f.dbid, f.parent_dbid, f.prop_name, f.prop_value FROM {FlexProp} f
		WHERE f.object_type = 16 AND f.object_dbid = {object} ORDER BY f.object_type, f.object_dbid, f.dbid{FlexPart}`
)

// nameTable are the fields of Names that are tables.
var nameTable = map[string]bool{
	"Tenant": true, "Switch": true, "DN": true, "Person": true, "Skill": true, "SkillLevel": true, "AgentLogin": true,
	"LoginInfo": true, "Group": true, "AgentGroup": true, "FlexProp": true, "Folder": true, "FolderObject": true,
	"Enumerator": true, "Value": true, "Transaction": true,
}

// replacements are what stands for the braces in a dialect.
func replacements(n Names, placeholder string) *strings.Replacer {
	pairs := []string{"{tenant}", placeholder, "{object}", placeholder}
	for field, name := range n.fields() {
		switch {
		case nameTable[field]:
			name = n.Schema + name
		case field == "PersonEmail" && name == absent:
			name = "NULL"
		case field == "PersonEmail":
			name = "p." + name
		case field == "FlexPart" && name == absent:
			name = ""
		case field == "FlexPart":
			name = ", f." + name
		}
		pairs = append(pairs, "{"+field+"}", name)
	}
	return strings.NewReplacer(pairs...)
}
