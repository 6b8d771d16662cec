package envelope

import "time"

// This file is the one place for what the public documents leave open about an injected recording:
// the names inside the ZIP, the metadata's schema, and the encryption envelope. See the README's
// list "Not verified against a live system".

// Encryption: CMS EnvelopedData (RFC 5652) with AES-256-CBC and one RSA PKCS#1 v1.5 recipient. The
// evidence is the "from CMS" branch of Genesys' reference key service; it proves nothing.

// metadataSuffix makes the name of the JSON entry from the recording's, after the export format.
const metadataSuffix = "_metadata.json"

// timeFormat of the metadata: ISO 8601, milliseconds, UTC.
const timeFormat = "2006-01-02T15:04:05.000Z"

// metadata is the JSON entry.
type metadata struct {
	ConversationID  string           `json:"conversationId"`
	CommunicationID string           `json:"communicationId"`
	UserID          string           `json:"userId,omitempty"`
	CallUUID        string           `json:"callUUID"`
	StartTime       string           `json:"startTime"`
	EndTime         string           `json:"endTime"`
	MediaType       string           `json:"mediaType"`
	FileName        string           `json:"fileName"`
	EncryptionKeyID string           `json:"encryptionKeyId"`
	SpeechAnalytics *speechAnalytics `json:"speechAnalytics,omitempty"`
}

type speechAnalytics struct {
	ProgramID string `json:"programId"`
	Language  string `json:"language"`
}

func formatTime(at time.Time) string { return at.UTC().Format(timeFormat) }
