package plan_test

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

const tenant = "101"

func user(id, name string) desired.User {
	return desired.User{
		ID: id, UserName: name, DisplayName: name, ExternalID: id + "_" + name, Active: true, Kind: desired.Agent,
		Person: desired.Person{UserName: name, Agent: true, Active: true},
	}
}

func queue(id, name string, members ...string) desired.Queue {
	return desired.Queue{
		ID: id, Name: name, Description: "d", PeerID: id, Members: members,
		DN: desired.DN{ID: id, Switch: "S", Number: name, Type: configmodel.DNVirtualQueue},
	}
}

// run executes a plan in memory. Skills and codes are found by name, users and queues are new.
func run(applied plan.Applied, p plan.Plan) {
	for _, o := range p.Operations {
		runOne(applied, o)
	}
}

func runOne(applied plan.Applied, o plan.Operation) {
	id, name := "", ""
	switch o.Action {
	case plan.Create, plan.EnsureSource, plan.ReadPresences:
		id, name = strings.ToLower(o.Name), o.Name
		if o.Kind == plan.Users || o.Kind == plan.Queues {
			id = rand.Text()
		}
	}
	for _, c := range applied.After(o, id, name) {
		applied.Put(c)
	}
}

// settled applies an organization and makes sure that nothing is left to do.
func settled(t require.TestingT, org desired.Org, applied plan.Applied) plan.Applied {
	run(applied, plan.Build(tenant, org, applied, plan.Conditions{}))
	require.Empty(t, actionsOf(plan.Build(tenant, org, applied, plan.Conditions{})), "a second plan must be empty")
	return applied
}

// actionsOf lists the operations as "action kind id [ids]".
func actionsOf(p plan.Plan) []string {
	var out []string
	for _, o := range p.Operations {
		text := string(o.Action) + " " + string(o.Kind) + " " + o.ID
		if len(o.IDs) > 0 {
			text += " " + strings.Join(o.IDs, ",")
		}
		out = append(out, text)
	}
	return out
}

func base() desired.Org {
	ann := user("1", "ann@x.example")
	ann.Skills = map[string]float64{"Spanish": 5}
	return desired.Org{
		Users:  []desired.User{ann, user("2", "bob@x.example")},
		Skills: []desired.Skill{{ID: "401", Name: "Spanish"}},
		Queues: []desired.Queue{queue("201", "VQ1__S__Engage-external", "1", "2")},
		Codes:  []desired.Code{{ID: "Resolved", Name: "Resolved"}},
		DNs:    []desired.DN{{ID: "211", Switch: "S", Number: "8001", Type: configmodel.DNExtension}},
		Roles:  desired.Roles{desired.Agent: {"Employee", "User"}, desired.Supervisor: {"Employee", "User", "Supervisor"}},
	}
}

// ledger: E-EXCS-009
// ledger: E-EXCS-045
func TestFirstPlan(t *testing.T) {
	p := plan.Build(tenant, base(), plan.Applied{}, plan.Conditions{})
	require.Equal(t, []string{
		"ensure-source source 101", "set-default-source source 101",
		"read-presences presence Available", "read-presences presence Away", "read-presences presence Break", "read-presences presence Busy",
		"read-presences presence Idle", "read-presences presence Meal", "read-presences presence Meeting", "read-presences presence Offline",
		"read-presences presence OnQueue", "read-presences presence Training",
		"create skills 401", "create wrapupcodes Resolved",
		"create queues 201", "create users 1", "create users 2",
		"add-members queues 201 1,2", "add-codes queues 201 Resolved",
		"remember extensions 211",
	}, actionsOf(p))
	require.Equal(t, 9, p.Calls())
	require.Equal(t, []string{"Employee", "User"}, p.Operations[15].Roles)
	require.Equal(t, map[string]float64{"Spanish": 5}, p.Operations[15].Skills)
}

