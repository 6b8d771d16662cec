package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys/users"
)

// A deleted user that still owns the address of a person who was never mapped is found and restored, with
// what Engage says of the person.
func TestDeletedUserThatOwnsAnAddressIsRestored(t *testing.T) {
	s := newSite(t)
	former := s.org.AddUser("New@x.example")
	s.org.DeleteUser(former)
	service := s.start(t)
	service.waitForSuccess(t)
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,first_name,last_name,user_name,is_agent,state) VALUES (320,101,'Nia','Ode','new@x.example',2,1)")
	s.arrives(t, "new@x.example", "Nia Ode|320_new@x.example|true")
	require.Equal(t, former, s.org.UserID("new@x.example"))
	eventually(t, func() bool { return service.cloudID(t, "users", "320") == former }, "mapped")
	require.Contains(t, service.log.String(), "was restored")
}

// Where that cannot be done, /status says why, and nobody else waits for it.
func TestReasonWhyADeletedUserIsNotRestored(t *testing.T) {
	s := newSite(t)
	s.org.DeleteUser(s.org.AddUser("new@x.example"))
	s.org.RefuseSearches(http.StatusForbidden)
	service := s.start(t)
	service.waitForSuccess(t)
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,user_name,is_agent,state) VALUES (320,101,'new@x.example',2,1), (321,101,'next@x.example',2,1)")
	s.arrives(t, "next@x.example", "true")
	eventually(t, func() bool {
		_, body := service.get(t, "/status")
		return strings.Contains(body, `"engageId":"320"`) && strings.Contains(body, "deleted users could not be searched")
	}, "the reason")
}

// A person that was mapped and whose user was deleted in the organization stays deleted, although its user
// could be restored.
func TestDeletedUserOfAMappedPersonStaysDeleted(t *testing.T) {
	s := newSite(t)
	service := s.start(t)
	service.waitForSuccess(t)
	s.org.DeleteUser(s.org.UserID("bob@x.example"))
	s.exec(t, "UPDATE cfg_person SET last_name = 'Rayner' WHERE dbid = 302")
	eventually(t, func() bool {
		_, body := service.get(t, "/status")
		return strings.Contains(body, `"pending":1`)
	}, "it was missed")
	s.exec(t, "UPDATE cfg_person SET last_name = 'Bell' WHERE dbid = 301")
	s.arrives(t, "ann@x.example", "Ann Bell")
	require.Empty(t, s.org.UserID("bob@x.example"))
	require.NotContains(t, strings.Join(s.org.Log(), "\n"), "restore user")
}

// A user that the organization does not take as it is wanted is made with what it takes, so that the agent can
// work: the rest is added piece by piece, and what is refused is listed.
func TestUserIsMadeBareWhenItIsRefused(t *testing.T) {
	s := newSite(t)
	s.org.RefuseCreates(func(u users.User) bool {
		return strings.Contains(u.DisplayName, "!") || len(u.Roles) > 0 && u.UserName == "loud@x.example"
	})
	s.org.RefuseField("displayName", http.StatusBadRequest)
	service := s.start(t)
	service.waitForSuccess(t)
	s.exec(t, "INSERT INTO cfg_person(dbid,tenant_dbid,first_name,last_name,user_name,is_agent,state) VALUES (320,101,'Lou','D!','loud@x.example',2,1)")
	s.exec(t, "INSERT INTO cfg_skill_level(person_dbid,skill_dbid,level_) VALUES (320,401,7)")
	s.arrives(t, "loud@x.example", "loud@x.example|320_loud@x.example|true|[User employee]|[Spanish=5.0]")
	eventually(t, func() bool {
		_, body := service.get(t, "/status")
		return strings.Contains(body, `"engageId":"320","attribute":"displayName"`)
	}, "the refusal")
	require.NotEmpty(t, service.cloudID(t, "users", "320"))
}
