package recording_test

import (
	"path"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/recording"
)

func valid() recording.Segment {
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	return recording.Segment{
		ID: "r1", FileName: "00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D.opus",
		ConversationID: "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a10", CommunicationID: "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a11",
		CallUUID: "00U3MCI8QO8ER0B5A60AHG5AES000001", Start: start, End: start.Add(time.Second),
	}
}

// The rule is the org's: what it accepts and names one file of a folder is accepted.
// ledger: E-EXRP-017
func TestFileNamesThatAreAccepted(t *testing.T) {
	for _, name := range []string{
		"00U3MCI8QO8ER0B5A60AHG5AES000001_2024-10-25_10-00-00-0a1b2c3d.opus", "a", "a.b.c", "a..b", "Gespräch_1.opus", "a@b+c=d,e&f(1)!$';:?*.opus",
		strings.Repeat("a", 80), strings.Repeat("ä", 75) + ".opus",
	} {
		require.NoError(t, recording.CheckFileName(name), name)
	}
}

// ledger: E-EXRP-017
func TestFileNamesThatAreRefused(t *testing.T) {
	tests := map[string]string{
		"": "missing", ".hidden": "dot", "..": "dot", strings.Repeat("ä", 81): "81 characters", "a b": "white space", "a\tb": "white space", "a\n": "white space",
		"a\u00a0b": "white space", "a\x00b": "control", "a\xffb": "UTF-8", "../a": "dot", "dir/": "one of", "a%2e%2e.opus": "one of",
	}
	for _, r := range "\\{}^%`][\"<>~#|/" {
		tests["a"+string(r)+"b"] = "contains one of"
	}
	for name, want := range tests {
		err := recording.CheckFileName(name)
		require.ErrorContains(t, err, want, "%q", name)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	}
}

func TestNoAcceptedNameLeavesTheFolder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		if recording.CheckFileName(name) == nil {
			require.Equal(t, name, path.Base(name))
			require.NotContains(t, []string{".", ".."}, name)
			require.NotContains(t, name, "%")
			require.NoError(t, recording.CheckFileName(recording.ArchiveName(name)))
		}
	})
}

func TestTheArchiveIsNamedAfterTheFile(t *testing.T) {
	for name, want := range map[string]string{
		"a.opus": "a.zip", "a": "a.zip", "a.b.opus": "a.b.zip", strings.Repeat("ä", 80): strings.Repeat("ä", 76) + ".zip",
	} {
		require.Equal(t, want, recording.ArchiveName(name))
	}
}

func TestASegmentTravelsUnchanged(t *testing.T) {
	full := valid()
	full.UserID, full.Speech = full.CommunicationID, &recording.Speech{ProgramID: "p", Language: "de-DE"}
	for _, s := range []recording.Segment{valid(), full, {}} {
		require.Equal(t, s, recording.FromProto(s.Proto()))
	}
}

func TestEveryWrongFieldIsNamedAtOnce(t *testing.T) {
	require.NoError(t, valid().Validate())
	err := recording.Segment{FileName: ".a", UserID: "john", Speech: &recording.Speech{ProgramID: "p"}}.Validate()
	for _, field := range []string{"file name", "recordingId", "conversationId", "communicationId", "userId", "callUUID", "startTime", "endTime", "programId and language"} {
		require.ErrorContains(t, err, field)
	}
}
