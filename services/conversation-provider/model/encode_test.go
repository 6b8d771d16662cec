package model

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/services/conversation-provider/callmodel"
	"engage.connector/services/conversation-provider/callmodel/packed"
	"engage.connector/services/conversation-provider/callmodel/packed/filltest"
	"engage.connector/services/conversation-provider/conversation"
)

// Every field of an interaction survives being stored: a field that is forgotten there shows here.
// The calls and conversations have their own tests.
func TestWhatIsStoredIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var in Interaction
		filltest.Fill(source, &in)
		in.Call, in.Conversation = &callmodel.Call{UUID: "U"}, &conversation.Conversation{Stage: conversation.StageIVR}
		for range 2 {
			got, err := decodeInteraction((&Model{}).encodeInteraction(&in))
			require.NoError(t, err)
			require.Equal(t, &in, got)
			in.Call, in.Conversation = nil, nil
		}
	})
}

// What earlier versions stored as JSON is read, and the same.
func TestStateInJSONIsRead(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	var in Interaction
	var dn callmodel.DN
	filltest.Fill(source, &in)
	filltest.Fill(source, &dn)
	data, err := json.Marshal(&in)
	require.NoError(t, err)
	got, err := decodeInteraction(data)
	require.NoError(t, err)
	again, err := json.Marshal(got)
	require.NoError(t, err)
	require.JSONEq(t, string(data), string(again))
	data, err = json.Marshal(&dn)
	require.NoError(t, err)
	gotDN, err := decodeDN(data)
	require.NoError(t, err)
	require.Equal(t, &dn, gotDN)
}

// Events are written as encoding/json writes them.
func TestInjectionsAreTheirJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var injection Injection
		filltest.Fill(source, &injection)
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

func FuzzStoredInteraction(f *testing.F) {
	in := Interaction{UUID: "U", Call: &callmodel.Call{UUID: "U"}, Conversation: &conversation.Conversation{}}
	f.Add((&Model{}).encodeInteraction(&in))
	w := &packed.Writer{Data: []byte{packedForm}}
	(&callmodel.DN{Number: "1"}).Pack(w)
	f.Add(w.Data)
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = decodeInteraction(data)
		_, _ = decodeDN(data)
	})
}
