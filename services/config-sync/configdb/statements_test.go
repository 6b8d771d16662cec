package configdb_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configdb"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The files are what the grammar gate (tools/sqlgate) parses: every statement that a database of
// this type may be sent.
func TestStatementsAreWhatTheGrammarGateChecks(t *testing.T) {
	for _, k := range kinds() {
		var text strings.Builder
		for _, s := range configdb.Statements(k.name) {
			require.NotContains(t, s.Text, ";")
			require.NotContains(t, s.Text, "{")
			text.WriteString("-- " + s.Name + "\n" + s.Text + ";\n\n")
		}
		path := filepath.Join("testdata", "statements", k.name+".sql")
		if *update {
			require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
		}
		golden, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(golden), text.String(), "run the test with -update")
	}
	require.Empty(t, configdb.Statements("db2"))
}

// subsetTable are the things that not all four databases understand, or understand differently.
var subsetTable = map[string]*regexp.Regexp{
	"AS before an alias":    regexp.MustCompile(`(?i)\bAS\b`),
	"LIMIT":                 regexp.MustCompile(`(?i)\bLIMIT\b`),
	"TOP":                   regexp.MustCompile(`(?i)\bTOP\b`),
	"ROWNUM":                regexp.MustCompile(`(?i)\bROWNUM\b`),
	"FETCH FIRST":           regexp.MustCompile(`(?i)\bFETCH\b`),
	"recursion":             regexp.MustCompile(`(?i)\b(RECURSIVE|CONNECT\s+BY)\b`),
	"a common table":        regexp.MustCompile(`(?i)\bWITH\b`),
	"a truth value":         regexp.MustCompile(`(?i)\b(TRUE|FALSE)\b`),
	"an empty text":         regexp.MustCompile(`''`),
	"concatenation":         regexp.MustCompile(`\|\||\+`),
	"quoted names":          regexp.MustCompile("[\\[\\]`\"]"),
	"all columns":           regexp.MustCompile(`(?i)SELECT\s+\*`),
	"a join without ON":     regexp.MustCompile(`(?i)\b(NATURAL|USING|CROSS)\b`),
	"a semicolon":           regexp.MustCompile(`;`),
	"something that writes": regexp.MustCompile(`(?i)\b(INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|TRUNCATE|GRANT)\b`),
}

func TestStatementsKeepToTheCommonSubset(t *testing.T) {
	for _, k := range kinds() {
		statements := configdb.Statements(k.name)
		require.Greater(t, len(statements), 30)
		for _, s := range statements {
			if k.name == configdb.SQLite && s.Name == "catalogue" { // has no schema to show, and is the lab's alone
				continue
			}
			for what, forbidden := range subsetTable {
				require.NotRegexp(t, forbidden, s.Text, "%s in %s", what, s.Name)
			}
		}
	}
}

func TestTheSubsetIsGuarded(t *testing.T) {
	for what, statement := range map[string]string{
		"AS before an alias": "SELECT p.dbid FROM cfg_person AS p", "LIMIT": "SELECT dbid FROM cfg_person limit 5",
		"TOP": "SELECT TOP (5) dbid FROM cfg_person", "an empty text": "SELECT dbid FROM cfg_person WHERE name = ''",
		"concatenation": "SELECT a || b FROM cfg_person", "recursion": "WITH RECURSIVE s AS (SELECT 1)", "quoted names": "SELECT [dbid] FROM cfg_person",
	} {
		require.Regexp(t, subsetTable[what], statement)
	}
}
