// Package upload looks into an uploaded recording: a ZIP with one encrypted audio file and one JSON metadata file.
//
// What the guide fixes: exactly these two entries, opus audio, the speech analytics program and language among the
// metadata, file names of at most 80 characters. Everything else in this file is ASSUMED, NOT PUBLICLY DOCUMENTED, and
// stands nowhere else in the lab: the names of the entries, the metadata's schema, the envelope (package cms), the
// reasons of failure and the format of the upload report.
package upload

import "time"

// Metadata is the assumed schema of the JSON entry, whose name ends in ".json". Times are ISO-8601 with milliseconds
// in UTC.
type Metadata struct {
	ConversationID  string     `json:"conversationId"`            // V4 UUID of the injected conversation
	CommunicationID string     `json:"communicationId"`           // V4 UUID of the recorded party's leg
	UserID          string     `json:"userId,omitempty"`          // recorded user, when there is one
	StartTime       string     `json:"startTime"`                 // of the audio
	EndTime         string     `json:"endTime"`                   // of the audio, after its start
	MediaType       string     `json:"mediaType"`                 // always MediaType
	FileName        string     `json:"fileName"`                  // name of the audio entry
	KeyID           string     `json:"encryptionKeyId"`           // id of the recording key the audio is encrypted for
	SpeechAnalytics *Analytics `json:"speechAnalytics,omitempty"` // absent = no transcription
	CallUUID        string     `json:"callUUID"`                  // interaction id of the call on the source platform
}

// Analytics is the speech analytics program and the language of a recording.
type Analytics struct {
	ProgramID string `json:"programId"`
	Language  string `json:"language"` // a dialect such as en-US
}

// MediaType is the only media type of a recording.
const MediaType = "audio/opus"

// MaxFileName is the longest file name in characters (guide, recording provider).
const MaxFileName = 80

// State is the state of an upload, with the words of RecordingUploadReportRequest.uploadStatus.
type State string

// The states of an upload.
const (
	Pending             State = "Pending"
	Success             State = "Success"
	Failure             State = "Failure"
	WaitForConversation State = "WaitForConversation"
)

// States returns every state.
func States() []State { return []State{Pending, Success, Failure, WaitForConversation} }

// Reason says why an upload failed.
type Reason string

// The reasons of failure.
const (
	ReasonZIP           Reason = "not_a_zip"
	ReasonSize          Reason = "too_large"
	ReasonEntries       Reason = "wrong_entries"
	ReasonMetadata      Reason = "invalid_metadata"
	ReasonFileName      Reason = "file_name_mismatch"
	ReasonMediaType     Reason = "wrong_media_type"
	ReasonTimes         Reason = "invalid_times"
	ReasonKey           Reason = "unknown_key"
	ReasonEnvelope      Reason = "invalid_envelope"
	ReasonDecrypt       Reason = "cannot_decrypt"
	ReasonAudio         Reason = "not_ogg_opus"
	ReasonCommunication Reason = "unknown_communication"
	ReasonUser          Reason = "user_mismatch"
	ReasonProgram       Reason = "unknown_program"
	ReasonLanguage      Reason = "unsupported_language"
)

// Report is the assumed content of a finished upload report.
type Report struct {
	ID        string       `json:"id"`
	DateSince time.Time    `json:"dateSince"`
	Uploads   []ReportLine `json:"uploads"`
}

// ReportLine is one upload of a report.
type ReportLine struct {
	UploadKey string    `json:"uploadKey"`
	FileName  string    `json:"fileName"`
	Status    State     `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	Date      time.Time `json:"dateUploaded"`
}
