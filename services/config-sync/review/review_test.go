package review_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/review"
)

const tenant = "101"

func user(id, name string) desired.User {
	return desired.User{
		ID: id, UserName: name + "@x.example", DisplayName: strings.ToUpper(name), ExternalID: id + "_" + name, Active: true, Kind: desired.Agent,
		Skills: map[string]float64{"French": 2}, Person: desired.Person{UserName: name, Active: true, Agent: true, Logins: []desired.Login{{Switch: "S", Code: "1" + id}}},
	}
}

func center() desired.Org {
	return desired.Org{
		Users:  []desired.User{user("1", "ann"), user("2", "bob"), user("3", "cy")},
		Skills: []desired.Skill{{ID: "41", Name: "French"}, {ID: "42", Name: "Latin"}},
		Queues: []desired.Queue{{ID: "21", Name: "VQ", Description: "d", PeerID: "21", DN: desired.DN{ID: "21", Switch: "S", Number: "VQ"}, Members: []string{"1", "2", "3"}}},
		Codes:  []desired.Code{{ID: "Done", Name: "Done", Value: "71"}},
		DNs:    []desired.DN{{ID: "31", Switch: "S", Number: "8001"}},
		Roles:  desired.Roles{desired.Agent: {"Employee"}, desired.Supervisor: {"Employee", "Supervisor"}},
	}
}

// applied is what is remembered once the plan of an organization has been carried out.
func applied(org desired.Org) plan.Applied {
	a := plan.Applied{}
	for _, o := range plan.Build(tenant, org, a, plan.Conditions{}).Operations {
		for _, c := range a.After(o, "cloud-"+string(o.Kind)+o.ID, o.Name) {
			a.Put(c)
		}
	}
	return a
}

func reviewed(before, after desired.Org, change func(plan.Applied, *review.Input)) review.Review {
	in := review.Input{Org: after, Applied: applied(before)}
	in.Recorded = in.Applied
	if change != nil {
		change(in.Applied, &in)
	}
	in.Plan = plan.Build(tenant, after, in.Applied, plan.Conditions{Now: time.Unix(1000, 0)})
	return review.Of(in)
}

// lines shows a review as one line per change, without what is only remembered.
func lines(r review.Review) []string {
	var out []string
	for _, o := range r.Objects {
		if o.Remembered {
			continue
		}
		if len(o.Changes) == 0 {
			out = append(out, fmt.Sprintf("%s %s %s|%s", o.Sign, o.Kind, o.ID, o.Reason))
		}
		for _, c := range o.Changes {
			out = append(out, fmt.Sprintf("%s %s %s|%s %s %q -> %q|%s", o.Sign, o.Kind, o.ID, c.Sign, c.Attribute, c.Before, c.After, c.Reason))
		}
	}
	return out
}

