package callmodel_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
	"engage.connector/services/conversation-provider/callmodel"
)

// Every field of a call and a DN survives being stored: a field that is forgotten there shows here.
func TestPackingKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		packedtest.RoundTrip(t, source, &callmodel.Call{}, nil)
		packedtest.RoundTrip(t, source, &callmodel.DN{}, nil)
	})
}

// Events that wait for their call are stored with everything that the feed said, known or not.
func TestWaitingEventsAreStored(t *testing.T) {
	e := engage.Event{
		Cursor: "1", Link: "SIPS_A", Message: "EventSomethingNew", Time: time.UnixMicro(7).UTC(), ReceivedAt: time.UnixMicro(9).UTC(),
		Attributes: engage.Attributes{"ThisDN": "4001", "Unheard": map[string]any{"of": "it"}},
	}
	data, err := packed.Encode(&callmodel.Orphans{ConnID: "006a", Events: []engage.Event{e, e}})
	require.NoError(t, err)
	got := &callmodel.Orphans{}
	require.NoError(t, packed.Decode(data, got))
	require.Equal(t, &callmodel.Orphans{ConnID: "006a", Events: []engage.Event{e, e}}, got)
}

// A stream is a place in arrays: one that this version does not have is refused.
func TestAFactOfAnUnknownStreamIsRefused(t *testing.T) {
	data, err := packed.Encode(&callmodel.Call{Facts: []callmodel.Fact{{Stream: 3}}})
	require.NoError(t, err)
	require.ErrorIs(t, packed.Decode(data, &callmodel.Call{}), packed.ErrBroken)
}
