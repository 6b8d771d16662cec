package desired_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
)

// center has four agents, of whom one is disabled and one has no address, a person who is no
// agent, and two queues, one of them on two switches.
func center(groups ...configmodel.Group) configmodel.Snapshot {
	off, clerk := person(4, "d@x.example"), person(5, "e@x.example")
	off.State, clerk.Agent = configmodel.StateDisabled, false
	alias := queueDN(203, "9003", "S1")
	alias.Name = "VQ_Alias"
	snap := configmodel.Snapshot{
		Persons: []configmodel.Person{person(1, "a@x.example"), person(2, "b@x.example"), person(3, "nobody"), off, clerk},
		Skills:  []configmodel.Skill{{DBID: 401, Name: "Spanish", State: 1}},
		DNs:     []configmodel.DN{queueDN(201, "VQ1", "S1"), queueDN(202, "VQ1", "S2"), alias, queueDN(204, "VQ4", "S1")},
		Groups:  groups,
	}
	for id, level := range map[configmodel.DBID]int{1: 7, 2: 2, 3: 9, 4: 9, 5: 9} {
		snap.SkillLevels = append(snap.SkillLevels, configmodel.SkillLevel{PersonDBID: id, SkillDBID: 401, Level: level})
	}
	return snap
}

// ledger: E-EXCS-047
// ledger: E-EXCS-050
// ledger: E-EXCS-083
func TestMembers(t *testing.T) {
	tests := []struct {
		name  string
		group configmodel.Group
		queue string
		want  []string
	}{
		{"listed persons of a plain group", group(501, "VQ4", "", 2, 1), "204", []string{"1", "2"}},
		{"only enabled agents that are users", group(501, "VQ4", "", 1, 3, 4, 5, 99), "204", []string{"1"}},
		{"agents that satisfy the script", group(501, "VQ4", `Skill("Spanish") > 5`), "204", []string{"1"}},
		{"listed persons do not count beside a script", group(501, "VQ4", `Skill("Spanish") > 5`, 2), "204", []string{"1"}},
		{"an empty script is none", group(501, "VQ4", "  ", 2), "204", []string{"2"}},
		{"queue named by its alias", group(501, "VQ_Alias", "", 1), "203", []string{"1"}},
		{"group without a link", group(501, "", "", 1), "204", nil},
		{"group that links another queue", group(501, "VQ1", "", 1), "204", nil},
		{"same number on another switch", group(501, "VQ1", "", 1), "202", []string{"1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, queueByID(t, build(t, center(tt.group)), tt.queue).Members)
		})
	}
}

func queueByID(t *testing.T, org desired.Org, id string) desired.Queue {
	t.Helper()
	for _, q := range org.Queues {
		if q.ID == id {
			return q
		}
	}
	t.Fatalf("no queue %s", id)
	return desired.Queue{}
}

// ledger: E-EXCS-049
func TestPersonInSeveralGroupsIsMemberOfEveryQueue(t *testing.T) {
	org := build(t, center(group(501, "VQ4", "", 1), group(502, "9003", "", 1, 2), group(503, "VQ4", `SkillExists("Spanish")`)))
	require.Equal(t, []string{"1", "2"}, queueByID(t, org, "204").Members, "two groups of one queue are united")
	require.Equal(t, []string{"1", "2"}, queueByID(t, org, "203").Members)
}

// ledger: E-EXCS-048
func TestMembershipFollowsTheScript(t *testing.T) {
	snap := center(group(501, "VQ4", `Skill("Spanish") > 5`))
	require.Equal(t, []string{"1"}, queueByID(t, build(t, snap), "204").Members)
	for i := range snap.SkillLevels {
		if snap.SkillLevels[i].PersonDBID == 2 {
			snap.SkillLevels[i].Level = 8
		}
	}
	require.Equal(t, []string{"1", "2"}, queueByID(t, build(t, snap), "204").Members)
}

// A group whose members cannot be known never takes members away from its queue.
func TestGroupsThatCannotBeEvaluated(t *testing.T) {
	tests := []struct {
		script string
		reason desired.Reason
		keep   bool
		want   []string
	}{
		{`Skill("Spanish") >`, desired.ScriptInvalid, true, nil},
		{`LoggedIn("S1") & Skill("Spanish") > 5`, desired.ScriptUndecided, true, nil},
		{`LoggedIn("S1") | Skill("Spanish") > 5`, desired.ScriptUndecided, true, []string{"1"}},
		{`SkillExists("Spanish") & Skill("Spanish") > 5 | SkillExists("Spanish")`, desired.ScriptMixed, false, []string{"1", "2"}},
		{`Skill("Klingon") = 0`, desired.ScriptSkill, false, []string{"1", "2"}},
	}
	for _, tt := range tests {
		t.Run(tt.script, func(t *testing.T) {
			org, report := desired.Build(center(group(501, "VQ4", tt.script)), desired.Options{})
			require.Equal(t, 1, report.Count(tt.reason), report.Notes)
			q := queueByID(t, org, "204")
			require.Equal(t, tt.keep, q.KeepMembers)
			require.Equal(t, tt.want, q.Members)
		})
	}
}