// Every kind of change is shown with its sign, both values and its reason.
func TestChangesAreShownWithTheirReason(t *testing.T) {
	tests := []struct {
		name   string
		change func(org *desired.Org)
		want   []string
	}{
		{"nothing", func(*desired.Org) {}, nil},
		{"a new user", func(org *desired.Org) {
			org.Users = append(org.Users, desired.User{ID: "4", UserName: "dan@x.example", Kind: desired.Agent, Person: desired.Person{UserName: "dan"}, DisplayName: "D"})
		}, []string{
			`+ users 4|+ active "" -> "false"|new in Engage`, `+ users 4|+ userName "" -> "dan@x.example"|new in Engage`,
			`+ users 4|+ displayName "" -> "D"|new in Engage`, `+ users 4|+ role "" -> "Employee"|new in Engage`,
		}},
		{"a name", func(org *desired.Org) { org.Users[0].DisplayName = "Anna" }, []string{`~ users 1|~ displayName "ANN" -> "Anna"|changed in Engage`}},
		{"a user disabled", func(org *desired.Org) { org.Users[0].Active = false }, []string{
			`~ users 1|~ active "true" -> "false"|disabled in Engage`,
		}},
		{"a user gone", func(org *desired.Org) { org.Users = org.Users[1:]; org.Queues[0].Members = []string{"2", "3"} }, []string{
			`- users 1|~ active "true" -> "false"|left the synchronisation: deleted in Engage, outside the folders or without a valid address`,
			`~ queues 21|- member "1 \"ann@x.example\"" -> ""|its user becomes inactive`,
		}},
		{"a supervisor", func(org *desired.Org) { org.Users[0].Kind = desired.Supervisor }, []string{
			`~ users 1|+ role "" -> "Employee"|became supervisor or agent in Engage`, `~ users 1|+ role "" -> "Supervisor"|became supervisor or agent in Engage`,
		}},
		{"a level", func(org *desired.Org) { org.Users[0].Skills = map[string]float64{"French": 3} }, []string{
			`~ users 1|~ skill "French 2.0" -> "French 3.0"|changed in Engage`,
		}},
		{"another skill", func(org *desired.Org) { org.Users[0].Skills = map[string]float64{"Latin": 3} }, []string{
			`~ users 1|- skill "French 2.0" -> ""|no longer assigned in Engage`, `~ users 1|+ skill "" -> "Latin 3.0"|changed in Engage`,
		}},
		{"a skill gone", func(org *desired.Org) { org.Skills = org.Skills[:1] }, []string{`- skills 42|left the synchronisation; it stays in the organization`}},
		{"a log-in", func(org *desired.Org) { org.Users[0].Person.Logins = nil }, []string{
			`~ users 1|- login "S/11" -> ""|changed in Engage; the event side has to know`,
		}},
		{"a queue", func(org *desired.Org) { org.Queues[0].Description = "" }, []string{`~ queues 21|- description "d" -> ""|changed in Engage`}},
		{"a queue gone", func(org *desired.Org) { org.Queues = nil }, []string{
			`- queues 21|- member "1 \"ann@x.example\"" -> ""|the queue left the synchronisation`,
			`- queues 21|- member "2 \"bob@x.example\"" -> ""|the queue left the synchronisation`,
			`- queues 21|- member "3 \"cy@x.example\"" -> ""|the queue left the synchronisation`,
		}},
		{"a member", func(org *desired.Org) { org.Queues[0].Members = []string{"1", "2"} }, []string{
			`~ queues 21|- member "3 \"cy@x.example\"" -> ""|left the groups of the queue`,
		}},
		{"all members", func(org *desired.Org) { org.Queues[0].Members = nil }, []string{
			`~ queues 21|- member "1 \"ann@x.example\"" -> ""|left the groups of the queue, which loses all members`,
			`~ queues 21|- member "2 \"bob@x.example\"" -> ""|left the groups of the queue, which loses all members`,
			`~ queues 21|- member "3 \"cy@x.example\"" -> ""|left the groups of the queue, which loses all members`,
		}},
		{"a code", func(org *desired.Org) {
			org.Codes = append(org.Codes, desired.Code{ID: "Spam", Name: "Spam", Value: "72"})
		}, []string{
			`~ queues 21|+ wrapupCode "" -> "Spam"|every queue gets every code`, `+ wrapupcodes Spam|new in Engage`,
		}},
		{"a code renamed", func(org *desired.Org) { org.Codes[0].ID, org.Codes[0].Name = "Ended", "Ended" }, []string{
			`~ wrapupcodes Ended|~ takes over the mapping of "" -> "Done"|created anew or renamed in Engage`,
			`~ wrapupcodes Ended|~ name "Done" -> "Ended"|changed in Engage`,
		}},
		{"an extension gone", func(org *desired.Org) { org.DNs = nil }, []string{`- extensions 31|- number "S/8001" -> ""|left Engage`}},
		{"names exchanged", func(org *desired.Org) {
			org.Users[0].UserName, org.Users[1].UserName = org.Users[1].UserName, org.Users[0].UserName
		}, []string{
			`~ users 1|~ userName "ann@x.example" -> "renaming-…"|temporary, because names are exchanged`,
			`~ users 1|~ userName "ann@x.example" -> "bob@x.example"|changed in Engage`,
			`~ users 2|~ userName "bob@x.example" -> "ann@x.example"|changed in Engage`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after := center()
			tt.change(&after)
			got := lines(reviewed(center(), after, nil))
			for i := range got {
				if at := strings.Index(got[i], "renaming-"); at >= 0 {
					end := at + strings.Index(got[i][at:], `"`)
					got[i] = got[i][:at] + "renaming-…" + got[i][end:]
				}
			}
			require.ElementsMatch(t, tt.want, got)
		})
	}
}

