package desired_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
)

func section(name, option, value string) configmodel.Property {
	return configmodel.Property{Name: name, Children: []configmodel.Property{{Name: option, Value: value}}}
}

func person(id configmodel.DBID, userName string) configmodel.Person {
	return configmodel.Person{DBID: id, UserName: userName, Agent: true, State: configmodel.StateEnabled}
}

func queueDN(id configmodel.DBID, number, switchName string) configmodel.DN {
	return configmodel.DN{
		DBID: id, Number: number, Name: number, Type: configmodel.DNVirtualQueue, State: configmodel.StateEnabled,
		SwitchDBID: 101, SwitchName: switchName,
	}
}

func group(id configmodel.DBID, queue, script string, members ...configmodel.DBID) configmodel.Group {
	g := configmodel.Group{DBID: id, Name: "G" + id.String(), State: configmodel.StateEnabled, Members: members}
	if queue != "" {
		g.Annex = append(g.Annex, section("hybrid", "WFM_queue_number", queue))
	}
	if script != "" {
		g.Annex = append(g.Annex, section("virtual", "script", script))
	}
	return g
}

func build(t *testing.T, snap configmodel.Snapshot) desired.Org {
	t.Helper()
	org, _ := desired.Build(snap, desired.Options{TenantLabel: "tenant001"})
	return org
}

func oneUser(t *testing.T, p configmodel.Person) desired.User {
	t.Helper()
	org := build(t, configmodel.Snapshot{Persons: []configmodel.Person{p}})
	require.Len(t, org.Users, 1)
	return org.Users[0]
}

// ledger: E-EXCS-001
// ledger: E-EXCS-060
// ledger: E-EXCS-061
// ledger: E-EXCS-062
func TestUserNameIsTheFirstValidEmailAddress(t *testing.T) {
	tests := []struct {
		name                        string
		userName, employeeID, email string
		want                        string
	}{
		{"user name first", "a@x.example", "b@x.example", "c@x.example", "a@x.example"},
		{"employee id second", "alee", "b@x.example", "c@x.example", "b@x.example"},
		{"e-mail third", "alee", "E1", "c@x.example", "c@x.example"},
		{"blanks around are dropped", "alee", " b@x.example ", "", "b@x.example"},
		{"a domain without a dot is not valid", "a@localhost", "E1", "c@x.example", "c@x.example"},
		{"two at signs are not valid", "a@@x.example", "E1", "c@x.example", "c@x.example"},
		{"a display name is not valid", "Ann <a@x.example>", "E1", "c@x.example", "c@x.example"},
		{"two dots are not valid", "a..b@x.example", "E1", "c@x.example", "c@x.example"},
		{"a label with a hyphen at the end is not valid", "a@x-.example", "E1", "c@x.example", "c@x.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := person(301, tt.userName)
			p.EmployeeID, p.Email = tt.employeeID, tt.email
			require.Equal(t, tt.want, oneUser(t, p).UserName)
		})
	}
}

// ledger: E-EXCS-063
func TestPersonWithoutValidEmailIsSkippedAndReported(t *testing.T) {
	p := person(303, "zoe")
	p.EmployeeID, p.Email = "E303", "zoe at x.example"
	org, report := desired.Build(configmodel.Snapshot{Persons: []configmodel.Person{p, person(304, "b@x.example")}}, desired.Options{})
	require.Len(t, org.Users, 1)
	require.Equal(t, 1, report.Count(desired.NoEmail))
	require.Equal(t, "303", report.Notes[0].ID)
	require.True(t, report.Notes[0].Reason.Skipped())
}

// ledger: E-EXCS-066
// ledger: E-EXCS-067
func TestDisplayName(t *testing.T) {
	tests := []struct{ first, last, want string }{
		{"Ann", "Lee", "Ann Lee"},
		{" Ann ", "", "Ann"},
		{"", "Lee", "Lee"},
		{"", " ", "alee@x.example"},
	}
	for _, tt := range tests {
		p := person(301, "alee@x.example")
		p.FirstName, p.LastName = tt.first, tt.last
		require.Equal(t, tt.want, oneUser(t, p).DisplayName)
	}
}

