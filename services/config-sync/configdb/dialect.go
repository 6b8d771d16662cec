package configdb

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"engage.connector/pkg/fault"
)

// The database types.
const (
	PostgreSQL = "postgresql"
	Oracle     = "oracle"
	SQLServer  = "mssql"
	SQLite     = "sqlite"
)

// Supported tells whether the database type can be read.
func Supported(dbType string) bool {
	_, ok := dialectOf(dbType)
	return ok
}

// DefaultPort is the usual port of a database type; 0 when it has none.
func DefaultPort(dbType string) int {
	d, _ := dialectOf(dbType)
	return d.port
}

// dialect is what differs between the databases.
type dialect struct {
	port        int
	open        func(Options) (*sql.DB, error)
	placeholder string
	// begin opens a transaction in which all statements see one state, first is the statement that
	// makes it so where the driver cannot.
	begin *sql.TxOptions
	first string
	// outlives is set where the driver must not be told to roll back by the context: go-ora's rollback with
	// a context that has ended reads and breaks the connection at the same time. Statements still end with it.
	outlives bool
	// snapshotAllowed returns 1 when the database lets begin have its way; otherwise transactions
	// are opened by fallback, and readings may have to be repeated.
	snapshotAllowed string
	fallback        *sql.TxOptions
	// catalogue returns schema, table, column and type of every table whose name begins with cfg.
	catalogue string
	// classify tells what kind of error the driver reports; empty when it does not know.
	classify func(error) (fault.Code, string)
}

func dialectOf(dbType string) (dialect, bool) {
	d, ok := dialectTable()[strings.ToLower(dbType)]
	return d, ok
}

func dialectTable() map[string]dialect {
	// The system views are written in upper case, since SQL Server minds case in a case-sensitive
	// database, which Genesys asks for.
	const informationSchema = `SELECT c.TABLE_SCHEMA, c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE FROM INFORMATION_SCHEMA.COLUMNS c
		WHERE LOWER(c.TABLE_NAME) LIKE 'cfg%' ORDER BY c.TABLE_SCHEMA, c.TABLE_NAME, c.ORDINAL_POSITION`
	return map[string]dialect{
		PostgreSQL: {
			port: 5432, open: openPostgreSQL, placeholder: "$1", classify: classifyPostgreSQL,
			begin:     &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
			catalogue: informationSchema,
		},
		Oracle: {
			// The driver refuses both read-only transactions and isolation levels.
			port: 1521, open: openOracle, outlives: true, placeholder: ":1", classify: classifyOracle,
			begin: &sql.TxOptions{}, first: `SET TRANSACTION READ ONLY`,
			catalogue: `SELECT c.owner, c.table_name, c.column_name, c.data_type FROM all_tab_columns c
		WHERE c.table_name LIKE 'CFG%' ORDER BY c.owner, c.table_name, c.column_id`,
		},
		SQLServer: {
			port: 1433, open: openSQLServer, placeholder: "@p1", classify: classifySQLServer,
			begin:           &sql.TxOptions{Isolation: sql.LevelSnapshot},
			snapshotAllowed: `SELECT d.snapshot_isolation_state FROM sys.databases d WHERE d.name = DB_NAME()`,
			fallback:        &sql.TxOptions{Isolation: sql.LevelReadCommitted},
			catalogue:       informationSchema,
		},
		SQLite: {
			// A transaction of SQLite sees the state of its first statement; the file is opened for
			// reading only.
			open: openSQLite, placeholder: "?1", classify: classifySQLite, begin: &sql.TxOptions{},
			catalogue: `SELECT '', m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE LOWER(m.name) LIKE 'cfg%' ORDER BY m.name, c.cid`,
		},
	}
}

// connectTimeout bounds the connection set-up.
const connectTimeout = 10 * time.Second

// otherNameHint tells what helps when a name is not as expected.
const otherNameHint = "a table or column has another name in this database; state it in CONFIG_DB_NAMES_FILE, or set CONFIG_DB_SCHEMA"

// forbiddenHint tells what helps when a table may not be read.
const forbiddenHint = "the database user needs SELECT on the cfg_ tables"

const loginHint = "check CONFIG_DB_USER and CONFIG_DB_PASSWORD"

// start opens a transaction that sees one state, if it can; the second result tells whether.
func (d dialect) start(ctx context.Context, db *sql.DB, oneState bool) (*sql.Tx, error) {
	options := d.begin
	if !oneState {
		options = d.fallback
	}
	whole := ctx
	if d.outlives {
		whole = context.WithoutCancel(ctx)
	}
	tx, err := db.BeginTx(whole, options)
	if err != nil || d.first == "" {
		return tx, err
	}
	if _, err := tx.ExecContext(ctx, d.first); err != nil {
		_ = tx.Rollback()
		return nil, err
	}
	return tx, nil
}
