package engage

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
)

// view is everything the accessors say about one event.
type view struct {
	Event        Event
	Texts        map[string]string `json:",omitempty"`
	ISLinks      []string          `json:",omitempty"`
	UserData     map[string]string `json:",omitempty"`
	Extensions   map[string]string `json:",omitempty"`
	Reasons      map[string]string `json:",omitempty"`
	Participants []Participant     `json:",omitempty"`
	Enums        map[string]string
	AgentStatus  *AgentStatus `json:",omitempty"`
	Identity     string
}

func viewOf(e Event) view {
	v := view{
		Event: e, Texts: map[string]string{}, ISLinks: e.ISLinks(), UserData: e.UserData(), Extensions: e.Extensions(),
		Reasons: e.Reasons(), Participants: e.Participants(), Identity: e.Identity("A"),
		Enums: map[string]string{
			"CallType": e.CallType().String(), "CallState": e.CallState().String(), "PartyState": e.PartyState().String(),
			"Generic": e.PartyState().Generic().String(), "WorkMode": e.WorkMode().String(), "Cause": e.Cause().String(),
		},
	}
	for name, text := range map[string]string{
		"CallUUID": e.CallUUID(), "ConnID": e.ConnID(), "ThisDN": e.ThisDN(), "DN": e.DN(), "PartyUUID": e.PartyUUID(),
		"RefCallUUID": e.RefCallUUID(), "NewCallUUID": e.NewCallUUID(), "OrigCallUUID": e.OrigCallUUID(),
		"ThirdPartyDN": e.ThirdPartyDN(), "CtrlParty": e.CtrlParty(), "ANI": e.ANI(), "DNIS": e.DNIS(), "AgentID": e.AgentID(),
	} {
		if text != "" {
			v.Texts[name] = text
		}
	}
	if s, err := e.AgentStatus(); err == nil {
		v.AgentStatus = &s
	}
	return v
}

func TestSamplesDecodeAsTheGoldenFileSays(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("testdata", "samples.ndjson"))
	require.NoError(t, err)
	var views []view
	require.NoError(t, Replay(bytes.NewReader(file), func(e Event) error {
		views = append(views, viewOf(e))
		return nil
	}, func(bad BadLine) error {
		t.Fatalf("bad line: %+v", bad)
		return nil
	}))
	got, err := json.MarshalIndent(views, "", "  ")
	require.NoError(t, err)
	golden := filepath.Join("testdata", "samples.golden.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestDecodeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		code fault.Code
	}{
		"no JSON":             {`hello`, fault.Invalid},
		"no object":           {`[1]`, fault.Invalid},
		"two values":          {`{"cursor":"1","message":"M","time":"2026-11-20T10:00:00Z"} {}`, fault.Invalid},
		"no message":          {`{"cursor":"1","time":"2026-11-20T10:00:00Z"}`, fault.Invalid},
		"no cursor":           {`{"message":"M","time":"2026-11-20T10:00:00Z"}`, fault.Invalid},
		"no time at all":      {`{"cursor":"1","message":"M"}`, fault.Invalid},
		"a time out of range": {`{"cursor":"1","message":"M","time":"1969-12-31T23:59:59Z"}`, fault.Invalid},
		"attributes no list":  {`{"cursor":"1","message":"M","time":"2026-11-20T10:00:00Z","attributes":[]}`, fault.Invalid},
		"too long":            {strings.Repeat(" ", MaxLine+1), fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode([]byte(c.line))
			require.Equal(t, c.code, fault.CodeOf(err), "%v", err)
		})
	}
}

func TestLongestLineDecodes(t *testing.T) {
	head := `{"cursor":"1","message":"M","time":"2026-11-20T10:00:00Z","attributes":{"x":"`
	line := head + strings.Repeat("x", MaxLine-len(head)-3) + `"}}`
	require.Len(t, line, MaxLine)
	_, err := Decode([]byte(line))
	require.NoError(t, err)
}

func TestHeartbeatNeedsNothingButItsName(t *testing.T) {
	e, err := Decode([]byte(`{"message":"feed.Heartbeat"}`))
	require.NoError(t, err)
	require.True(t, e.IsFeed())
}

