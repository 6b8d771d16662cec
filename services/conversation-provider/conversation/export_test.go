package conversation

import "slices"

// Without takes a row out of a machine's tables.
func (m *Machine) Without(id string) *Machine {
	for at, rules := range m.rows {
		m.rows[at] = slices.DeleteFunc(rules, func(r rule) bool { return r.row.ID == id })
	}
	m.roles = slices.DeleteFunc(m.roles, func(r roleRule) bool { return r.row.ID == id })
	return m
}