// What changes in Engage, and the operations it leads to.
//
// ledger: E-EXCS-010
// ledger: E-EXCS-011
// ledger: E-EXCS-012
// ledger: E-EXCS-013
// ledger: E-EXCS-016
// ledger: E-EXCS-017
// ledger: E-EXCS-020
// ledger: E-EXCS-023
// ledger: E-EXCS-024
// ledger: E-EXCS-025
// ledger: E-EXCS-048
// ledger: E-EXCS-080
// ledger: E-EXCS-081
// ledger: E-EXCS-082
func TestChanges(t *testing.T) {
	tests := []struct {
		name   string
		change func(*desired.Org)
		want   []string
	}{
		{"nothing", func(*desired.Org) {}, nil},
		{"display name", func(o *desired.Org) { o.Users[0].DisplayName = "Ann Lee" }, []string{"update users 1"}},
		{"person disabled", func(o *desired.Org) { o.Users[1].Active = false }, []string{"disable users 2"}},
		{"login code", func(o *desired.Org) { o.Users[1].Person.EmployeeID = "E2" }, []string{"remember users 2"}},
		{"agent becomes supervisor", func(o *desired.Org) { o.Users[1].Kind = desired.Supervisor }, []string{"add-roles users 2"}},
		{"agent becomes non-agent", func(o *desired.Org) { o.Users[1].Kind = desired.NonAgent }, []string{"remember users 2"}},
		{"role options change", func(o *desired.Org) { o.Roles[desired.Agent] = []string{"Other"} }, nil},
		{"person deleted", func(o *desired.Org) { o.Users = o.Users[:1]; o.Queues[0].Members = []string{"1"} },
			[]string{"deactivate users 2", "remove-members queues 201 2"}},
		{"member removed", func(o *desired.Org) { o.Queues[0].Members = []string{"2"} }, []string{"remove-members queues 201 1"}},
		{"queue description", func(o *desired.Org) { o.Queues[0].Description = "new" }, []string{"update queues 201"}},
		{"queue alias", func(o *desired.Org) { o.Queues[0].DN.Alias = "new" }, []string{"remember queues 201"}},
		{"queue deleted", func(o *desired.Org) { o.Queues = nil }, []string{"remove-members queues 201 1,2", "retire queues 201"}},
		{"skill level", func(o *desired.Org) { o.Users[0].Skills = map[string]float64{"Spanish": 2.5} }, []string{"set-skills users 1"}},
		{"skill taken away", func(o *desired.Org) { o.Users[0].Skills = nil }, []string{"drop-skills users 1 Spanish"}},
		{"skill deleted", func(o *desired.Org) { o.Skills = nil; o.Users[0].Skills = nil },
			[]string{"drop-skills users 1 Spanish", "retire skills 401"}},
		{"skill renamed", func(o *desired.Org) {
			o.Skills[0].Name = "Castellano"
			o.Users[0].Skills = map[string]float64{"Castellano": 5}
		}, []string{"create skills 401", "drop-skills users 1 Spanish", "set-skills users 1"}},
		{"code added", func(o *desired.Org) { o.Codes = append(o.Codes, desired.Code{ID: "Lost", Name: "Lost"}) },
			[]string{"create wrapupcodes Lost", "add-codes queues 201 Lost"}},
		{"code deleted", func(o *desired.Org) { o.Codes = nil }, []string{"retire wrapupcodes Resolved"}},
		{"extension deleted", func(o *desired.Org) { o.DNs = nil }, []string{"forget extensions 211"}},
		{"extension renumbered", func(o *desired.Org) { o.DNs[0].Number = "8002" }, []string{"remember extensions 211"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			applied := settled(t, base(), plan.Applied{})
			org := base()
			tt.change(&org)
			require.Equal(t, tt.want, actionsOf(plan.Build(tenant, org, applied, plan.Conditions{})))
			settled(t, org, applied)
		})
	}
}

func TestSupervisorRolesAreAddedToTheUser(t *testing.T) {
	applied := settled(t, base(), plan.Applied{})
	org := base()
	org.Users[1].Kind = desired.Supervisor
	p := plan.Build(tenant, org, applied, plan.Conditions{})
	require.Equal(t, []string{"Employee", "User", "Supervisor"}, p.Operations[0].Roles)
}

