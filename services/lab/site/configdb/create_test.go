package configdb_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"engage.connector/services/lab/site/configdb"
	"engage.connector/services/lab/site/configdb/configdbtest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(agents int) configdb.Options {
	return configdb.Options{Agents: agents, Seed: 1, Hybrid: configdb.Hybrid{
		OrgShortName: "lab", OrgID: "o-1", BaseServiceURL: "http://127.0.0.1:1/api", BaseAuthURL: "http://127.0.0.1:1", Region: "lab",
		ConfigSync:           configdb.Client{ID: "c1", Secret: "s1"},
		AgentStateSync:       configdb.Client{ID: "c2", Secret: "s2"},
		ConversationProvider: configdb.Client{ID: "c3", Secret: "s3"},
		RecordingUploader:    configdb.Client{ID: "c4", Secret: "s4"},
		STALanguage:          "en-US", STALanguageKey: "language_code", RecordingEnabled: true,
		WebDAVURL: "http://127.0.0.1:2/recordings", WebDAVUser: "u", WebDAVPassword: "p",
		Extra: map[string]map[string]string{"config_sync": {"agent_role_names": "Employee,User"}},
	}}
}

// place is an empty database of one kind.
type place struct{ driver, dsn, sqlDriver string }

func sqlitePlace(t *testing.T) place {
	t.Helper()
	return place{"sqlite", filepath.Join(t.TempDir(), "config.db"), "sqlite"}
}

// each runs a test on both databases; PostgreSQL is a real server of the test's own.
func each(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, sqlitePlace(t)) })
	t.Run("postgresql", func(t *testing.T) { test(t, place{"postgresql", configdbtest.Postgres(t), "pgx"}) })
}

func (p place) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open(p.sqlDriver, p.dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// query returns the rows of a query as text lines.
func query(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), text)
	require.NoError(t, err, text)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	out := []string{}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		fields := make([]string, len(columns))
		for i, v := range values {
			fields[i] = v.String
		}
		out = append(out, strings.Join(fields, "|"))
	}
	require.NoError(t, rows.Err())
	return out
}

func TestCreateFillsBothDatabasesWithTheSameCenter(t *testing.T) {
	texts := map[string][]string{}
	each(t, func(t *testing.T, p place) {
		d, err := configdb.Create(t.Context(), p.driver, p.dsn, options(25))
		require.NoError(t, err)
		require.Len(t, d.Model().Agents, 25)
		db := p.open(t)
		for _, q := range []string{
			"SELECT dbid, user_name, employee_id, email_address, first_name, last_name, is_agent, state FROM cfg_person ORDER BY dbid",
			"SELECT l.person_dbid, s.name, l.level_ FROM cfg_skill_level l INNER JOIN cfg_skill s ON s.dbid = l.skill_dbid ORDER BY l.person_dbid, s.dbid",
			"SELECT d.dbid, d.number_, d.name, d.type, w.name FROM cfg_dn d INNER JOIN cfg_switch w ON w.dbid = d.switch_dbid ORDER BY d.dbid",
			"SELECT i.person_dbid, a.login_code FROM cfg_login_info i INNER JOIN cfg_agent_login a ON a.dbid = i.agent_login_dbid ORDER BY i.person_dbid",
			"SELECT s.object_type, s.object_dbid, s.prop_name, o.prop_name, o.part, o.prop_value FROM cfg_flex_prop s INNER JOIN cfg_flex_prop o ON o.parent_dbid = s.dbid ORDER BY o.dbid, o.part",
			"SELECT group_dbid, agent_dbid FROM cfg_agent_group ORDER BY group_dbid, agent_dbid",
			"SELECT dbid, name, type, owner_dbid, owner_type, parent_dbid, parent_type FROM cfg_folder ORDER BY dbid",
			"SELECT folder_dbid, object_dbid, object_type FROM cfg_folder_object ORDER BY object_type, object_dbid, folder_dbid",
			"SELECT e.name, e.type, e.state, v.name, v.state FROM cfg_enumerator e INNER JOIN cfg_enumerator_value v ON v.enumerator_dbid = e.dbid ORDER BY v.dbid",
			"SELECT dbid, name, type FROM cfg_transaction ORDER BY dbid",
			"SELECT lc_type, lc_subtype, lc_value FROM cfg_locale ORDER BY lc_type, lc_subtype",
		} {
			got := query(t, db, q)
			require.NotEmpty(t, got, q)
			texts[p.driver] = append(texts[p.driver], got...)
		}
	})
	require.Equal(t, texts["sqlite"], texts["postgresql"])
}

func TestCreateReplacesItsOwnTablesAndNobodyElses(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		ctx := t.Context()
		_, err := configdb.Create(ctx, p.driver, p.dsn, options(5))
		require.NoError(t, err)
		_, err = configdb.Create(ctx, p.driver, p.dsn, options(7))
		require.NoError(t, err)
		db := p.open(t)
		require.Equal(t, []string{"7"}, query(t, db, "SELECT count(*) FROM cfg_login_info"))

		_, err = db.ExecContext(ctx, "CREATE TABLE cfg_application (dbid integer)")
		require.NoError(t, err)
		_, err = configdb.Create(ctx, p.driver, p.dsn, options(9))
		require.ErrorIs(t, err, configdb.ErrForeign)
		require.Equal(t, []string{"7"}, query(t, db, "SELECT count(*) FROM cfg_login_info"))
	})
}

