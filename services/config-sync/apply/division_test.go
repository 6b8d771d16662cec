package apply_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/internal/orgtest"
	"engage.connector/services/config-sync/plan"
)

// A wrap-up code of the same name in another division is somebody else's. It is not taken over, whether the
// organization lets the name be used twice or not; then the refusal says whose it is.
func TestCodeOfAnotherDivisionIsNotTakenOver(t *testing.T) {
	org := desired.Org{Codes: []desired.Code{{ID: "Sold", Name: "Sold", Value: "71"}}}
	for _, perDivision := range []bool{true, false} {
		o := orgtest.New()
		theirs := o.AddForeignCode("SOLD", perDivision)
		client, m := o.Client(t), newMemory()
		result, _, err := sync1(t.Context(), client, m, org, 1)
		require.NoError(t, err)
		require.NotEqual(t, theirs, m.applied[plan.Codes]["Sold"].CloudID)
		if perDivision {
			require.Empty(t, result.Rejected)
			require.Equal(t, o.CodeID("Sold"), m.applied[plan.Codes]["Sold"].CloudID)
			continue
		}
		require.Len(t, result.Rejected, 1)
		require.Equal(t, fault.Conflict, fault.CodeOf(result.Rejected[0].Err))
		require.ErrorContains(t, result.Rejected[0].Err, theirs+" of another division")
		require.Contains(t, fault.Hint(result.Rejected[0].Err), "Home")
	}

	// One of the home division is.
	o := orgtest.New()
	client, m := o.Client(t), newMemory()
	_, _, err := sync1(t.Context(), client, m, org, 1)
	require.NoError(t, err)
	ours := o.CodeID("Sold")
	again := newMemory()
	_, _, err = sync1(t.Context(), client, again, org, 1)
	require.NoError(t, err)
	require.Equal(t, ours, again.applied[plan.Codes]["Sold"].CloudID)
}
