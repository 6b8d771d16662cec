// Package recording is what a recording is: one recorded segment of a call with what the org must
// know of it, and the rule for the names of its files. Below it stand the judge of Ogg Opus files
// and the envelope in which a recording travels. It is pure.
package recording

import (
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
)

// MediaType is the format that recordings are injected in (guide: type2 = audio/opus).
const MediaType = "audio/opus"

// Segment is one recorded segment of one injected call. Its JSON is stored; between services it
// travels as recordingprovider.v1.Recording.
type Segment struct {
	packed.Kept

	ID              string    `json:"recordingId"` // the same for every submission of the same file
	FileName        string    `json:"fileName"`    // in the transient storage, without a path
	ConversationID  string    `json:"conversationId"`
	CommunicationID string    `json:"communicationId"`
	UserID          string    `json:"userId,omitempty"` // empty for a trunk recording
	CallUUID        string    `json:"callUUID"`
	Start           time.Time `json:"startTime,omitzero"`
	End             time.Time `json:"endTime,omitzero"`
	Speech          *Speech   `json:"speech,omitempty"` // nil when no speech analytics is requested
}

// Speech is a request for transcription and topic detection.
type Speech struct {
	packed.Kept

	ProgramID string `json:"programId"`
	Language  string `json:"language"`
}

const maxID = 256

// Validate names every field that is wrong, in one error with code Invalid.
func (s Segment) Validate() error {
	faults := []error{CheckFileName(s.FileName)}
	require := func(ok bool, text string) {
		if !ok {
			faults = append(faults, errors.New(text))
		}
	}
	require(s.ID != "" && len(s.ID) <= maxID, "recordingId must have 1 to 256 characters")
	require(isUUID(s.ConversationID), "conversationId must be a UUID")
	require(isUUID(s.CommunicationID), "communicationId must be a UUID")
	require(s.UserID == "" || isUUID(s.UserID), "userId must be a UUID or empty")
	require(s.CallUUID != "", "callUUID is missing")
	require(!s.Start.IsZero(), "startTime is missing")
	require(s.End.After(s.Start), "endTime must be after startTime")
	require(s.Speech == nil || s.Speech.ProgramID != "" && s.Speech.Language != "", "programId and language go together")
	if joined := errors.Join(faults...); joined != nil {
		return fault.New(fault.Invalid, "recording.validate", strings.ReplaceAll(joined.Error(), "\n", "; "))
	}
	return nil
}

func isUUID(text string) bool {
	const length = 36 // the form without braces or prefix
	return len(text) == length && uuid.Validate(text) == nil
}

// Proto is the segment as it travels between services.
func (s Segment) Proto() *recordingproviderv1.Recording {
	out := &recordingproviderv1.Recording{
		RecordingId: s.ID, FileName: s.FileName, ConversationId: s.ConversationID, CommunicationId: s.CommunicationID,
		UserId: s.UserID, CallUuid: s.CallUUID, StartTime: timestamp(s.Start), EndTime: timestamp(s.End),
	}
	if s.Speech != nil {
		out.SpeechAnalytics = &recordingproviderv1.SpeechAnalytics{ProgramId: s.Speech.ProgramID, Language: s.Speech.Language}
	}
	return out
}

// FromProto reads a segment that another service sent. It does not validate.
func FromProto(in *recordingproviderv1.Recording) Segment {
	s := Segment{
		ID: in.GetRecordingId(), FileName: in.GetFileName(), ConversationID: in.GetConversationId(), CommunicationID: in.GetCommunicationId(),
		UserID: in.GetUserId(), CallUUID: in.GetCallUuid(), Start: timeOf(in.GetStartTime()), End: timeOf(in.GetEndTime()),
	}
	if speech := in.GetSpeechAnalytics(); speech.GetProgramId() != "" || speech.GetLanguage() != "" {
		s.Speech = &Speech{ProgramID: speech.GetProgramId(), Language: speech.GetLanguage()}
	}
	return s
}

func timestamp(at time.Time) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at)
}

func timeOf(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime()
}
