package configdb_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tdsstandin"
	"engage.connector/tests/databases/tnsstandin"
)

// longScript is longer than a column: it comes in parts, which the rows hold in no order.
func longScript() (string, []string) {
	var value strings.Builder
	for i := range 60 {
		fmt.Fprintf(&value, `Skill("Skill %02d") > %d & `, i, i%10)
	}
	value.WriteString(`SkillExists("Spanish")`)
	var rows []string
	text := value.String()
	for part := 1; len(text) > 0; part++ {
		n := min(len(text), 254)
		rows = append(rows, fmt.Sprintf("INSERT INTO cfg_flex_prop(dbid,object_dbid,object_type,parent_dbid,prop_type,prop_name,prop_value,part) VALUES (9102,502,5,9100,0,'script','%s',%d)", text[:n], part))
		text = text[n:]
	}
	rows[0], rows[len(rows)-1] = rows[len(rows)-1], rows[0]
	return value.String(), rows
}

func TestUnusualData(t *testing.T) {
	backend := startBackend(t)
	script, rows := longScript()
	v := with(asIs(), rows...)
	v.files = append(v.files, "unusual.sql")
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) {
			db := open(t, k.open(t, backend, "unusual_"+k.name, v))
			snap, err := db.Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, []configmodel.Skill{
				{DBID: 401, Name: "Spanish", State: 1},
				{DBID: 403, Name: "spanish ", State: 1},
				{DBID: 404, State: 1},
				{DBID: 405, State: configmodel.StateDeleted},
				{DBID: 406, Name: "Größe 漢字 😀"},
			}, snap.Skills, "case and blanks are kept; no name and an empty name are the same")
			require.Equal(t, []configmodel.SkillLevel{
				{PersonDBID: 301, SkillDBID: 401, Level: 7},
				{PersonDBID: 301, SkillDBID: 403},
				{PersonDBID: 301, SkillDBID: 404},
				{PersonDBID: 301, SkillDBID: 406, Level: -3},
				{PersonDBID: 302, SkillDBID: 401, Level: 2},
			}, snap.SkillLevels)
			require.Equal(t, []configmodel.Person{
				{DBID: 305, UserName: "o'neil", State: configmodel.StateDeleted},
				{DBID: 9999999999},
			}, snap.Persons[3:])
			require.Equal(t, expected().Options, snap.Options, "the deleted, the misspelt and the one of another type are not it")
			require.Equal(t, configmodel.Annex{{Name: "hybrid", Children: []configmodel.Property{{Name: "script", Value: script}}}}, snap.Groups[1].Annex)
			require.Zero(t, db.LastReading().Damaged)
		})
	}
}

// Bytes that no encoding explains reach the service in different ways; one damaged name is
// counted and replaced, and everything else is read.
func TestDamagedTextIsCounted(t *testing.T) {
	const damaged = `E'Dam\xffaged'`
	backend := startBackend(t)
	bytewise := func(name, schema string, catalogue ...string) {
		backend.Exec(t, "postgres", "CREATE DATABASE "+name+" ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
		statements := append(catalogue, "CREATE SCHEMA IF NOT EXISTS "+schema, "GRANT USAGE ON SCHEMA "+schema+" TO reader", "SET search_path TO "+schema)
		statements = append(statements, asIs().script(t)...)
		backend.Exec(t, name, append(statements, "UPDATE cfg_skill SET name = "+damaged+" WHERE dbid = 401", "GRANT SELECT ON ALL TABLES IN SCHEMA "+schema+" TO reader")...)
	}
	tests := map[string]func() configdb.Options{
		configdb.SQLite: func() configdb.Options {
			return openSQLite(t, nil, "x", with(asIs(), "UPDATE cfg_skill SET name = CAST(x'44616dff61676564' AS TEXT) WHERE dbid = 401"))
		},
		configdb.PostgreSQL: func() configdb.Options {
			bytewise("bytes_pg", "public")
			return postgresOptions(backend, "bytes_pg")
		},
		configdb.Oracle: func() configdb.Options {
			bytewise("bytes_ora", "ccadmin", tnsstandin.Catalogue()...)
			return oracleOptions(tnsstandin.Start(t, tnsstandin.Options{Backend: readerURL(backend, "bytes_ora")}))
		},
		configdb.SQLServer: func() configdb.Options {
			bytewise("bytes_ms", "dbo", tdsstandin.Catalogue(true)...)
			return sqlServerOptions(tdsstandin.Start(t, tdsstandin.Options{Backend: readerURL(backend, "bytes_ms"), Snapshots: true}))
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			o, log := prepare(), &bytes.Buffer{}
			o.Logger = slog.New(slog.NewJSONHandler(log, nil))
			db := open(t, o)
			for range 2 {
				snap, err := db.Snapshot(t.Context())
				require.NoError(t, err)
				want := expected()
				want.Skills[0].Name = "Dam\uFFFDaged"
				require.Equal(t, want, snap)
			}
			require.Equal(t, 1, db.LastReading().Damaged)
			require.Equal(t, 1, strings.Count(log.String(), "cannot be read as they are"), "said once")
		})
	}
}

