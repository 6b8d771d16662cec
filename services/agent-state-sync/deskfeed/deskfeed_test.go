package deskfeed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/agent-state-sync/deskfeed"
)

func TestPairsAreRead(t *testing.T) {
	links, err := deskfeed.Parse("V", "p:8000/b:8000")
	require.NoError(t, err)
	require.Equal(t, []deskfeed.Link{{Name: "agent-states", Endpoints: []string{"p:8000", "b:8000"}}}, links)
	links, err = deskfeed.Parse("V", "SIP_A=p:8000/b:8000, PBX=q:1")
	require.NoError(t, err)
	require.Equal(t, []deskfeed.Link{
		{Name: "agent-states", Switch: "SIP_A", Endpoints: []string{"p:8000", "b:8000"}},
		{Name: "agent-states-2", Switch: "PBX", Endpoints: []string{"q:1"}},
	}, links)
	for text, want := range map[string]string{
		"": "V", "p": "V", "p:1/q:1/r:1": "more than a primary", "=p:1": "names no switch", "p:1,q:1": "need the names of their switches", "A=p:0": "V",
	} {
		_, err := deskfeed.Parse("V", text)
		require.ErrorContains(t, err, want, text)
	}
}
