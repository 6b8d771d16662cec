package configdb_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/tests/databases/pgtest"
	"engage.connector/tests/databases/tdsstandin"
)

// withoutSnapshots is a SQL Server whose database does not let a transaction see one state. told is
// what its system view says about that.
func withoutSnapshots(t *testing.T, backend *pgtest.Server, name string, told bool) (*tdsstandin.Server, configdb.Options) {
	t.Helper()
	load(t, backend, name, "dbo", asIs(), tdsstandin.Catalogue(told)...)
	server := tdsstandin.Start(t, tdsstandin.Options{Backend: readerURL(backend, name)})
	return server, sqlServerOptions(server)
}

func begins(server *tdsstandin.Server) []string {
	return slices.DeleteFunc(server.Statements(), func(s string) bool { return !strings.HasPrefix(s, "BEGIN") })
}

func TestReadingWithoutSnapshots(t *testing.T) {
	backend := startBackend(t)
	for name, told := range map[string]bool{"said so": false, "said otherwise": true} {
		t.Run("the database "+name, func(t *testing.T) {
			server, o := withoutSnapshots(t, backend, "without_"+strings.ReplaceAll(name, " ", "_"), told)
			db := open(t, o)
			snap, err := db.Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, expected(), snap)
			probe, _ := db.Probe()
			require.False(t, probe.OneState)
			require.Equal(t, 1, db.LastReading().Passes, "all references lead somewhere")
			require.Equal(t, "BEGIN ISOLATION LEVEL READ COMMITTED", begins(server)[len(begins(server))-1])
		})
	}
	t.Run("references that lead nowhere are read again, once", func(t *testing.T) {
		_, o := withoutSnapshots(t, backend, "dangling", false)
		backend.Exec(t, "dangling", "INSERT INTO dbo.cfg_agent_group(group_dbid,agent_dbid) VALUES (502,999)", "INSERT INTO dbo.cfg_skill_level(person_dbid,skill_dbid,level_) VALUES (998,401,1)")
		db := open(t, o)
		for _, passes := range []int{2, 1, 1} {
			snap, err := db.Snapshot(t.Context())
			require.NoError(t, err)
			require.Equal(t, []configmodel.DBID{302, 999}, snap.Groups[1].Members)
			require.Equal(t, passes, db.LastReading().Passes)
			require.Equal(t, 2, db.LastReading().Dangling)
		}
	})
	t.Run("a change in between is seen by the second reading", func(t *testing.T) {
		_, o := withoutSnapshots(t, backend, "between", false)
		slowSwitches(t, backend, "between", "dbo")
		// Switches are read twice: alone, and with the logins after the persons.
		o.Names.Switch = "slow_switch"
		db := open(t, o)
		_, err := db.Options(t.Context()) // probes
		require.NoError(t, err)
		type outcome struct {
			snap configmodel.Snapshot
			err  error
		}
		done := make(chan outcome, 1)
		go func() {
			snap, err := db.Snapshot(context.WithoutCancel(t.Context()))
			done <- outcome{snap, err}
		}()
		waitForLogins(t, backend, "between")
		backend.Exec(t, "between", "INSERT INTO dbo.cfg_person(dbid,tenant_dbid,user_name,is_agent,state) VALUES (306,101,'late',2,1)",
			"INSERT INTO dbo.cfg_agent_group(group_dbid,agent_dbid) VALUES (502,306)")
		o2 := <-done
		require.NoError(t, o2.err)
		require.Equal(t, 2, db.LastReading().Passes)
		require.Zero(t, db.LastReading().Dangling)
		require.Contains(t, o2.snap.Groups[1].Members, configmodel.DBID(306))
		require.Equal(t, configmodel.DBID(306), o2.snap.Persons[len(o2.snap.Persons)-1].DBID)
	})
}

// waitForLogins returns once the persons are read and the groups are not.
func waitForLogins(t *testing.T, backend *pgtest.Server, name string) {
	t.Helper()
	waitFor(t, backend, name, "%INNER JOIN dbo.slow_switch w%i.person_dbid%")
}
