package configdb_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tdsstandin"
	"engage.connector/tests/databases/tnsstandin"
)

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
			{DBID: 201, Number: "VQ_Sales_Leads", Name: "VQ_Sales_Leads", Type: 5, State: 1, SwitchDBID: 101, SwitchName: "SIP_Switch", LastModified: time.Date(2026, 11, 20, 8, 15, 30, 0, time.UTC)},
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

// Every type of database, each as the guide's names suggest and with every undocumented name
// changed. The account may only read; texts and tables of another tenant are in the same database.
//
// ledger: E-EXCS-096
// ledger: E-EXCS-097
// ledger: E-EXCS-098
// ledger: E-EXCS-099
func TestSnapshotFromEveryDatabase(t *testing.T) {
	backend := startBackend(t)
	for _, k := range kinds() {
		for i, v := range []variant{asIs(), otherNames()} {
			t.Run(k.name+" "+v.name, func(t *testing.T) {
				log := &bytes.Buffer{}
				o := k.open(t, backend, k.name+string(rune('a'+i)), v)
				o.Logger = slog.New(slog.NewJSONHandler(log, nil))
				db := open(t, o)
				require.NoError(t, db.Ping(t.Context()))
				_, probed := db.Probe()
				require.False(t, probed)
				for range 2 {
					snap, err := db.Snapshot(t.Context())
					require.NoError(t, err)
					require.Equal(t, expected(), snap)
				}
				got, err := db.Options(t.Context())
				require.NoError(t, err)
				require.Equal(t, "id-1", got.Get("config_sync", "client_id"))

				probe, probed := db.Probe()
				require.True(t, probed)
				require.True(t, probe.OneState)
				require.Equal(t, 1, db.LastReading().Passes)
				require.Equal(t, 1, strings.Count(log.String(), "database probed"), "once")
				require.NotContains(t, log.String(), password)
			})
		}
	}
}

func TestASchemaIsRespected(t *testing.T) {
	backend := startBackend(t)
	load(t, backend, "two", "first_site", asIs(), "CREATE SCHEMA second_site", "CREATE TABLE second_site.cfg_person (dbid integer)", "GRANT SELECT ON second_site.cfg_person TO reader")
	o := postgresOptions(backend, "two")
	backend.Exec(t, "two", "GRANT USAGE ON SCHEMA second_site TO reader")
	_, err := open(t, o).Snapshot(t.Context())
	require.Equal(t, fault.Unsupported, fault.CodeOf(err))
	require.ErrorContains(t, err, "first_site, second_site")
	require.Contains(t, fault.Hint(err), "CONFIG_DB_SCHEMA")

	o.Schema = "first_site"
	snap, err := open(t, o).Snapshot(t.Context())
	require.NoError(t, err)
	require.Equal(t, expected(), snap)
	o.Schema = "second_site"
	_, err = open(t, o).Snapshot(t.Context())
	require.Equal(t, fault.Unsupported, fault.CodeOf(err))
}

// ledger: E-EXCS-106
// ledger: E-EXCS-107
// ledger: E-EXCS-108
// ledger: E-EXCS-110
// ledger: E-EXCS-111
// ledger: E-EXCS-112
func TestWhatMayBeWrong(t *testing.T) {
	backend := startBackend(t)
	tests := []struct {
		name string
		edit func(*configdb.Options)
		want fault.Code
		not  string // the type that cannot tell
	}{
		{"no such database", func(o *configdb.Options) { o.Name = "nowhere" }, fault.NotFound, ""},
		{"no such user", func(o *configdb.Options) { o.User = "nobody" }, fault.Unauthenticated, ""},
		{"no such table", func(o *configdb.Options) { o.Names.Folder = "cfg_none" }, fault.Unsupported, ""},
		{"no such column", func(o *configdb.Options) { o.Names.PersonEmail = "none" }, fault.Unsupported, ""},
		{"no such tenant", func(o *configdb.Options) { o.Tenant = 99 }, fault.NotFound, ""},
		{"nobody listens", func(o *configdb.Options) { o.Port = pgtest.FreePort(t) }, fault.Unavailable, ""},
		{"no TLS on the server", func(o *configdb.Options) { o.SSL = "require" }, fault.Unavailable, ""},
		{"another password", func(o *configdb.Options) { o.Password = "another" }, fault.Unauthenticated, "postgresql oracle"},
	}
	for _, k := range kinds()[1:] {
		o := k.open(t, backend, "wrong_"+k.name, asIs())
		for _, tt := range tests {
			if strings.Contains(tt.not, k.name) {
				continue
			}
			t.Run(k.name+" "+tt.name, func(t *testing.T) {
				o := o
				tt.edit(&o)
				_, err := open(t, o).Snapshot(t.Context())
				require.Equal(t, tt.want, fault.CodeOf(err), "%v", err)
				require.NotContains(t, err.Error(), password, "no password in errors")
				require.NotContains(t, err.Error(), "p%40ss", "no password in errors")
			})
		}
		schema := map[string]string{configdb.PostgreSQL: "public", configdb.Oracle: "ccadmin", configdb.SQLServer: "dbo"}[k.name]
		backend.Exec(t, "wrong_"+k.name, "REVOKE SELECT ON "+schema+".cfg_skill FROM reader")
		_, err := open(t, o).Snapshot(t.Context())
		want := fault.Forbidden
		if k.name == configdb.Oracle { // which does not tell
			want = fault.Unsupported
		}
		require.Equal(t, want, fault.CodeOf(err), "%v", err)
		require.Contains(t, fault.Hint(err), "SELECT on the cfg_ tables")
	}
}

