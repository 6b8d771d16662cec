package org_test

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/org/conversation"
	"engage.connector/services/lab/org/upload"
)

// script builds the events of one conversation, each a second after the one before.
type script struct {
	b            *bench
	conversation string
	at           time.Time
	batch        map[string][]map[string]any
}

func (b *bench) script() *script {
	return &script{b: b, conversation: newID(), at: start, batch: map[string][]map[string]any{}}
}

func (s *script) add(array string, fields map[string]any) map[string]any {
	s.at = s.at.Add(time.Second)
	event := map[string]any{"eventId": newID(), "eventDateTime": stamp(s.at), "conversationId": s.conversation}
	maps.Copy(event, fields)
	s.batch[array] = append(s.batch[array], event)
	return event
}

func (s *script) established(array, leg string, initial, extra map[string]any) map[string]any {
	fields := map[string]any{
		"communicationId": leg, "initialConfiguration": initial,
		"sourceConfiguration": map[string]any{"sourceId": s.b.source, "interactionId": "00U3MCI8QO8ER0B5", "tagId": "00U3MCI8QO8ER0B5"},
	}
	maps.Copy(fields, extra)
	return s.add(array, fields)
}

// send posts what was collected and returns the errors.
func (s *script) send() []map[string]any {
	s.b.t.Helper()
	body := s.b.ok(http.MethodPost, "/api/v2/events/conversations", s.batch)
	s.batch = map[string][]map[string]any{}
	list, _ := body["errors"].([]any)
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i], _ = list[i].(map[string]any)
	}
	return out
}

// legs are the communications of the inbound flow.
type legs struct{ x, ivr, queue, agent string }

// inbound plays facts 3.7, flow 1: inbound to IVR, queue and agent, with hold and disposition.
func (s *script) inbound(queueID, userID, codeID string) legs {
	l := legs{x: newID(), ivr: newID(), queue: newID(), agent: newID()}
	toQueue, toUser := newID(), newID()
	s.established("externalEstablishedEvents", l.x, map[string]any{"inbound": true}, map[string]any{"ani": "+15551230000"})
	s.established("ivrEstablishedEvents", l.ivr, map[string]any{"inbound": true, "invitedBy": l.x}, map[string]any{"ivrName": "9001"})
	s.add("routingTransferEvents", map[string]any{"transferType": "Unattended", "commandId": toQueue,
		"initiatingCommunicationId": l.ivr, "targetCommunicationId": l.ivr, "objectCommunicationId": l.x, "destinationQueueId": queueID})
	s.established("routingEstablishedEvents", l.queue, map[string]any{"inbound": true}, map[string]any{"queueId": queueID})
	s.add("progressTransferEvents", map[string]any{"commandId": toQueue, "objectCommunicationId": l.x, "destinationCommunicationId": l.queue})
	s.add("communicationEndedEvents", map[string]any{"communicationId": l.ivr, "disconnectType": "TransferACD"})
	s.add("endTransferEvents", map[string]any{"commandId": toQueue, "finalState": "Completed", "objectCommunicationId": l.x})
	s.add("userTransferEvents", map[string]any{"transferType": "Unattended", "commandId": toUser,
		"initiatingCommunicationId": l.queue, "targetCommunicationId": l.queue, "objectCommunicationId": l.x, "destinationUserId": userID})
	s.established("userEstablishedEvents", l.agent, map[string]any{"inbound": true, "alerting": true},
		map[string]any{"userId": userID, "afterCallWorkRequired": true})
	s.add("progressTransferEvents", map[string]any{"commandId": toUser, "objectCommunicationId": l.x, "destinationCommunicationId": l.agent})
	s.add("communicationAnsweredEvents", map[string]any{"communicationId": l.agent})
	s.add("communicationEndedEvents", map[string]any{"communicationId": l.queue, "disconnectType": "TransferUser"})
	s.add("endTransferEvents", map[string]any{"commandId": toUser, "finalState": "Completed", "objectCommunicationId": l.x})
	s.add("holdUpdatedEvents", map[string]any{"communicationId": l.agent, "held": true})
	s.add("holdUpdatedEvents", map[string]any{"communicationId": l.agent, "held": false})
	s.add("communicationEndedEvents", map[string]any{"communicationId": l.x, "disconnectType": "Self"})
	s.add("communicationEndedEvents", map[string]any{"communicationId": l.agent, "disconnectType": "Peer"})
	s.add("communicationDispositionAppliedEvents", map[string]any{"communicationId": l.agent, "code": codeID})
	return l
}

func TestInboundCallThroughQueueToAgent(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	user, queue, code := b.user("ann"), b.queue("Sales"), b.code("Sold")
	s := b.script()
	l := s.inbound(queue, user, code)
	require.Empty(t, s.send())

	snap := b.org.Snapshot()
	require.Len(t, snap.Conversations, 1)
	conv := snap.Conversations[0]
	require.Equal(t, "00U3MCI8QO8ER0B5", conv.InteractionID)
	require.Equal(t, "00U3MCI8QO8ER0B5", conv.ExternalTag)
	require.True(t, conv.Ended())
	require.Len(t, conv.Parties, 4)
	agent := conv.Party(l.agent)
	require.Equal(t, conversation.Agent, agent.Purpose)
	require.Equal(t, user, agent.UserID)
	require.Equal(t, code, agent.WrapupCode)
	require.Len(t, agent.Holds, 1)
	require.Equal(t, time.Second, agent.Holds[0].End.Sub(agent.Holds[0].Start))
	require.Equal(t, "TransferUser", conv.Party(l.queue).DisconnectType)
	require.Len(t, conv.Transfers, 2)
	for _, tr := range conv.Transfers {
		require.Equal(t, "Completed", tr.FinalState)
	}
	require.Equal(t, 18, snap.Counters.EventsAccepted)
	require.Zero(t, snap.Counters.EventsRepeated)

	view := b.ok(http.MethodGet, "/api/v2/conversations/"+conv.ID, nil)
	require.Equal(t, "disconnected", view["state"])
	require.Len(t, view["participants"], 4)
	b.do(http.MethodGet, "/api/v2/conversations/"+newID(), nil).fails(404, "not.found")
}

