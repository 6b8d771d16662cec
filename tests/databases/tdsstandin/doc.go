// Package tdsstandin is a server for tests that speaks just enough of SQL Server's protocol, TDS
// 7.4, for the SQL Server driver to log in with or without TLS, to open transactions, to run
// SELECTs with bound values and to read rows. Statements are executed by a PostgreSQL server, so
// that results are real. The tables belong into a schema dbo of it, next to the few system views
// that Catalogue makes.
//
// It proves the driver, the connection settings, binding and scanning. It proves nothing about
// the grammar of a statement, which the grammar gate checks, nor about collations.
package tdsstandin

// Catalogue are statements that give a PostgreSQL database the system views that are asked for.
// allowed tells whether the database lets transactions see a snapshot.
func Catalogue(allowed bool) []string {
	state := "0"
	if allowed {
		state = "1"
	}
	return []string{
		"CREATE SCHEMA sys",
		"CREATE FUNCTION db_name() RETURNS varchar LANGUAGE sql AS 'SELECT current_database()::varchar'",
		"CREATE VIEW sys.databases AS SELECT datname::varchar AS name, " + state + " AS snapshot_isolation_state FROM pg_database",
		"GRANT USAGE ON SCHEMA sys TO PUBLIC", "GRANT SELECT ON sys.databases TO PUBLIC",
	}
}