func TestUnknownAndAmbiguousLinksAreReported(t *testing.T) {
	_, report := desired.Build(center(group(501, "VQ_missing", "", 1), group(502, "VQ1", "", 1)), desired.Options{})
	require.Equal(t, 1, report.Count(desired.QueueUnknown))
	require.Equal(t, 1, report.Count(desired.QueueAmbiguous))
}

func attribute(id configmodel.DBID, name string, kind configmodel.AttributeType, contains string, values ...string) configmodel.BusinessAttribute {
	a := configmodel.BusinessAttribute{DBID: id, Name: name, Type: kind, State: configmodel.StateEnabled}
	if contains != "" {
		a.Annex = configmodel.Annex{section("htcc", "contains", contains)}
	}
	for i, v := range values {
		a.Values = append(a.Values, configmodel.AttributeValue{DBID: id*10 + configmodel.DBID(i), Name: v, State: configmodel.StateEnabled})
	}
	return a
}

// ledger: E-EXCS-005
// ledger: E-EXCS-040
// ledger: E-EXCS-041
// ledger: E-EXCS-042
// ledger: E-EXCS-043
// ledger: E-EXCS-044
func TestWrapUpCodes(t *testing.T) {
	org := build(t, configmodel.Snapshot{Attributes: []configmodel.BusinessAttribute{
		attribute(701, "DispositionCode", 1, "", "Resolved", "Call back"),
		attribute(702, "Tech Support Disposition Codes", 1, "dispositions", "Resolved", "Escalated"),
		attribute(703, "dispositioncode", 1, "", "no: name in another case"),
		attribute(704, "Wrong case", 1, "Dispositions", "no: contains in another case"),
		attribute(705, "Other", 1, "", "no: neither name nor annex"),
		attribute(706, "DispositionCode", 4, "dispositions", "no: custom type"),
	}})
	require.Equal(t, []desired.Code{
		{ID: "Resolved", Name: "Resolved", Value: "7010"}, {ID: "Call back", Name: "Call back", Value: "7011"}, {ID: "Escalated", Name: "Escalated", Value: "7021"},
	}, org.Codes)
}

// ledger: E-EXCS-026
// ledger: E-EXCS-028
// ledger: E-EXCS-029
// ledger: E-EXCS-065
func TestNamesThatDifferInCaseOnlyShareOneObjectAndAreReported(t *testing.T) {
	snap := configmodel.Snapshot{
		Persons: []configmodel.Person{person(1, "ann@x.example"), person(2, "Ann@X.example"), person(3, "bob@x.example")},
		Skills:  []configmodel.Skill{{DBID: 401, Name: "Spanish", State: 1}, {DBID: 402, Name: "spanish", State: 1}},
		SkillLevels: []configmodel.SkillLevel{
			{PersonDBID: 1, SkillDBID: 401, Level: 1}, {PersonDBID: 1, SkillDBID: 402, Level: 4}, {PersonDBID: 3, SkillDBID: 402, Level: 8}, {PersonDBID: 3, SkillDBID: 401, Level: 11},
		},
		DNs:        []configmodel.DN{queueDN(201, "queue1", "S"), queueDN(202, "Queue1", "S")},
		Groups:     []configmodel.Group{group(501, "Queue1", "", 1, 2, 3), group(502, "queue1", "", 2)},
		Attributes: []configmodel.BusinessAttribute{attribute(701, "DispositionCode", 1, "", "Resolved", "RESOLVED")},
	}
	org, report := desired.Build(snap, desired.Options{})

	require.Len(t, org.Users, 2)
	require.Equal(t, "2", org.Users[0].Aliases[0].ID)
	require.Len(t, org.Skills, 1)
	require.Equal(t, []desired.Alias{{ID: "402", Name: "spanish"}}, org.Skills[0].Aliases)
	require.Equal(t, map[string]float64{"Spanish": 5}, org.Users[0].Skills, "the higher proficiency counts: 5*4/(8-4)")
	require.Len(t, org.Queues, 1)
	require.Equal(t, "202", org.Queues[0].Aliases[0].ID)
	require.Equal(t, []string{"1", "3"}, org.Queues[0].Members)
	require.Len(t, org.Codes, 1)
	require.Equal(t, []desired.Alias{{ID: "RESOLVED", Name: "RESOLVED"}}, org.Codes[0].Aliases)
	require.Equal(t, 4, report.Count(desired.NameCollision))
}

func TestNotesAreReadable(t *testing.T) {
	_, report := desired.Build(configmodel.Snapshot{Persons: []configmodel.Person{person(3, "zoe")}}, desired.Options{})
	require.Equal(t, `person 3 "zoe": neither User Name nor Employee ID nor E-Mail is a valid e-mail address; not synchronised`, report.Notes[0].String())
	require.Len(t, desired.Reasons(), 15)
}
