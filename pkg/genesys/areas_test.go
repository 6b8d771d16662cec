package genesys_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/speechanalytics"
	"engage.connector/pkg/genesys/uploads"
	"engage.connector/pkg/genesys/users"
)

func operations() []genesys.Operation {
	return slices.Concat(exevents.Operations(), presence.Operations(), uploads.Operations(), routing.Operations(), speechanalytics.Operations(), users.Operations())
}

// Every operation of the areas is one of the API definition, under its operation id and with a
// permission that the definition asks for.
func TestAreas_HaveOperationsOfTheAPI(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "operations.json"))
	require.NoError(t, err)
	var definition map[string]struct {
		OperationID string   `json:"operationId"`
		Permissions []string `json:"permissions"`
	}
	require.NoError(t, json.Unmarshal(raw, &definition))
	require.Len(t, operations(), len(definition))
	for _, o := range operations() {
		op, ok := definition[o.Name()]
		require.True(t, ok, o.Name())
		require.Equal(t, op.OperationID, strings.TrimSuffix(strings.Fields(o.Source)[1], ";"), o.Name())
		if o.Permission == "" {
			require.Empty(t, op.Permissions, o.Name())
		} else {
			require.Contains(t, op.Permissions, o.Permission, o.Name())
		}
	}
}

// Only creates are never repeated: all POST operations that make a named object.
func TestAreas_Creates(t *testing.T) {
	var got []string
	for _, o := range operations() {
		if o.Creates {
			got = append(got, o.Name())
		}
	}
	require.ElementsMatch(t, []string{
		"POST /api/v2/presence/sources", "POST /api/v2/scim/v2/users", "POST /api/v2/routing/skills",
		"POST /api/v2/routing/queues", "POST /api/v2/routing/wrapupcodes",
	}, got)
}
