package org_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/org/upload"
)

const presignPath = "/api/v2/uploads/recordings"

func TestUploadRequestRules(t *testing.T) {
	b := newBench(t)
	rows := map[string]struct {
		body map[string]any
		code string
	}{
		"leading dot":     {map[string]any{"fileName": ".x.zip"}, "constraint.validation"},
		"trailing slash":  {map[string]any{"fileName": "x/"}, "constraint.validation"},
		"blank":           {map[string]any{"fileName": "a b.zip"}, "constraint.validation"},
		"tab":             {map[string]any{"fileName": "a\tb.zip"}, "constraint.validation"},
		"81 characters":   {map[string]any{"fileName": strings.Repeat("x", 77) + ".zip"}, "constraint.validation"},
		"timeout 0":       {map[string]any{"signedUrlTimeoutSeconds": 0}, "constraint.validation"},
		"timeout too big": {map[string]any{"signedUrlTimeoutSeconds": 604_801}, "constraint.validation"},
		"encryption":      {map[string]any{"serverSideEncryption": "aws:kms"}, "invalid.value"},
		"md5":             {map[string]any{"contentMd5": "abc"}, "constraint.validation"},
		"md5 in hex":      {map[string]any{"contentMd5": strings.Repeat("ab", 16)}, "constraint.validation"},
		"unknown":         {map[string]any{"filename": "x"}, "invalid.property"},
	}
	for _, c := range `\{^}%` + "`" + `]">[~<#|` {
		rows["character "+string(c)] = struct {
			body map[string]any
			code string
		}{map[string]any{"fileName": "a" + string(c) + "b"}, "constraint.validation"}
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			a := b.do(http.MethodPost, presignPath, row.body)
			a.t = t
			a.fails(400, row.code)
		})
	}
	b.ok(http.MethodPost, presignPath, map[string]any{"fileName": strings.Repeat("x", 76) + ".zip", "signedUrlTimeoutSeconds": 604_800})
	b.ok(http.MethodPost, presignPath, map[string]any{})
}

func TestPresignedPutIsGuarded(t *testing.T) {
	b := newBench(t)
	body := []byte("PK")
	rows := map[string]struct {
		change func(r *http.Request)
		status int
		code   string
	}{
		"as told":           {func(*http.Request) {}, 200, ""},
		"header missing":    {func(r *http.Request) { r.Header.Del("x-amz-tagging") }, 403, "SignatureDoesNotMatch"},
		"header changed":    {func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 403, "SignatureDoesNotMatch"},
		"with bearer token": {func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 400, "InvalidArgument"},
		"other signature": {func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Signature=", "Signature=0", 1)
		}, 403, "SignatureDoesNotMatch"},
		"later expiry": {func(r *http.Request) {
			r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "Expires=1", "Expires=2", 1)
		}, 403, "SignatureDoesNotMatch"},
		"other key":   {func(r *http.Request) { r.URL.Path += "x" }, 403, "AccessDenied"},
		"other bytes": {func(r *http.Request) { r.Body = http.NoBody; r.ContentLength = 0 }, 400, "BadDigest"},
		"no length":   {func(r *http.Request) { r.ContentLength = -1 }, 411, "MissingContentLength"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			req := b.presign("x.zip", body)
			row.change(req)
			a := b.send(req)
			require.Equal(t, row.status, a.status, string(a.body))
			require.Contains(t, string(a.body), row.code)
		})
	}
	req := b.presign("late.zip", body)
	b.clock.advance(600 * time.Second)
	a := b.send(req)
	require.Equal(t, 403, a.status)
	require.Contains(t, string(a.body), "Request has expired")
}

func TestUploadSinkCanFail(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.UploadFailEvery = 2 })
	require.Equal(t, 200, b.send(b.presign("a.zip", []byte("x"))).status)
	require.Equal(t, 503, b.send(b.presign("a.zip", []byte("x"))).status)
}

