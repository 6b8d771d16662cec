package webdav_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/recording-provider/webdav"
)

func storage(t *testing.T, handler http.HandlerFunc) *webdav.Storage {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s, err := webdav.New(webdav.Options{URL: server.URL + "/recordings", Username: "mcp", Password: "secret", MaxBytes: 1000})
	require.NoError(t, err)
	return s
}

// ledger: E-EXRP-006, E-EXRP-021, E-EXRP-022, E-EXRP-023
func TestAFileIsFetchedWithTheCredentials(t *testing.T) {
	s := storage(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "mcp" || password != "secret" || r.URL.Path != "/recordings/a.opus" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		_, _ = w.Write([]byte("OggS"))
	})
	content, err := s.Fetch(t.Context(), "a.opus")
	require.NoError(t, err)
	require.Equal(t, "OggS", string(content))
}

func TestAnswersAreClassified(t *testing.T) {
	for status, want := range map[int]fault.Code{
		http.StatusNotFound: fault.NotFound, http.StatusUnauthorized: fault.Unauthenticated, http.StatusForbidden: fault.Forbidden,
		http.StatusServiceUnavailable: fault.Unavailable, http.StatusFound: fault.Invalid,
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			s := storage(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://elsewhere.invalid/")
				w.WriteHeader(status)
			})
			_, err := s.Fetch(t.Context(), "a.opus")
			require.Equal(t, want, fault.CodeOf(err))
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestAFileAboveTheLimitIsRefused(t *testing.T) {
	s := storage(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(bytes.Repeat([]byte("x"), 1001)) })
	_, err := s.Fetch(t.Context(), "a.opus")
	require.Equal(t, fault.TooLarge, fault.CodeOf(err))
	require.NotEmpty(t, fault.Hint(err))
}

func TestAServerThatIsAwayIsRetryable(t *testing.T) {
	s, err := webdav.New(webdav.Options{URL: "http://127.0.0.1:1/recordings", MaxBytes: 1})
	require.NoError(t, err)
	_, err = s.Fetch(t.Context(), "a.opus")
	require.True(t, fault.Retryable(err), "%v", err)
	require.Error(t, s.Check(t.Context()))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = s.Fetch(ctx, "a.opus")
	require.Equal(t, fault.Canceled, fault.CodeOf(err))
}

func TestTheURLIsChecked(t *testing.T) {
	for _, bad := range []string{"", "ftp://host/recordings", "http://user:secret@host/recordings", "http://%zz"} {
		_, err := webdav.New(webdav.Options{URL: bad})
		require.Equal(t, fault.Invalid, fault.CodeOf(err), bad)
		require.NotContains(t, err.Error(), "secret")
	}
	_, err := webdav.New(webdav.Options{URL: "webdav.example:80/recordings"})
	require.NoError(t, err, "the guide writes the address without a scheme")
}
