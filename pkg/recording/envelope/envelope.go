// Package envelope turns a recording into what the EX org takes: a ZIP with the encrypted audio and
// its metadata, and opens it again. It is pure.
package envelope

import (
	"archive/zip"
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"time"

	"github.com/smallstep/pkcs7"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/recording"
)

// minKeyBits is what the org's keys must have at least; the documented ones are RSA-3072.
const minKeyBits = 2048

// Key is the org's current recording key.
type Key struct {
	ID     string // id of the key in the org, which names the private key to decrypt with
	Public *rsa.PublicKey
}

// ParseKey reads an EncryptionKey's keydataSummary: base64 of a DER PKCS#1 RSAPublicKey, or, as a
// fall-back, of a PKIX SubjectPublicKeyInfo. It returns an error with code Invalid.
func ParseKey(id, keydata string) (Key, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(keydata), ""))
	if err != nil {
		return Key{}, fault.Newf(fault.Invalid, "envelope.key", "recording key %s is not base64", id)
	}
	public, err := x509.ParsePKCS1PublicKey(der)
	if err != nil {
		public, err = parsePKIX(der)
	}
	if err != nil {
		return Key{}, fault.Newf(fault.Invalid, "envelope.key", "recording key %s is no RSA public key", id)
	}
	if bits := public.N.BitLen(); bits < minKeyBits {
		return Key{}, fault.Newf(fault.Invalid, "envelope.key", "recording key %s has %d bits, at least %d are needed", id, bits, minKeyBits)
	}
	return Key{ID: id, Public: public}, nil
}

func parsePKIX(der []byte) (*rsa.PublicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, fault.New(fault.Invalid, "envelope.key", "not RSA")
	}
	return public, nil
}

// Seal encrypts the audio for the key and packs it with its metadata. The result is the ZIP.
func Seal(segment recording.Segment, audio []byte, key Key) ([]byte, error) {
	encrypted, err := Encrypt(audio, key)
	if err != nil {
		return nil, err
	}
	description, err := json.Marshal(describe(segment, key))
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "envelope.seal", err)
	}
	var archive bytes.Buffer
	archive.Grow(len(encrypted) + len(description) + 512)
	writer := zip.NewWriter(&archive)
	// Ciphertext does not compress.
	if err := addEntry(writer, segment.FileName, encrypted, segment.End); err != nil {
		return nil, err
	}
	if err := addEntry(writer, metadataName(segment.FileName), description, segment.End); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, fault.Wrap(fault.Internal, "envelope.seal", err)
	}
	return archive.Bytes(), nil
}

func addEntry(writer *zip.Writer, name string, content []byte, modified time.Time) error {
	entry, err := writer.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: modified.UTC()})
	if err == nil {
		_, err = entry.Write(content)
	}
	if err != nil {
		return fault.Wrap(fault.Internal, "envelope.seal", err)
	}
	return nil
}

func describe(s recording.Segment, key Key) metadata {
	description := metadata{
		ConversationID: s.ConversationID, CommunicationID: s.CommunicationID, UserID: s.UserID, CallUUID: s.CallUUID,
		StartTime: formatTime(s.Start), EndTime: formatTime(s.End),
		MediaType: recording.MediaType, FileName: s.FileName, EncryptionKeyID: key.ID,
	}
	if s.Speech != nil {
		description.SpeechAnalytics = &speechAnalytics{ProgramID: s.Speech.ProgramID, Language: s.Speech.Language}
	}
	return description
}

func metadataName(fileName string) string {
	base, _, _ := strings.Cut(fileName, ".")
	return base + metadataSuffix
}

// useAES sets the library's package-wide cipher, whose default is DES, once for the process.
//
//nolint:gochecknoglobals // the library keeps its cipher in a global, it is set in one place
var useAES = sync.OnceFunc(func() {
	pkcs7.ContentEncryptionAlgorithm = pkcs7.EncryptionAlgorithmAES256CBC
})

// Encrypt returns a DER CMS EnvelopedData of the audio that only the key's owner can open.
func Encrypt(audio []byte, key Key) ([]byte, error) {
	useAES()
	recipient, err := recipientOf(key)
	if err != nil {
		return nil, err
	}
	encrypted, err := pkcs7.Encrypt(audio, []*x509.Certificate{recipient})
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "envelope.encrypt", err)
	}
	return encrypted, nil
}

// serialOf derives a positive serial number from the key's id.
func serialOf(id string) *big.Int {
	sum := sha256.Sum256([]byte(id))
	return new(big.Int).SetBytes(sum[:8])
}
