package envelope

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/smallstep/pkcs7"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/recording"
)

// Open is the reverse of Seal, for whoever owns the private key of that id. An archive that Seal
// did not make, or not for this key, gives code Invalid.
func Open(archive []byte, keyID string, private *rsa.PrivateKey) (recording.Segment, []byte, error) {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return recording.Segment{}, nil, notOpened("it is not a ZIP archive")
	}
	description, err := readDescription(reader)
	if err != nil {
		return recording.Segment{}, nil, err
	}
	encrypted, err := readEntry(reader, description.FileName)
	if err != nil {
		return recording.Segment{}, nil, err
	}
	audio, err := Decrypt(encrypted, keyID, private)
	if err != nil {
		return recording.Segment{}, nil, err
	}
	return description.segment(), audio, nil
}

// Decrypt is the reverse of Encrypt.
func Decrypt(encrypted []byte, keyID string, private *rsa.PrivateKey) ([]byte, error) {
	message, err := pkcs7.Parse(encrypted)
	if err != nil {
		return nil, notOpened("the audio is not a CMS message")
	}
	recipient, err := recipientOf(Key{ID: keyID, Public: &private.PublicKey})
	if err != nil {
		return nil, err
	}
	audio, err := message.Decrypt(recipient, crypto.PrivateKey(private))
	if err != nil {
		return nil, notOpened("the audio is encrypted for another key than " + keyID)
	}
	return audio, nil
}

// recipientOf names the owner of a bare key: there is no certificate, so the issuer's common name
// is the key's id.
func recipientOf(key Key) (*x509.Certificate, error) {
	issuer, err := asn1.Marshal(pkix.Name{CommonName: key.ID}.ToRDNSequence())
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "envelope.recipient", err)
	}
	return &x509.Certificate{
		RawIssuer: issuer, SerialNumber: serialOf(key.ID), PublicKey: key.Public, PublicKeyAlgorithm: x509.RSA,
	}, nil
}

func readDescription(archive *zip.Reader) (metadata, error) {
	var m metadata
	for _, file := range archive.File {
		if !strings.HasSuffix(file.Name, metadataSuffix) {
			continue
		}
		text, err := readEntry(archive, file.Name)
		if err != nil {
			return metadata{}, err
		}
		if json.Unmarshal(text, &m) != nil {
			return metadata{}, notOpened("its metadata are not JSON")
		}
		return m, nil
	}
	return metadata{}, notOpened("it has no metadata")
}

func readEntry(archive *zip.Reader, name string) ([]byte, error) {
	entry, err := archive.Open(name)
	if err != nil {
		return nil, notOpened("it has no entry " + name)
	}
	defer entry.Close() //nolint:errcheck // it is only read from
	content, err := io.ReadAll(entry)
	if err != nil {
		return nil, notOpened("the entry " + name + " is damaged")
	}
	return content, nil
}

func (m metadata) segment() recording.Segment {
	s := recording.Segment{
		FileName: m.FileName, ConversationID: m.ConversationID, CommunicationID: m.CommunicationID, UserID: m.UserID, CallUUID: m.CallUUID,
		Start: parseTime(m.StartTime), End: parseTime(m.EndTime),
	}
	if m.SpeechAnalytics != nil {
		s.Speech = &recording.Speech{ProgramID: m.SpeechAnalytics.ProgramID, Language: m.SpeechAnalytics.Language}
	}
	return s
}

func parseTime(text string) time.Time {
	at, err := time.Parse(timeFormat, text)
	if err != nil {
		return time.Time{}
	}
	return at
}

func notOpened(why string) error {
	return fault.New(fault.Invalid, "envelope.open", "the archive cannot be opened: "+why)
}
