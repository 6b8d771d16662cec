package configdb

import (
	"fmt"
	"regexp"
	"slices"
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
		{"probe: group types", sqlGroupTypes},
		{"probe: annex group types", sqlAnnexGroupTypes},
		{"probe: transaction rows", sqlTransactionRows},
		{"probe: history rows", sqlHistoryRows},
	}
}

// exampleNames stand for the names that a probe finds.
func exampleNames() Names {
	return Names{
		PersonEmail: "email_address", DNState: "state", FlexPart: "part", GroupType: "5",
		Folder: "cfg_folder", FolderType: "type", FolderParent: "parent_dbid", FolderParentType: "parent_type", FolderState: "state",
		FolderObject: "cfg_folder_object", LinkFolder: "folder_dbid", LinkObject: "object_dbid", LinkType: "object_type",
		Enumerator: "cfg_enumerator", EnumeratorType: "type", EnumeratorState: "state",
		Value: "cfg_enumerator_value", ValueEnumerator: "enumerator_dbid", ValueDisplay: "display_name", ValueState: "state",
		Transaction: "cfg_transaction", TransactionType: "type", TransactionState: "state",
		History: "cfg_hist_log", HistoryObject: "object_dbid", HistoryType: "object_type", HistoryTime: "changed_at",
	}.withDefaults()
}

// Statements returns every statement that a database of this type may be sent, with names as a
// probe could find them, and once more without what is optional where that makes a difference. It
// is empty for an unknown type.
func Statements(dbType string) []Statement {
	d, ok := dialectOf(dbType)
	if !ok {
		return nil
	}
	out := slices.DeleteFunc([]Statement{{"catalogue", d.catalogue}, {"transaction start", d.first}, {"snapshots allowed", d.snapshotAllowed}},
		func(s Statement) bool { return s.Text == "" })
	names := exampleNames()
	bare := names
	for _, f := range nameFields() {
		if f.optional && f.initial == "" && !slices.Contains([]string{"Enumerator", "Value", "Transaction", "History"}, f.field) {
			bare.set(f.field, Absent)
		}
	}
	full := renderer{names: names, schema: "ccadmin", placeholder: d.placeholder}
	least := renderer{names: bare, schema: full.schema, placeholder: d.placeholder}
	for _, t := range templates() {
		out = append(out, Statement{t.Name, full.render(t.Text)})
		if text := least.render(t.Text); text != full.render(t.Text) {
			out = append(out, Statement{t.Name + " (least)", text})
		}
	}
	return out
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
			return r.optional("GroupType", " AND g.group_type = ")
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
