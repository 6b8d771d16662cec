package engage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func enumFile(t *testing.T, file, name string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	var all map[string]map[string]int
	require.NoError(t, json.Unmarshal(data, &all))
	require.NotEmpty(t, all[name])
	return all[name]
}

// requireTable compares a table with the reference data in both directions,
// and reads each value as number, as text, as name and as C name.
func requireTable[T ~int](t *testing.T, want map[string]int, rows []enumRow[T], unknown T, prefixes ...string) {
	t.Helper()
	have := map[string]int{}
	for _, row := range rows {
		have[row.name] = int(row.value)
	}
	for name, value := range want {
		if strings.HasPrefix(name, "mask_") {
			continue
		}
		for part := range strings.FieldsFuncSeq(name, func(r rune) bool { return strings.ContainsRune("(=)", r) }) {
			require.Contains(t, have, part)
			require.Equal(t, value, have[part], part)
			delete(have, part)
			for _, given := range []any{json.Number(jsonOf(t, value)), jsonOf(t, value), value, part, strings.ToUpper(part), " " + part} {
				require.Equal(t, T(value), enumOf(rows, unknown, given), "%v", given)
			}
			for _, prefix := range prefixes {
				require.Equal(t, T(value), enumOf(rows, unknown, prefix+part), prefix+part)
			}
		}
	}
	require.Empty(t, have, "values that the reference does not have")
	require.Equal(t, unknown, enumOf(rows, unknown, "Levitating"))
	require.Equal(t, unknown, enumOf(rows, unknown, map[string]any{}))
	require.Equal(t, T(77), enumOf(rows, unknown, 77), "an unknown number is kept")
	require.Equal(t, T(0), enumOf(rows, unknown, nil))
	require.Equal(t, T(0), enumOf(rows, unknown, ""))
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func TestEnumerationsAreThoseOfTheReference(t *testing.T) {
	requireTable(t, enumFile(t, "tlib_enums.json", "TCallType"), callTypeTable, CallTypeUnknown, "CallType", "TCallType.")
	requireTable(t, enumFile(t, "tlib_enums.json", "TCallState"), callStateTable, CallStateUnknown, "CallState")
	requireTable(t, enumFile(t, "tlib_enums.json", "TPartyState"), partyStateTable, PartyStateUnknown, "PartyState_")
	requireTable(t, enumFile(t, "tlib_enums.json", "TAgentWorkMode"), workModeTable, WorkModeUnknown, "Agent", "AgentWorkMode")
	requireTable(t, enumFile(t, "tlib_enums.json", "TCause"), causeTable, CauseUnknown, "Cause")
	requireTable(t, enumFile(t, "statserver_enums.json", "AgentStatus_DnActions_codes"), statusTable, StatusUnknown)
}

func TestPartyStateIsABitField(t *testing.T) {
	s := partyState("Connected|NoTalk")
	require.Equal(t, PartyStateConnected, s.Generic())
	require.True(t, s.Has(PartyStateNoTalk))
	require.False(t, s.Has(PartyStateTreatment))
	require.Equal(t, "Connected|NoTalk", s.String())
	require.Equal(t, "SvcObserving", PartyStateSvcObserving.String())
	require.Equal(t, PartyStateUnknown, partyState("Connected|Levitating"))
	require.Equal(t, PartyStateUnknown, PartyStateUnknown.Generic())
	require.False(t, PartyStateUnknown.Has(PartyStateNoTalk))
	require.Equal(t, "-1", PartyStateUnknown.String())
	require.Equal(t, "1048588", PartyState(1<<20|12).String())
}

// ledger: E-EXCP-082
func TestVoiceIsTheMediumUnlessTheEventSaysOtherwise(t *testing.T) {
	for value, voice := range map[any]bool{nil: true, 0: true, 1: true, "Voice": true, "VoIP": true, "MediaTypeVoice": true, 5: false, "Chat": false, "Video": false, 100: false} {
		e := Event{Attributes: Attributes{}}
		if value != nil {
			e.Attributes["MediaType"] = value
		}
		require.Equal(t, voice, e.Voice(), value)
	}
}
