package segments_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/recording"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/services/conversation-provider/segments"
)

var start = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// What is posted is read in every form that is known.
//
// ledger: E-EXCP-078
func TestParse(t *testing.T) {
	full := segments.File{
		FileName: "F.opus", Type: "audio/opus", CallUUID: "U", Start: start, Stop: start.Add(6192 * time.Millisecond),
		RecordDN: "4001", AgentID: "1001", ConnID: "ab",
	}
	for name, c := range map[string]struct {
		body string
		want []segments.File
	}{
		"object": {`{"id":"U","mediaFiles":[{"mediaId":"F.opus","type":"audio/opus","startTime":"2026-11-20T10:00:00Z",
			"stopTime":"2026-11-20T10:00:06.192Z","parameters":{"recordDN":"4001","agentId":"1001","connId":"ab"}}]}`, []segments.File{full}},
		"list": {`[{"id":"U","mediaFiles":[{"mediaId":"A"}]},{"id":"V","mediaFiles":[{"mediaId":"B"}]}]`,
			[]segments.File{{FileName: "A", CallUUID: "U"}, {FileName: "B", CallUUID: "V"}}},
		"uuid in the file":       {`{"mediaFiles":[{"mediaId":"A","callUUID":"U"}]}`, []segments.File{{FileName: "A", CallUUID: "U"}}},
		"uuid in parameters.id":  {`{"mediaFiles":[{"mediaId":"A","parameters":{"id":"U"}}]}`, []segments.File{{FileName: "A", CallUUID: "U"}}},
		"uuid in parameters":     {`{"mediaFiles":[{"mediaId":"A","parameters":{"callUuid":"U"}}]}`, []segments.File{{FileName: "A", CallUUID: "U"}}},
		"a file itself":          {`{"callUUID":"U","mediaId":"A"}`, []segments.File{{FileName: "A", CallUUID: "U"}}},
		"name at the path's end": {`{"id":"U","mediaFiles":[{"mediaDescriptor":{"path":"tenant/A"}}]}`, []segments.File{{FileName: "A", CallUUID: "U"}}},
		"opus preferred": {`{"id":"U","mediaFiles":[{"mediaId":"A.mp3","type":"audio/mp3"},{"mediaId":"A.opus","type":"audio/opus"}]}`,
			[]segments.File{{FileName: "A.opus", Type: "audio/opus", CallUUID: "U"}}},
		"zone without colon": {`{"id":"U","mediaFiles":[{"mediaId":"A","startTime":"2026-11-20T10:00:00.000+0000"}]}`,
			[]segments.File{{FileName: "A", CallUUID: "U", Start: start}}},
		"duration in seconds": {`{"id":"U","mediaFiles":[{"mediaId":"A","startTime":"2026-11-20T10:00:00Z","duration":"6.192"}]}`,
			[]segments.File{{FileName: "A", CallUUID: "U", Start: start, Stop: start.Add(6192 * time.Millisecond)}}},
		"duration in milliseconds": {`{"id":"U","mediaFiles":[{"mediaId":"A","startTime":"2026-11-20T10:00:00Z","duration":"12523"}]}`,
			[]segments.File{{FileName: "A", CallUUID: "U", Start: start, Stop: start.Add(12523 * time.Millisecond)}}},
		"no files":  {`{"id":"U","mediaFiles":[]}`, []segments.File{{CallUUID: "U"}}},
		"no call":   {`{"mediaFiles":[{"mediaId":"A"}]}`, []segments.File{{FileName: "A"}}},
		"no object": {`{}`, []segments.File{{}}},
		"nothing":   {``, nil},
		"odd types": {`{"id":7,"mediaFiles":["x",{"mediaId":"A","parameters":"p","mediaDescriptor":1}]}`, []segments.File{{FileName: "A", CallUUID: "7"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := segments.Parse([]byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	for _, bad := range []string{"x", "[1]", "{", `"text"`} {
		_, err := segments.Parse([]byte(bad))
		require.Equal(t, fault.Invalid, fault.CodeOf(err), bad)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"U","mediaFiles":[{"mediaId":"A","duration":"1e309","parameters":{"id":1}}]}`))
	f.Add([]byte(`[{"mediaFiles":[{}]},{}]`))
	if body, err := os.ReadFile(filepath.Join("testdata", "post.json")); err == nil {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		segments, err := segments.Parse(body)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		}
		for _, s := range segments {
			if recording.CheckFileName(s.FileName) == nil {
				require.NotContains(t, s.FileName, "/")
			}
		}
	})
}

// When speech analytics is requested, and with which program and language.
//
// ledger: E-EXCP-055, E-EXCP-056, E-EXCP-057, E-EXCP-058, E-EXCP-059, E-EXCP-060, E-EXCP-061, E-EXCP-063, E-EXCP-064
// ledger: E-EXCP-065, E-EXCP-067, E-EXCP-068, E-EXCP-070, E-EXCP-072, E-EXCP-073, E-EXCP-074, E-EXCP-075, E-EXCP-087, E-EXCP-088, E-EXCP-099
func TestSpeechDecision(t *testing.T) {
	base := func() segments.SpeechInput {
		return segments.SpeechInput{
			Settings: segments.Settings{
				Available: true, OrgEnabled: true, QueueEnabled: map[string]bool{"sales": true, "support": true},
				QueueProgram: map[string]string{"sales": "p-sales"}, DefaultProgram: "p-default", Dialects: []string{"de-DE", "en-US"},
			},
			Options: segments.Options{Enabled: true, DefaultProgram: "p-option", DefaultLanguage: "en-US"},
			QueueID: "sales", Language: "de-DE",
		}
	}
	for name, c := range map[string]struct {
		change  func(*segments.SpeechInput)
		program string
		lang    string
		refusal string
	}{
		"queue's program and user data's language": {func(*segments.SpeechInput) {}, "p-sales", "de-DE", ""},
		"settings unavailable":                     {func(in *segments.SpeechInput) { in.Settings = segments.Settings{} }, "", "", "settings unavailable"},
		"org disabled":                             {func(in *segments.SpeechInput) { in.Settings.OrgEnabled = false }, "", "", "transcription disabled for the org"},
		"queue disabled":                           {func(in *segments.SpeechInput) { in.Settings.QueueEnabled["sales"] = false }, "", "", "transcription disabled on the queue"},
		"queue unknown":                            {func(in *segments.SpeechInput) { in.QueueID = "other" }, "", "", "transcription disabled on the queue"},
		"queue without program":                    {func(in *segments.SpeechInput) { in.QueueID = "support" }, "p-default", "de-DE", ""},
		"no queue":                                 {func(in *segments.SpeechInput) { in.QueueID = "" }, "p-default", "de-DE", ""},
		"option's program":                         {func(in *segments.SpeechInput) { in.QueueID, in.Settings.DefaultProgram = "support", "" }, "p-option", "de-DE", ""},
		"no program": {func(in *segments.SpeechInput) {
			in.QueueID, in.Settings.DefaultProgram, in.Options.DefaultProgram = "support", "", ""
		}, "", "", "no program"},
		"default language":                {func(in *segments.SpeechInput) { in.Language = "" }, "p-sales", "en-US", ""},
		"invalid language":                {func(in *segments.SpeechInput) { in.Language = "xx-XX" }, "p-sales", "en-US", ""},
		"other case":                      {func(in *segments.SpeechInput) { in.Language = "DE-de" }, "p-sales", "de-DE", ""},
		"invalid default is not needed":   {func(in *segments.SpeechInput) { in.Options.DefaultLanguage = "xx" }, "p-sales", "de-DE", ""},
		"invalid language and default":    {func(in *segments.SpeechInput) { in.Language, in.Options.DefaultLanguage = "xx", "yy" }, "", "", "no valid language"},
		"neither language nor default":    {func(in *segments.SpeechInput) { in.Language, in.Options.DefaultLanguage = "", "" }, "", "", "no valid language"},
		"trunk: no queue and no language": {func(in *segments.SpeechInput) { in.QueueID, in.Language = "", "" }, "p-default", "en-US", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in := base()
			c.change(&in)
			speech, refusal := in.Decide()
			require.Equal(t, c.refusal, refusal)
			if c.refusal != "" {
				require.Nil(t, speech)
				return
			}
			require.Equal(t, &recording.Speech{ProgramID: c.program, Language: c.lang}, speech)
		})
	}
}

func conv() *conversation.Conversation {
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	return &conversation.Conversation{
		ID: "C", Stage: conversation.StageOver, Last: at(90),
		Legs: []*conversation.Leg{
			{Kind: conversation.External, ID: "X", DN: "+1", Began: at(0), Ended: at(90), Opened: true},
			{Kind: conversation.ACD, ID: "Q", DN: "VQ", Began: at(5), Ended: at(10), Opened: true, QueueID: "sales"},
			{Kind: conversation.User, ID: "A1", DN: "4001", Login: "1001", UserID: "u1", QueueID: "sales", Began: at(9), Answered: at(10), Ended: at(40), Opened: true},
			{Kind: conversation.User, ID: "N", DN: "4002", Login: "1002", UserID: "u2", Began: at(40), Ended: at(45), Opened: true}, // did not answer
			{Kind: conversation.User, ID: "A2", DN: "4001", Login: "1001", UserID: "u1", QueueID: "support", Began: at(49), Answered: at(50), Ended: at(90), Opened: true},
		},
	}
}

// ledger: E-EXCP-054, E-EXCP-069, E-EXCP-071, E-EXCP-080, E-EXRP-015
func TestSegmentsFindTheirLeg(t *testing.T) {
	languages := func(at time.Time) string {
		if at.Before(start.Add(45 * time.Second)) {
			return "de-DE"
		}
		return "en-US"
	}
	settings := segments.Settings{
		Available: true, OrgEnabled: true, QueueEnabled: map[string]bool{"sales": true, "support": true},
		QueueProgram: map[string]string{"sales": "p-sales"}, DefaultProgram: "p-default", Dialects: []string{"de-DE", "en-US", "fr-FR"},
	}
	options := segments.Options{Enabled: true, DefaultLanguage: "fr-FR"}
	segment := func(dn, agent string, from, to int) segments.File {
		return segments.File{
			FileName: "F", CallUUID: "U", RecordDN: dn, AgentID: agent,
			Start: start.Add(time.Duration(from) * time.Second), Stop: start.Add(time.Duration(to) * time.Second),
		}
	}
	for name, c := range map[string]struct {
		segment segments.File
		leg     string
		user    string
		speech  recording.Speech
	}{
		"by DN and time":                    {segment("4001", "", 10, 40), "A1", "u1", recording.Speech{ProgramID: "p-sales", Language: "de-DE"}},
		"the later leg of the same agent":   {segment("4001", "", 50, 90), "A2", "u1", recording.Speech{ProgramID: "p-default", Language: "en-US"}},
		"by login code":                     {segment("", "1001", 51, 80), "A2", "u1", recording.Speech{ProgramID: "p-default", Language: "en-US"}},
		"clocks apart":                      {segment("4001", "1001", 200, 230), "A2", "u1", recording.Speech{ProgramID: "p-default", Language: "en-US"}},
		"on behalf of a trunk":              {segment("trunk-1", "", 0, 90), "X", "", recording.Speech{ProgramID: "p-default", Language: "fr-FR"}},
		"an agent whose leg was not shown":  {segment("4009", "1009", 50, 60), "X", "", recording.Speech{ProgramID: "p-default", Language: "en-US"}},
		"an agent who did not answer":       {segment("4002", "1002", 40, 45), "X", "", recording.Speech{ProgramID: "p-default", Language: "de-DE"}},
		"nothing known but the call itself": {segments.File{FileName: "F", CallUUID: "U"}, "X", "", recording.Speech{ProgramID: "p-default", Language: "fr-FR"}},
	} {
		t.Run(name, func(t *testing.T) {
			sub, kept := segments.Join("101", c.segment, segments.Interaction{Conversation: conv(), Over: true, Language: languages}, settings, options)
			require.Empty(t, kept)
			require.Equal(t, "C", sub.ConversationID)
			require.Equal(t, c.leg, sub.CommunicationID)
			require.Equal(t, c.user, sub.UserID)
			require.Equal(t, &c.speech, sub.Speech)
			require.Equal(t, segments.ID("101", "F"), sub.ID)
		})
	}
}

// ledger: E-EXCP-098, E-EXRP-012, E-EXRP-013, E-EXRP-014
func TestSegmentsThatAreNotSubmittedKeepTheirReason(t *testing.T) {
	ignored := &conversation.Conversation{Stage: conversation.StageIgnored, Reason: conversation.ReasonInternal}
	on := segments.Options{Enabled: true}
	for name, c := range map[string]struct {
		in   segments.Interaction
		opts segments.Options
		want string
	}{
		"unknown call": {segments.Interaction{}, on, segments.KeptUnknownCall},
		"disabled":     {segments.Interaction{Conversation: conv(), Over: true}, segments.Options{}, segments.KeptDisabled},
		"not over":     {segments.Interaction{Conversation: conv()}, on, segments.KeptNotOver},
		"not injected": {segments.Interaction{Conversation: ignored, Over: true}, on, segments.KeptNotInjected + "internal_call"},
		"not started":  {segments.Interaction{Conversation: &conversation.Conversation{}, Over: true}, on, segments.KeptNotInjected + "nothing was sent"},
	} {
		t.Run(name, func(t *testing.T) {
			_, kept := segments.Join("101", segments.File{FileName: "F", CallUUID: "U"}, c.in, segments.Settings{}, c.opts)
			require.Equal(t, c.want, kept)
		})
	}
}
