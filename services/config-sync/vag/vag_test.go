package vag_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/config-sync/vag"
)

// levels is an agent who has exactly these skills.
type levels map[string]int

func (l levels) SkillLevel(name string) (int, bool) {
	level, has := l[name]
	return level, has
}

var ann = levels{"Spanish": 7, "Sales": 3, "Zero": 0}

func TestEvaluate(t *testing.T) {
	tests := []struct {
		script string
		want   vag.Verdict
	}{
		{`Skill("Spanish") > 5`, vag.Yes},
		{`Skill("Spanish")>=7`, vag.Yes},
		{`Skill("Spanish") = 7`, vag.Yes},
		{`Skill("Spanish") != 7`, vag.No},
		{`Skill("Spanish")<=6`, vag.No},
		{"  Skill ( \"Spanish\" )\n<\t8 ", vag.Yes},
		{`5 < Skill("Spanish")`, vag.Yes},
		{`Skill("Spanish") > Skill("Sales")`, vag.Yes},
		{`skill("spanish") > 0`, vag.No},
		{`Skill("French") < 1`, vag.Yes},
		{`Skill("French") = 0`, vag.Yes},
		{`Skill("Spanish") > -1`, vag.Yes},
		{`SkillExists("Sales")`, vag.Yes},
		{`SkillExists("Zero")`, vag.Yes},
		{`SkillExists("French")`, vag.No},
		{`~SkillExists("French")`, vag.Yes},
		{`~~SkillExists("Sales")`, vag.Yes},
		{`Skill("Spanish") > 5 & SkillExists("Spanish")`, vag.Yes},
		{`SkillExists("French") | Skill("Sales") = 3`, vag.Yes},
		// Left to right: (yes | x) & no, not yes | (x & no).
		{`SkillExists("Sales") | SkillExists("Zero") & SkillExists("French")`, vag.No},
		{`SkillExists("Sales") | (SkillExists("Zero") & SkillExists("French"))`, vag.Yes},
		{`~(SkillExists("Sales") & SkillExists("French"))`, vag.Yes},
		{`LoggedIn("8001@SIP_Switch")`, vag.Unknown},
		{`~LoggedIn("SIP_Switch")`, vag.Unknown},
		{`LoggedIn("SIP_Switch") | SkillExists("Sales")`, vag.Yes},
		{`LoggedIn("SIP_Switch") & SkillExists("Sales")`, vag.Unknown},
		{`LoggedIn("SIP_Switch") & SkillExists("French")`, vag.No},
	}
	for _, tt := range tests {
		t.Run(tt.script, func(t *testing.T) {
			s, err := vag.Parse(tt.script)
			require.NoError(t, err)
			require.Equal(t, tt.want, s.Evaluate(ann), "%s", s)
		})
	}
}

func TestErrorsCarryThePosition(t *testing.T) {
	tests := []struct {
		script string
		pos    int
	}{
		{``, 0},
		{`   `, 3},
		{`Skill("Spanish"`, 15},
		{`Skill("Spanish) > 5`, 6},
		{`Skill("Spanish")`, 16},
		{`Skill("Spanish") > `, 19},
		{`Skill("Spanish") >> 5`, 18},
		{`Skill("Spanish") ! 5`, 17},
		{`Skill("Spanish") > 5 &`, 22},
		{`Skill("Spanish") > 5 SkillExists("x")`, 21},
		{`(SkillExists("x")`, 17},
		{`SkillExists(x)`, 12},
		{`Level("x") > 1`, 0},
		{`Skill("x") > 99999999999999999999`, 13},
		{`Skill("x") > 1 ; drop`, 15},
		{strings.Repeat("(", 300), 201},
	}
	for _, tt := range tests {
		t.Run(tt.script, func(t *testing.T) {
			_, err := vag.Parse(tt.script)
			var syntax *vag.Error
			require.ErrorAs(t, err, &syntax)
			require.Equal(t, tt.pos, syntax.Pos, "%v", err)
		})
	}
}

func TestScriptTellsWhatItUses(t *testing.T) {
	s, err := vag.Parse(`Skill("A") > 1 & SkillExists("B") | Skill("A") = 3`)
	require.NoError(t, err)
	require.Equal(t, []string{"A", "B"}, s.Skills())
	require.True(t, s.Mixed(), "the order of & and | is not written out")

	s, err = vag.Parse(`(Skill("A") > 1 & SkillExists("B")) | LoggedIn("S")`)
	require.NoError(t, err)
	require.False(t, s.Mixed())
}

// Whatever parses can be written in canonical form, and that form means the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`Skill("Spanish") > 5 & SkillExists("Spanish")`, `~(LoggedIn("q@s") | 1 < 2)`, `Skill("`, `((`, `5=5`, `Skill("ü")>=0`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		s, err := vag.Parse(script)
		if err != nil {
			var syntax *vag.Error
			require.ErrorAs(t, err, &syntax)
			require.GreaterOrEqual(t, syntax.Pos, 0)
			require.LessOrEqual(t, syntax.Pos, len(script))
			return
		}
		again, err := vag.Parse(s.String())
		if err != nil {
			// Every connective writes a pair of parentheses, so a very long flat script can nest
			// too deep when written out.
			require.ErrorContains(t, err, "nested deeper")
			return
		}
		require.Equal(t, s.Evaluate(ann), again.Evaluate(ann))
		require.Equal(t, s.Skills(), again.Skills())
	})
}