// The first synchronisation, what comes back and what is not certain have reasons of their own.
func TestReasonsThatDependOnTheRecord(t *testing.T) {
	first := review.Input{Org: center(), UserNames: map[string]bool{"ann@x.example": true}}
	first.Plan = plan.Build(tenant, first.Org, plan.Applied{}, plan.Conditions{})
	got := strings.Join(lines(review.Of(first)), "\n")
	require.Contains(t, got, `+ users 1|+ active "" -> "true"|new in Engage; the organization has a user of this name, which is taken over`)
	require.Contains(t, got, `+ users 2|+ active "" -> "true"|new in Engage`)
	require.Contains(t, got, `+ source 101|~ defaultPrimarySource "" -> "Engage Connector 101"|presence is to follow Engage`)
	require.Contains(t, got, `+ member "" -> "1 \"ann@x.example\""|joined a group of the queue`)

	change := func(kind plan.Kind, id string, edit func(*plan.Record)) string {
		return strings.Join(lines(reviewed(center(), center(), func(a plan.Applied, _ *review.Input) {
			r := a[kind][id]
			edit(&r)
			a.Put(plan.Change{Kind: kind, ID: id, Record: &r})
		})), "\n")
	}
	require.Contains(t, change(plan.Users, "1", func(r *plan.Record) { r.Removed = true }), `~ active "" -> "true"|an earlier attempt had no answer`)
	require.Contains(t, change(plan.Users, "1", func(r *plan.Record) { r.OpenRoles = []string{"Employee"} }), `+ role "" -> "Employee"|not assigned yet`)
	require.Contains(t, change(plan.Users, "1", func(r *plan.Record) {
		r.Fields = map[string]string{"active": "false", "userName": "ann@x.example", "displayName": "ANN", "externalId": "1_ann", "emails": ""}
	}), `~ active "false" -> "true"|enabled in Engage`)
	require.Contains(t, change(plan.Queues, "21", func(r *plan.Record) { r.Removed = true }), `|in the synchronisation again`)
}

// What only restores what somebody changed in the organization is told from what Engage has changed,
// attribute by attribute and member by member.
func TestDriftIsToldFromChangesInEngage(t *testing.T) {
	after := center()
	after.Users[0].ExternalID = "new"
	after.Queues[0].Members = []string{"1", "2"}
	r := reviewed(center(), after, func(a plan.Applied, in *review.Input) {
		in.Recorded = a.Clone()
		seen := plan.Observation{
			Users: map[string]plan.SeenUser{"cloud-users1": {
				UserName: "ann@x.example", DisplayName: "Hacked", ExternalID: "1_ann", Active: true, Skills: map[string]float64{"Latin": 1},
			}},
			Queues: map[string]plan.SeenQueue{"cloud-queues21": {Name: "VQ", Description: "d", PeerID: "21", Members: []string{"cloud-users1", "cloud-users3"}}},
			At:     time.Unix(900, 0), Gone: map[plan.Kind]map[string]bool{plan.Skills: {"cloud-skills42": true}},
		}
		in.Drift = plan.Drift(in.Org, a, seen, func(plan.Kind, string) bool { return true })
		for _, d := range in.Drift {
			a.Put(plan.Change{Kind: d.Kind, ID: d.ID, Record: d.Record})
		}
	})
	require.ElementsMatch(t, []string{
		`~ users 1|~ displayName "Hacked" -> "ANN"|changed in the organization`,
		`~ users 1|~ externalId "1_ann" -> "new"|changed in Engage`,
		`~ users 1|- skill "Latin 1.0" -> ""|changed in the organization`,
		`~ users 1|+ skill "" -> "French 2.0"|changed in the organization`,
		`~ queues 21|- member "3 \"cy@x.example\"" -> ""|left the groups of the queue`,
		`~ queues 21|+ member "" -> "2 \"bob@x.example\""|changed in the organization`,
	}, lines(r))
	require.Equal(t, []review.Drift{
		{Kind: plan.Users, ID: "1", Name: "ann@x.example", Attribute: "displayName", Expected: "ANN", Seen: "Hacked"},
		{Kind: plan.Users, ID: "1", Name: "ann@x.example", Attribute: "skills", Expected: "French 2.0", Seen: "Latin 1.0"},
		{Kind: plan.Queues, ID: "21", Name: "VQ", Attribute: "members", Expected: "bob@x.example"},
		{Kind: plan.Skills, ID: "42", Name: "Latin", Attribute: plan.NotFound},
	}, r.Drift)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), `user 1 "ann@x.example": displayName is "Hacked", should be "ANN"`)
	require.Contains(t, text.String(), `skill 42 "Latin": was not found`)
}