func TestConnIDIsSixteenHexDigits(t *testing.T) {
	for given, want := range map[string]string{
		`"006a0269722cd93f"`:    "006a0269722cd93f",
		`"006A0269722CD93F"`:    "006a0269722cd93f",
		`"0x6a0269722cd93f"`:    "006a0269722cd93f",
		`"6a0269722cd93f"`:      "006a0269722cd93f",
		`29838999441692991`:     "006a0269722cd93f",
		`"29838999441692991"`:   "006a0269722cd93f",
		`"1234567890123456"`:    "1234567890123456",
		`-1`:                    "ffffffffffffffff",
		`18446744073709551615`:  "ffffffffffffffff",
		`0`:                     "",
		`""`:                    "",
		`"no id"`:               "",
		`null`:                  "",
		`{"a":1}`:               "",
		`1.5`:                   "",
		`"0x"`:                  "",
		`"11112222333344445"`:   "00277a81e0d81abd",
		`"aaaabbbbccccddddeee"`: "",
	} {
		e, err := Decode([]byte(`{"cursor":"1","message":"M","time":"2026-11-20T10:00:00Z","attributes":{"ConnID":` + given + `}}`))
		require.NoError(t, err)
		require.Equal(t, want, e.ConnID(), given)
	}
}

func TestNumbersAndTimesAreReadTolerantly(t *testing.T) {
	for given, want := range map[any]int64{
		json.Number("12"): 12, json.Number("12.0"): 12, json.Number("1e3"): 1000, "12": 12, " 12 ": 12, "0x0c": 12,
		12: 12, int64(12): 12, 12.0: 12, true: 1, false: 0, json.Number("-7"): -7,
	} {
		got, ok := Attributes{"n": given}.Int("n")
		require.True(t, ok, "%v", given)
		require.Equal(t, want, got, "%v", given)
	}
	for _, given := range []any{nil, "", "twelve", 12.5, json.Number("1e300"), "NaN", "Inf", []any{1}} {
		_, ok := Attributes{"n": given}.Int("n")
		require.False(t, ok, "%v", given)
	}
	second := time.Date(2026, 11, 20, 10, 0, 5, 0, time.UTC)
	for given, want := range map[any]time.Time{
		"2026-11-20T12:00:05+02:00":      second,
		json.Number("1795168805"):        second,
		"1795168805":                     second,
		json.Number("1795168805000"):     second,
		json.Number("1795168805.123456"): second.Add(123456 * time.Microsecond),
	} {
		got, ok := Attributes{"t": given}.Time("t")
		require.True(t, ok, "%v", given)
		require.Equal(t, want, got, "%v", given)
	}
	for _, given := range []any{nil, "", "soon", true, json.Number("-5"), json.Number("1e99"), "999999999999999999"} {
		_, ok := Attributes{"t": given}.Time("t")
		require.False(t, ok, "%v", given)
	}
}

func TestISLinksAreFoundInEveryLayout(t *testing.T) {
	uuid := strings.Repeat("A", linkUUIDLength)
	for name, given := range map[string]any{
		"list":         []any{"L2", "L1", "L1"},
		"text":         "L1, L2",
		"keys":         map[string]any{"L1": "SiteA", "L2": "SiteB"},
		"nested lists": []any{[]any{"L1"}, "L2"},
	} {
		require.Equal(t, []string{"L1", "L2"}, Event{Attributes: Attributes{"ISLinkList": given}}.ISLinks(), name)
	}
	require.Equal(t, []string{uuid}, Event{Attributes: Attributes{"ISLinkList": map[string]any{"link0": uuid}}}.ISLinks())
	require.Empty(t, Event{}.ISLinks())
}

func TestCursorOfABrokenLineIsTrustedOnlyAsItsFirstKey(t *testing.T) {
	for line, want := range map[string]string{
		`{"cursor":"2a","mess`:          "2a",
		` { "cursor" : "2a" `:           "2a",
		`{"attributes":{"cursor":"2a"}`: "",
		`{"cursor":"2a`:                 "",
		`{"cursor":""}`:                 "",
		`{"cursor":"a\"b"}`:             "",
		`{"cursor":42}`:                 "",
		`garbage`:                       "",
		``:                              "",
		`{"cursor":"` + strings.Repeat("x", 1<<10): "",
	} {
		require.Equal(t, want, cursorOf([]byte(line)), line)
	}
}

