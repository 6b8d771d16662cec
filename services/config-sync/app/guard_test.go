package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/app"
	"engage.connector/services/config-sync/plan"
)

func TestRemovalLimitsAreChecked(t *testing.T) {
	minimal := []string{"TENANT_ID=101", "REDIS_ADDR=127.0.0.1:6379", "CONFIG_DB_HOST=db.example", "CONFIG_DB_NAME=config", "CONFIG_DB_USER=reader"}
	for limits, ok := range map[string]bool{
		"": true, "members=30": true, "members=30/10": true, " members = 30 / 10 , emails=100/0": true,
		"people=30": false, "members": false, "members=101": false, "members=-1": false, "members=a": false, "members=30/-1": false, "members=30/x": false,
	} {
		_, err := app.Load(append(minimal, "SYNC_REMOVAL_LIMITS="+limits))
		require.Equal(t, ok, err == nil, "%q: %v", limits, err)
		if err != nil {
			require.Contains(t, err.Error(), "SYNC_REMOVAL_LIMITS")
		}
	}
}

// The limits of the environment are those that hold.
func TestRemovalLimitsReachThePlan(t *testing.T) {
	for limits, held := range map[string]bool{"users=0/0": true, "users=100/9": false} {
		s := newSite(t)
		s.env["SYNC_REMOVAL_LIMITS"] = limits
		service := s.start(t)
		service.waitForSuccess(t)
		s.exec(t, "UPDATE cfg_person SET state = 2 WHERE dbid = 301")
		id := s.org.UserID("ann@x.example")
		eventually(t, func() bool {
			if held {
				return service.status(t) == "Failed"
			}
			return !s.org.User(id).IsActive()
		}, limits)
		require.Equal(t, held, s.org.User(id).IsActive())
		if held {
			_, body := service.get(t, "/status")
			require.Contains(t, body, "1 of ")
		}
		service.stop()
	}
}