// Numbers may be kept as padded text, and DBIDs as other types of numbers.
func TestNumbersOfEveryKind(t *testing.T) {
	backend := startBackend(t)
	for i, k := range kinds() {
		if k.name == configdb.SQLite {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			v := with(asIs(),
				"ALTER TABLE cfg_skill_level ALTER COLUMN level_ TYPE varchar(10) USING '  ' || level_ || ' '",
				"ALTER TABLE cfg_agent_group ALTER COLUMN agent_dbid TYPE integer", "ALTER TABLE cfg_skill ALTER COLUMN dbid TYPE bigint",
				"ALTER TABLE cfg_person ALTER COLUMN is_agent TYPE smallint")
			snap, err := open(t, k.open(t, backend, fmt.Sprintf("numbers_%d", i), v)).Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, expected(), snap)
		})
	}
}

// A time of the history is what a clock showed, in UTC, unless it says its zone.
func TestTimesOfTheHistory(t *testing.T) {
	backend := startBackend(t)
	tests := []struct {
		name, kind, value string
	}{
		{"zoned", "timestamptz", "'2026-11-20 10:15:30+02'"},
		{"clock", "timestamp", "'2026-11-20 08:15:30'"},
		{"text", "varchar(30)", "'2026-11-20 08:15:30'"},
		{"seconds", "numeric(10,0)", "1795162530"},
		{"milliseconds", "bigint", "1795162530000"},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := with(asIs(), "DROP TABLE cfg_hist_log", "CREATE TABLE cfg_audit (object_type integer, object_dbid integer, change_time "+tt.kind+")",
				"INSERT INTO cfg_audit VALUES (2, 201, "+tt.value+")")
			name := fmt.Sprintf("times_%d", i)
			load(t, backend, name, "public", v)
			backend.Exec(t, name, "ALTER ROLE reader SET timezone TO 'Asia/Tokyo'")
			snap, err := open(t, postgresOptions(backend, name)).Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, expected().DNs, snap.DNs)
		})
	}
	t.Run("no history", func(t *testing.T) {
		snap, err := open(t, openSQLite(t, (*pgtest.Server)(nil), "x", with(asIs(), "DROP TABLE cfg_hist_log"))).Snapshot(t.Context())
		require.NoError(t, err)
		require.Zero(t, snap.DNs[0].LastModified)
	})
	t.Run("a time that cannot be read is none", func(t *testing.T) {
		snap, err := open(t, openSQLite(t, nil, "x", with(asIs(), "UPDATE cfg_hist_log SET changed_at = 'yesterday'"))).Snapshot(t.Context())
		require.NoError(t, err)
		require.Zero(t, snap.DNs[0].LastModified)
	})
}

// A column of another kind than its name promises is the operator's to put right.
func TestAColumnOfAnotherKind(t *testing.T) {
	_, err := open(t, openSQLite(t, nil, "x", with(asIs(), "UPDATE cfg_skill_level SET level_ = 'expert'"))).Snapshot(t.Context())
	require.Equal(t, fault.Unsupported, fault.CodeOf(err))
	require.ErrorContains(t, err, "skill levels")
	require.ErrorContains(t, err, "level_")
	require.NotContains(t, err.Error(), "expert")
}