func TestCreateRefusesAForeignConfigDB(t *testing.T) {
	each(t, func(t *testing.T, p place) {
		db := p.open(t)
		_, err := db.ExecContext(t.Context(), "CREATE TABLE cfg_person (dbid integer)")
		require.NoError(t, err)
		_, err = configdb.Create(t.Context(), p.driver, p.dsn, options(5))
		require.ErrorIs(t, err, configdb.ErrForeign)
		require.ErrorContains(t, err, "cfg_person")
		require.Equal(t, []string{"0"}, query(t, db, "SELECT count(*) FROM cfg_person"))
	})
}

func TestCreateRefusesATableInAnotherSchema(t *testing.T) {
	p := place{"postgresql", configdbtest.Postgres(t), "pgx"}
	db := p.open(t)
	_, err := db.ExecContext(t.Context(), "CREATE SCHEMA cc; CREATE TABLE cc.cfg_tenant (dbid integer)")
	require.NoError(t, err)
	_, err = configdb.Create(t.Context(), p.driver, p.dsn, options(5))
	require.ErrorIs(t, err, configdb.ErrForeign)
}

func TestCreateTakesOtherNamesForWhatIsNotDocumented(t *testing.T) {
	p := sqlitePlace(t)
	o := options(3)
	o.Names = configdb.Names{
		Folder: "cfg_fldr", FolderObject: "cfg_obj_fldr", Enumerator: "cfg_enum", EnumeratorValue: "cfg_enum_val",
		Transaction: "cfg_trans", EmailColumn: "e_mail", PartColumn: "seq",
	}
	_, err := configdb.Create(t.Context(), p.driver, p.dsn, o)
	require.NoError(t, err)
	db := p.open(t)
	for _, q := range []string{
		"SELECT name FROM cfg_fldr", "SELECT object_dbid FROM cfg_obj_fldr", "SELECT name FROM cfg_enum", "SELECT name FROM cfg_enum_val",
		"SELECT name FROM cfg_trans", "SELECT e_mail FROM cfg_person", "SELECT seq FROM cfg_flex_prop",
	} {
		require.NotEmpty(t, query(t, db, q))
	}

	o.Names.Folder = "x; DROP TABLE y"
	_, err = configdb.Create(t.Context(), p.driver, p.dsn, o)
	require.ErrorContains(t, err, "Folder")
}

func TestCreateReportsBadArguments(t *testing.T) {
	_, err := configdb.Create(t.Context(), "oracle", "x", options(3))
	require.ErrorContains(t, err, "postgresql or sqlite")
	_, err = configdb.Create(t.Context(), "sqlite", filepath.Join(t.TempDir(), "x"), options(0))
	require.ErrorContains(t, err, "0 agents")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := sqlitePlace(t)
	_, err = configdb.Create(ctx, p.driver, p.dsn, options(3))
	require.ErrorIs(t, err, context.Canceled)
}

func TestHybridIntegrationHoldsTheGuidesOptions(t *testing.T) {
	p := sqlitePlace(t)
	_, err := configdb.Create(t.Context(), p.driver, p.dsn, options(3))
	require.NoError(t, err)
	got := query(t, p.open(t), `SELECT s.prop_name, o.prop_name, o.prop_value FROM cfg_transaction t
		INNER JOIN cfg_flex_prop s ON s.object_dbid = t.dbid AND s.object_type = 16 AND s.parent_dbid = 0
		INNER JOIN cfg_flex_prop o ON o.parent_dbid = s.dbid
		WHERE t.name = 'hybrid_integration' AND t.type = 21 ORDER BY o.dbid`)
	require.Equal(t, []string{
		"general|organization_sname|lab",
		"general|organization_id|o-1",
		"general|base_service_url|http://127.0.0.1:1/api",
		"general|base_auth_url|http://127.0.0.1:1",
		"general|region|lab",
		"config_sync|client_id|c1",
		"config_sync|client_secret|s1",
		"agent_state_sync|client_id|c2",
		"agent_state_sync|client_secret|s2",
		"conversation_provider|client_id|c3",
		"conversation_provider|client_secret|s3",
		"conversation_provider|recording_enabled|True",
		"conversation_provider|sta_default_language|en-US",
		"conversation_provider|sta_userdata_language_key|language_code",
		"recording-uploader.exec.transientStorage|type|WebDAV",
		"recording-uploader.exec.transientStorage|username|u",
		"recording-uploader.exec.transientStorage|password|p",
		"recording-uploader.exec.transientStorage|url|http://127.0.0.1:2/recordings",
		"recording-uploader.exec.genesysCloud|client_id|c4",
		"recording-uploader.exec.genesysCloud|password|s4",
		"config_sync|agent_role_names|Employee,User",
	}, got)
}

func TestLongScriptsTakeSeveralPartsThatJoinToTheExpression(t *testing.T) {
	p := sqlitePlace(t)
	_, err := configdb.Create(t.Context(), p.driver, p.dsn, options(25))
	require.NoError(t, err)
	got := query(t, p.open(t), "SELECT dbid, part, prop_value FROM cfg_flex_prop WHERE prop_name = 'script' ORDER BY dbid, part")
	joined, parts := map[string]string{}, map[string]int{}
	for _, line := range got {
		fields := strings.SplitN(line, "|", 3)
		require.LessOrEqual(t, len(fields[2]), 255)
		joined[fields[0]] += fields[2]
		parts[fields[0]]++
		require.Equal(t, fmt.Sprint(parts[fields[0]]), fields[1])
	}
	require.NotEmpty(t, joined)
	long := 0
	for dbid, text := range joined {
		require.Equal(t, strings.Count(text, "("), strings.Count(text, ")"), text)
		if parts[dbid] > 1 {
			long++
		}
	}
	require.Positive(t, long)
}
