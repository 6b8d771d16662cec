package configdb_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configdb"
	"engage.connector/services/config-sync/desired"
	"engage.connector/tests/databases/tdsstandin"
)

// Two agents whose names are no addresses share the mailbox of their team, in a real database: whoever is
// mapped keeps it, the other one is reported and never merged into the same user.
func TestSharedMailboxInARealDatabase(t *testing.T) {
	backend := startBackend(t)
	v := asIs()
	v.extra = []string{
		`INSERT INTO cfg_person(dbid,tenant_dbid,first_name,last_name,employee_id,user_name,email_address,is_agent,state) VALUES
			(451,101,'Una','First','P451','ufirst',' Team@Mail.example ',2,1), (452,101,'Duo','Second','P452','dsecond','team@mail.example',2,1)`,
	}
	load(t, backend, "mailbox", "public", v)
	snap, err := open(t, postgresOptions(backend, "mailbox")).Snapshot(t.Context())
	require.NoError(t, err)
	for _, tt := range []struct{ mapped, owner, other string }{{"", "451", "452"}, {"451", "451", "452"}, {"452", "452", "451"}} {
		org, report := desired.Build(snap, desired.Options{Mapped: map[string]bool{tt.mapped: true}})
		var owners []string
		for _, u := range org.Users {
			if strings.EqualFold(u.UserName, "team@mail.example") {
				owners = append(owners, u.ID)
				require.Empty(t, u.Aliases)
			}
		}
		require.Equal(t, []string{tt.owner}, owners)
		require.Equal(t, 1, report.Count(desired.AddressTaken))
		for _, note := range report.Notes {
			if note.Reason == desired.AddressTaken {
				require.Equal(t, tt.other, note.ID)
				require.Equal(t, tt.owner, note.With)
				require.True(t, note.Reason.Skipped())
			}
		}
	}
}

// Of a server with named instances its browser tells the port: host\instance needs none.
func TestNamedInstanceOfSQLServer(t *testing.T) {
	backend := startBackend(t)
	load(t, backend, "named", "dbo", asIs(), tdsstandin.Catalogue(true)...)
	server := tdsstandin.Start(t, tdsstandin.Options{Backend: readerURL(backend, "named"), User: "reader", Password: password, Database: "CFGDB", Snapshots: true})
	asked := browser(t, "CFG", server.Port)
	o := sqlServerOptions(server)
	o.Host, o.Port = `127.0.0.1\CFG`, 0
	snap, err := open(t, o).Snapshot(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, snap.Persons)
	require.NotEmpty(t, asked)

	o.Host = `127.0.0.1\OTHER`
	_, err = open(t, o).Snapshot(t.Context())
	require.ErrorContains(t, err, "OTHER")

	o.Host, o.Port = `127.0.0.1\OTHER`, server.Port
	_, err = open(t, o).Snapshot(t.Context())
	require.NoError(t, err, "a stated port needs no browser")
	require.Zero(t, configdb.DefaultPort("db2"))
}

// browser answers as SQL Server's browser does, for one instance, and counts who asks.
func browser(t *testing.T, instance string, port int) <-chan struct{} {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:1434")
	require.NoError(t, err)
	asked, done := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(done)
		question := make([]byte, 1024)
		for {
			_, from, err := conn.ReadFrom(question)
			if err != nil {
				return
			}
			text := fmt.Sprintf("ServerName;HOST;InstanceName;%s;IsClustered;No;Version;15.0.2000.5;tcp;%d;;", instance, port)
			answer := append([]byte{5, byte(len(text)), byte(len(text) >> 8)}, text...)
			_, _ = conn.WriteTo(answer, from)
			asked <- struct{}{}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return asked
}
