package configdb_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configdb"
)

// probed opens a SQLite database with further statements and returns what the probe says.
func probed(t *testing.T, v variant, edit func(*configdb.Options)) (configdb.Probe, error) {
	t.Helper()
	o := openSQLite(t, nil, "x", v)
	if edit != nil {
		edit(&o)
	}
	db := open(t, o)
	_, err := db.Snapshot(t.Context())
	probe, _ := db.Probe()
	return probe, err
}

func finding(t *testing.T, p configdb.Probe, wanted string) configdb.Finding {
	t.Helper()
	for _, f := range p.Findings {
		if f.Wanted == wanted {
			return f
		}
	}
	require.Fail(t, "no finding", wanted)
	return configdb.Finding{}
}

func with(v variant, extra ...string) variant {
	v.extra = extra
	return v
}

// dictionary are the statements that make a dictionary of DN types.
func dictionary(captions map[string]int) []string {
	statements := []string{
		"CREATE TABLE cfg_locale (lcid integer, lc_class integer, lc_type integer, lc_subtype integer, lc_value varchar(255))",
		"INSERT INTO cfg_locale(lcid,lc_class,lc_type,lc_subtype,lc_value) VALUES (2,8,5,99,'Virtual Queue')", // another language
		"INSERT INTO cfg_locale(lcid,lc_class,lc_type,lc_subtype,lc_value) VALUES (1,8,8,99,'Extension')",     // another enumeration
	}
	for caption, n := range captions {
		statements = append(statements, fmt.Sprintf("INSERT INTO cfg_locale(lcid,lc_class,lc_type,lc_subtype,lc_value) VALUES (1,8,5,%d,'%s')", n, caption))
	}
	return statements
}

