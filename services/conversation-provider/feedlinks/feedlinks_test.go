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