// What the organization will not take is known before it is asked; lengths are counted in characters.
func TestRefusalsAreForetold(t *testing.T) {
	long := func(n int) string { return strings.Repeat("ü", n) }
	tests := []struct {
		name   string
		change func(org *desired.Org)
		roles  map[string]bool
		want   []string
	}{
		{"as long as can be", func(org *desired.Org) {
			org.Users[0].DisplayName, org.Queues[0].Name, org.Codes[0].Name = long(256), long(256), long(256)
		}, nil, nil},
		{"names", func(org *desired.Org) {
			org.Users[0].DisplayName, org.Queues[0].Name = long(257), long(300)
			org.Skills = append(org.Skills, desired.Skill{ID: "43", Name: long(257)})
		}, nil, []string{
			"users 1 displayName 257 characters, at most 256 are taken the old value stays",
			"queues 21 name 300 characters, at most 256 are taken the old value stays",
			"skills 43 name 257 characters, at most 256 are taken the object is not made",
		}},
		{"a new user", func(org *desired.Org) {
			u := user("4", "dan")
			u.DisplayName = long(257)
			org.Users = append(org.Users, u)
		}, nil, []string{"users 4 displayName 257 characters, at most 256 are taken the user is made without it, with the address as display name"}},
		{"no name", func(org *desired.Org) {
			u := user("4", "dan")
			u.DisplayName, u.Person.UserName = u.UserName, ""
			org.Users = append(org.Users, u)
		}, nil, []string{"users 4 displayName the person has neither first nor last name nor User Name, and the organization demands a display name the address stands in for it"}},
		{"roles", func(org *desired.Org) {
			org.Users = append(org.Users, user("4", "dan"), user("5", "eve"))
			org.Users[0].Kind = desired.Supervisor
		}, map[string]bool{"employee": true}, []string{
			`users 1 role the organization has no role "Supervisor", which 1 users are to get they get their other roles`,
		}},
		{"roles not read", func(org *desired.Org) { org.Users[0].Kind = desired.Supervisor }, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			after := center()
			tt.change(&after)
			var got []string
			for _, f := range reviewed(center(), after, func(_ plan.Applied, in *review.Input) { in.Roles = tt.roles }).Foretold {
				got = append(got, fmt.Sprint(f.Kind, " ", f.ID, " ", f.Attribute, " ", f.Problem, " ", f.Result))
				require.NotEmpty(t, f.Hint)
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// Users that lose their access stand before everything else, what is held back is marked, and the totals
// count both.
func TestDeactivationsStandOut(t *testing.T) {
	before, after := center(), center()
	after.Users = after.Users[2:]
	in := review.Input{Org: after, Applied: applied(before), Recorded: applied(before)}
	in.Plan = plan.Build(tenant, after, in.Applied, plan.Conditions{Guard: plan.DefaultGuard(20)})
	r := review.Of(in)
	require.Len(t, r.Deactivated, 2)
	require.Equal(t, 2, r.Summary.Deactivate)
	require.Contains(t, r.Totals, review.Total{Action: plan.Deactivate, Kind: plan.Users, Objects: 2, Held: 2})
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.True(t, strings.HasPrefix(text.String(), "!!! 2 become INACTIVE:\n!!!   user 1 \"ann@x.example\": left"), text.String())
	require.Contains(t, text.String(), "(held back until it is approved)")
	require.Contains(t, text.String(), "! - user 2")
	require.Contains(t, text.String(), "HELD BACK")
}

// A queue with many new members does not fill the screen; JSON has all of them.
func TestTextIsAbridged(t *testing.T) {
	after := center()
	for i := range 30 {
		id := fmt.Sprint(100 + i)
		after.Users = append(after.Users, user(id, "u"+id))
		after.Queues[0].Members = append(after.Queues[0].Members, id)
	}
	r := reviewed(center(), after, nil)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "+ member: and 20 more")
	require.Equal(t, 10, strings.Count(text.String(), "+ member: 1"))
	at := 0
	for r.Objects[at].Kind != plan.Queues {
		at++
	}
	require.Len(t, r.Objects[at].Changes, 30)
}