func TestWhatTheProbeFinds(t *testing.T) {
	t.Run("the usual names", func(t *testing.T) {
		p, err := probed(t, asIs(), nil)
		require.NoError(t, err)
		require.Equal(t, "cfg_folder_object(folder_dbid, object_dbid, object_type)", finding(t, p, "folder of an object").Name)
		require.Equal(t, "cfg_folder(type, parent parent_dbid parent_type, owner owner_dbid owner_type)", finding(t, p, "folders").Name)
		require.Equal(t, "cfg_enumerator(type), cfg_enumerator_value(enumerator_dbid)", finding(t, p, "business attributes").Name)
		require.Equal(t, "cfg_transaction(type)", finding(t, p, "transactions").Name)
		require.Equal(t, "cfg_hist_log(object_dbid, object_type, changed_at)", finding(t, p, "history").Name)
		require.Equal(t, "cfg_person.email_address", finding(t, p, "e-mail of a person").Name)
		require.Equal(t, "cfg_flex_prop.part", finding(t, p, "part of a long annex value").Name)
		require.Equal(t, configdb.Finding{Wanted: "kind of agent groups", Name: "5", Source: configdb.FromData, Candidates: []string{"5: 2 groups"}}, finding(t, p, "kind of agent groups"))
		require.Equal(t, 17, p.Tables)
	})
	t.Run("other names, and why not those that look similar", func(t *testing.T) {
		p, err := probed(t, otherNames(), nil)
		require.NoError(t, err)
		link := finding(t, p, "folder of an object")
		require.Equal(t, "cfg_placement(fold_ref, obj_ref, obj_kind)", link.Name)
		require.Contains(t, link.Candidates, "cfg_folder_perm: 2 of 2 rows are about persons that do not exist")
		require.Equal(t, "cfg_audit_trail(obj_ref, obj_kind, event_time)", finding(t, p, "history").Name)
		require.Contains(t, finding(t, p, "history").Candidates, "cfg_hist_purge: 0 rows about DNs")
		require.Equal(t, "9", p.Names.GroupType)
	})
	t.Run("a history is known by change_ts, whatever else looks like a time", func(t *testing.T) {
		p, err := probed(t, with(asIs(), "DROP TABLE cfg_hist_log",
			"CREATE TABLE cfg_hist (object_type integer, object_dbid integer, created date, change_ts integer)"), nil)
		require.NoError(t, err)
		require.Equal(t, "cfg_hist(object_dbid, object_type, change_ts)", finding(t, p, "history").Name)
	})
	t.Run("the dictionary confirms the numbers", func(t *testing.T) {
		p, err := probed(t, with(asIs(), dictionary(map[string]int{"Extension": 1, "ACD Queue": 3, "Routing Point": 4, "Virtual Queue": 5, "Trunk": 14})...), nil)
		require.NoError(t, err)
		require.Equal(t, configdb.Finding{Wanted: "numbers of enumerations", Name: "cfg_locale", Source: configdb.FromData, Note: "4 of 7 confirmed"}, finding(t, p, "numbers of enumerations"))
	})
	t.Run("captions in other words say nothing, nor does a dictionary of another form", func(t *testing.T) {
		_, err := probed(t, with(asIs(), dictionary(map[string]int{"Nebenstelle": 1, "Warteschlange": 5})...), nil)
		require.NoError(t, err)
		p, err := probed(t, with(asIs(), "CREATE TABLE cfg_locale (lcid integer, text varchar(255))"), nil)
		require.NoError(t, err)
		require.Equal(t, "not checked", finding(t, p, "numbers of enumerations").Note)
		_, err = probed(t, with(asIs(), dictionary(map[string]int{"Extension": 7})...), func(o *configdb.Options) { o.Names.Locale = "-" })
		require.NoError(t, err, "the operator knows better")
	})
	t.Run("two numbers of agent groups, when the operator says so", func(t *testing.T) {
		v := with(asIs(), "UPDATE cfg_group SET group_type = 9 WHERE dbid = 501")
		o := openSQLite(t, nil, "x", v)
		o.Names.GroupType = "5,9"
		snap, err := open(t, o).Snapshot(t.Context())
		require.NoError(t, err)
		require.Len(t, snap.Groups, 2, "and not the places of number 6")
	})
	t.Run("of several transactions, those that hold hybrid_integration", func(t *testing.T) {
		p, err := probed(t, with(otherNames(), "CREATE TABLE cfg_trans_archive (dbid integer, tenant_dbid integer, name varchar(255), type integer)"), nil)
		require.NoError(t, err)
		require.Equal(t, "cfg_trans_object", p.Names.Transaction)
	})
	t.Run("a link without rows is taken when it is the only one", func(t *testing.T) {
		p, err := probed(t, with(asIs(), "DELETE FROM cfg_folder_object"), nil)
		require.NoError(t, err)
		require.Contains(t, finding(t, p, "folder of an object").Note, "could be checked")
	})
	t.Run("what is said goes before what is found", func(t *testing.T) {
		p, err := probed(t, asIs(), func(o *configdb.Options) {
			o.Names = configdb.Names{PersonEmail: "user_name", FlexPart: "-", History: "-", GroupType: "6"}
		})
		require.NoError(t, err)
		require.Equal(t, configdb.Finding{Wanted: "e-mail of a person", Name: "cfg_person.user_name", Source: configdb.FromOperator}, finding(t, p, "e-mail of a person"))
		require.Equal(t, configdb.FromOperator, finding(t, p, "history").Source)
		require.Equal(t, configdb.FromOperator, finding(t, p, "kind of agent groups").Source)
	})
	t.Run("what need not be there", func(t *testing.T) {
		p, err := probed(t, with(asIs(), "DROP TABLE cfg_hist_log", "ALTER TABLE cfg_person DROP COLUMN email_address", "ALTER TABLE cfg_flex_prop DROP COLUMN part",
			"DELETE FROM cfg_agent_group", "DELETE FROM cfg_flex_prop"), nil)
		require.NoError(t, err)
		for _, wanted := range []string{"history", "e-mail of a person", "part of a long annex value", "kind of agent groups", "order of the parts of an annex value"} {
			require.Equal(t, configdb.NotThere, finding(t, p, wanted).Source, wanted)
		}
	})
}

// An error says what was looked for, what came into question, and how to say it.
func TestWhatTheProbeMisses(t *testing.T) {
	tests := map[string]struct {
		extra []string
		want  []string
	}{
		"no link": {[]string{"DROP TABLE cfg_folder_object"},
			[]string{"folder of an object: looked in the database for a cfg_ table with a folder", "found nothing that fits", "state folder_object, link_folder, link_object, link_type in CONFIG_DB_NAMES_FILE"}},
		"a link that leads nowhere": {[]string{"UPDATE cfg_folder_object SET folder_dbid = 99"},
			[]string{"cfg_folder_object: 2 of 2 rows are not about folders of persons"}},
		"two links": {[]string{"CREATE TABLE cfg_folder_content AS SELECT * FROM cfg_folder_object"},
			[]string{"cfg_folder_object", "cfg_folder_content"}},
		"no folders": {[]string{"DROP TABLE cfg_folder"},
			[]string{"folders: looked in the database for a cfg_ table with dbid, name, a type, and the DBID and type of a parent"}},
		"no business attributes": {[]string{"DROP TABLE cfg_enumerator"},
			[]string{"business attributes", "found cfg_enumerator_value", "state enumerator, value"}},
		"no transactions": {[]string{"DROP TABLE cfg_transaction", "CREATE TABLE cfg_transport (dbid integer)"},
			[]string{"transactions", "state transaction in"}},
		"agent groups of two numbers": {[]string{"UPDATE cfg_group SET group_type = 9 WHERE dbid = 501"},
			[]string{"kind of agent groups", "found 5: 1 groups, 9: 1 groups", "state group_type in CONFIG_DB_NAMES_FILE"}},
		"a majority is no proof": {[]string{"INSERT INTO cfg_agent_group(group_dbid,agent_dbid) VALUES (501,301),(503,301)"},
			[]string{"found 5: 3 groups, 6: 1 groups"}},
		"another dictionary": {dictionary(map[string]int{"Extension": 1, "CFGVirtACDQueue": 6, "Routing-Point": 4}),
			[]string{"DN type Virtual Queue is number 6 in cfg_locale and not 5", "state locale as - in CONFIG_DB_NAMES_FILE"}},
		"several things at once": {[]string{"DROP TABLE cfg_transaction", "DROP TABLE cfg_folder_object"},
			[]string{"transactions", "folder of an object"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := probed(t, with(asIs(), tt.extra...), nil)
			require.Equal(t, fault.Unsupported, fault.CodeOf(err), "%v", err)
			for _, text := range tt.want {
				require.ErrorContains(t, err, text)
			}
		})
	}
}