// ledger: E-EXCS-059
// ledger: E-EXCS-068
// ledger: E-EXCS-069
func TestPersonDetails(t *testing.T) {
	p := person(302, "bob")
	p.EmployeeID, p.Email = "E302", "bob@x.example"
	p.Logins = []configmodel.Login{{SwitchDBID: 101, SwitchName: "SIP_Switch", Code: "7302"}}
	u := oneUser(t, p)
	require.True(t, u.Active)
	require.Equal(t, "bob@x.example", u.Email)
	require.Equal(t, "302_bob", u.ExternalID)
	require.Equal(t, desired.Person{
		UserName: "bob", EmployeeID: "E302", Agent: true, Active: true,
		Logins: []desired.Login{{Switch: "SIP_Switch", Code: "7302"}},
	}, u.Person)

	p.State = configmodel.StateDisabled
	require.False(t, oneUser(t, p).Active)
}

// ledger: E-EXCS-070
// ledger: E-EXCS-071
// ledger: E-EXCS-072
func TestKindOfUser(t *testing.T) {
	tests := []struct {
		agent bool
		roles string
		want  desired.UserKind
	}{
		{false, "", desired.NonAgent},
		{false, "Supervisor", desired.NonAgent},
		{true, "", desired.Agent},
		{true, "Agent,Administrator", desired.Agent},
		{true, "Supervisor", desired.Supervisor},
		{true, "Agent, Supervisor", desired.Supervisor},
		{true, "SupervisorTrainee", desired.Agent},
	}
	for _, tt := range tests {
		p := person(301, "a@x.example")
		p.Agent = tt.agent
		p.Annex = configmodel.Annex{section("htcc", "roles", tt.roles)}
		require.Equal(t, tt.want, oneUser(t, p).Kind, "%+v", tt)
	}
}

// ledger: E-EXCS-073
// ledger: E-EXCS-074
// ledger: E-EXCS-075
// ledger: E-EXCS-076
// ledger: E-EXCS-077
// ledger: E-EXCS-078
func TestRoles(t *testing.T) {
	require.Equal(t, desired.Roles{
		desired.NonAgent:   {"Employee"},
		desired.Agent:      {"Employee", "User"},
		desired.Supervisor: {"Employee", "User", "Supervisor"},
	}, build(t, configmodel.Snapshot{}).Roles)

	require.Equal(t, desired.Roles{
		desired.NonAgent:   {"Guest"},
		desired.Agent:      {"Agent", "WFM User"},
		desired.Supervisor: {"Boss"},
	}, build(t, configmodel.Snapshot{Options: configmodel.Options{"config_sync": {
		"nonagent_role_names": "Guest", "agent_role_names": "Agent, WFM User", "supervisor_role_names": "Boss,",
	}}}).Roles)
}

// The level of the person under test, with MIN and MAX made by two other persons.
//
// ledger: E-EXCS-086
// ledger: E-EXCS-087
// ledger: E-EXCS-088
// ledger: E-EXCS-089
// ledger: E-EXCS-090
// ledger: E-EXCS-103
// ledger: E-EXCS-104
func TestProficiency(t *testing.T) {
	tests := []struct {
		name             string
		level, low, high int
		limitLow, limit  string
		want             float64
	}{
		{"formula", 4, 0, 10, "", "", 2},
		{"one decimal", 1, 0, 3, "", "", 1.7},
		{"never above 5", 10, 5, 10, "", "", 5},
		{"never below 0", -3, -5, 5, "", "", 0},
		{"upper limit replaces MAX", 5, 0, 100, "", "10", 2.5},
		{"lower limit replaces MIN", 50, 1, 101, "51", "", 5},
		{"level above the limit", 100, 0, 100, "", "10", 5},
		{"MAX equal MIN", 7, 7, 7, "", "", 5},
		{"MAX equal MIN at 0", 0, 0, 0, "", "", 0},
		{"limit that is no number is ignored", 4, 0, 10, "low", "", 2},
		{"limits that make no range are ignored", 4, 0, 10, "9", "3", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			org := build(t, configmodel.Snapshot{
				Persons: []configmodel.Person{person(1, "a@x.example"), person(2, "no address"), person(3, "c@x.example")},
				Skills:  []configmodel.Skill{{DBID: 401, Name: "Spanish", State: 1}},
				SkillLevels: []configmodel.SkillLevel{
					{PersonDBID: 1, SkillDBID: 401, Level: tt.level}, {PersonDBID: 2, SkillDBID: 401, Level: tt.low}, {PersonDBID: 3, SkillDBID: 401, Level: tt.high},
				},
				Options: configmodel.Options{"config_sync": {"skill_level_min_value": tt.limitLow, "skill_level_max_value": tt.limit}},
			})
			require.InDelta(t, tt.want, org.Users[0].Skills["Spanish"], 1e-9)
		})
	}
}

