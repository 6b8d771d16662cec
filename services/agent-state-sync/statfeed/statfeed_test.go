package statfeed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/agent-state-sync/statfeed"
)

func TestAStatisticNamesItsAgent(t *testing.T) {
	for id, want := range map[string]string{
		"agent:E301:state": "E301", "agent:a:b:reason": "a:b", "agent:E301": "", "agent::state": "", "queue:VQ:state": "", "": "",
	} {
		got, ok := statfeed.EmployeeID(id)
		require.Equal(t, want, got, id)
		require.Equal(t, want != "", ok, id)
	}
}