// What is held back is shown by the command with its own exit code and over HTTP, and an approval over
// HTTP lets exactly this plan through. It takes a caller who may write, and is audited.
func TestApprovalOverHTTP(t *testing.T) {
	s := newSite(t)
	s.staffed(t)
	credentials := filepath.Join(t.TempDir(), "credentials")
	require.NoError(t, os.WriteFile(credentials, []byte("reader read reader-secret-1\nboss read,write boss-secret-123\n"), 0o600))
	s.env["ALLOW_UNAUTHENTICATED"], s.env["API_CREDENTIALS_FILE"] = "false", credentials
	service := s.start(t)
	service.waitForSuccess(t)
	s.exec(t, "DELETE FROM cfg_agent_group WHERE group_dbid = 503")
	s.exec(t, "UPDATE cfg_person SET last_name = 'Bell' WHERE dbid = 301")
	eventually(t, func() bool { return service.status(t) == "Failed" }, "held back")
	eventually(t, func() bool { return s.org.User(s.org.UserID("ann@x.example")).DisplayName == "Ann Bell" }, "the rest is executed")
	code, stdout, stderr := s.command(t, "plan", "-refresh=false")
	require.Equal(t, 4, code, stderr)
	require.Contains(t, stdout, "HELD BACK")

	status, body := service.call(t, http.MethodGet, "/api/v1/plan", "reader-secret-1")
	require.Equal(t, http.StatusOK, status, body)
	var answer struct {
		Data struct {
			ID   string
			Held []any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	require.Len(t, answer.Data.Held, 1)
	path := "/api/v1/plan/" + answer.Data.ID + "/approve"
	status, _ = service.call(t, http.MethodPost, path, "reader-secret-1")
	require.Equal(t, http.StatusForbidden, status)
	status, body = service.call(t, http.MethodPost, "/api/v1/plan/0123456789ab/approve", "boss-secret-123")
	require.Equal(t, http.StatusConflict, status, body)
	require.Contains(t, body, answer.Data.ID, "it names the plan that waits")
	members := func() string { return s.org.State().Queues["VQ_Support__SIP_Switch__Engage-external"] }
	require.Contains(t, members(), "agent311@x.example")
	status, body = service.call(t, http.MethodPost, path, "boss-secret-123")
	require.Equal(t, http.StatusOK, status, body)
	require.Contains(t, body, `"planId":"`+answer.Data.ID)
	eventually(t, func() bool { return !strings.Contains(members(), "agent311") }, "carried out")
	eventually(t, func() bool { return service.status(t) == "Success" }, "nothing waits any more")
	require.Regexp(t, `"msg":"audit".*"who":"boss","action":"POST /api/v1/plan/\{id\}/approve".*"status":200`, service.log.String())
	status, body = service.call(t, http.MethodPost, path, "boss-secret-123")
	require.Equal(t, http.StatusConflict, status, body)
}

// Whatever a plan takes away is held back beyond its limit, kind by kind, until it is approved; everything
// else is carried out meanwhile.
func TestEveryKindOfLossIsGuarded(t *testing.T) {
	const queue, leads = "VQ_Support__SIP_Switch__Engage-external", "VQ_Sales_Leads__SIP_Switch__Engage-external"
	tests := map[plan.Loss]struct {
		change string
		there  func(s *site, service *service) bool // what would be lost
	}{
		plan.LoseUsers: {"UPDATE cfg_person SET state = 2 WHERE dbid = 302", func(s *site, _ *service) bool {
			return strings.Contains(s.org.State().Users["bob@x.example"], "|true|")
		}},
		plan.LoseQueues: {"DELETE FROM cfg_dn WHERE dbid = 206", func(s *site, _ *service) bool {
			return strings.Contains(s.org.State().Queues[queue], "agent311@x.example")
		}},
		plan.LoseMembers: {"DELETE FROM cfg_agent_group WHERE group_dbid = 503 AND agent_dbid = 311", func(s *site, _ *service) bool {
			return strings.Contains(s.org.State().Queues[queue], "agent311@x.example")
		}},
		plan.LoseEmptied: {"DELETE FROM cfg_agent_group WHERE group_dbid = 503", func(s *site, _ *service) bool {
			return strings.Contains(s.org.State().Queues[queue], "agent311@x.example")
		}},
		plan.LoseSkills: {"DELETE FROM cfg_skill WHERE dbid = 403", func(s *site, _ *service) bool {
			return strings.Contains(s.org.State().Users["agent311@x.example"], "French=")
		}},
		plan.LoseLevels: {"DELETE FROM cfg_skill_level WHERE person_dbid = 314", func(s *site, _ *service) bool {
			return strings.Contains(s.org.State().Users["agent314@x.example"], "French=")
		}},
		plan.LoseCodes: {"DELETE FROM cfg_enumerator_value WHERE dbid = 712", func(_ *site, service *service) bool {
			return service.maps(t, "wrapupcodes", "Callback")
		}},
		plan.LoseExtensions: {"DELETE FROM cfg_dn WHERE dbid = 202", func(_ *site, service *service) bool {
			return service.maps(t, "extensions", "202")
		}},
		plan.LoseLogins: {"DELETE FROM cfg_login_info WHERE agent_login_dbid = 352", func(_ *site, service *service) bool {
			_, body := service.get(t, "/api/v1/mappings/users/301")
			return strings.Contains(body, `"7302"`)
		}},
		plan.LoseEmails: {"UPDATE cfg_person SET email_address = NULL WHERE dbid = 302", func(s *site, _ *service) bool {
			return len(s.org.User(s.org.UserID("bob@x.example")).Emails) > 0
		}},
	}
	require.Len(t, tests, len(plan.Losses()))
	for _, loss := range plan.Losses() {
		t.Run(string(loss), func(t *testing.T) {
			tt, s := tests[loss], newSite(t)
			s.staffed(t)
			s.env["SYNC_REMOVAL_LIMITS"] = limitOnly(loss)
			service := s.start(t)
			service.waitForSuccess(t)
			s.exec(t, tt.change)
			s.exec(t, "UPDATE cfg_dn SET number_ = 'VQ_Leads' WHERE dbid = 201")
			eventually(t, func() bool {
				_, body := service.get(t, "/status")
				return strings.Contains(body, string(loss)+" would be lost")
			}, "held back")
			eventually(t, func() bool { return s.org.State().Queues[leads] == "" }, "everything else is carried out")
			require.True(t, tt.there(s, service))
			code, stdout, stderr := s.command(t, "plan", "-json", "-refresh=false")
			require.Equal(t, 4, code, stderr)
			var waiting struct{ ID string }
			require.NoError(t, json.Unmarshal([]byte(stdout), &waiting))
			code, _, stderr = s.command(t, "approve", waiting.ID)
			require.Zero(t, code, stderr)
			eventually(t, func() bool { return !tt.there(s, service) }, "carried out")
			service.waitForSuccess(t)
		})
	}
}

// maps tells whether the service answers with a mapping.
func (s *service) maps(t *testing.T, kind, id string) bool {
	t.Helper()
	code, _ := s.get(t, "/api/v1/mappings/"+kind+"/"+id)
	return code == http.StatusOK
}

// limitOnly lets everything go but what is lost of one kind.
func limitOnly(guarded plan.Loss) string {
	var limits []string
	for _, loss := range plan.Losses() {
		limit := "100/1000"
		if loss == guarded {
			limit = "0/0"
		}
		limits = append(limits, string(loss)+"="+limit)
	}
	return strings.Join(limits, ",")
}