// ledger: E-EXCS-086
func TestProficiencyStaysOnTheScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levels := rapid.SliceOfN(rapid.IntRange(-1000, 1000), 1, 8).Draw(t, "levels")
		snap := configmodel.Snapshot{Skills: []configmodel.Skill{{DBID: 401, Name: "S", State: 1}}}
		for i, l := range levels {
			id := configmodel.DBID(i + 1)
			snap.Persons = append(snap.Persons, person(id, "p"+id.String()+"@x.example"))
			snap.SkillLevels = append(snap.SkillLevels, configmodel.SkillLevel{PersonDBID: id, SkillDBID: 401, Level: l})
		}
		org, _ := desired.Build(snap, desired.Options{})
		for _, u := range org.Users {
			require.GreaterOrEqual(t, u.Skills["S"], 0.0)
			require.LessOrEqual(t, u.Skills["S"], 5.0)
		}
	})
}

// ledger: E-EXCS-002
// ledger: E-EXCS-084
// ledger: E-EXCS-085
func TestOnlySkillsInScopeAreMappedAndAssigned(t *testing.T) {
	snap := filtered()
	org, _ := desired.Build(snap, desired.Options{CustomerObjectsOnly: true, FolderNames: []string{"EX"}})
	require.Equal(t, []desired.Skill{{ID: "401", Name: "Spanish"}}, org.Skills)
	require.Len(t, org.Users, 1)
	require.Equal(t, map[string]float64{"Spanish": 5}, org.Users[0].Skills)
}

// filtered is a center of which one person, skill, queue, extension and group lie in folder EX.
func filtered() configmodel.Snapshot {
	in := func(kind configmodel.ObjectType, ids ...configmodel.DBID) []configmodel.FolderObject {
		var out []configmodel.FolderObject
		for _, id := range ids {
			out = append(out, configmodel.FolderObject{FolderDBID: configmodel.DBID(600 + int(kind)), ObjectDBID: id, ObjectType: kind})
		}
		return out
	}
	folder := func(kind configmodel.ObjectType) configmodel.Folder {
		return configmodel.Folder{DBID: configmodel.DBID(600 + int(kind)), Name: "EX", Type: kind, State: 1}
	}
	ext := queueDN(211, "8001", "S")
	ext.Type = configmodel.DNExtension
	other := queueDN(212, "8002", "S")
	other.Type = configmodel.DNExtension
	return configmodel.Snapshot{
		Persons:     []configmodel.Person{person(1, "a@x.example"), person(2, "b@x.example")},
		Skills:      []configmodel.Skill{{DBID: 401, Name: "Spanish", State: 1}, {DBID: 402, Name: "French", State: 1}},
		SkillLevels: []configmodel.SkillLevel{{PersonDBID: 1, SkillDBID: 401, Level: 3}, {PersonDBID: 1, SkillDBID: 402, Level: 3}},
		DNs:         []configmodel.DN{queueDN(201, "VQ1", "S"), queueDN(202, "VQ2", "S"), ext, other},
		Groups:      []configmodel.Group{group(501, "VQ1", "", 1, 2), group(502, "VQ1", `Skill("Nope") = 0`)},
		Folders:     []configmodel.Folder{folder(2), folder(3), folder(5), folder(13)},
		FolderObjects: slices.Concat(in(configmodel.ObjectPerson, 1), in(configmodel.ObjectSkill, 401),
			in(configmodel.ObjectDN, 201, 211), in(configmodel.ObjectAgentGroup, 501)),
		Attributes: []configmodel.BusinessAttribute{{
			DBID: 701, Name: "DispositionCode", Type: 1, State: 1,
			Values: []configmodel.AttributeValue{{DBID: 711, Name: "Resolved", State: 1}},
		}},
	}
}

// ledger: E-EXCS-030
// ledger: E-EXCS-031
// ledger: E-EXCS-032
// ledger: E-EXCS-033
// ledger: E-EXCS-034
// ledger: E-EXCS-113
func TestFolderFilter(t *testing.T) {
	org, report := desired.Build(filtered(), desired.Options{CustomerObjectsOnly: true, FolderNames: []string{"EX", "Nowhere"}})
	require.Len(t, org.Users, 1)
	require.Len(t, org.Skills, 1)
	require.Len(t, org.Queues, 1)
	require.Equal(t, []string{"1"}, org.Queues[0].Members, "the group outside the folder has no say")
	require.Len(t, org.DNs, 1)
	require.Len(t, org.Codes, 1, "business attributes are not filtered")
	require.Equal(t, 1, report.Count(desired.FolderUnknown))

	all, _ := desired.Build(filtered(), desired.Options{FolderNames: []string{"EX"}})
	require.Len(t, all.Users, 2)
	require.Len(t, all.Queues, 2)
}

