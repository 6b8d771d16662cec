package model

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

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
	})
}

// Events are written as encoding/json writes them.
func TestInjectionsAreTheirJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var injection Injection
		packedtest.Fill(source, &injection)
		e := &injection.Event
		if rapid.Bool().Draw(t, "without lists") {
			e.SkillIDs, e.Tags, e.InitialConfiguration.AdditionalInfo = nil, nil, nil
			for _, drop := range []func(){
				func() { e.AudioState = nil }, func() { e.InitialConfiguration.AudioState = nil }, func() { e.InitialConfiguration = nil },
				func() { e.SourceConfiguration = nil }, func() { e.ANI, e.Code, e.CommandID = "", "", "" },
			} {
				if rapid.Bool().Draw(t, "drop") && e.InitialConfiguration != nil {
					drop()
				}
			}
		}
		want, err := json.Marshal(injection)
		require.NoError(t, err)
		got, err := appendInjection(nil, injection.CallUUID, e)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	})
}

func TestATimeThatJSONDoesNotHaveIsAnError(t *testing.T) {
	injection := Injection{}
	injection.Event.EventDateTime = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err := appendInjection(nil, "", &injection.Event)
	require.Error(t, err)
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
