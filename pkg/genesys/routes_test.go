package genesys

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every route is an operation of the API definition, under its operation id and with a permission
// that the operation asks for.
func TestRoutes_AreOperationsOfTheAPI(t *testing.T) {
	var operations map[string]struct {
		OperationID string   `json:"operationId"`
		Permissions []string `json:"permissions"`
	}
	loadJSON(t, "operations.json", &operations)
	require.Len(t, routes(), len(operations))
	for _, r := range routes() {
		op, ok := operations[r.name()]
		require.True(t, ok, r.name())
		require.Equal(t, op.OperationID, strings.TrimSuffix(strings.Fields(r.source)[1], ";"), r.name())
		if r.needs == "" {
			require.Empty(t, op.Permissions, r.name())
		} else {
			require.Contains(t, op.Permissions, r.needs, r.name())
		}
	}
	require.Contains(t, Permissions(), "conversation:conversation:inject")
	require.True(t, slices.IsSorted(Permissions()))
}

// Only creates are never repeated: all POST operations that make a named object.
func TestRoutes_Creates(t *testing.T) {
	var got []string
	for _, r := range routes() {
		if r.repeat == creates {
			got = append(got, r.name())
		}
	}
	require.ElementsMatch(t, []string{
		"POST /api/v2/presence/sources", "POST /api/v2/scim/v2/users", "POST /api/v2/routing/skills",
		"POST /api/v2/routing/queues", "POST /api/v2/routing/wrapupcodes",
	}, got)
}

func TestRoute_FillsItsParameters(t *testing.T) {
	path, err := routeDeleteSkill.fill("u/1", "s 2")
	require.NoError(t, err)
	require.Equal(t, "/api/v2/users/u%2F1/routingskills/s%202", path)
	for _, args := range [][]string{{}, {"u"}, {"u", ""}, {"..", "s"}, {"u", "s", "x"}} {
		_, err := routeDeleteSkill.fill(args...)
		require.Error(t, err, args)
	}
}
