package main

import "fmt"

// tables returns the content of the Config DB. Secrets are not in it: config-sync gets them by its environment.
func (c center) tables() []table {
	return append(c.objects(), c.relations()...)
}

// objects are the tables with one row per object.
func (c center) objects() []table {
	one := func(name string, columns []string, row ...any) table {
		return table{name, columns, 1, func(int) []any { return row }}
	}
	return []table{
		one("cfg_tenant", []string{"dbid", "name", "state"}, tenantDBID, tenantName, stateEnabled),
		one("cfg_switch", []string{"dbid", "tenant_dbid", "name", "state"}, switchDBID, tenantDBID, switchName, stateEnabled),
		{
			"cfg_person",
			[]string{"dbid", "tenant_dbid", "user_name", "employee_id", "first_name", "last_name", "email_address", "is_agent", "state"},
			c.persons,
			func(i int) []any {
				return []any{personBase + i, tenantDBID, userName(i), fmt.Sprintf("E%05d", i), "First", fmt.Sprintf("Last %05d", i), userName(i), flagTrue, stateEnabled}
			},
		},
		{"cfg_agent_login", []string{"dbid", "switch_dbid", "login_code", "state"}, c.persons, func(i int) []any {
			return []any{loginBase + i, switchDBID, fmt.Sprintf("7%05d", i), stateEnabled}
		}},
		{"cfg_skill", []string{"dbid", "tenant_dbid", "name", "state"}, c.skills, func(i int) []any {
			return []any{skillBase + i, tenantDBID, skillName(i), stateEnabled}
		}},
		{"cfg_dn", dnColumns(), c.queues, func(i int) []any {
			return []any{queueBase + i, switchDBID, queueNumber(i), "Alias " + queueNumber(i), dnQueue, stateEnabled}
		}},
		{"cfg_dn", dnColumns(), c.extensions, func(i int) []any {
			return []any{extensionBase + i, switchDBID, fmt.Sprintf("8%05d", i), fmt.Sprintf("8%05d_SIP", i), dnExtension, stateEnabled}
		}},
		{"cfg_group", []string{"dbid", "tenant_dbid", "name", "group_type", "state"}, c.queues, func(i int) []any {
			return []any{groupBase + i, tenantDBID, "Group " + queueNumber(i), 1, stateEnabled}
		}},
		one("cfg_enumerator", []string{"dbid", "tenant_dbid", "name", "display_name", "type", "state"},
			attributeDBID, tenantDBID, "DispositionCode", "Disposition Code", operational, stateEnabled),
		{"cfg_enumerator_value", []string{"dbid", "enumerator_dbid", "name", "display_name", "state"}, c.codes, func(i int) []any {
			return []any{valueBase + i, attributeDBID, codeName(i), codeName(i), stateEnabled}
		}},
		one("cfg_transaction", []string{"dbid", "tenant_dbid", "name", "type", "state"}, transaction, tenantDBID, "hybrid_integration", listType, stateEnabled),
	}
}

func dnColumns() []string {
	return []string{"dbid", "switch_dbid", "number_", "name", "type", "state"}
}

// relations are the tables that join objects, and the annexes.
func (c center) relations() []table {
	var levels, listed, annexes [][]any
	for p, has := range c.skillLevels() {
		for _, l := range has {
			levels = append(levels, []any{personBase + p, skillBase + l.skill, l.value})
		}
	}
	if c.members > 0 {
		for q, persons := range c.membersOf() {
			for _, p := range persons {
				listed = append(listed, []any{groupBase + q, personBase + p})
			}
		}
	}
	annex := annexWriter{rows: &annexes}
	for q := range c.queues {
		annex.add(groupBase+q, typeGroup, "hybrid", "WFM_queue_number", queueNumber(q))
		if c.members == 0 {
			annex.add(groupBase+q, typeGroup, "virtual", "script", c.script(q).text())
		}
	}
	annex.add(transaction, typeList, "general", "organization_id", "bench")
	return []table{
		{"cfg_login_info", []string{"person_dbid", "agent_login_dbid"}, c.persons, func(i int) []any { return []any{personBase + i, loginBase + i} }},
		rows("cfg_skill_level", []string{"person_dbid", "skill_dbid", "level_"}, levels),
		rows("cfg_agent_group", []string{"group_dbid", "agent_dbid"}, listed),
		rows("cfg_flex_prop", []string{"dbid", "object_dbid", "object_type", "parent_dbid", "prop_type", "prop_name", "prop_value", "part"}, annexes),
	}
}

func rows(name string, columns []string, content [][]any) table {
	return table{name, columns, len(content), func(i int) []any { return content[i] }}
}

// annexWriter makes the rows of annexes: one for a section and one for its option.
type annexWriter struct{ rows *[][]any }

func (w annexWriter) add(object, kind int, section, option, value string) {
	id := annexBase + len(*w.rows)
	*w.rows = append(*w.rows,
		[]any{id, object, kind, 0, annexSection, section, nil, 1},
		[]any{id + 1, object, kind, id, annexOption, option, value, 1})
}
