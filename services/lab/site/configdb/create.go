package configdb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	_ "modernc.org/sqlite"             // driver "sqlite"
)

//go:embed schema_postgres.sql.tmpl schema_sqlite.sql.tmpl
var schemaFS embed.FS

// markerTable lists what the lab has created. Only a database that has it, or that has no
// Config DB tables at all, is written to.
const markerTable = "engage_connector_lab"

// bindLimit bounds the parameters of one INSERT (SQLite takes 32,766, PostgreSQL 65,535).
const bindLimit = 20_000

// ErrForeign is returned for a database that holds somebody else's Config DB.
var ErrForeign = errors.New("configdb: the database holds cfg_ tables that the lab did not make; use another database")

// Database is a Config DB that was created. It holds no connection.
type Database struct{ model Model }

// Model describes what is in the database.
func (d *Database) Model() Model { return d.model }

// Build generates a center without writing it anywhere.
func Build(o Options) (*Database, error) {
	c, err := generate(o)
	if err != nil {
		return nil, err
	}
	return &Database{model: c.model}, nil
}

// Create generates a center and writes it to the database at dsn in one transaction, replacing
// what an earlier run of the lab left there. The driver is "postgresql" (a pgx connection string)
// or "sqlite" (a file path). It returns ErrForeign, and changes nothing, when the database has
// cfg_ tables of somebody else.
func Create(ctx context.Context, driver, dsn string, o Options) (_ *Database, err error) {
	d, err := dialectOf(driver)
	if err != nil {
		return nil, err
	}
	c, err := generate(o)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open(d.driver, dsn+d.dsnSuffix)
	if err != nil {
		return nil, fmt.Errorf("configdb: open: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("configdb: begin: %w", err)
	}
	if err := write(ctx, tx, d, c); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("configdb: commit: %w", err)
	}
	return &Database{model: c.model}, nil
}

// dialect is what differs between the two databases.
type dialect struct {
	driver    string
	schema    string
	dsnSuffix string
	lock      string // taken before anything is looked at; "" when the transaction itself is exclusive
	tables    string // query: schema-qualified cfg_ tables and the marker
	bind      func(n int) string
}

func dialectOf(driver string) (dialect, error) {
	switch driver {
	case "postgresql", "postgres", "pgx":
		return dialect{
			driver: "pgx",
			schema: "schema_postgres.sql.tmpl",
			lock:   "SELECT pg_advisory_xact_lock(6076)",
			tables: `SELECT CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END
				FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (lower(c.relname) LIKE 'cfg\_%' OR c.relname = '` + markerTable + `') ORDER BY 1`,
			bind: func(n int) string { return fmt.Sprintf("$%d", n) },
		}, nil
	case "sqlite":
		return dialect{
			driver:    "sqlite",
			schema:    "schema_sqlite.sql.tmpl",
			dsnSuffix: "?_pragma=busy_timeout(5000)&_txlock=immediate",
			tables: `SELECT name FROM sqlite_master WHERE type IN ('table', 'view')
				AND (lower(name) LIKE 'cfg\_%' ESCAPE '\' OR name = '` + markerTable + `') ORDER BY 1`,
			bind: func(int) string { return "?" },
		}, nil
	default:
		return dialect{}, fmt.Errorf("configdb: driver %q, want postgresql or sqlite", driver)
	}
}

// write replaces the lab's tables inside the transaction.
func write(ctx context.Context, tx *sql.Tx, d dialect, c *center) error {
	if d.lock != "" {
		if _, err := tx.ExecContext(ctx, d.lock); err != nil {
			return fmt.Errorf("configdb: lock: %w", err)
		}
	}
	if err := clearOwn(ctx, tx, d); err != nil {
		return err
	}
	created, err := createTables(ctx, tx, d, c.names)
	if err != nil {
		return err
	}
	marker := &table{name: markerTable, columns: []string{"table_name"}}
	for _, name := range created {
		marker.rows = append(marker.rows, []any{name})
	}
	for _, t := range append(slices.Clone(c.rows.tables), marker) {
		if err := insert(ctx, tx, d, t); err != nil {
			return err
		}
	}
	return nil
}

// clearOwn drops the tables of an earlier run; it refuses when there are others.
func clearOwn(ctx context.Context, tx *sql.Tx, d dialect) error {
	found, err := column(ctx, tx, d.tables)
	if err != nil {
		return fmt.Errorf("configdb: list tables: %w", err)
	}
	own := []string{}
	if slices.Contains(found, markerTable) {
		if own, err = column(ctx, tx, "SELECT table_name FROM "+markerTable); err != nil {
			return fmt.Errorf("configdb: read the marker: %w", err)
		}
		own = append(own, markerTable)
	}
	for _, name := range found {
		if !slices.Contains(own, name) {
			return fmt.Errorf("%w (%s)", ErrForeign, name)
		}
	}
	for _, name := range own {
		if _, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+name); err != nil {
			return fmt.Errorf("configdb: drop %s: %w", name, err)
		}
	}
	return nil
}

// createTables runs the embedded DDL and returns the names of the tables that it made.
func createTables(ctx context.Context, tx *sql.Tx, d dialect, names Names) ([]string, error) {
	t, err := template.ParseFS(schemaFS, d.schema)
	if err != nil {
		return nil, fmt.Errorf("configdb: schema: %w", err)
	}
	var text strings.Builder
	if err := t.Option("missingkey=error").Execute(&text, names); err != nil {
		return nil, fmt.Errorf("configdb: schema: %w", err)
	}
	text.WriteString("CREATE TABLE " + markerTable + " (table_name VARCHAR(255) NOT NULL PRIMARY KEY);\n")
	created := []string{}
	for statement := range strings.SplitSeq(text.String(), ";\n") {
		_, rest, found := strings.Cut(statement, "CREATE TABLE ")
		if !found {
			continue
		}
		if _, err := tx.ExecContext(ctx, "CREATE TABLE "+rest); err != nil {
			return nil, fmt.Errorf("configdb: create table: %w", err)
		}
		if name := strings.Fields(rest)[0]; name != markerTable {
			created = append(created, name)
		}
	}
	return created, nil
}

// insert writes a table's rows in statements of many rows each.
func insert(ctx context.Context, tx *sql.Tx, d dialect, t *table) error {
	perStatement := bindLimit / len(t.columns)
	for chunk := range slices.Chunk(t.rows, perStatement) {
		var text strings.Builder
		text.WriteString("INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES ")
		args := make([]any, 0, len(chunk)*len(t.columns))
		for i, row := range chunk {
			if len(row) != len(t.columns) {
				return fmt.Errorf("configdb: %s: %d values for %d columns", t.name, len(row), len(t.columns))
			}
			separator := ", ("
			if i == 0 {
				separator = "("
			}
			for _, value := range row {
				text.WriteString(separator)
				args = append(args, value)
				text.WriteString(d.bind(len(args)))
				separator = ", "
			}
			text.WriteString(")")
		}
		if _, err := tx.ExecContext(ctx, text.String(), args...); err != nil {
			return fmt.Errorf("configdb: insert into %s: %w", t.name, err)
		}
	}
	return nil
}

// column runs a query with one text column.
func column(ctx context.Context, tx *sql.Tx, query string) (_ []string, err error) {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := []string{}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}
