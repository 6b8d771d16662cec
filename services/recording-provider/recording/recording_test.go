package recording_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
	"engage.connector/services/recording-provider/recording"
)

func valid() recording.Segment {
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return recording.Segment{
		ID: "r1", FileName: "00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D.opus",
		ConversationID: "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a10", CommunicationID: "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a11",
		CallUUID: "00U3MCI8QO8ER0B5A60AHG5AES000001", Start: start, End: start.Add(time.Second),
	}
}

// ledger: E-EXRP-017
func TestFileNamesThatAreRefused(t *testing.T) {
	tests := map[string]struct{ name, want string }{
		"no name":            {"", "missing"},
		"81 characters":      {strings.Repeat("a", 76) + ".opus", "81 characters"},
		"way up":             {"..", `".."`},
		"way up inside":      {"a..opus", `".."`},
		"slash":              {"a/b.opus", "slash"},
		"backslash":          {`a\b.opus`, "slash"},
		"hidden file":        {".a.opus", "characters other than"},
		"blank":              {"a b.opus", "characters other than"},
		"percent":            {"a%2e%2e.opus", "characters other than"},
		"line break":         {"a\n.opus", "characters other than"},
		"not ASCII":          {"ä.opus", "characters other than"},
		"another audio type": {"a.mp3", "only opus"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := recording.CheckFileName(test.name)
			require.ErrorContains(t, err, test.want)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}

// ledger: E-EXRP-017
func TestAFileNameOf80CharactersIsTaken(t *testing.T) {
	require.NoError(t, recording.CheckFileName(strings.Repeat("a", 75)+".opus"))
}

func TestNoAcceptedNameLeavesTheFolder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if recording.CheckFileName(name) == nil {
			require.NotContains(t, name, "/")
			require.NotContains(t, name, "..")
			require.NotContains(t, name, "%")
		}
	})
}

func TestEveryWrongFieldIsNamedAtOnce(t *testing.T) {
	require.NoError(t, valid().Validate())
	err := recording.Segment{FileName: "a.wav", UserID: "john", ProgramID: "p"}.Validate()
	for _, field := range []string{"fileName", "recordingId", "conversationId", "communicationId", "userId", "callUUID", "startTime", "endTime", "programId and language"} {
		require.ErrorContains(t, err, field)
	}
}

func TestWhatHappensAfterAFailure(t *testing.T) {
	of := func(code fault.Code) error { return fault.New(code, "x", "y") }
	tests := []struct {
		name    string
		step    recording.Step
		err     error
		attempt int
		age     time.Duration
		want    recording.Verdict
	}{
		{"the storage is away", recording.StepFetch, of(fault.Unavailable), 1, 0, recording.Verdict{In: 2 * time.Second}},
		{"pauses double", recording.StepFetch, of(fault.Unavailable), 4, time.Minute, recording.Verdict{In: 16 * time.Second}},
		{"and end at five minutes", recording.StepUpload, of(fault.Timeout), 60, time.Hour, recording.Verdict{In: 5 * time.Minute}},
		{"after three days a person looks", recording.StepUpload, of(fault.Unavailable), 60, 72 * time.Hour, recording.Verdict{Park: true}},
		{"the file may come late", recording.StepFetch, of(fault.NotFound), 3, time.Hour, recording.Verdict{In: 8 * time.Second}},
		{"but not after a day", recording.StepFetch, of(fault.NotFound), 90, 24 * time.Hour, recording.Verdict{Park: true}},
		{"no opus is never an opus", recording.StepInspect, of(fault.Invalid), 1, 0, recording.Verdict{Park: true}},
		{"too large stays too large", recording.StepFetch, of(fault.TooLarge), 1, 0, recording.Verdict{Park: true}},
		{"the org says when", recording.StepPresign, fault.New(fault.RateLimited, "x", "y").WithRetryIn(90 * time.Second), 1, 0, recording.Verdict{In: 90 * time.Second}},
		{"the service is stopping", recording.StepUpload, context.Canceled, 1, 0, recording.Verdict{In: 2 * time.Second}},
		{"an error of our own", recording.StepSeal, errors.New("boom"), 1, 0, recording.Verdict{In: 2 * time.Second}},
		{"the org refuses the file", recording.StepUpload, of(fault.Invalid), 1, 0, recording.Verdict{Park: true}},
		{"no key yet", recording.StepKey, of(fault.NotFound), 1, 0, recording.Verdict{In: 2 * time.Second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, recording.AfterFailure(test.step, test.err, test.attempt, test.age))
		})
	}
}
