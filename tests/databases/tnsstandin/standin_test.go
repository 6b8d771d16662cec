package tnsstandin_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	_ "github.com/sijms/go-ora/v2" // driver "oracle"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tnsstandin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func connect(t *testing.T, server *tnsstandin.Server, user, service string) *sql.DB {
	t.Helper()
	db, err := sql.Open("oracle", fmt.Sprintf("oracle://%s:any@127.0.0.1:%d/%s?TIMEOUT=20&PREFETCH_ROWS=500", user, server.Port, service))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// The driver is the one that the service uses; PostgreSQL holds the data.
func TestTheDriverReadsThroughTheStandIn(t *testing.T) {
	backend := pgtest.Start(t)
	backend.Database(t, "data", "CREATE TABLE item (dbid numeric(10,0), name varchar(255), at timestamp)",
		"INSERT INTO item VALUES (7, 'Zoë', '2026-11-20 08:15:30'), (-1234567, '', NULL), (10000, '"+strings.Repeat("x", 255)+"', NULL)")
	server := tnsstandin.Start(t, tnsstandin.Options{Backend: backend.URL("data"), User: "reader", Service: "CFG"})
	db := connect(t, server, "reader", "CFG")

	t.Run("numbers, texts, dates and bound values", func(t *testing.T) { values(t, db) })
	t.Run("many rows come in portions", func(t *testing.T) { manyRows(t, db) })
	t.Run("errors have Oracle's numbers", func(t *testing.T) { refusals(t, db, server) })
	t.Run("a transaction sees one state", func(t *testing.T) { oneState(t, db, backend) })
	t.Run("a statement can be broken off", func(t *testing.T) { brokenOff(t, db) })
	require.Contains(t, server.Statements(), "SET TRANSACTION READ ONLY")
}

func values(t *testing.T, db *sql.DB) {
	t.Helper()
	require.NoError(t, db.PingContext(t.Context()))
	rows, err := db.QueryContext(t.Context(), "SELECT i.dbid, i.name, i.at FROM item i WHERE i.dbid <> :1 AND i.name <> :2 ORDER BY i.dbid", 10000, "a:1'")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	names, err := rows.Columns()
	require.NoError(t, err)
	require.Equal(t, []string{"DBID", "NAME", "AT"}, names)
	var id int64
	var name sql.NullString
	var at sql.NullTime
	require.True(t, rows.Next())
	require.NoError(t, rows.Scan(&id, &name, &at))
	require.Equal(t, int64(-1234567), id)
	require.False(t, name.Valid, "an empty text is NULL")
	require.True(t, rows.Next())
	require.NoError(t, rows.Scan(&id, &name, &at))
	require.Equal(t, "Zoë", name.String)
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
	require.Len(t, text, 300)
}

func refusals(t *testing.T, db *sql.DB, server *tnsstandin.Server) {
	t.Helper()
	for statement, code := range map[string]string{"SELECT x FROM nowhere": "ORA-00942", "SELECT i.x FROM item i": "ORA-00904", "SELECT i.dbid FROM item i WHERE": "ORA-00933"} {
		_, err := db.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, code)
	}
	_, err := connect(t, server, "nobody", "CFG").ExecContext(t.Context(), "SELECT 1")
	require.ErrorContains(t, err, "ORA-01017")
	_, err = connect(t, server, "reader", "NONE").ExecContext(t.Context(), "SELECT 1")
	require.ErrorContains(t, err, "ORA-12514")
}

func oneState(t *testing.T, db *sql.DB, backend *pgtest.Server) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), "SET TRANSACTION READ ONLY")
	require.NoError(t, err)
	count := func() (n int) {
		require.NoError(t, tx.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM item i").Scan(&n))
		return n
	}
	require.Equal(t, 3, count())
	backend.Exec(t, "data", "INSERT INTO item VALUES (99, 'late', NULL)")
	require.Equal(t, 3, count())
	_, err = tx.ExecContext(t.Context(), "SET TRANSACTION READ ONLY")
	require.ErrorContains(t, err, "ORA-01453")
	require.NoError(t, tx.Rollback())
}

func brokenOff(t *testing.T, db *sql.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "SELECT pg_sleep(30)")
	require.Error(t, err)
	require.NoError(t, db.PingContext(t.Context()))
}