// A server that accepts connections and then says nothing must not hold up anybody for long.
func TestASilentServerIsGivenUp(t *testing.T) {
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, listener.Close()) }()
	for _, k := range kinds()[1:] {
		for _, mode := range []string{"disable", "verify-full"} {
			t.Run(k.name+" "+mode, func(t *testing.T) {
				o := options(k.name)
				o.Host, o.Port, o.Name, o.User, o.Password, o.SSL = "127.0.0.1", listener.Addr().(*net.TCPAddr).Port, "x", "reader", password, mode
				o.Timeout = 200 * time.Millisecond
				_, err := open(t, o).Snapshot(t.Context())
				require.Equal(t, fault.Timeout, fault.CodeOf(err), "%v", err)
			})
		}
	}
}

// A statement that takes longer than an answer, or a reading, may take is given up, and the next
// reading works.
func TestASlowStatementIsGivenUp(t *testing.T) {
	backend := startBackend(t)
	schemas := map[string]string{configdb.PostgreSQL: "public", configdb.Oracle: "ccadmin", configdb.SQLServer: "dbo"}
	for _, k := range kinds()[1:] {
		name, schema := "slow_"+k.name, schemas[k.name]
		o := k.open(t, backend, name, asIs())
		backend.Exec(t, name, "CREATE TABLE "+schema+".pause (seconds integer)", "INSERT INTO "+schema+".pause VALUES (0)",
			"CREATE FUNCTION public.paused(p integer) RETURNS integer LANGUAGE sql AS 'SELECT 1 FROM pg_sleep($1)'", "SET search_path TO "+schema,
			"CREATE VIEW slow_skill AS SELECT s.* FROM cfg_skill s, pause p WHERE public.paused(p.seconds) = 1", "GRANT SELECT ON slow_skill TO reader")
		o.Names.Skill = "slow_skill"
		for what, edit := range map[string]func(*configdb.Options){
			"answer":  func(o *configdb.Options) { o.ReadTimeout = time.Second },
			"reading": func(o *configdb.Options) { o.Timeout = time.Second },
		} {
			if what == "answer" && k.name == configdb.PostgreSQL { // minds the context
				continue
			}
			t.Run(k.name+" "+what, func(t *testing.T) {
				o := o
				edit(&o)
				db := open(t, o)
				_, err := db.Snapshot(t.Context())
				require.NoError(t, err)
				backend.Exec(t, name, "UPDATE "+schema+".pause SET seconds = 3600")
				begin := time.Now()
				_, err = db.Snapshot(t.Context())
				require.Equal(t, fault.Timeout, fault.CodeOf(err), "%v", err)
				require.Less(t, time.Since(begin), 20*time.Second)
				backend.Exec(t, name, "UPDATE "+schema+".pause SET seconds = 0")
				_, err = db.Snapshot(t.Context())
				require.NoError(t, err)
			})
		}
	}
}

// Connections that were lost since the last reading cost nothing.
func TestLostConnectionsAreReplaced(t *testing.T) {
	backend := startBackend(t)
	load(t, backend, "lost_pg", "public", asIs())
	load(t, backend, "lost_ora", "ccadmin", asIs(), tnsstandin.Catalogue()...)
	load(t, backend, "lost_ms", "dbo", asIs(), tdsstandin.Catalogue(true)...)
	oracle := tnsstandin.Start(t, tnsstandin.Options{Backend: readerURL(backend, "lost_ora")})
	sqlServer := tdsstandin.Start(t, tdsstandin.Options{Backend: readerURL(backend, "lost_ms"), Snapshots: true})
	for name, site := range map[string]struct {
		options    configdb.Options
		disconnect func()
	}{
		configdb.PostgreSQL: {postgresOptions(backend, "lost_pg"), func() {
			backend.Exec(t, "postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'lost_pg'")
		}},
		configdb.Oracle:    {oracleOptions(oracle), oracle.Disconnect},
		configdb.SQLServer: {sqlServerOptions(sqlServer), sqlServer.Disconnect},
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, site.options)
			for range 3 {
				snap, err := db.Snapshot(t.Context())
				require.NoError(t, err)
				require.Equal(t, expected(), snap)
				site.disconnect()
			}
		})
	}
}

