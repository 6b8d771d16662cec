package webdav_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"engage.connector/services/lab/site/webdav"

	"github.com/stretchr/testify/require"
)

// ask makes one request with the right credentials, unless user is given.
func ask(t *testing.T, h http.Handler, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.SetBasicAuth("mcp", "secret")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func storage(t *testing.T, o webdav.Options) (http.Handler, string) {
	t.Helper()
	o.Dir, o.Prefix, o.User, o.Password = t.TempDir(), "/recordings", "mcp", "secret"
	h, err := webdav.New(o)
	require.NoError(t, err)
	return h, o.Dir
}

func TestAFileIsPutReadListedAndDeleted(t *testing.T) {
	h, dir := storage(t, webdav.Options{})
	require.Equal(t, http.StatusCreated, ask(t, h, http.MethodPut, "/recordings/a.opus", "OggS").Code)
	data, err := os.ReadFile(filepath.Join(dir, "a.opus"))
	require.NoError(t, err)
	require.Equal(t, "OggS", string(data))
	got := ask(t, h, http.MethodGet, "/recordings/a.opus", "")
	require.Equal(t, "OggS", got.Body.String())
	list := ask(t, h, "PROPFIND", "/recordings/", "", "Depth", "1")
	require.Equal(t, http.StatusMultiStatus, list.Code)
	require.Contains(t, list.Body.String(), "/recordings/a.opus")
	require.Equal(t, http.StatusNoContent, ask(t, h, http.MethodDelete, "/recordings/a.opus", "").Code)
	require.Equal(t, http.StatusNotFound, ask(t, h, http.MethodGet, "/recordings/a.opus", "").Code)
}

func TestStrangersAreKeptOut(t *testing.T) {
	h, _ := storage(t, webdav.Options{})
	for _, header := range []string{"", "Basic x", "Bearer secret"} {
		w := ask(t, h, http.MethodGet, "/recordings/", "", "Authorization", header)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		require.Contains(t, w.Header().Get("WWW-Authenticate"), "Basic")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/recordings/", nil)
	r.SetBasicAuth("mcp", "wrong")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

func TestTheStorageIsBounded(t *testing.T) {
	h, _ := storage(t, webdav.Options{MaxFileBytes: 4, MaxFiles: 2})
	require.Equal(t, http.StatusRequestEntityTooLarge, ask(t, h, http.MethodPut, "/recordings/a", "12345").Code)
	require.Equal(t, http.StatusCreated, ask(t, h, http.MethodPut, "/recordings/a", "1").Code)
	require.Equal(t, http.StatusCreated, ask(t, h, http.MethodPut, "/recordings/b", "1").Code)
	require.Equal(t, http.StatusInsufficientStorage, ask(t, h, http.MethodPut, "/recordings/c", "1").Code)
	for _, refused := range []struct {
		method, path string
		want         int
	}{
		{"LOCK", "/recordings/a", http.StatusMethodNotAllowed},
		{"PROPPATCH", "/recordings/a", http.StatusMethodNotAllowed},
		{http.MethodDelete, "/recordings/", http.StatusForbidden},
		{"MOVE", "/recordings", http.StatusForbidden},
		{"PROPFIND", "/recordings/", http.StatusForbidden},
	} {
		require.Equal(t, refused.want, ask(t, h, refused.method, refused.path, "").Code, refused.method)
	}
	require.Equal(t, http.StatusNotFound, ask(t, h, http.MethodGet, "/recordings/../../etc/passwd", "").Code)
}

func TestItNeedsAFolderAndCredentials(t *testing.T) {
	for _, o := range []webdav.Options{
		{Dir: filepath.Join(t.TempDir(), "none"), User: "u", Password: "p"},
		{Dir: t.TempDir(), User: "u"},
		{Dir: t.TempDir(), Password: "p"},
	} {
		_, err := webdav.New(o)
		require.Error(t, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := webdav.New(webdav.Options{Dir: file, User: "u", Password: "p"})
	require.Error(t, err)
}