// ledger: E-EXCS-051
// ledger: E-EXCS-052
// ledger: E-EXCS-118
func TestQueueName(t *testing.T) {
	for _, suffix := range []string{"", "-Engage-external", "__Engage-external", "_Engage-external", "Engage-external"} {
		org, _ := desired.Build(configmodel.Snapshot{DNs: []configmodel.DN{
			queueDN(201, "VQ_Sales_Leads", "VQ-Switch"), queueDN(202, "VQ_Sales_Leads", "Other"),
		}}, desired.Options{QueueSuffix: suffix})
		require.Len(t, org.Queues, 2)
		require.Equal(t, "VQ_Sales_Leads__VQ-Switch__Engage-external", org.Queues[0].Name)
		require.Equal(t, "VQ_Sales_Leads__Other__Engage-external", org.Queues[1].Name)
	}
	org, _ := desired.Build(configmodel.Snapshot{DNs: []configmodel.DN{queueDN(201, "VQ", "S")}}, desired.Options{QueueSuffix: "-Site-2"})
	require.Equal(t, "VQ__S__Site-2", org.Queues[0].Name)
}

// ledger: E-EXCS-053
// ledger: E-EXCS-054
// ledger: E-EXCS-055
// ledger: E-EXCS-058
func TestQueueDescriptionAndPeerID(t *testing.T) {
	dn := queueDN(201, "VQ_Sales_Leads", "SIP_Switch")
	q := build(t, configmodel.Snapshot{DNs: []configmodel.DN{dn}}).Queues[0]
	require.Equal(t, "Engage Reference: tenant001-SIP_Switch-VQ_Sales_Leads;", q.Description)
	require.Equal(t, "201", q.PeerID)

	dn.LastModified = time.Date(2023, 4, 19, 15, 5, 25, 0, time.FixedZone("CEST", 2*3600))
	q = build(t, configmodel.Snapshot{DNs: []configmodel.DN{dn}}).Queues[0]
	require.Equal(t, "Engage Reference: tenant001-SIP_Switch-VQ_Sales_Leads; Last modified: 13:05:25 04/19/2023;", q.Description)
}

// ledger: E-EXCS-056
// ledger: E-EXCS-057
func TestTenantLabel(t *testing.T) {
	require.Equal(t, "Resources", desired.TenantLabel("Resources", "101"))
	require.Equal(t, "101", desired.TenantLabel("", "101"))
	require.Equal(t, "default_tenant", desired.TenantLabel("", ""))
}

// ledger: E-EXCS-004
// ledger: E-EXCS-046
// ledger: E-EXCS-093
// ledger: E-EXCS-100
func TestOnlyVirtualQueuesBecomeQueuesUnlessConfigured(t *testing.T) {
	var dns []configmodel.DN
	for i, kind := range []configmodel.DNType{
		configmodel.DNExtension, configmodel.DNACDQueue, configmodel.DNRoutingPoint, configmodel.DNVirtualQueue, configmodel.DNRoutingQueue,
	} {
		d := queueDN(configmodel.DBID(201+i), "N"+configmodel.DBID(i).String(), "S")
		d.Type = kind
		dns = append(dns, d)
	}
	disabled := queueDN(299, "off", "S")
	disabled.State = configmodel.StateDisabled
	snap := configmodel.Snapshot{DNs: append(dns, disabled)}

	org := build(t, snap)
	require.Len(t, org.Queues, 1)
	require.Equal(t, "204", org.Queues[0].ID)
	require.Len(t, org.DNs, 4)
	require.Equal(t, desired.DN{ID: "201", Switch: "S", Number: "N0", Alias: "N0", Type: configmodel.DNExtension}, org.DNs[0])

	four, _ := desired.Build(snap, desired.Options{QueueTypes: []configmodel.DNType{
		configmodel.DNACDQueue, configmodel.DNRoutingPoint, configmodel.DNVirtualQueue, configmodel.DNRoutingQueue,
	}})
	require.Len(t, four.Queues, 4)
	require.Len(t, four.DNs, 1)
}
