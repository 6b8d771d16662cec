package configdb

import (
	"database/sql"
	"slices"

	"engage.connector/services/config-sync/configmodel"
)

// object identifies the owner of an annex.
type object struct {
	kind configmodel.ObjectType
	dbid configmodel.DBID
}

// flexRow is one row of the annex table. A value longer than the column goes on in further rows of
// the same dbid.
type flexRow struct {
	object
	id, parent  configmodel.DBID
	name, value string
}

// annexes reads the annex of persons, agent groups and business attributes into the snapshot.
func (r *reader) annexes(snap *configmodel.Snapshot) error {
	trees, err := r.annexTrees(sqlAnnex)
	if err != nil {
		return err
	}
	for i := range snap.Persons {
		snap.Persons[i].Annex = trees[object{configmodel.ObjectPerson, snap.Persons[i].DBID}]
	}
	for i := range snap.Groups {
		snap.Groups[i].Annex = trees[object{configmodel.ObjectAgentGroup, snap.Groups[i].DBID}]
	}
	for i := range snap.Attributes {
		snap.Attributes[i].Annex = trees[object{configmodel.ObjectEnumerator, snap.Attributes[i].DBID}]
	}
	return nil
}

// options reads the sections of hybrid_integration; none when the transaction does not exist.
func (r *reader) options(tenant configmodel.DBID) (configmodel.Options, error) {
	if !r.plan.has("Transaction") {
		return configmodel.Options{}, nil
	}
	type row struct {
		dbid  configmodel.DBID
		name  string
		state configmodel.State
	}
	rows, err := list(r, sqlTransaction, func(t *row) []any {
		return []any{number(&t.dbid), r.text(&t.name), number(&t.state)}
	}, int64(tenant))
	// A database may ignore case and trailing blanks; Engage does not.
	live := slices.IndexFunc(rows, func(t row) bool {
		return t.name == configmodel.TransactionName && t.state == configmodel.StateEnabled
	})
	if err != nil || live < 0 {
		return configmodel.Options{}, err
	}
	trees, err := r.annexTrees(sqlTransactionAnnex, int64(rows[live].dbid))
	return configmodel.OptionsOf(trees[object{configmodel.ObjectTransaction, rows[live].dbid}]), err
}

func (r *reader) annexTrees(statement string, args ...any) (map[object]configmodel.Annex, error) {
	trees := map[object]configmodel.Annex{}
	var pending []flexRow
	flush := func() {
		if len(pending) > 0 {
			trees[pending[0].object] = tree(pending)
			pending = pending[:0]
		}
	}
	err := r.each(statement, func(rows *sql.Rows) error {
		var row flexRow
		if err := rows.Scan(number(&row.kind), number(&row.dbid), number(&row.id), number(&row.parent), r.text(&row.name), r.text(&row.value)); err != nil {
			return err
		}
		if len(pending) > 0 && pending[0].object != row.object {
			flush()
		}
		pending = append(pending, row)
		return nil
	}, args...)
	flush()
	return trees, err
}

// tree assembles the rows of one object, which are ordered by dbid and part. Sections have parent
// 0. Rows that are not reachable from a section are left out.
func tree(rows []flexRow) configmodel.Annex {
	children := map[configmodel.DBID][]flexRow{}
	for _, row := range rows {
		siblings := children[row.parent]
		if n := len(siblings); n > 0 && siblings[n-1].id == row.id && siblings[n-1].name == row.name {
			siblings[n-1].value += row.value
			continue
		}
		children[row.parent] = append(siblings, row)
	}
	seen := map[configmodel.DBID]bool{}
	var below func(parent configmodel.DBID) []configmodel.Property
	below = func(parent configmodel.DBID) []configmodel.Property {
		if seen[parent] {
			return nil
		}
		seen[parent] = true
		var out []configmodel.Property
		for _, row := range children[parent] {
			p := configmodel.Property{Name: row.name, Value: row.value}
			if row.id != 0 {
				p.Children = below(row.id)
			}
			out = append(out, p)
		}
		return out
	}
	return below(0)
}
