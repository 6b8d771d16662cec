package genesys

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
)

// storage is a real server, since the header that goes over the wire is the point.
func storage(t *testing.T, handler http.HandlerFunc) (*Client, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := client(t, (&genesystest.Org{}), func(o *Options) { o.HTTP = &http.Client{Transport: transport} })
	return c, server.URL
}

// The file arrives whole, with the headers that were returned and no others.
func TestPutFile_SendsExactlyWhatItWasTold(t *testing.T) {
	const size = 5 << 20
	var got *http.Request
	sum := ""
	c, url := storage(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.WithoutCancel(r.Context()))
		h := sha256.New()
		if _, err := io.Copy(h, r.Body); err != nil {
			w.WriteHeader(500)
		}
		sum = hex.EncodeToString(h.Sum(nil))
	})
	want := sha256.New()
	file := io.TeeReader(io.LimitReader(rand.Reader, size), want)
	headers := map[string]string{"x-amz-server-side-encryption": "AES256", "Content-MD5": "bWQ1", "content-type": "application/zip", "Host": "bucket.example.com", "Content-Length": "12"}
	require.NoError(t, c.PutFile(t.Context(), Presigned{URL: url + "/f?X-Amz-Signature=s", Headers: headers}, file, size))
	require.Equal(t, hex.EncodeToString(want.Sum(nil)), sum)
	require.Equal(t, http.MethodPut, got.Method)
	require.Equal(t, "bucket.example.com", got.Host)
	require.Equal(t, "X-Amz-Signature=s", got.URL.RawQuery)
	require.EqualValues(t, size, got.ContentLength)
	require.Empty(t, got.TransferEncoding)
	got.Header.Del("Content-Length")
	require.Equal(t, http.Header{
		"X-Amz-Server-Side-Encryption": {"AES256"}, "Content-Md5": {"bWQ1"}, "Content-Type": {"application/zip"}, "Accept-Encoding": {"identity"},
	}, got.Header)
}

// What an answer of the storage means.
func TestPutFile_ClassifiesTheAnswer(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		code   fault.Code
		text   string
	}{
		"created":   {201, "", "", ""},
		"expired":   {403, `<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>`, fault.Forbidden, "AccessDenied"},
		"bad md5":   {400, `<Error><Code>BadDigest</Code></Error>`, fault.Invalid, "BadDigest"},
		"slow down": {503, `<Error><Code>SlowDown</Code></Error>`, fault.Unavailable, "SlowDown"},
		"too large": {413, `nope`, fault.TooLarge, "413"},
		"redirect":  {307, "", fault.Internal, "307"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			calls := 0
			c, url := storage(t, func(w http.ResponseWriter, r *http.Request) {
				calls++
				_, _ = io.Copy(io.Discard, r.Body)
				w.Header().Set("Location", "/elsewhere")
				genesystest.Answer(w, tt.status, tt.body)
			})
			err := c.PutFile(t.Context(), Presigned{URL: url}, strings.NewReader("data"), 4)
			require.Equal(t, tt.code, fault.CodeOf(err))
			require.Equal(t, 1, calls)
			if tt.text != "" {
				require.ErrorContains(t, err, tt.text)
			}
			require.Equal(t, name == "expired", fault.Hint(err) != "")
		})
	}
}

// Nothing is sent to a place that is no web server, nor a file of unknown size.
func TestPutFile_RefusesWhatItCannotSend(t *testing.T) {
	c := client(t, (&genesystest.Org{API: func(http.ResponseWriter, *http.Request) { t.Error("sent") }}))
	for _, url := range []string{"", "file:///etc/passwd", "ftp://example.com/x", "//example.com/x", "https://user:pw@example.com/x", "https:///x", "http://exa mple/", "gopher://x"} {
		err := c.PutFile(t.Context(), Presigned{URL: url}, strings.NewReader("x"), 1)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), url)
	}
	for _, size := range []int64{0, -1} {
		err := c.PutFile(t.Context(), Presigned{URL: "https://example.com/x"}, strings.NewReader("x"), size)
		require.Equal(t, fault.Invalid, fault.CodeOf(err))
	}
}

// A storage that does not answer is left when the time is up, and the file is the caller's again.
func TestPutFile_IsBounded(t *testing.T) {
	c, url := storage(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	c.uploadTimeout = 100 * time.Millisecond
	err := c.PutFile(t.Context(), Presigned{URL: url}, strings.NewReader("data"), 4)
	require.Equal(t, fault.Timeout, fault.CodeOf(err))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = c.PutFile(ctx, Presigned{URL: url}, strings.NewReader("data"), 4)
	require.Equal(t, fault.Canceled, fault.CodeOf(err))
}

// The body is not read after the end, even when the storage answers without reading it.
func TestPutFile_DoesNotReadAfterItsEnd(t *testing.T) {
	c, url := storage(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	file := bytes.NewReader(make([]byte, 64<<20))
	require.Error(t, c.PutFile(t.Context(), Presigned{URL: url}, file, file.Size()))
	_, err := file.Seek(0, io.SeekStart) // a race, if it were still read
	require.NoError(t, err)

	g := &guardedReader{from: file}
	g.stop()
	_, err = g.Read(make([]byte, 1))
	require.ErrorIs(t, err, errStopped)
}