// TestUploadVerdicts has a row for every reason of failure.
func TestUploadVerdicts(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	user := b.user("ann")
	s := b.script()
	l := s.inbound(b.queue("Sales"), user, b.code("Sold"))
	require.Empty(t, s.send())
	keyID, public := b.currentKey()
	cert := certificate(t, public)
	sound := withSmallstep(t, cert, opus(1000))
	good := func(change func(m *upload.Metadata)) upload.Metadata {
		m := b.metadata(s.conversation, l.agent, user, keyID)
		change(&m)
		return m
	}
	pack := func(audio []byte, change func(m *upload.Metadata)) []byte {
		return archive(t, map[string][]byte{"call.opus": audio, "call.json": asJSON(t, good(change))})
	}
	keep := func(*upload.Metadata) {}
	rows := map[string]struct {
		zip    []byte
		reason upload.Reason
	}{
		"sound":           {pack(sound, keep), ""},
		"no zip":          {[]byte("RIFF"), upload.ReasonZIP},
		"one entry":       {archive(t, map[string][]byte{"call.json": nil}), upload.ReasonEntries},
		"three entries":   {archive(t, map[string][]byte{"a": nil, "b": nil, "c.json": nil}), upload.ReasonEntries},
		"two audio files": {archive(t, map[string][]byte{"a": nil, "b": nil}), upload.ReasonEntries},
		"in a folder":     {archive(t, map[string][]byte{"x/call.opus": nil, "call.json": nil}), upload.ReasonEntries},
		"large metadata": {archive(t, map[string][]byte{"call.opus": nil, "call.json": bytes.Repeat([]byte(" "), upload.MaxMetadata+1)}),
			upload.ReasonSize},
		"no JSON":       {archive(t, map[string][]byte{"call.opus": sound, "call.json": []byte("{")}), upload.ReasonMetadata},
		"unknown field": {archive(t, map[string][]byte{"call.opus": sound, "call.json": []byte(`{"x":1}`)}), upload.ReasonMetadata},
		"two objects": {archive(t, map[string][]byte{"call.opus": sound, "call.json": append(asJSON(t, good(keep)), '{', '}')}),
			upload.ReasonMetadata},
		"conversation id":       {pack(sound, func(m *upload.Metadata) { m.ConversationID = "x" }), upload.ReasonMetadata},
		"no call id":            {pack(sound, func(m *upload.Metadata) { m.CallUUID = "" }), upload.ReasonMetadata},
		"no key id":             {pack(sound, func(m *upload.Metadata) { m.KeyID = "" }), upload.ReasonMetadata},
		"other file name":       {pack(sound, func(m *upload.Metadata) { m.FileName = "x.opus" }), upload.ReasonFileName},
		"media type":            {pack(sound, func(m *upload.Metadata) { m.MediaType = "audio/ogg" }), upload.ReasonMediaType},
		"start without ms":      {pack(sound, func(m *upload.Metadata) { m.StartTime = "yesterday" }), upload.ReasonTimes},
		"end":                   {pack(sound, func(m *upload.Metadata) { m.EndTime = "" }), upload.ReasonTimes},
		"end before start":      {pack(sound, func(m *upload.Metadata) { m.EndTime = m.StartTime }), upload.ReasonTimes},
		"unknown key":           {pack(sound, func(m *upload.Metadata) { m.KeyID = newID() }), upload.ReasonKey},
		"not encrypted":         {pack(opus(100), keep), upload.ReasonEnvelope},
		"for another recipient": {pack(withSmallstep(t, certificate(t, &otherKey().PublicKey), opus(10)), keep), upload.ReasonDecrypt},
		"not opus":              {pack(withSmallstep(t, cert, []byte("RIFF WAVE")), keep), upload.ReasonAudio},
		"other leg":             {pack(sound, func(m *upload.Metadata) { m.CommunicationID = newID() }), upload.ReasonCommunication},
		"other user":            {pack(sound, func(m *upload.Metadata) { m.UserID = newID() }), upload.ReasonUser},
		"unknown program": {pack(sound, func(m *upload.Metadata) {
			m.SpeechAnalytics = &upload.Analytics{ProgramID: newID(), Language: "en-US"}
		}), upload.ReasonProgram},
		"unknown language": {pack(sound, func(m *upload.Metadata) {
			m.SpeechAnalytics = &upload.Analytics{ProgramID: text(b.entities("/api/v2/speechandtextanalytics/programs")[0]["id"]), Language: "xx"}
		}), upload.ReasonLanguage},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			rec := b.put(strings.ReplaceAll(name, " ", "-")+".zip", row.zip)
			require.Equal(t, string(row.reason), rec.Reason, rec.Detail)
			if row.reason == "" {
				require.Equal(t, upload.Success, rec.State)
				return
			}
			require.Equal(t, upload.Failure, rec.State)
			require.NotEmpty(t, rec.Detail)
		})
	}
}