// A change between two statements of one reading must not be seen.
func TestOneReadingSeesOneState(t *testing.T) {
	backend := startBackend(t)
	schemas := map[string]string{configdb.PostgreSQL: "public", configdb.Oracle: "ccadmin", configdb.SQLServer: "dbo"}
	for _, k := range kinds()[1:] {
		t.Run(k.name, func(t *testing.T) {
			name, schema := "state_"+k.name, schemas[k.name]
			o := k.open(t, backend, name, asIs())
			slowSwitches(t, backend, name, schema)
			o.Names.Switch = "slow_switch"
			db := open(t, o)
			_, err := db.Options(t.Context()) // probes
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() {
				snap, err := db.Snapshot(context.WithoutCancel(t.Context()))
				if err == nil && len(snap.Skills) != 1 {
					err = fault.Newf(fault.Internal, "test", "%d skills", len(snap.Skills))
				}
				done <- err
			}()
			waitForQuery(t, backend, name)
			backend.Exec(t, name, "INSERT INTO "+schema+".cfg_skill(dbid,name,tenant_dbid,state) VALUES (499,'Late',101,1)")
			require.NoError(t, <-done)
		})
	}
}

// slowSwitches makes a view of the switches that takes its time.
func slowSwitches(t *testing.T, backend *pgtest.Server, name, schema string) {
	t.Helper()
	backend.Exec(t, name, "SET search_path TO "+schema,
		"CREATE FUNCTION public.slow(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 FROM pg_sleep(0.3)'",
		"CREATE VIEW slow_switch AS SELECT dbid, tenant_dbid, name, public.slow(state) AS state FROM cfg_switch WHERE public.slow(1) = 1",
		"GRANT SELECT ON slow_switch TO reader")
}

// waitForQuery returns once the slow statement runs, that is, once the reading has its snapshot.
func waitForQuery(t *testing.T, backend *pgtest.Server, name string) {
	t.Helper()
	waitFor(t, backend, name, "%slow_switch w WHERE%")
}

// waitFor returns once a statement runs that is like the pattern.
func waitFor(t *testing.T, backend *pgtest.Server, name, pattern string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), backend.URL("postgres"))
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for running := 0; running == 0; {
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND query LIKE $2 AND state = 'active'", name, pattern).Scan(&running)
		require.NoError(t, err)
	}
}

func TestFoldersAreReadOnlyWhenWanted(t *testing.T) {
	o := openSQLite(t, nil, "x", asIs())
	o.Folders, o.Names.Folder = false, "cfg_does_not_exist"
	snap, err := open(t, o).Snapshot(t.Context())
	require.NoError(t, err)
	require.Empty(t, snap.Folders)
}

func TestSQLiteFaults(t *testing.T) {
	o := options(configdb.SQLite)
	o.Name = filepath.Join(t.TempDir(), "missing.sqlite")
	_, err := open(t, o).Snapshot(t.Context())
	require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
	require.NoFileExists(t, o.Name, "nothing may be created")

	o = openSQLite(t, nil, "x", asIs())
	o.Names.Enumerator = "cfg_none"
	_, err = open(t, o).Snapshot(t.Context())
	require.Equal(t, fault.Unsupported, fault.CodeOf(err), "%v", err)
	require.Contains(t, err.Error(), "business attributes")
}

func TestOpenRefuses(t *testing.T) {
	for name, edit := range map[string]func(*configdb.Options){
		"type":   func(o *configdb.Options) { o.Type = "db2" },
		"table":  func(o *configdb.Options) { o.Names.Person = "cfg_person; drop table x" },
		"needed": func(o *configdb.Options) { o.Names.Person = "-" },
		"schema": func(o *configdb.Options) { o.Schema = "a.b" },
		"number": func(o *configdb.Options) { o.Names.GroupType = "5 OR 1=1" },
		"ssl":    func(o *configdb.Options) { o.Type, o.SSL = "postgresql", "maybe" },
	} {
		t.Run(name, func(t *testing.T) {
			o := options(configdb.SQLite)
			edit(&o)
			_, err := configdb.Open(o)
			require.Error(t, err)
			require.Contains(t, []fault.Code{fault.Invalid, fault.Unsupported}, fault.CodeOf(err))
		})
	}
	for _, name := range []string{"PostgreSQL", "oracle", "mssql", "sqlite"} {
		require.True(t, configdb.Supported(name))
	}
	require.False(t, configdb.Supported("db2"))
	require.Equal(t, []int{5432, 1521, 1433, 0}, []int{configdb.DefaultPort("postgresql"), configdb.DefaultPort("oracle"), configdb.DefaultPort("mssql"), configdb.DefaultPort("sqlite")})
	require.True(t, configdb.ValidSSL("verify-full"))
	require.False(t, configdb.ValidSSL("maybe"))
}