// ledger: E-EXCS-014
// ledger: E-EXCS-015
func TestRecreatedPersonGetsItsUserBack(t *testing.T) {
	applied := settled(t, base(), plan.Applied{})
	before := applied[plan.Users]["2"].CloudID
	without := base()
	without.Users = without.Users[:1]
	without.Queues[0].Members = []string{"1"}
	again := base()
	again.Users[1] = user("9", "Bob@x.example")
	again.Queues[0].Members = []string{"1", "9"}

	t.Run("after a synchronisation without it", func(t *testing.T) {
		applied := settled(t, without, applied.Clone())
		require.True(t, applied[plan.Users]["2"].Removed)
		require.Equal(t, []string{"adopt users 9", "enable users 9", "update users 9", "add-members queues 201 9", "remember users 9"}, actionsOf(plan.Build(tenant, again, applied, plan.Conditions{})))
		settled(t, again, applied)
		require.Equal(t, before, applied[plan.Users]["9"].CloudID)
		require.False(t, applied[plan.Users]["9"].Removed)
		require.NotContains(t, applied[plan.Users], "2")
	})
	t.Run("between two synchronisations", func(t *testing.T) {
		applied := applied.Clone()
		require.Equal(t, []string{"adopt users 9", "update users 9", "remember users 9"}, actionsOf(plan.Build(tenant, again, applied, plan.Conditions{})))
		settled(t, again, applied)
		require.Equal(t, before, applied[plan.Users]["9"].CloudID)
	})
	t.Run("an adoption that was interrupted halfway", func(t *testing.T) {
		applied := applied.Clone()
		applied[plan.Users]["9"] = applied[plan.Users]["2"]
		require.Equal(t, []string{"update users 9", "remove-members queues 201 2", "add-members queues 201 9", "remember users 9", "forget users 2"},
			actionsOf(plan.Build(tenant, again, applied, plan.Conditions{})))
		settled(t, again, applied)
	})
}

// ledger: E-EXCS-018
func TestObjectsDeletedInTheOrganizationAreLeftAlone(t *testing.T) {
	applied := settled(t, base(), plan.Applied{})
	for _, key := range []struct {
		kind plan.Kind
		id   string
	}{{plan.Users, "2"}, {plan.Skills, "401"}, {plan.Codes, "Resolved"}} {
		r := applied[key.kind][key.id]
		r.Gone = true
		applied[key.kind][key.id] = r
	}
	org := base()
	org.Users[0].Skills = map[string]float64{"Spanish": 1}
	org.Users[1].DisplayName = "changed"
	org.Queues = append(org.Queues, queue("202", "VQ2__S__Engage-external", "1", "2"))
	require.Equal(t, []string{
		"create queues 202", "drop-skills users 1 Spanish", "remove-members queues 201 2", "add-members queues 202 1",
	}, actionsOf(plan.Build(tenant, org, applied, plan.Conditions{})))
	settled(t, org, applied)

	gone := applied[plan.Queues]["201"]
	gone.Gone = true
	applied[plan.Queues]["201"] = gone
	org.Queues[0].Description, org.Queues[0].Members = "changed", nil
	require.Empty(t, actionsOf(plan.Build(tenant, org, applied, plan.Conditions{})))
}

// ledger: E-EXCS-028
// ledger: E-EXCS-029
func TestAliasesShareTheObjectOfTheirPrimary(t *testing.T) {
	org := base()
	org.Queues[0].Aliases = []desired.Alias{{ID: "299", Name: "vq1", DN: &desired.DN{ID: "299", Number: "vq1"}}}
	applied := settled(t, org, plan.Applied{})
	require.Equal(t, applied[plan.Queues]["201"].CloudID, applied[plan.Queues]["299"].CloudID)
	require.Equal(t, "201", applied[plan.Queues]["299"].AliasOf)

	t.Run("the conflict is resolved", func(t *testing.T) {
		applied, resolved := applied.Clone(), base()
		resolved.Queues = append(resolved.Queues, queue("299", "vq-other__S__Engage-external"))
		require.Equal(t, []string{"create queues 299", "add-codes queues 299 Resolved"}, actionsOf(plan.Build(tenant, resolved, applied, plan.Conditions{})))
		settled(t, resolved, applied)
	})
	t.Run("the primary is deleted", func(t *testing.T) {
		applied, left := applied.Clone(), base()
		left.Queues[0] = queue("299", "vq1__s__Engage-external", "1", "2")
		require.Equal(t, []string{"adopt queues 299", "update queues 299"}, actionsOf(plan.Build(tenant, left, applied, plan.Conditions{})))
		settled(t, left, applied)
		require.NotContains(t, applied[plan.Queues], "201")
	})
	t.Run("the alias is deleted", func(t *testing.T) {
		applied := applied.Clone()
		require.Equal(t, []string{"forget queues 299"}, actionsOf(plan.Build(tenant, base(), applied, plan.Conditions{})))
	})
}

