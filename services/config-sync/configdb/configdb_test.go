package configdb_test

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/configmodel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script returns a test script with the names of a site that calls its tables otherwise.
func script(t *testing.T, file string, rename *strings.Replacer) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	return rename.Replace(string(text))
}

var asIs = strings.NewReplacer()

// sqliteFile makes a Config DB in a file.
func sqliteFile(t *testing.T, rename *strings.Replacer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config db.sqlite")
	db, err := sql.Open("sqlite", "file:"+strings.ReplaceAll(path, " ", "%20"))
	require.NoError(t, err)
	for _, file := range []string{"schema.sql", "seed.sql"} {
		_, err = db.ExecContext(t.Context(), script(t, file, rename))
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	return path
}

func options() configdb.Options {
	return configdb.Options{Type: "sqlite", Tenant: 101, Folders: true, Logger: slog.New(slog.DiscardHandler)}
}

func open(t *testing.T, o configdb.Options) *configdb.DB {
	t.Helper()
	db, err := configdb.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// expected is the content of the test scripts for tenant 101.
func expected() configmodel.Snapshot {
	leaf := func(name, value string) configmodel.Property { return configmodel.Property{Name: name, Value: value} }
	section := func(name string, options ...configmodel.Property) configmodel.Property {
		return configmodel.Property{Name: name, Children: options}
	}
	return configmodel.Snapshot{
		Tenant:   configmodel.Tenant{DBID: 101, Name: "Resources"},
		Switches: []configmodel.Switch{{DBID: 101, Name: "SIP_Switch"}},
		Persons: []configmodel.Person{
			{
				DBID: 301, UserName: "alee", EmployeeID: "ann@x.example", FirstName: "Ann", LastName: "Lee", Agent: true, State: 1,
				Logins: []configmodel.Login{{SwitchDBID: 101, SwitchName: "SIP_Switch", Code: "7301"}, {SwitchDBID: 101, SwitchName: "SIP_Switch", Code: "7302"}},
				Annex:  configmodel.Annex{section("htcc", leaf("roles", "Agent,Supervisor"), section("list", leaf("deep", "x")))},
			},
			{DBID: 302, UserName: "bob@x.example", EmployeeID: "E302", Email: "bob@mail.example", FirstName: "Bob", LastName: "Ray", Agent: true, State: 1},
			{DBID: 303, UserName: "zoe", EmployeeID: "E303", FirstName: "Zoe", LastName: "Adm", State: 2},
		},
		Skills:      []configmodel.Skill{{DBID: 401, Name: "Spanish", State: 1}},
		SkillLevels: []configmodel.SkillLevel{{PersonDBID: 301, SkillDBID: 401, Level: 7}, {PersonDBID: 302, SkillDBID: 401, Level: 2}},
		DNs: []configmodel.DN{
			{DBID: 201, Number: "VQ_Sales_Leads", Name: "VQ_Sales_Leads", Type: 5, State: 1, SwitchDBID: 101, SwitchName: "SIP_Switch"},
			{DBID: 202, Number: "8001", Name: "8001_SIP", Type: 1, State: 1, SwitchDBID: 101, SwitchName: "SIP_Switch"},
			{DBID: 203, Number: "7000", Name: "RP_Main", Type: 4, State: 1, SwitchDBID: 101, SwitchName: "SIP_Switch"},
		},
		Groups: []configmodel.Group{
			{DBID: 501, Name: "VAG_Sales", State: 1, Annex: configmodel.Annex{
				section("virtual", leaf("script", `Skill("Spanish") > 5 & SkillExists("Spanish")`)),
				section("hybrid", leaf("WFM_queue_number", "VQ_Sales_Leads")),
			}},
			{DBID: 502, Name: "AG_Sales", State: 1, Members: []configmodel.DBID{302}},
		},
		Folders: []configmodel.Folder{
			{DBID: 601, Name: "Persons", Type: 3, ParentDBID: 101, ParentType: 7, State: 1},
			{DBID: 602, Name: "EX_EVOLUTION", Type: 3, ParentDBID: 601, ParentType: 22, State: 1},
		},
		FolderObjects: []configmodel.FolderObject{{FolderDBID: 601, ObjectDBID: 302, ObjectType: 3}, {FolderDBID: 602, ObjectDBID: 301, ObjectType: 3}},
		Attributes: []configmodel.BusinessAttribute{{
			DBID: 701, Name: "DispositionCode", Type: 1, State: 1,
			Values: []configmodel.AttributeValue{{DBID: 711, Name: "Resolved", DisplayName: "Resolved!", State: 1}},
		}},
		Options: configmodel.Options{"config_sync": {"client_id": "id-1"}},
	}
}

// otherNames is a site whose tables and columns have other names, and neither an e-mail column nor
// a part column.
func otherNames() (configdb.Names, *strings.Replacer) {
	return configdb.Names{
			Folder: "cfg_fold", FolderObject: "cfg_obj_in_folder", LinkFolder: "fold", LinkObject: "obj", LinkType: "obj_type",
			Enumerator: "cfg_enum", Value: "cfg_enum_value", ValueEnumerator: "enum_dbid", Transaction: "cfg_trans", PersonEmail: "-",
		}, strings.NewReplacer(
			"cfg_folder_object", "cfg_obj_in_folder", "cfg_folder", "cfg_fold", "cfg_enumerator_value", "cfg_enum_value",
			"cfg_enumerator", "cfg_enum", "enumerator_dbid", "enum_dbid", "cfg_transaction", "cfg_trans",
			"folder_dbid numeric(10,0) NOT NULL, object_dbid numeric(10,0) NOT NULL, object_type", "fold numeric(10,0) NOT NULL, obj numeric(10,0) NOT NULL, obj_type",
			"(folder_dbid, object_dbid, object_type)", "(fold, obj, obj_type)", "(folder_dbid,object_dbid,object_type)", "(fold,obj,obj_type)",
			", email_address varchar(255)", "", ",email_address)", ")", ",1,NULL);", ",1);", ",2,NULL);", ",2);", ",1,'bob@mail.example')", ",1)",
		)
}

func TestSnapshotFromSQLite(t *testing.T) {
	o := options()
	o.Name = sqliteFile(t, asIs)
	db := open(t, o)
	require.NoError(t, db.Ping(t.Context()))
	snap, err := db.Snapshot(t.Context())
	require.NoError(t, err)
	require.Equal(t, expected(), snap)

	got, err := db.Options(t.Context())
	require.NoError(t, err)
	require.Equal(t, "id-1", got.Get("config_sync", "client_id"))
}

// ledger: E-EXCS-097
func TestSnapshotFromPostgreSQL(t *testing.T) {
	server := startPostgres(t)
	server.database(t, "config", script(t, "schema.sql", asIs), script(t, "seed.sql", asIs), "CREATE USER reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
	o := options()
	o.Type, o.Host, o.Port, o.Name, o.User, o.Password, o.SSL = "postgresql", "127.0.0.1", server.port, "config", "reader", "not needed", "disable"

	t.Run("an account with SELECT only", func(t *testing.T) {
		snap, err := open(t, o).Snapshot(t.Context())
		require.NoError(t, err)
		require.Equal(t, expected(), snap)
	})
	t.Run("other names", func(t *testing.T) {
		names, rename := otherNames()
		server.database(t, "other", script(t, "schema.sql", rename), script(t, "seed.sql", rename), "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
		o := o
		o.Name, o.Names = "other", names
		o.Names.Schema = "public"
		snap, err := open(t, o).Snapshot(t.Context())
		require.NoError(t, err)
		want := expected()
		want.Persons[1].Email = ""
		require.Equal(t, want, snap)
	})
	t.Run("one reading sees one state", func(t *testing.T) { oneState(t, server, o) })
	t.Run("what may be wrong", func(t *testing.T) {
		tests := []struct {
			name string
			edit func(*configdb.Options)
			want fault.Code
		}{
			{"no such database", func(o *configdb.Options) { o.Name = "nowhere" }, fault.NotFound},
			{"no such user", func(o *configdb.Options) { o.User = "nobody" }, fault.Unauthenticated},
			{"no such table", func(o *configdb.Options) { o.Names.Folder = "cfg_none" }, fault.Unsupported},
			{"no such tenant", func(o *configdb.Options) { o.Tenant = 99 }, fault.NotFound},
			{"nobody listens", func(o *configdb.Options) { o.Port = freePort(t) }, fault.Unavailable},
			{"no TLS on the server", func(o *configdb.Options) { o.SSL = "require" }, fault.Unavailable},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				o := o
				tt.edit(&o)
				_, err := open(t, o).Snapshot(t.Context())
				require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
				require.NotContains(t, err.Error(), "not needed", "no password in errors")
			})
		}
		server.exec(t, "config", "REVOKE SELECT ON cfg_skill FROM reader")
		_, err := open(t, o).Snapshot(t.Context())
		require.Equal(t, fault.Forbidden, fault.CodeOf(err))
	})
}

// oneState changes skills between two statements of one reading: the reading must not see it.
func oneState(t *testing.T, server *postgres, o configdb.Options) {
	t.Helper()
	server.exec(t, "config", "CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(0.3)'",
		"CREATE VIEW slow_switch AS SELECT dbid, tenant_dbid, name, slow(state) AS state FROM cfg_switch WHERE slow(1) = 1",
		"GRANT SELECT ON slow_switch TO reader")
	o.Names.Switch = "slow_switch"
	db := open(t, o)
	done := make(chan error, 1)
	go func() {
		snap, err := db.Snapshot(context.WithoutCancel(t.Context()))
		if err == nil && len(snap.Skills) != 1 {
			err = fault.Newf(fault.Internal, "test", "%d skills", len(snap.Skills))
		}
		done <- err
	}()
	require.NoError(t, waitForQuery(t, server))
	server.exec(t, "config", "INSERT INTO cfg_skill(dbid,name,tenant_dbid,state) VALUES (499,'Late',101,1)")
	require.NoError(t, <-done)
	server.exec(t, "config", "DELETE FROM cfg_skill WHERE dbid = 499")
}

// waitForQuery returns once the slow statement runs, that is, once the reading has its snapshot.
func waitForQuery(t *testing.T, server *postgres) error {
	t.Helper()
	conn, err := sql.Open("pgx", "postgres://postgres@127.0.0.1:"+configmodel.DBID(server.port).String()+"/config")
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	for {
		var running int
		err := conn.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%slow_switch w%' AND state = 'active' AND pid <> pg_backend_pid()").Scan(&running)
		if err != nil || running > 0 {
			return err
		}
	}
}

func TestFoldersAreReadOnlyWhenWanted(t *testing.T) {
	o := options()
	o.Name, o.Folders = sqliteFile(t, asIs), false
	o.Names.Folder = "cfg_does_not_exist"
	snap, err := open(t, o).Snapshot(t.Context())
	require.NoError(t, err)
	require.Empty(t, snap.Folders)
}

func TestSQLiteFaults(t *testing.T) {
	o := options()
	o.Name = filepath.Join(t.TempDir(), "missing.sqlite")
	_, err := open(t, o).Snapshot(t.Context())
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.NoFileExists(t, o.Name, "nothing may be created")

	o.Name = sqliteFile(t, asIs)
	o.Names.Enumerator = "cfg_none"
	_, err = open(t, o).Snapshot(t.Context())
	require.Equal(t, fault.Unsupported, fault.CodeOf(err), "%v", err)
	require.Contains(t, err.Error(), "business attributes")
}

func TestOpenRefuses(t *testing.T) {
	for _, edit := range []func(*configdb.Options){
		func(o *configdb.Options) { o.Type = "db2" },
		func(o *configdb.Options) { o.Names.Person = "cfg_person; drop table x" },
		func(o *configdb.Options) { o.Names.Person = "-" },
		func(o *configdb.Options) { o.Type, o.SSL = "postgresql", "maybe" },
	} {
		o := options()
		edit(&o)
		_, err := configdb.Open(o)
		require.Error(t, err)
		require.Contains(t, []fault.Code{fault.Invalid, fault.Unsupported}, fault.CodeOf(err))
	}
	require.True(t, configdb.Supported("PostgreSQL"))
	require.False(t, configdb.Supported("db2"))
	require.True(t, configdb.ValidSSL("verify-full"))
	require.False(t, configdb.ValidSSL("maybe"))
}

// The statements must run on all four databases.
func TestStatementsKeepToTheCommonSubset(t *testing.T) {
	source, err := os.ReadFile("statements.go")
	require.NoError(t, err)
	statements := regexp.MustCompile("(?s)= `(.*?)`").FindAllStringSubmatch(string(source), -1)
	require.Len(t, statements, 16)
	for _, s := range statements {
		for _, forbidden := range []string{" AS ", "LIMIT", "TOP ", "ROWNUM", "RECURSIVE", "[", "TRUE", "FALSE", "''", "||", "*"} {
			require.NotContains(t, strings.ToUpper(s[1]), forbidden)
		}
	}
}
