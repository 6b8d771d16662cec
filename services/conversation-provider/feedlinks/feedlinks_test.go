package feedlinks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/conversation-provider/feedlinks"
)

// ledger: E-EXCP-091, E-EXCP-092, E-EXCP-093
func TestServerPairsAreRead(t *testing.T) {
	for text, want := range map[string][][]string{
		"p:8000/b:8000":                 {{"p:8000", "b:8000"}},
		"p:8000":                        {{"p:8000"}},
		"p:8000/b:8000, q:8000/c:8000":  {{"p:8000", "b:8000"}, {"q:8000", "c:8000"}},
		"sip1.example:1/10.0.0.1:65535": {{"sip1.example:1", "10.0.0.1:65535"}},
	} {
		got, err := feedlinks.ParsePairs("V", text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "p", "p:8000/b:8000/c:8000", "p:0", "p:8000/", ",", "p:8000,,"} {
		_, err := feedlinks.ParsePairs("V", bad)
		require.Error(t, err, bad)
	}
}

// Two pairs on one edge do not take each other's links.
func TestLinksHaveAPrefix(t *testing.T) {
	links := feedlinks.Links("site-b-", feedlinks.Calls, [][]string{{"p:1"}, {"q:1"}})
	require.Equal(t, []string{"site-b-call", "site-b-call-2"}, []string{links[0].Name, links[1].Name})
	require.True(t, feedlinks.ValidPrefix("Site-B1-"))
	for _, bad := range []string{"a/b", "a b", "../", "abcdefghijklmnopqrstuvwxyzabcdefg"} {
		require.False(t, feedlinks.ValidPrefix(bad), bad)
	}
}
