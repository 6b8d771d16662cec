package tdsstandin_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/microsoft/go-mssqldb" // driver "sqlserver"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tdsstandin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, server *tdsstandin.Server, user, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlserver", fmt.Sprintf("sqlserver://%s:secret@127.0.0.1:%d?database=%s&encrypt=disable", user, server.Port, database))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// The driver is the one that the service uses; PostgreSQL holds the data.
func TestTheDriverReadsThroughTheStandIn(t *testing.T) {
	backend := pgtest.Start(t)
	backend.Database(t, "data", append(tdsstandin.Catalogue(true), "CREATE SCHEMA dbo",
		"CREATE TABLE dbo.item (dbid numeric(10,0), kind integer, name varchar(255), at timestamp)",
		"INSERT INTO dbo.item VALUES (7, 2, 'Zoë 😀', '2026-11-20 08:15:30'), (-1234567, -3, '', NULL), (10000, NULL, NULL, NULL)")...)
	options := tdsstandin.Options{Backend: backend.URL("data"), User: "reader", Password: "secret", Database: "CFG", Snapshots: true}
	server := tdsstandin.Start(t, options)
	db := connect(t, server, "reader", "CFG")

	t.Run("numbers, texts, dates and bound values", func(t *testing.T) { values(t, db) })
	t.Run("many rows need many packets", func(t *testing.T) { manyRows(t, db) })
	t.Run("errors have SQL Server's numbers", func(t *testing.T) { refusals(t, db, server) })
	t.Run("a snapshot sees one state", func(t *testing.T) { oneState(t, db, backend) })
	t.Run("a snapshot that is not allowed fails at the first statement", func(t *testing.T) { notAllowed(t, options) })
	t.Run("a statement can be broken off", func(t *testing.T) { brokenOff(t, db) })
	require.Contains(t, server.Statements(), "BEGIN ISOLATION LEVEL REPEATABLE READ")
}

func values(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT i.dbid, i.kind, i.name, i.at FROM dbo.item i WHERE i.dbid <> @p1 AND i.name <> @p2 ORDER BY i.dbid", 10000, "@p1'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var id, kind int64
	var name sql.NullString
	var at sql.NullTime
	require.True(t, rows.Next())
	require.NoError(t, rows.Scan(&id, &kind, &name, &at))
	require.Equal(t, []int64{-1234567, -3}, []int64{id, kind})
	require.True(t, name.Valid, "an empty text is not NULL")
	require.True(t, rows.Next())
	require.NoError(t, rows.Scan(&id, &kind, &name, &at))
	require.Equal(t, "Zoë 😀", name.String)
	require.Equal(t, "2026-11-20T08:15:30Z", at.Time.Format(time.RFC3339))
	require.False(t, rows.Next())
	require.NoError(t, rows.Err())
}

func manyRows(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT g, repeat('y', 300) FROM generate_series(1, 5003) g ORDER BY 1")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var n, sum int
	var text string
	for rows.Next() {
		require.NoError(t, rows.Scan(&n, &text))
		sum += n
	}
	require.NoError(t, rows.Err())
	require.Equal(t, 5003*5004/2, sum)
	require.Equal(t, strings.Repeat("y", 300), text)
}

func refusals(t *testing.T, db *sql.DB, server *tdsstandin.Server) {
	t.Helper()
	for statement, text := range map[string]string{"SELECT x FROM nowhere": "nowhere", "SELECT i.x FROM dbo.item i": "i.x", "SELECT i.dbid FROM dbo.item i WHERE": "syntax"} {
		_, err := db.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, text)
	}
	_, err := connect(t, server, "nobody", "CFG").ExecContext(t.Context(), "SELECT 1")
	require.ErrorContains(t, err, "Login failed")
	_, err = connect(t, server, "reader", "NONE").ExecContext(t.Context(), "SELECT 1")
	require.ErrorContains(t, err, "Cannot open the database")
}

func oneState(t *testing.T, db *sql.DB, backend *pgtest.Server) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSnapshot})
	require.NoError(t, err)
	count := func() (n int) {
		require.NoError(t, tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM dbo.item i").Scan(&n))
		return n
	}
	require.Equal(t, 3, count())
	backend.Exec(t, "data", "INSERT INTO dbo.item VALUES (99, 1, 'late', NULL)")
	require.Equal(t, 3, count())
	require.NoError(t, tx.Rollback())
}

func notAllowed(t *testing.T, options tdsstandin.Options) {
	t.Helper()
	options.Snapshots = false
	tx, err := connect(t, tdsstandin.Start(t, options), "reader", "CFG").BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelSnapshot})
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "SELECT COUNT(*) FROM dbo.item i")
	require.ErrorContains(t, err, "not allowed")
	require.NoError(t, tx.Rollback())
}

func brokenOff(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "SELECT pg_sleep(30)")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, db.PingContext(t.Context()))
}
