package configdb_test

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/services/config-sync/configdb"
	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tdsstandin"
	"engage.connector/tests/databases/tnsstandin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// variant is one way to lay out a Config DB.
type variant struct {
	name   string
	files  []string // besides schema.sql and seed.sql
	rename *strings.Replacer
	extra  []string // statements that follow
}

func asIs() variant {
	return variant{name: "as is", files: []string{"history.sql"}, rename: strings.NewReplacer()}
}

// otherNames is a site where everything has another name that Genesys does not document, with
// tables beside it that look similar.
func otherNames() variant {
	return variant{name: "other names", files: []string{"other.sql"}, rename: strings.NewReplacer(
		"cfg_folder_object", "cfg_placement", "cfg_folder_perm", "cfg_folder_perm", "cfg_folder", "cfg_tree_folder",
		"cfg_enumerator_value", "cfg_bus_attr_value", "cfg_enumerator", "cfg_bus_attr", "cfg_transaction", "cfg_trans_object",
		"(folder_dbid numeric(10,0) NOT NULL, object_dbid numeric(10,0) NOT NULL, object_type integer NOT NULL, PRIMARY KEY (folder_dbid, object_dbid, object_type))",
		"(fold_ref numeric(10,0) NOT NULL, obj_ref numeric(10,0) NOT NULL, obj_kind integer NOT NULL)",
		"(folder_dbid,object_dbid,object_type)", "(fold_ref,obj_ref,obj_kind)",
		"name varchar(255), type integer, owner_dbid numeric(10,0), owner_type integer, parent_dbid numeric(10,0), parent_type integer, state integer",
		"name varchar(255), content_type integer, owner_id numeric(10,0), owner_kind integer, parent_folder_id numeric(10,0), parent_kind integer, folder_state integer",
		"(dbid,name,type,owner_dbid,owner_type,parent_dbid,parent_type,state)", "(dbid,name,content_type,owner_id,owner_kind,parent_folder_id,parent_kind,folder_state)",
		"display_name varchar(255), type integer, state integer", "display_name varchar(255), attr_type integer, attr_state integer",
		"(dbid,tenant_dbid,name,display_name,type,state)", "(dbid,tenant_dbid,name,display_name,attr_type,attr_state)",
		"enumerator_dbid numeric(10,0), name varchar(255), display_name varchar(255), state integer", "bus_attr_dbid numeric(10,0), name varchar(255), caption varchar(255), value_state integer",
		"(dbid,enumerator_dbid,name,display_name,state)", "(dbid,bus_attr_dbid,name,caption,value_state)",
		"tenant_dbid numeric(10,0), name varchar(255), type integer, state integer);", "tenant_dbid numeric(10,0), name varchar(255), trans_type integer, trans_state integer);",
		"cfg_group (dbid numeric(10,0) NOT NULL PRIMARY KEY, group_type integer, tenant_dbid numeric(10,0), name varchar(255), state integer)",
		"cfg_group (dbid numeric(10,0) NOT NULL PRIMARY KEY, group_type integer, tenant_dbid numeric(10,0), name varchar(255), state integer)",
		"(dbid,tenant_dbid,name,type,state)", "(dbid,tenant_dbid,name,trans_type,trans_state)",
		"number_ varchar(255), name varchar(255), type integer, state integer", "number_ varchar(255), name varchar(255), type integer, dn_state integer",
		"number_,name,type,state", "number_,name,type,dn_state",
		"(501,5,101,", "(501,9,101,", "(502,5,101,", "(502,9,101,", "(503,6,101,", "(503,4,101,",
		"email_address", "electronic_mail", "part)", "value_part)", "part integer", "value_part integer",
	)}
}

// script returns the statements of the test data, one by one.
func (v variant) script(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, file := range append([]string{"schema.sql", "seed.sql", "groups.sql"}, v.files...) {
		text, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		if file != "other.sql" {
			text = []byte(v.rename.Replace(string(text)))
		}
		for statement := range strings.SplitSeq(string(text), ";\n") {
			if strings.TrimSpace(statement) != "" {
				out = append(out, statement)
			}
		}
	}
	return append(out, v.extra...)
}