// opus is the start of an Ogg Opus file, enough to be recognised.
func opus(size int) []byte {
	page := append([]byte("OggS"), make([]byte, 22)...)
	page = append(page, 1, 19)
	page = append(page, []byte("OpusHead")...)
	page = append(page, 1, 2, 0x38, 1, 0x40, 0x1f, 0, 0, 0, 0, 0)
	filler := make([]byte, size)
	_, _ = rand.Read(filler)
	return append(page, filler...)
}

// certificate wraps a public key, because the writers name recipients by certificate.
func certificate(t *testing.T, public *rsa.PublicKey) *x509.Certificate {
	t.Helper()
	signer, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func withSmallstep(t *testing.T, cert *x509.Certificate, audio []byte) []byte {
	t.Helper()
	pkcs7.ContentEncryptionAlgorithm = pkcs7.EncryptionAlgorithmAES256CBC
	out, err := pkcs7.Encrypt(audio, []*x509.Certificate{cert})
	require.NoError(t, err)
	return out
}

func withOpenSSL(t *testing.T, cert *x509.Certificate, audio []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out, pemFile := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "c.pem")
	require.NoError(t, os.WriteFile(in, audio, 0o600))
	require.NoError(t, os.WriteFile(pemFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), 0o600))
	path, err := exec.LookPath("openssl")
	require.NoError(t, err, "openssl is missing, install it: make setup")
	cmd := exec.CommandContext(t.Context(), path, "cms", "-encrypt", "-binary", "-stream", "-aes-256-cbc",
		"-in", in, "-out", out, "-outform", "DER", "-recip", pemFile, "-keyopt", "rsa_padding_mode:oaep")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	enveloped, err := os.ReadFile(out)
	require.NoError(t, err)
	return enveloped
}

// currentKey reads the recording key as a client does.
func (b *bench) currentKey() (string, *rsa.PublicKey) {
	b.t.Helper()
	key := b.entities("/api/v2/recording/recordingkeys")[0]
	der, err := base64.StdEncoding.DecodeString(text(key["keydataSummary"]))
	require.NoError(b.t, err)
	public, err := x509.ParsePKCS1PublicKey(der)
	require.NoError(b.t, err)
	return text(key["id"]), public
}

func archive(t *testing.T, entries map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range entries {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = f.Write(content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// presign asks for a URL and returns the PUT it allows.
func (b *bench) presign(fileName string, body []byte) *http.Request {
	b.t.Helper()
	sum := md5.Sum(body)
	target := b.ok(http.MethodPost, "/api/v2/uploads/recordings", map[string]any{
		"fileName": fileName, "contentMd5": base64.StdEncoding.EncodeToString(sum[:]), "contentType": "application/zip",
	})
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPut, text(target["url"]), bytes.NewReader(body))
	require.NoError(b.t, err)
	headers, _ := target["headers"].(map[string]any)
	require.NotEmpty(b.t, headers)
	for name, value := range headers {
		req.Header.Set(name, text(value))
	}
	return req
}

func (b *bench) put(fileName string, body []byte) org.Recording {
	b.t.Helper()
	a := b.send(b.presign(fileName, body))
	require.Equal(b.t, http.StatusOK, a.status, string(a.body))
	for _, r := range b.org.Snapshot().Recordings {
		if r.FileName == fileName {
			return r
		}
	}
	b.t.Fatalf("no recording %s", fileName)
	return org.Recording{}
}

// metadata is sound metadata for a leg.
func (b *bench) metadata(conversationID, leg, user, keyID string) upload.Metadata {
	return upload.Metadata{
		ConversationID: conversationID, CommunicationID: leg, UserID: user, StartTime: stamp(start), EndTime: stamp(start.Add(time.Minute)),
		MediaType: upload.MediaType, FileName: "call.opus", KeyID: keyID, CallUUID: "00U3MCI8QO8ER0B5",
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return out
}

func TestRecordingIsDecryptedAndMatched(t *testing.T) {
	for name, encrypt := range map[string]func(*testing.T, *x509.Certificate, []byte) []byte{
		"smallstep": withSmallstep, "openssl": withOpenSSL,
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.makeSource()
			user, queue, code := b.user("ann"), b.queue("Sales"), b.code("Sold")
			s := b.script()
			l := s.inbound(queue, user, code)
			require.Empty(t, s.send())
			keyID, public := b.currentKey()
			audio := opus(50_000)
			sum := sha256.Sum256(audio)
			rec := b.put("one.zip", archive(t, map[string][]byte{
				"call.opus": encrypt(t, certificate(t, public), audio),
				"call.json": asJSON(t, b.metadata(s.conversation, l.agent, user, keyID)),
			}))
			require.Equal(t, upload.Success, rec.State, rec.Detail)
			require.Equal(t, hex.EncodeToString(sum[:]), rec.AudioSHA256)
			require.Equal(t, len(audio), rec.AudioBytes)
			require.Equal(t, 2, rec.Channels)
		})
	}
}
