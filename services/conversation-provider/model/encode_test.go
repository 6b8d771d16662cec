package model

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/conversation"
)

// Every field of an interaction and of a recording survives being stored: a field that is forgotten there
// shows here. The calls and conversations have their own tests.
func TestWhatIsStoredIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		packedtest.RoundTrip(t, source, &Interaction{}, func(in *Interaction) {
			in.Call, in.Conversation = &callmodel.Call{UUID: "U"}, &conversation.Conversation{Stage: conversation.StageIVR}
		})
		packedtest.RoundTrip(t, source, &Interaction{}, func(in *Interaction) { in.Call, in.Conversation = nil, nil })
		packedtest.RoundTrip(t, source, &Record{}, nil)
		packedtest.RoundTrip(t, source, &Injection{}, nil)
	})
}

// Whatever is read, reading comes to an end.
func FuzzStoredInteraction(f *testing.F) {
	for _, value := range []packed.Message{
		&Interaction{UUID: "U", Call: &callmodel.Call{UUID: "U"}, Conversation: &conversation.Conversation{}},
		&callmodel.DN{Number: "1"}, &callmodel.Orphans{ConnID: "1"}, &Record{ID: "1"},
	} {
		data, err := packed.Encode(value)
		require.NoError(f, err)
		f.Add(data)
	}
	const head = 5
	f.Fuzz(func(_ *testing.T, data []byte) {
		if len(data) < head {
			return
		}
		for _, value := range []packed.Message{&Interaction{}, &callmodel.DN{}, &callmodel.Orphans{}, &Record{}} {
			_ = packed.DecodeOwn(string(data), value)
		}
	})
}