func TestUploadWaitsForItsConversation(t *testing.T) {
	b := newBench(t)
	b.makeSource()
	user, queue, code := b.user("ann"), b.queue("Sales"), b.code("Sold")
	keyID, public := b.currentKey()
	sound := withSmallstep(t, certificate(t, public), opus(1000))
	s := b.script()
	l := s.inbound(queue, user, code)
	pack := func(leg string) []byte {
		return archive(t, map[string][]byte{"call.opus": sound, "m.json": asJSON(t, b.metadata(s.conversation, leg, "", keyID))})
	}
	require.Equal(t, upload.WaitForConversation, b.put("good.zip", pack(l.agent)).State)
	require.Equal(t, upload.WaitForConversation, b.put("lost.zip", pack(newID())).State)
	all := s.batch
	s.batch = map[string][]map[string]any{"externalEstablishedEvents": all["externalEstablishedEvents"]}
	require.Empty(t, s.send())
	for _, r := range b.org.Snapshot().Recordings {
		require.Equal(t, upload.WaitForConversation, r.State, "the leg may still come")
	}
	delete(all, "externalEstablishedEvents")
	s.batch = all
	require.Empty(t, s.send())
	for _, r := range b.org.Snapshot().Recordings {
		want := map[string]upload.State{"good.zip": upload.Success, "lost.zip": upload.Failure}
		require.Equal(t, want[r.FileName], r.State)
	}
}

func TestUploadReport(t *testing.T) {
	const reports = "/api/v2/recording/uploads/reports"
	b := newBench(t, func(o *org.Options) { o.Knobs.UploadDelayMS = 5000 })
	b.put("early.zip", []byte("x"))
	b.clock.advance(time.Minute)
	since := b.clock.now()
	b.put("late.zip", []byte("x"))
	read := func(status string) upload.Report {
		created := b.do(http.MethodPost, reports, map[string]any{"dateSince": stamp(since), "uploadStatus": status})
		require.Equal(t, 202, created.status)
		require.Equal(t, "InProgress", created.object()["state"])
		done := b.ok(http.MethodGet, reports+"/"+text(created.object()["id"]), nil)
		require.Equal(t, "Completed", done["state"])
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, text(done["signedUrl"]), nil)
		require.NoError(t, err)
		var out upload.Report
		require.NoError(t, json.Unmarshal(b.send(req).body, &out))
		return out
	}
	require.Len(t, read("Pending").Uploads, 1)
	require.Empty(t, read("Failure").Uploads)
	b.clock.advance(5 * time.Second)
	failed := read("Failure").Uploads
	require.Len(t, failed, 1)
	require.Equal(t, "late.zip", failed[0].FileName)
	require.Equal(t, "not_a_zip", failed[0].Reason)
	b.do(http.MethodPost, reports, map[string]any{}).fails(400, "invalid.date")
	b.do(http.MethodPost, reports, map[string]any{"dateSince": stamp(since), "uploadStatus": "Lost"}).fails(400, "invalid.value")
	b.do(http.MethodGet, reports+"/"+newID(), nil).fails(404, "not.found")
	unsigned, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/uploads/reports/"+newID(), nil)
	require.NoError(t, err)
	require.Equal(t, 403, b.send(unsigned).status)
}

func TestRecordingKeys(t *testing.T) {
	b := newBench(t, func(o *org.Options) { o.Knobs.KeyRotationSeconds = 3600 })
	first, public := b.currentKey()
	require.Equal(t, 3072, public.N.BitLen())
	again, _ := b.currentKey()
	require.Equal(t, first, again)
	b.clock.advance(time.Minute)
	second := b.org.AddKey(otherKey())
	list := b.entities("/api/v2/recording/recordingkeys")
	require.Equal(t, second, list[0]["id"], "the newest first")
	require.Equal(t, first, list[1]["id"], "old keys stay")
	require.Equal(t, "Native", list[0]["keyConfigurationType"])
	_, err := base64.StdEncoding.DecodeString(text(list[0]["keydataSummary"]))
	require.NoError(t, err)
	b.clock.advance(time.Hour)
	require.Len(t, b.entities("/api/v2/recording/recordingkeys"), 3)
	b.ok(http.MethodPost, "/api/v2/recording/recordingkeys", nil)
	b.ok(http.MethodPost, "/lab/v1/org/keys/rotate", nil)
	require.Len(t, b.entities("/api/v2/recording/recordingkeys"), 5)
	require.Equal(t, 204, b.do(http.MethodPost, "/lab/v1/org/tokens/revoke", nil).status)
	b.do(http.MethodGet, "/api/v2/recording/recordingkeys", nil).fails(401, "bad.credentials")
}