func TestMembersStayWhileAGroupCannotBeEvaluated(t *testing.T) {
	applied := settled(t, base(), plan.Applied{})
	org := base()
	org.Queues[0].Members, org.Queues[0].KeepMembers = nil, true
	require.Empty(t, actionsOf(plan.Build(tenant, org, applied, plan.Conditions{})))

	org.Users = org.Users[:1]
	require.Equal(t, []string{"deactivate users 2", "remove-members queues 201 2"}, actionsOf(plan.Build(tenant, org, applied, plan.Conditions{})),
		"who is no user any more leaves nevertheless")
}

func TestCallsAreChunked(t *testing.T) {
	org := desired.Org{Queues: []desired.Queue{queue("201", "VQ__S__Engage-external")}}
	u := user("1", "u1@x.example")
	u.Skills = map[string]float64{}
	for i := range 120 {
		id := configmodel.DBID(1000 + i).String()
		org.Skills = append(org.Skills, desired.Skill{ID: id, Name: "S" + id})
		org.Codes = append(org.Codes, desired.Code{ID: "C" + id, Name: "C" + id})
		org.Queues[0].Members = append(org.Queues[0].Members, id)
		org.Users = append(org.Users, user(id, "u"+id+"@x.example"))
		u.Skills["S"+id] = 1
	}
	org.Users = append(org.Users, u)
	p := plan.Build(tenant, org, plan.Applied{}, plan.Conditions{})
	sizes := map[plan.Action][]int{}
	for _, o := range p.Operations {
		switch {
		case o.ID == "1" && o.Kind == plan.Users:
			sizes[o.Action] = append(sizes[o.Action], len(o.Skills))
		case len(o.IDs) > 0:
			sizes[o.Action] = append(sizes[o.Action], len(o.IDs))
		}
	}
	require.Equal(t, map[plan.Action][]int{
		plan.Create: {50}, plan.SetSkills: {50, 20}, plan.AddMembers: {100, 20}, plan.AddCodes: {100, 20},
	}, sizes)
}

// The guard looks at every kind of loss: up to the floor anything may go, beyond it up to a share of
// what the tenant has. What is not in doubt goes on.
func TestLossesBeyondTheLimitsAreHeldBack(t *testing.T) {
	org := base()
	for i := range 8 {
		id := configmodel.DBID(1000 + i).String()
		org.Users = append(org.Users, user(id, "u"+id+"@x.example"))
	}
	applied := settled(t, org, plan.Applied{})
	when := plan.Conditions{Guard: plan.DefaultGuard(plan.DefaultMaxRemovalPercent)}
	for keep, refused := range map[int]bool{10: false, 9: false, 8: false, 7: true, 0: true} {
		less := org
		less.Users = append(slices.Clone(org.Users[:keep]), user("77", "new@x.example"))
		p := plan.Build(tenant, less, applied, when)
		require.Equal(t, refused, len(p.Held) > 0)
		require.Contains(t, actionsOf(p), "create users 77", "creates go on")
		if refused {
			require.Contains(t, p.Withheld(), "of 10 users")
			require.NotContains(t, strings.Join(actionsOf(p), "\n"), "deactivate")
			when := when
			when.Approved = func(held plan.Plan) bool { return held.ID == p.ID }
			approved := plan.Build(tenant, less, applied, when)
			require.Empty(t, approved.Held)
			require.Equal(t, p.ID, approved.ID)
			require.Contains(t, strings.Join(actionsOf(approved), "\n"), "deactivate users 1007")
		}
	}
	none := org
	none.Queues = nil
	require.Empty(t, plan.Build(tenant, none, applied, when).Held, "a single object may always go")
}

func TestPlanCanBeWrittenAsJSON(t *testing.T) {
	p := plan.Build(tenant, base(), plan.Applied{}, plan.Conditions{})
	_, err := json.Marshal(p)
	require.NoError(t, err)
	cost := p.Cost(285)
	require.Equal(t, plan.Cost{Calls: 9, Lookups: 8, Limit: 285, Seconds: 1}, cost)
	require.Len(t, p.Operations, 20)
}