// What is wrong is put right while the service runs: the database is probed anew.
func TestADatabaseIsProbedAgainOnceItHasChanged(t *testing.T) {
	o := openSQLite(t, nil, "x", with(asIs(), "DROP TABLE cfg_folder_object"))
	log := &bytes.Buffer{}
	o.Logger = slog.New(slog.NewJSONHandler(log, nil))
	db := open(t, o)
	_, err := db.Snapshot(t.Context())
	require.Error(t, err)
	change(t, o.Name, "CREATE TABLE cfg_folder_object (folder_dbid integer, object_dbid integer, object_type integer)")
	_, err = db.Snapshot(t.Context())
	require.NoError(t, err)

	change(t, o.Name, "ALTER TABLE cfg_folder_object RENAME TO cfg_folder_content")
	_, err = db.Snapshot(t.Context())
	require.Equal(t, fault.Unsupported, fault.CodeOf(err))
	_, err = db.Snapshot(t.Context())
	require.NoError(t, err)
	require.Contains(t, log.String(), "cfg_folder_content(folder_dbid, object_dbid, object_type)")
}

// A view with a name of the site's own is used as stated, although no catalogue lists it.
func TestAViewOutsideOfTheCatalogue(t *testing.T) {
	v := with(asIs(), "CREATE VIEW site_transactions AS SELECT * FROM cfg_transaction", "DROP TABLE cfg_hist_log")
	p, err := probed(t, v, func(o *configdb.Options) { o.Names.Transaction = "site_transactions" })
	require.NoError(t, err)
	require.Equal(t, configdb.Finding{Wanted: "transactions", Name: "site_transactions(type)", Source: configdb.FromOperator}, finding(t, p, "transactions"))
}

func TestNamesFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "names.json")
	require.NoError(t, os.WriteFile(path, []byte("{\n  \"folder_object\": \"cfg_placement\",\n  \"history\": \"-\",\n  \"group_type\": \"5\"\n}\n"), 0o600))
	names, err := configdb.LoadNames(path)
	require.NoError(t, err)
	require.Equal(t, configdb.Names{FolderObject: "cfg_placement", History: "-", GroupType: "5"}, names)

	names, err = configdb.LoadNames("")
	require.NoError(t, err)
	require.Equal(t, configdb.Names{}, names)
	_, err = configdb.LoadNames(path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte(" "), 65<<10), 0o600))
	_, err = configdb.LoadNames(path)
	require.ErrorContains(t, err, "longer than")
}

func TestNamesFileReportsEveryFaultWithItsLine(t *testing.T) {
	_, err := configdb.ParseNames([]byte("{\n\"foldr\": \"x\",\n\"history\": 5,\n\"person\": \"a b\",\n\"dn\": \"-\",\n\"value\": \"\",\n\"value\": \"v\",\n\"group_type\": \"five\"\n}"))
	for _, text := range []string{
		"line 2: foldr: not known", "line 3: history: a text was expected", `line 4: person: "a b" is no identifier`,
		"line 5: dn: the service cannot do without it", "line 6: value: empty", "line 7: value: stated twice", `line 8: group_type: "five" is no number`,
	} {
		require.ErrorContains(t, err, text)
	}
	for _, broken := range []string{"", "[]", "{", `{"history"`, `{"history": `, `{"history": "-"} x`, `{"history": nul}`, "{}{}"} {
		_, err := configdb.ParseNames([]byte(broken))
		require.Error(t, err, broken)
	}
}

func FuzzParseNames(f *testing.F) {
	f.Add([]byte(`{"history": "-", "group_type": "5"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if names, err := configdb.ParseNames(text); err == nil {
			o := options(configdb.SQLite)
			o.Name, o.Names = "x", names
			open(t, o) // what a file may say, a statement may hold
		}
	})
}
