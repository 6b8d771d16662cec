// Package recording is the domain of recording-provider: what a submitted segment must look like,
// and what to do when a step of its injection fails. It is pure.
package recording

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"engage.connector/pkg/fault"
)

// MaxFileName is the longest file name that the org takes, in characters (guide, Limitations).
const MaxFileName = 80

// Task is a segment on its way; its JSON is the job's payload. Upload is where it is put, once that
// is decided: an attempt that follows a lost answer or a crash puts it to the same place, so that
// the org never holds it twice.
type Task struct {
	Segment Segment `json:"segment"`
	Upload  *Upload `json:"upload,omitempty"`
}

// Upload is a presigned place in the org. Its URL is a credential until it expires.
type Upload struct {
	URL     string            `json:"url"`
	Key     string            `json:"key"`
	Headers map[string]string `json:"headers,omitempty"`
	Expires time.Time         `json:"expires"`
}

// Segment is one recorded segment of one call, as conversation-provider submits it.
type Segment struct {
	ID              string    `json:"recordingId"`
	FileName        string    `json:"fileName"`
	ConversationID  string    `json:"conversationId"`
	CommunicationID string    `json:"communicationId"`
	UserID          string    `json:"userId,omitempty"`
	CallUUID        string    `json:"callUUID"`
	Start           time.Time `json:"startTime"`
	End             time.Time `json:"endTime"`
	ProgramID       string    `json:"programId,omitempty"`
	Language        string    `json:"language,omitempty"`
}

// Receipt is what is remembered of an injected segment.
type Receipt struct {
	Segment   Segment `json:"segment"`
	UploadKey string  `json:"uploadKey"`
	KeyID     string  `json:"encryptionKeyId"`
	Bytes     int     `json:"audioBytes"`
	SHA256    string  `json:"audioSha256"`
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// namePattern is narrower than what the org allows: letters, digits and the few signs that file
// names of a recorder have. A slash, a blank or a leading dot can never get through.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@+=,-]*$`)

// CheckFileName refuses a name that could leave the storage's folder or that the org would refuse.
// The error has code Invalid and says which rule is broken.
func CheckFileName(name string) error {
	switch {
	case name == "":
		return invalid("fileName is missing")
	case len(name) > MaxFileName:
		return invalid("fileName has %d characters, the org takes at most %d", len(name), MaxFileName)
	case strings.Contains(name, ".."):
		return invalid("fileName %q contains \"..\"", name)
	case strings.ContainsAny(name, `/\`):
		return invalid("fileName %q contains a slash; it names a file, not a path", name)
	case !namePattern.MatchString(name):
		return invalid("fileName %q has characters other than letters, digits and _ . @ + = , -", name)
	case !strings.HasSuffix(strings.ToLower(name), ".opus"):
		return invalid("fileName %q is no .opus file; only opus recordings are injected", name)
	}
	return nil
}

// Validate names every field that is wrong, in one error with code Invalid.
func (s Segment) Validate() error {
	faults := []error{CheckFileName(s.FileName)}
	require := func(ok bool, text string) {
		if !ok {
			faults = append(faults, errors.New(text))
		}
	}
	require(s.ID != "" && len(s.ID) <= 256, "recordingId must have 1 to 256 characters")
	require(uuidPattern.MatchString(s.ConversationID), "conversationId must be a UUID")
	require(uuidPattern.MatchString(s.CommunicationID), "communicationId must be a UUID")
	require(s.UserID == "" || uuidPattern.MatchString(s.UserID), "userId must be a UUID or empty")
	require(s.CallUUID != "", "callUUID is missing")
	require(!s.Start.IsZero(), "startTime is missing")
	require(s.End.After(s.Start), "endTime must be after startTime")
	require((s.ProgramID == "") == (s.Language == ""), "programId and language go together")
	if joined := errors.Join(faults...); joined != nil {
		text := strings.ReplaceAll(joined.Error(), "\n", "; ")
		return invalid("%s", text)
	}
	return nil
}

func invalid(format string, args ...any) *fault.Error {
	return fault.Newf(fault.Invalid, "recording.validate", format, args...)
}
