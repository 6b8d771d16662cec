package app_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/internal/orgtest"
)

// staffed adds to the site a queue with a group of eight agents, a second skill and a second code.
func (s *site) staffed(t *testing.T) {
	t.Helper()
	s.exec(t, `INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (206,101,'VQ_Support','VQ_Support',5,1)`)
	s.exec(t, `INSERT INTO cfg_group(dbid,group_type,tenant_dbid,name,state) VALUES (503,5,101,'AG_Support',1)`)
	s.annex(t, 503, 5, "hybrid", "WFM_queue_number", "VQ_Support")
	s.exec(t, `INSERT INTO cfg_skill(dbid,name,tenant_dbid,state) VALUES (403,'French',101,1)`)
	s.exec(t, `INSERT INTO cfg_enumerator_value(dbid,enumerator_dbid,name,display_name,state) VALUES (712,701,'Callback','Callback',1)`)
	for i := range 8 {
		id := 311 + i
		s.exec(t, `INSERT INTO cfg_person(dbid,tenant_dbid,first_name,last_name,user_name,is_agent,state) VALUES (?,101,'Agent',?,?,2,1)`,
			id, fmt.Sprint(id), fmt.Sprintf("agent%d@x.example", id))
		s.exec(t, `INSERT INTO cfg_agent_group(group_dbid,agent_dbid) VALUES (503,?)`, id)
		s.exec(t, `INSERT INTO cfg_skill_level(person_dbid,skill_dbid,level_) VALUES (?,403,?)`, id, i+1)
	}
}

// annex writes one option of an object's annex.
func (s *site) annex(t *testing.T, object, kind int, section, option, value string) {
	t.Helper()
	s.next += 2
	s.exec(t, `INSERT INTO cfg_flex_prop(dbid,object_dbid,object_type,parent_dbid,prop_type,prop_name,part) VALUES (?,?,?,0,3,?,1)`, s.next-1, object, kind, section)
	s.exec(t, `INSERT INTO cfg_flex_prop(dbid,object_dbid,object_type,parent_dbid,prop_type,prop_name,prop_value,part) VALUES (?,?,?,?,0,?,?,1)`, s.next, object, kind, s.next-1, option, value)
}

// tenKinds are changes of many kinds, in Engage and in the organization.
func (s *site) tenKinds(t *testing.T) {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO cfg_person(dbid,tenant_dbid,employee_id,user_name,is_agent,state) VALUES (320,101,'new@x.example','',2,1)`, // a new person without a name
		`UPDATE cfg_person SET last_name = 'Ray-Jones', email_address = NULL WHERE dbid = 302`,                                  // other attributes
		`UPDATE cfg_person SET state = 2 WHERE dbid = 311`,                                                                      // disabled
		`DELETE FROM cfg_person WHERE dbid = 312`,                                                                               // deleted
		`INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (207,101,'VQ_Billing','VQ_Billing',5,1)`,           // a new queue
		`INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (208,101,'8002','8002_SIP',1,1)`,                   // a new extension
		`UPDATE cfg_skill_level SET level_ = 3 WHERE person_dbid = 318 AND skill_dbid = 403`,                                    // a level
		`DELETE FROM cfg_skill_level WHERE person_dbid = 302`,                                                                   // a skill taken away
		`INSERT INTO cfg_skill(dbid,name,tenant_dbid,state) VALUES (404,'German',101,1)`,                                        // a new skill
		`UPDATE cfg_enumerator_value SET name = 'Call back' WHERE dbid = 712`,                                                   // a code renamed
		`DELETE FROM cfg_agent_group WHERE group_dbid = 503`,                                                                    // a group emptied
		`DELETE FROM cfg_login_info WHERE person_dbid = 301 AND agent_login_dbid = 352`,                                         // a log-in
	} {
		s.exec(t, statement)
	}
	s.exec(t, `INSERT INTO cfg_dn(dbid,switch_dbid,number_,name,type,state) VALUES (209,101,?,'VQ_Long',5,1)`, "VQ_"+strings.Repeat("ü", 240))
	s.annex(t, 313, 3, "htcc", "roles", "Supervisor") // an agent becomes a supervisor
	s.option(t, "config_sync", map[string]string{
		"client_id": orgtest.ClientID, "client_secret": orgtest.ClientSecret, "agent_role_names": "Employee, Engage Agent",
	})
	s.org.EditUser(s.org.UserID("agent314@x.example"), func(u *orgtest.User) { u.DisplayName = "Somebody Else" })
	s.org.GiveSkill(s.org.UserID("agent315@x.example"), "Spanish")
}

// The operator's page shows what the command prints, for a center with more than ten kinds of
// change.
func TestTranscriptOfThePlan(t *testing.T) {
	s := newSite(t)
	s.staffed(t)
	s.env["GENESYS_CLOUD_REQUESTS_PER_MINUTE"] = "300000"
	service := s.start(t)
	service.waitForSuccess(t)
	service.stop()
	s.tenKinds(t)
	before, writes := s.org.State(), s.org.Writes()
	code, stdout, stderr := s.command(t, "plan")
	require.Equal(t, 4, code, stderr)
	require.Equal(t, before, s.org.State())
	require.Equal(t, writes, s.org.Writes(), "it only reads")

	const begin, end = "<!-- transcript: go test ./services/config-sync/app -run Transcript -update -->\n```\n", "\n```\n<!-- end -->"
	page := filepath.Join("..", "..", "..", "docs", "config-sync.md")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	head, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	shown, tail, found := strings.Cut(rest, end)
	require.True(t, found)
	want := "$ config-sync plan\n" + strings.TrimSpace(stdout)
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(page, []byte(head+begin+want+end+tail), 0o600))
		return
	}
	require.Equal(t, want, shown, "the page is stale: go test ./services/config-sync/app -run Transcript -update")
}
