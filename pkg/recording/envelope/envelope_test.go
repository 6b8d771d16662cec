package envelope_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/recording/envelope"
)

const keyID = "8b8a3d07-6f0b-4a3e-9f6e-0d5a4c1c9a10"

func newKey(t *testing.T) (envelope.Key, *rsa.PrivateKey) {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 3072)
	require.NoError(t, err)
	key, err := envelope.ParseKey(keyID, base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&private.PublicKey)))
	require.NoError(t, err)
	return key, private
}

func sample() recording.Segment {
	start := time.Date(2026, 11, 20, 10, 0, 0, 250e6, time.UTC)
	return recording.Segment{
		FileName: "00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D.opus", ConversationID: "c", CommunicationID: "a", UserID: "u",
		CallUUID: "00U3MCI8QO8ER0B5A60AHG5AES000001", Start: start, End: start.Add(12 * time.Second), Speech: &recording.Speech{ProgramID: "p", Language: "de-DE"},
	}
}

func entries(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	found := map[string][]byte{}
	for _, file := range reader.File {
		entry, err := file.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(entry)
		require.NoError(t, err)
		require.NoError(t, entry.Close())
		found[file.Name] = content
	}
	return found
}

// decrypt opens the envelope with another implementation than the one that made it.
func decrypt(t *testing.T, encrypted []byte, private *rsa.PrivateKey) []byte {
	t.Helper()
	_, err := exec.LookPath("openssl")
	require.NoError(t, err, "install it: make setup")
	dir := t.TempDir()
	keyFile, in, out := filepath.Join(dir, "key.pem"), filepath.Join(dir, "in.der"), filepath.Join(dir, "out")
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	require.NoError(t, os.WriteFile(keyFile, block, 0o600))
	require.NoError(t, os.WriteFile(in, encrypted, 0o600))
	command := exec.CommandContext(t.Context(), "openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", in, "-inkey", keyFile, "-out", out)
	output, err := command.CombinedOutput()
	require.NoError(t, err, string(output))
	plain, err := os.ReadFile(out)
	require.NoError(t, err)
	return plain
}

// ledger: E-EXRP-007, E-EXRP-008
func TestTheZIPHoldsTheEncryptedAudioAndItsMetadata(t *testing.T) {
	key, private := newKey(t)
	audio := bytes.Repeat([]byte("OggS and more "), 5000)
	archive, err := envelope.Seal(sample(), audio, key)
	require.NoError(t, err)

	found := entries(t, archive)
	require.Len(t, found, 2)
	encrypted := found[sample().FileName]
	require.NotContains(t, string(encrypted), "OggS")
	require.True(t, bytes.Equal(audio, decrypt(t, encrypted, private)), "decrypted audio differs")

	var description map[string]any
	require.NoError(t, json.Unmarshal(found["00U3MCI8QO8ER0B5A60AHG5AES000001_2026-11-20_10-00-00-0A0B0C0D_metadata.json"], &description))
	require.Equal(t, map[string]any{
		"conversationId": "c", "communicationId": "a", "userId": "u", "callUUID": "00U3MCI8QO8ER0B5A60AHG5AES000001",
		"startTime": "2026-11-20T10:00:00.250Z", "endTime": "2026-11-20T10:00:12.250Z", "mediaType": "audio/opus",
		"fileName": sample().FileName, "encryptionKeyId": keyID,
		"speechAnalytics": map[string]any{"programId": "p", "language": "de-DE"},
	}, description)
}

func TestNoSpeechAnalyticsLeavesNoTrace(t *testing.T) {
	key, _ := newKey(t)
	segment := sample()
	segment.Speech, segment.UserID = nil, ""
	archive, err := envelope.Seal(segment, []byte("OggS"), key)
	require.NoError(t, err)
	for name, content := range entries(t, archive) {
		if strings.HasSuffix(name, ".json") {
			require.NotContains(t, string(content), "speechAnalytics")
			require.NotContains(t, string(content), "userId")
		}
	}
}

func TestKeysComeAsPKCS1OrPKIX(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 3072)
	require.NoError(t, err)
	pkix, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	require.NoError(t, err)
	for name, der := range map[string][]byte{"PKCS#1": x509.MarshalPKCS1PublicKey(&private.PublicKey), "PKIX": pkix} {
		t.Run(name, func(t *testing.T) {
			text := base64.StdEncoding.EncodeToString(der)
			key, err := envelope.ParseKey(keyID, text[:60]+"\n"+text[60:])
			require.NoError(t, err)
			require.True(t, key.Public.Equal(&private.PublicKey))
		})
	}
}

func TestABadKeyIsRefusedByItsIDAndWithoutItsContent(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, keydata := range map[string]string{
		"not base64":  "%%%",
		"not a key":   base64.StdEncoding.EncodeToString([]byte("hello")),
		"a short key": base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&weak.PublicKey)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := envelope.ParseKey(keyID, keydata)
			require.ErrorContains(t, err, keyID)
			require.NotContains(t, err.Error(), keydata)
			require.Equal(t, fault.Invalid, fault.CodeOf(err))
		})
	}
}

func TestWhatIsSealedCanBeOpenedByTheKeysOwnerOnly(t *testing.T) {
	key, private := newKey(t)
	archive, err := envelope.Seal(sample(), []byte("OggS"), key)
	require.NoError(t, err)
	segment, audio, err := envelope.Open(archive, keyID, private)
	require.NoError(t, err)
	require.Equal(t, sample(), segment)
	require.Equal(t, "OggS", string(audio))

	_, stranger := newKey(t)
	_, _, err = envelope.Open(archive, keyID, stranger)
	require.Equal(t, fault.Invalid, fault.CodeOf(err))
	for _, damaged := range [][]byte{nil, []byte("PK"), archive[:len(archive)/2]} {
		_, _, err = envelope.Open(damaged, keyID, private)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	}
}
