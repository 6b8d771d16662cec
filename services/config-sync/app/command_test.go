package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/app"
)

// command runs a sub-command in the environment of the site.
func (s *site) command(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, faults bytes.Buffer
	code = app.Program().CommandLine(app.Commands()...).Execute(args, s.environ(), &out, &faults)
	return code, out.String(), faults.String()
}

// Before the first write the operator can see everything that will be done, what it costs, who is
// skipped and which names collide, with both objects.
//
// ledger: E-EXCS-027
// ledger: E-EXCS-065
func TestPlanSubCommandPrintsAndChangesNothing(t *testing.T) {
	s := newSite(t)
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,user_name,is_agent,state) VALUES (310,101,'Bob@X.example',2,1)")
	code, stdout, stderr := s.command(t, "plan", "-refresh=false")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stdout, "never read")
	require.Zero(t, s.org.Requests())
	code, stdout, stderr = s.command(t, "plan")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stdout, `skipped: person 303 "zoe": neither User Name`)
	require.Contains(t, stdout, `collision: person 310 "Bob@X.example": the organization does not tell "Bob@X.example" from "bob@x.example" of person 302`)
	require.Contains(t, stdout, `+ queue 201 "VQ_Sales_Leads__SIP_Switch__Engage-external": new in Engage`)
	require.Regexp(t, `(?m)^create +queues +1 +1 +1 +0$`, stdout)
	require.Contains(t, stdout, "9 API calls and about 8 look-ups: about 1s at 582000 requests per minute")

	code, stdout, stderr = s.command(t, "plan", "-json")
	require.Equal(t, 3, code, stderr)
	requirePlan(t, []byte(stdout))
	require.Zero(t, s.org.Writes())

	service := s.start(t)
	service.waitForSuccess(t)
	code, stdout, stderr = s.command(t, "plan")
	require.Equal(t, host.ExitOK, code, stderr)
	require.Contains(t, stdout, "nothing to do")
	code, _, _ = s.command(t, "plan", "-nonsense")
	require.Equal(t, host.ExitConfig, code)
	code, _, stderr = s.command(t, "plan", "extra")
	require.NotEqual(t, host.ExitOK, code)
	require.Contains(t, stderr, "extra")
	s.env["TENANT_ID"] = "Resources"
	code, _, _ = s.command(t, "plan")
	require.Equal(t, host.ExitConfig, code)
}

func requirePlan(t *testing.T, body []byte) {
	t.Helper()
	var printed struct {
		Operations                             []map[string]any
		Calls, Lookups, ExpectedSeconds        int
		RequestsPerMinute                      int
		Skipped, Collisions, UndecidableGroups []map[string]any
	}
	require.NoError(t, json.Unmarshal(body, &printed), "%s", body)
	require.Equal(t, 9, printed.Calls)
	require.Equal(t, 8, printed.Lookups)
	require.Equal(t, 1, printed.ExpectedSeconds)
	require.Equal(t, 582_000, printed.RequestsPerMinute)
	require.Equal(t, "303", printed.Skipped[0]["id"])
	require.Equal(t, "310", printed.Collisions[0]["id"])
	require.Equal(t, "302", printed.Collisions[0]["with"])
	require.NotNil(t, printed.UndecidableGroups)
}

// The same over HTTP: what would be done now.
func TestPlanOverHTTP(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	code, body := service.get(t, "/api/v1/plan")
	require.Equal(t, http.StatusOK, code, body)
	require.Contains(t, body, `"operations":[]`)
	require.Contains(t, body, `"expectedSeconds":0`)
	require.Contains(t, body, `"skipped":[{"reason":"no_valid_email","object":"person","id":"303"`)
	s.redis.Kill()
	code, body = service.get(t, "/api/v1/plan")
	require.Equal(t, http.StatusServiceUnavailable, code, body)
}

// Without the organization the command shows what is known, how old that is, and why; and whoever
// asks a command for help learns its variables.
func TestPlanWithoutTheOrganization(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	service.stop()
	s.exec(t, "UPDATE cfg_person SET last_name = 'Bell' WHERE dbid = 301")
	s.env["GENESYS_CLOUD_CLIENT_SECRET"] = "wrong"
	code, stdout, stderr := s.command(t, "plan")
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stdout, "The organization could not be read: ")
	require.Contains(t, stderr, "warning: the organization could not be read")
	require.Contains(t, stdout, `~ displayName: "Ann Lee" -> "Ann Bell"`)

	for _, name := range []string{"plan", "approve", "clear-mapping"} {
		code, _, stderr = s.command(t, name, "-help")
		require.Equal(t, host.ExitOK, code)
		require.Contains(t, stderr, "CONFIG_DB_HOST")
		require.Contains(t, stderr, "usage: config-sync "+name)
	}
}

// An object that was deleted in the organization stays away until its mapping is cleared; neither
// is Redis emptied nor the service restarted for it.
//
// ledger: E-EXCS-018
// ledger: E-EXCS-019
func TestClearedMappingIsMadeAnew(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	s.org.Delete(s.org.UserID("ann@x.example"))
	s.exec(t, "UPDATE cfg_person SET last_name = 'Bell' WHERE dbid = 301")
	eventually(t, func() bool {
		_, body := service.get(t, "/status")
		return strings.Contains(body, `"pending":1`)
	}, "what is missed so soon after it was made counts as not shown yet")
	require.Empty(t, s.org.UserID("ann@x.example"))

	for _, args := range [][]string{{"clear-mapping"}, {"clear-mapping", "users"}, {"clear-mapping", "extensions", "202"}, {"clear-mapping", "users", "999"}, {"clear-mapping", "-deleted", "users"}} {
		code, _, stderr := s.command(t, args...)
		require.NotEqual(t, host.ExitOK, code)
		require.NotEmpty(t, stderr)
	}
	code, stdout, stderr := s.command(t, "clear-mapping", "-deleted")
	require.Equal(t, host.ExitOK, code, stderr)
	require.Equal(t, "0 mappings\n", stdout, "nor as deleted")
	code, stdout, stderr = s.command(t, "clear-mapping", "users", "301")
	require.Equal(t, host.ExitOK, code, stderr)
	require.Equal(t, "users 301 \"ann@x.example\" will be mapped anew by the next synchronisation\n1 mappings\n", stdout)
	eventually(t, func() bool {
		return strings.Contains(s.org.State().Queues["VQ_Sales_Leads__SIP_Switch__Engage-external"], "[ann@x.example]")
	}, "the user is there again, and a member of its queue")
	require.Contains(t, s.org.State().Users["ann@x.example"], "Ann Bell|301_alee|true|[Supervisor User employee]|[Spanish=5.0]")
}
