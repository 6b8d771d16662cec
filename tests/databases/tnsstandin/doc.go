// Package tnsstandin is a server for tests that speaks just enough of Oracle Net and of the
// two-task protocol above it for the Oracle driver to log in, to run SELECTs with bound values and
// to read rows. Statements are executed by a PostgreSQL server, so that results are real; only
// what the wire and the database itself do differently is imitated: names in upper case, no empty
// text, numbers and dates in Oracle's own form, rows fetched in portions, Oracle's error codes.
//
// It proves the driver, the connection settings, binding and scanning. It proves nothing about
// the grammar of a statement, which the grammar gate checks, nor about character sets. The
// password exchange is not verified: any password is accepted for a known user.
package tnsstandin

// Catalogue are statements that give a PostgreSQL database the system view that lists columns.
func Catalogue() []string {
	return []string{
		`CREATE VIEW public.all_tab_columns AS SELECT UPPER(c.table_schema) AS owner, UPPER(c.table_name) AS table_name, UPPER(c.column_name) AS column_name,
			CASE WHEN c.data_type IN ('numeric', 'integer') THEN 'NUMBER' WHEN c.data_type LIKE 'timestamp%' THEN 'DATE' ELSE 'VARCHAR2' END AS data_type,
			c.ordinal_position AS column_id FROM information_schema.columns c`,
		"GRANT SELECT ON public.all_tab_columns TO PUBLIC",
	}
}
