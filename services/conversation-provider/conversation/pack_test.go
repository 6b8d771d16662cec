package conversation

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/packed/packedtest"
)

// Every field of a conversation survives packing: a field that is forgotten there shows here. The
// trace goes on after it.
func TestPackingKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		var conv Conversation
		packedtest.Fill(source, &conv)
		var decisions [3]Decision
		for i := range decisions {
			packedtest.Fill(source, &decisions[i])
		}
		conv.trace(decisions[0])
		conv.trace(decisions[1])
		data, err := packed.Encode(&conv)
		require.NoError(t, err)
		got := &Conversation{}
		require.NoError(t, packed.Decode(data, got))
		conv.trace(decisions[2])
		got.trace(decisions[2])
		require.Equal(t, decisions[:], got.Trace.All())
		got.Trace, conv.Trace = Trace{}, Trace{}
		require.Equal(t, &conv, got)
	})
}

// The compact trace is seen as the list of decisions that it is, and read back as such.
func TestATraceIsAListOfDecisions(t *testing.T) {
	var trace Trace
	require.True(t, trace.IsZero())
	want := []Decision{
		{At: time.UnixMicro(2).UTC(), What: string(CallerJoined), Row: "a/b", Subject: "8000", Stage: StageIVR, Events: []exevents.EventType{exevents.IVREstablished, "Other"}},
		{At: time.UnixMicro(1).UTC(), What: "something new", Stage: StageNew, Reason: ReasonLost},
	}
	for _, d := range want {
		trace.add(d)
	}
	require.Equal(t, want, trace.All())
	asList, err := json.Marshal(want)
	require.NoError(t, err)
	asTrace, err := json.Marshal(trace)
	require.NoError(t, err)
	require.JSONEq(t, string(asList), string(asTrace))
	var back Trace
	require.NoError(t, json.Unmarshal(asList, &back))
	require.Equal(t, want, back.All())
	require.Error(t, json.Unmarshal([]byte(`{}`), &back))
}

// The codes of words are stored: what stood at a place must stay there.
func TestTheWordsOfTracesStayWhereTheyAre(t *testing.T) {
	seen := map[string]bool{}
	for i, word := range traceWords {
		require.False(t, seen[word], word)
		seen[word] = true
		require.EqualValues(t, i+firstWord, traceCodes[word])
	}
	require.Equal(t, "caller joined", traceWords[0])
	require.Equal(t, "caller", traceWords[28])
	require.Equal(t, "ExternalEstablished", traceWords[40])
	require.Equal(t, "after-call work ended", traceWords[60])
	require.Equal(t, "start/caller", traceWords[63])
	require.Equal(t, "consult/ended", traceWords[92])
	require.Less(t, len(traceWords), 256-firstWord, "a code is one byte")
}

func TestABrokenTraceIsReadAsFarAsItGoes(t *testing.T) {
	var trace Trace
	trace.add(Decision{At: time.UnixMicro(1).UTC(), What: "x", Row: "row", Stage: StageIVR})
	whole := trace.more
	for size := range whole {
		broken := Trace{more: whole[:size], n: 1}
		require.Empty(t, broken.All())
	}
	require.Empty(t, (&Trace{more: []byte{2, 255, 0}, n: 1}).All())
}

// A newer version's decisions may have words that this one does not know, and more than it reads: they
// are shown as far as they are known, and those behind them are not lost.
func TestANewerVersionsDecisionsAreReadAsFarAsTheyAreKnown(t *testing.T) {
	var trace Trace
	want := Decision{At: time.UnixMicro(1).UTC(), What: string(CallerJoined), Row: "row", Subject: strings.Repeat("8", 200), Stage: StageIVR}
	trace.add(want)
	const unheard = 250
	newer := []byte{12, 0, unheard, wordFollows, 1, 'r', 1, 's', unheard, noWord, 0, 'n', 'e'} // its length, then more than is known
	trace.more = append(trace.more, newer...)
	trace.n++
	trace.add(want)
	require.Equal(t, []Decision{
		want, {At: want.At, What: unknownWord, Row: "r", Subject: "s", Stage: unknownWord}, want,
	}, trace.All())
	data, err := packed.Encode(&Conversation{Trace: trace})
	require.NoError(t, err)
	got := &Conversation{}
	require.NoError(t, packed.Decode(data, got))
	require.Contains(t, got.Trace.kept, string(newer), "it is written back as it was")
}
