package desired

import (
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

// UserKind decides the roles of a new user.
type UserKind string

// The kinds of users.
const (
	NonAgent   UserKind = "nonagent"
	Agent      UserKind = "agent"
	Supervisor UserKind = "supervisor"
)

// Roles are the role names by kind of user.
type Roles map[UserKind][]string

// roleTable lists the kinds, the option of section config_sync that sets their roles, and the
// roles without it (guide, "Roles").
var roleTable = []struct {
	kind     UserKind
	option   string
	defaults []string
}{
	{NonAgent, "nonagent_role_names", []string{"Employee"}},
	{Agent, "agent_role_names", []string{"Employee", "User"}},
	{Supervisor, "supervisor_role_names", []string{"Employee", "User", "Supervisor"}},
}

// supervisorRole is what the annex list htcc/roles must hold for an agent to be a supervisor.
const supervisorRole = "Supervisor"

func kindOf(p configmodel.Person) UserKind {
	if !p.Agent {
		return NonAgent
	}
	roles, _ := p.Annex.Value("htcc", "roles")
	for role := range strings.SplitSeq(roles, ",") {
		if strings.TrimSpace(role) == supervisorRole {
			return Supervisor
		}
	}
	return Agent
}

func rolesOf(options configmodel.Options) Roles {
	roles := Roles{}
	for _, row := range roleTable {
		names := splitList(options.Get(configmodel.SectionConfigSync, row.option))
		if len(names) == 0 {
			names = row.defaults
		}
		roles[row.kind] = names
	}
	return roles
}

func splitList(list string) []string {
	var out []string
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}
