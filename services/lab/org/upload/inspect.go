package upload

import (
	"archive/zip"
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"engage.connector/services/lab/org/cms"
	"engage.connector/services/lab/org/conversation"
)

// Limits of what is read out of a ZIP, against archives that are larger inside than outside.
const (
	MaxAudio    = 64 << 20
	MaxMetadata = 64 << 10
)

// Problem is a failure of an upload.
type Problem struct {
	Reason Reason
	Detail string
}

func problem(reason Reason, format string, args ...any) *Problem {
	return &Problem{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Content is what was found in a ZIP.
type Content struct {
	Metadata   Metadata
	Start, End time.Time
	SHA256     string // hex, of the decrypted audio
	Size       int    // bytes of the decrypted audio
	Channels   int
	OAEP       bool
}

// Inspect opens a ZIP, decrypts its audio with the key the metadata names and checks all that needs no conversation.
// What it could read of the metadata is returned even with a problem.
func Inspect(archive []byte, key func(id string) *rsa.PrivateKey) (Content, *Problem) {
	var c Content
	audio, metadata, p := entries(archive)
	if p != nil {
		return c, p
	}
	raw, p := readEntry(metadata, MaxMetadata)
	if p != nil {
		return c, p
	}
	if p := c.readMetadata(raw, audio.Name); p != nil {
		return c, p
	}
	private := key(c.Metadata.KeyID)
	if private == nil {
		return c, problem(ReasonKey, "encryptionKeyId %q is no recording key of the organization", clip(c.Metadata.KeyID))
	}
	encrypted, p := readEntry(audio, MaxAudio)
	if p != nil {
		return c, p
	}
	return c, c.readAudio(encrypted, private)
}

// entries finds the audio and the metadata among exactly two plain files.
func entries(archive []byte) (audio, metadata *zip.File, p *Problem) {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, nil, problem(ReasonZIP, "%v", err)
	}
	if len(reader.File) != 2 {
		return nil, nil, problem(ReasonEntries, "%d entries instead of 2", len(reader.File))
	}
	for _, f := range reader.File {
		switch {
		case f.FileInfo().IsDir() || strings.ContainsAny(f.Name, `/\`):
			return nil, nil, problem(ReasonEntries, "entry %q is in a folder", clip(f.Name))
		case strings.HasSuffix(strings.ToLower(f.Name), ".json"):
			metadata = f
		default:
			audio = f
		}
	}
	if audio == nil || metadata == nil {
		return nil, nil, problem(ReasonEntries, "one entry has to be JSON, the other audio")
	}
	return audio, metadata, nil
}

func readEntry(f *zip.File, most int64) ([]byte, *Problem) {
	r, err := f.Open()
	if err != nil {
		return nil, problem(ReasonZIP, "entry %q: %v", clip(f.Name), err)
	}
	defer func() { _ = r.Close() }() // read only; the checksum is verified at the end of the data
	out, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, problem(ReasonZIP, "entry %q: %v", clip(f.Name), err)
	}
	if int64(len(out)) > most {
		return nil, problem(ReasonSize, "entry %q has more than %d bytes", clip(f.Name), most)
	}
	return out, nil
}

// readMetadata checks the JSON by itself.
func (c *Content) readMetadata(raw []byte, audioName string) *Problem {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c.Metadata); err != nil {
		return problem(ReasonMetadata, "%v", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return problem(ReasonMetadata, "more than one JSON value")
	}
	m := &c.Metadata
	for _, row := range []struct {
		name, value string
		broken      bool
	}{
		{"conversationId", m.ConversationID, !conversation.IsUUID4(m.ConversationID)},
		{"communicationId", m.CommunicationID, !conversation.IsUUID4(m.CommunicationID)},
		{"callUUID", m.CallUUID, m.CallUUID == ""},
		{"fileName", m.FileName, m.FileName == "" || len([]rune(m.FileName)) > MaxFileName},
		{"encryptionKeyId", m.KeyID, m.KeyID == ""},
	} {
		if row.broken {
			return problem(ReasonMetadata, "%s %q is missing or invalid", row.name, clip(row.value))
		}
	}
	if m.FileName != audioName {
		return problem(ReasonFileName, "fileName %q is not the audio entry %q", m.FileName, clip(audioName))
	}
	if m.MediaType != MediaType {
		return problem(ReasonMediaType, "mediaType %q is not %s", clip(m.MediaType), MediaType)
	}
	return c.readTimes()
}

func (c *Content) readTimes() *Problem {
	var err error
	if c.Start, err = conversation.ParseTime(c.Metadata.StartTime); err != nil {
		return problem(ReasonTimes, "startTime: %v", err)
	}
	if c.End, err = conversation.ParseTime(c.Metadata.EndTime); err != nil {
		return problem(ReasonTimes, "endTime: %v", err)
	}
	if !c.End.After(c.Start) {
		return problem(ReasonTimes, "endTime is not after startTime")
	}
	return nil
}

// readAudio opens the envelope and looks whether Ogg Opus came out.
func (c *Content) readAudio(encrypted []byte, key *rsa.PrivateKey) *Problem {
	envelope, err := cms.Parse(encrypted)
	if err != nil {
		return problem(ReasonEnvelope, "%v", err)
	}
	audio, err := envelope.Decrypt(key)
	if err != nil {
		return problem(ReasonDecrypt, "%v", err)
	}
	channels, found := sniffOpus(audio)
	if !found {
		return problem(ReasonAudio, "no OggS page with OpusHead at the start of %d bytes", len(audio))
	}
	sum := sha256.Sum256(audio)
	c.SHA256, c.Size, c.Channels, c.OAEP = hex.EncodeToString(sum[:]), len(audio), channels, envelope.OAEP
	return nil
}

// sniffOpus looks at the first Ogg page (RFC 3533) for an identification header (RFC 7845, section 5.1).
func sniffOpus(audio []byte) (channels int, found bool) {
	const fixed = 27
	if len(audio) < fixed || !bytes.HasPrefix(audio, []byte("OggS")) {
		return 0, false
	}
	start := fixed + int(audio[26])
	if len(audio) < start+19 || !bytes.HasPrefix(audio[start:], []byte("OpusHead")) {
		return 0, false
	}
	channels = int(audio[start+9])
	return channels, audio[start+8]>>4 == 0 && channels > 0
}

// Place is what the organization knows about the conversation of an upload.
type Place struct {
	Conversation *conversation.Conversation // nil when it does not exist yet
	HasProgram   func(id string) bool
	HasDialect   func(name string) bool
}

// Settle decides an upload whose content is sound.
func Settle(m Metadata, place Place) (State, *Problem) {
	if sa := m.SpeechAnalytics; sa != nil {
		if !place.HasProgram(sa.ProgramID) {
			return Failure, problem(ReasonProgram, "programId %q", clip(sa.ProgramID))
		}
		if !place.HasDialect(sa.Language) {
			return Failure, problem(ReasonLanguage, "language %q", clip(sa.Language))
		}
	}
	if place.Conversation == nil {
		return WaitForConversation, nil
	}
	leg := place.Conversation.Party(m.CommunicationID)
	switch {
	case leg == nil && place.Conversation.Ended():
		return Failure, problem(ReasonCommunication, "communicationId belongs to no party of the conversation")
	case leg == nil:
		return WaitForConversation, nil
	case m.UserID != "" && leg.UserID != m.UserID:
		return Failure, problem(ReasonUser, "userId is not the party's user")
	}
	return Success, nil
}

// clip keeps foreign text short in messages.
func clip(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