// kind is one type of database with what stands behind it in the tests.
type kind struct {
	name string
	// open makes a Config DB and returns how to reach it.
	open func(t testing.TB, backend *pgtest.Server, name string, v variant) configdb.Options
}

func kinds() []kind {
	return []kind{{configdb.SQLite, openSQLite}, {configdb.PostgreSQL, openPostgres}, {configdb.Oracle, openOracle}, {configdb.SQLServer, openSQLServer}}
}

func options(dbType string) configdb.Options {
	return configdb.Options{Type: dbType, Tenant: 101, Folders: true, Logger: slog.New(slog.DiscardHandler)}
}

func openSQLite(t testing.TB, _ *pgtest.Server, name string, v variant) configdb.Options {
	t.Helper()
	o := options(configdb.SQLite)
	o.Name = filepath.Join(t.TempDir(), name+" db.sqlite")
	db, err := sql.Open("sqlite", "file:"+strings.ReplaceAll(o.Name, " ", "%20"))
	require.NoError(t, err)
	for _, statement := range v.script(t) {
		_, err = db.ExecContext(t.Context(), statement)
		require.NoError(t, err, statement)
	}
	require.NoError(t, db.Close())
	return o
}

// load makes a database with the tables in a schema, which the account "reader" may only read.
func load(t testing.TB, backend *pgtest.Server, name, schema string, v variant, first ...string) {
	t.Helper()
	statements := slices.Clone(first)
	if schema != "public" {
		statements = append(statements, "CREATE SCHEMA "+schema, "GRANT USAGE ON SCHEMA "+schema+" TO reader")
	}
	statements = append(statements, "SET search_path TO "+schema)
	statements = append(statements, v.script(t)...)
	backend.Database(t, name, append(statements, "GRANT SELECT ON ALL TABLES IN SCHEMA "+schema+" TO reader")...)
}

func startBackend(t testing.TB, prepare ...func(string) string) *pgtest.Server {
	t.Helper()
	backend := pgtest.Start(t, prepare...)
	backend.Exec(t, "postgres", "CREATE USER reader")
	return backend
}

func readerURL(backend *pgtest.Server, name string) string {
	return strings.Replace(backend.URL(name), "postgres@", "reader@", 1)
}

func openPostgres(t testing.TB, backend *pgtest.Server, name string, v variant) configdb.Options {
	t.Helper()
	load(t, backend, name, "public", v)
	return postgresOptions(backend, name)
}

func postgresOptions(backend *pgtest.Server, name string) configdb.Options {
	o := options(configdb.PostgreSQL)
	o.Host, o.Port, o.Name, o.User, o.Password = "127.0.0.1", backend.Port, name, "reader", password
	return o
}

// password has what a connection string would have to quote.
const password = "p@ss:w/rd?&=%20"

func openOracle(t testing.TB, backend *pgtest.Server, name string, v variant) configdb.Options {
	t.Helper()
	load(t, backend, name, "ccadmin", v, tnsstandin.Catalogue()...)
	return oracleOptions(tnsstandin.Start(t, tnsstandin.Options{Backend: readerURL(backend, name), User: "reader", Service: "CFGDB"}))
}

func oracleOptions(server *tnsstandin.Server) configdb.Options {
	o := options(configdb.Oracle)
	o.Host, o.Port, o.Name, o.User, o.Password = "127.0.0.1", server.Port, "CFGDB", "reader", password
	return o
}

func openSQLServer(t testing.TB, backend *pgtest.Server, name string, v variant) configdb.Options {
	t.Helper()
	load(t, backend, name, "dbo", v, tdsstandin.Catalogue(true)...)
	return sqlServerOptions(tdsstandin.Start(t, tdsstandin.Options{
		Backend: readerURL(backend, name), User: "reader", Password: password, Database: "CFGDB", Snapshots: true,
	}))
}

func sqlServerOptions(server *tdsstandin.Server) configdb.Options {
	o := options(configdb.SQLServer)
	o.Host, o.Port, o.Name, o.User, o.Password = "127.0.0.1", server.Port, "CFGDB", "reader", password
	return o
}

func open(t testing.TB, o configdb.Options) *configdb.DB {
	t.Helper()
	db, err := configdb.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// change runs a statement in a SQLite database.
func change(t testing.TB, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+strings.ReplaceAll(path, " ", "%20"))
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}
