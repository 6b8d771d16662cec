package configdb

import "strings"

// annexPart is the longest piece of an annex value that fits one row; longer values go on in
// the next part. Config Server is known to cut after 254 characters.
const annexPart = 254

// table is a table's rows in insert order. Columns that are not named stay NULL.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

// rowSet collects rows by table; tables keep the order of their first row.
type rowSet struct {
	tables []*table
	byName map[string]*table
	flexID int64
}

func newRowSet() *rowSet { return &rowSet{byName: map[string]*table{}, flexID: 9000} }

// add appends one row; columns is a blank-separated list and must be the same for every row of a table.
func (s *rowSet) add(name, columns string, values ...any) {
	t := s.byName[name]
	if t == nil {
		t = &table{name: name, columns: strings.Fields(columns)}
		s.byName[name] = t
		s.tables = append(s.tables, t)
	}
	t.rows = append(t.rows, values)
}

// annex writes an object's options as section and option rows, cutting long values into parts
// that share one dbid.
func (s *rowSet) annex(names Names, objectType int, objectDBID int64, options []option) {
	columns := "dbid object_dbid object_type parent_dbid prop_type prop_name prop_value " + names.PartColumn
	sections := map[string]int64{}
	for _, o := range options {
		parent, seen := sections[o.section]
		if !seen {
			s.flexID++
			parent = s.flexID
			sections[o.section] = parent
			s.add("cfg_flex_prop", columns, parent, objectDBID, objectType, 0, 3, o.section, nil, 1)
		}
		s.flexID++
		for i, piece := range pieces(o.value, annexPart) {
			s.add("cfg_flex_prop", columns, s.flexID, objectDBID, objectType, parent, 0, o.key, piece, i+1)
		}
	}
}

// pieces cuts text into pieces of at most size characters; an empty text is one empty piece.
func pieces(text string, size int) []string {
	runes, out := []rune(text), []string{}
	for len(runes) > size {
		out = append(out, string(runes[:size]))
		runes = runes[size:]
	}
	return append(out, string(runes))
}
