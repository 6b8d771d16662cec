package demo

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDisturbancesAreReadFromFlags(t *testing.T) {
	var d Disturbances
	require.NoError(t, d.SetSkew("vq=1.5,call=-2"))
	require.Equal(t, map[string]float64{"vq": 1.5, "call": -2}, d.Skew)
	require.NoError(t, d.SetSkew("true"))
	require.NotEmpty(t, d.Skew)
	require.NoError(t, d.SetLate("call=3"))
	require.Equal(t, map[string]float64{"call": 3}, d.Late)
	require.NoError(t, d.SetGap("true"))
	require.Equal(t, []string{"call"}, d.Gap)
	require.NoError(t, d.SetGap("vq,agent"))
	require.Equal(t, []string{"vq", "agent"}, d.Gap)
	require.NoError(t, d.SetAway("20"))
	require.Equal(t, 20*time.Second, d.Away)
	for name, set := range map[string]func(string) error{"skew": d.SetSkew, "late": d.SetLate, "gap": d.SetGap, "away": d.SetAway} {
		for _, bad := range []string{"", "x", "x=1", "vq=", "vq=x", "vq=NaN", "vq=1e9", "-1", "NaN", "1e9"} {
			require.Error(t, set(bad), "%s %q", name, bad)
		}
	}
	require.Error(t, d.SetLate("vq=-1"))
}

// A link that is declared may be without a reader, or have only a part of the center.
func TestTheDemoIsReadyWhenEveryLinkIsOpenWithAllOfTheCenter(t *testing.T) {
	links := func() []link {
		return []link{
			{Link: "agent", State: "connected", Readers: 1, DNs: 25}, {Link: "call", State: "connected", Readers: 1},
			{Link: "stat", State: "connected", Readers: 1, Statistics: 25}, {Link: "vq", State: "connected", Readers: 1, DNs: 4},
		}
	}
	require.True(t, allOpen(links(), 25, 4))
	for name, spoil := range map[string]func([]link) []link{
		"one is missing":       func(l []link) []link { return l[:3] },
		"nobody reads":         func(l []link) []link { l[1].Readers = 0; return l },
		"not connected":        func(l []link) []link { l[0].State = "failed"; return l },
		"not all extensions":   func(l []link) []link { l[0].DNs = 24; return l },
		"not all queues":       func(l []link) []link { l[3].DNs = 3; return l },
		"not all agents":       func(l []link) []link { l[2].Statistics = 0; return l },
		"another in its place": func(l []link) []link { l[3].Link = "vq-2"; return l },
	} {
		require.False(t, allOpen(spoil(links()), 25, 4), name)
	}
}
