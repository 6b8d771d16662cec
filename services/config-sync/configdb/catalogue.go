package configdb

import (
	"maps"
	"slices"
	"strings"
)

// catalogue is what the database says about its cfg_ tables.
type catalogue struct{ tables []table }

// table is one table of one schema.
type table struct {
	schema, name string
	columns      []column
}

type column struct{ name, kind string }

// add appends a column; rows come ordered by schema and table. Names that would need quoting are
// not those of a Config DB.
func (c *catalogue) add(schema, name, columnName, kind string) {
	if !strings.HasPrefix(strings.ToLower(name), "cfg_") || !identifierPattern.MatchString(name) || !identifierPattern.MatchString(columnName) || !ValidSchema(schema) {
		return
	}
	if n := len(c.tables); n == 0 || c.tables[n-1].schema != schema || c.tables[n-1].name != name {
		c.tables = append(c.tables, table{schema: schema, name: name})
	}
	t := &c.tables[len(c.tables)-1]
	t.columns = append(t.columns, column{name: columnName, kind: strings.ToLower(kind)})
}

// schemasOf returns the schemas that have a table of this name.
func (c *catalogue) schemasOf(name string) []string {
	found := map[string]bool{}
	for _, t := range c.tables {
		if strings.EqualFold(t.name, name) {
			found[t.schema] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// within returns the tables of one schema; Oracle's names come in upper case and are written in
// lower case, which means the same.
func (c *catalogue) within(schema string) []table {
	var out []table
	for _, t := range c.tables {
		if strings.EqualFold(t.schema, schema) {
			out = append(out, t)
		}
	}
	return out
}

// lower returns the table with its names in lower case.
func (t table) lower() table {
	out := table{schema: strings.ToLower(t.schema), name: strings.ToLower(t.name), columns: slices.Clone(t.columns)}
	for i := range out.columns {
		out.columns[i].name = strings.ToLower(out.columns[i].name)
	}
	return out
}

// has tells whether the table has all these columns.
func (t table) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return t.column(name) == "" })
}

// column returns the name as the catalogue spells it, empty when there is none.
func (t table) column(name string) string {
	for _, c := range t.columns {
		if strings.EqualFold(c.name, name) {
			return c.name
		}
	}
	return ""
}

func (t table) kind(name string) string {
	for _, c := range t.columns {
		if strings.EqualFold(c.name, name) {
			return c.kind
		}
	}
	return ""
}

// pick returns the column that is called one of the names, or else the only one whose name fits.
// Without one, the columns that came into question are returned.
func (t table) pick(names []string, fits func(string) bool) (string, []string) {
	for _, name := range names {
		if found := t.column(name); found != "" {
			return found, nil
		}
	}
	var found []string
	for _, c := range t.columns {
		if fits != nil && fits(strings.ToLower(c.name)) {
			found = append(found, c.name)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return "", found
}

// contains returns a test for names that have one of the words and none of the others.
func contains(words []string, others ...string) func(string) bool {
	within := func(name string) func(string) bool {
		return func(word string) bool { return strings.Contains(name, word) }
	}
	return func(name string) bool {
		return slices.ContainsFunc(words, within(name)) && !slices.ContainsFunc(others, within(name))
	}
}

// reference returns the columns that hold a DBID and an object type of something, such as
// owner_dbid and owner_type.
func (t table) reference(stem string) (id, kind string) {
	kind, _ = t.pick([]string{stem + "_type"}, func(name string) bool {
		return strings.Contains(name, stem) && contains([]string{"type", "kind", "class"})(name)
	})
	id, _ = t.pick([]string{stem + "_dbid", stem + "_id", stem}, func(name string) bool {
		return strings.Contains(name, stem) && !contains([]string{"type", "kind", "class", "csid", "name"})(name)
	})
	return id, kind
}