func TestIdentity(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 1000, time.UTC)
	base := func() Event {
		return Event{Cursor: "1", ReceivedAt: at, Message: MsgEventCallPartyState, Time: at, Sequence: 1,
			Server: Server{Name: "S", Role: "primary"}, Attributes: Attributes{"CallUUID": "C", "PartyUUID": "P", "PartyState": json.Number("12")}}
	}
	same := map[string]func(*Event){
		"another cursor":         func(e *Event) { e.Cursor = "2" },
		"another edge's clock":   func(e *Event) { e.ReceivedAt = at.Add(time.Second) },
		"the backup sent it":     func(e *Event) { e.Server = Server{Name: "B", Role: "backup"} },
		"another sequence":       func(e *Event) { e.Sequence = 99 },
		"a name for the number":  func(e *Event) { e.Attributes["PartyState"] = "Connected" },
		"an attribute unknown":   func(e *Event) { e.Attributes["New"] = "x" },
		"a time zone of its own": func(e *Event) { e.Time = at.In(time.FixedZone("x", 3600)) },
	}
	for name, change := range same {
		e := base()
		change(&e)
		require.Equal(t, base().Identity("A"), e.Identity("A"), name)
	}
	seen := map[string]string{base().Identity("A"): "base", base().Identity("B"): "another pair"}
	require.Len(t, seen, 2)
	for name, change := range map[string]func(*Event){
		"message":   func(e *Event) { e.Message = MsgEventCallPartyAdded },
		"time":      func(e *Event) { e.Time = at.Add(time.Microsecond) },
		"call":      func(e *Event) { e.Attributes["CallUUID"] = "D" },
		"party":     func(e *Event) { e.Attributes["PartyUUID"] = "Q" },
		"state":     func(e *Event) { e.Attributes["PartyState"] = "Held" },
		"odd state": func(e *Event) { e.Attributes["PartyState"] = "Levitating" },
		"odder":     func(e *Event) { e.Attributes["PartyState"] = "Flying" },
		"ref":       func(e *Event) { e.Attributes["RefCallUUID"] = "R" },
		"new":       func(e *Event) { e.Attributes["NewCallUUID"] = "R" },
		"statistic": func(e *Event) { e.Attributes["statistic"] = "s" },
		"status":    func(e *Event) { e.Attributes["status"] = json.Number("4") },
		"since":     func(e *Event) { e.Attributes["since"] = "2026-11-20T10:00:00Z" },
	} {
		e := base()
		change(&e)
		id := e.Identity("A")
		require.NotContains(t, seen, id, name)
		seen[id] = name
	}
}

func TestTheEdgesOwnMessagesCountPerEdge(t *testing.T) {
	a := Event{Message: MsgGap, Cursor: "1", Server: Server{Name: "S"}}
	b := a
	b.Cursor = "2"
	require.NotEqual(t, a.Identity("A"), b.Identity("A"))
}

func TestAgentStatusRefusesWhatIsNone(t *testing.T) {
	for name, e := range map[string]Event{
		"another message": {Message: MsgEventQueued},
		"no statistic":    {Message: MsgEventInfo, Attributes: Attributes{"status": 4}},
		"no status":       {Message: MsgEventInfo, Attributes: Attributes{"statistic": "a"}},
	} {
		_, err := e.AgentStatus()
		require.Equal(t, fault.Invalid, fault.CodeOf(err), name)
	}
	s, err := Event{Message: MsgEventInfo, Attributes: Attributes{"statistic": "a", "reasons": map[string]any{}}}.AgentStatus()
	require.NoError(t, err)
	require.Equal(t, StatusUnknown, s.Status)
}

func TestEncodeAndUnmarshalAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := Event{
			Cursor: rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "cursor"), Message: "EventQueued",
			Time:       time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC(),
			ReceivedAt: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "received")).UTC(),
			Attributes: Attributes{"n": json.Number("18446744073709551615"), "s": rapid.StringOf(rapid.Rune()).Draw(t, "s")},
		}
		line, err := Encode(e)
		require.NoError(t, err)
		require.NotContains(t, string(line), "\n")
		var back Event
		require.NoError(t, json.Unmarshal(line, &back))
		if s, ok := e.Attributes["s"].(string); ok && strings.ToValidUTF8(s, "") == s {
			require.Equal(t, e, back)
		}
	})
}

func FuzzDecode(f *testing.F) {
	file, err := os.ReadFile(filepath.Join("testdata", "samples.ndjson"))
	require.NoError(f, err)
	for line := range bytes.Lines(file) {
		f.Add(line)
	}
	f.Add([]byte(`{"cursor":"1","message":"M","time":"0000-01-01T00:00:00+23:00"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		cursorOf(line)
		e, err := Decode(line)
		if err != nil {
			require.Contains(t, []fault.Code{fault.Invalid, fault.TooLarge}, fault.CodeOf(err))
			return
		}
		v := viewOf(e)
		encoded, err := Encode(e)
		if e.Message == MsgHeartbeat && err != nil {
			return // only its arrival matters
		}
		require.NoError(t, err)
		var again Event
		require.NoError(t, json.Unmarshal(encoded, &again))
		require.Equal(t, v.Identity, again.Identity("A"))
	})
}
