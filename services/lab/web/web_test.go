package web_test

import (
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/web"
)

// filesTable names the files of the page and their media types.
func filesTable() map[string]string {
	return map[string]string{
		"/": "text/html", "/page.css": "text/css", "/page.js": "text/javascript", "/panels.js": "text/javascript", "/icon.svg": "image/svg+xml",
	}
}

func get(t *testing.T, path string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	mux := http.NewServeMux()
	web.Register(mux)
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return recorder, recorder.Body.String()
}

func TestEveryFileIsServedWithItsTypeAndAStrictPolicy(t *testing.T) {
	t.Parallel()
	for path, want := range filesTable() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			response, body := get(t, path)
			require.Equal(t, http.StatusOK, response.Code)
			require.NotEmpty(t, body)
			kind, _, err := mime.ParseMediaType(response.Header().Get("Content-Type"))
			require.NoError(t, err)
			require.Equal(t, want, kind)
			policy := response.Header().Get("Content-Security-Policy")
			require.Contains(t, policy, "default-src 'self'")
			require.NotContains(t, policy, "unsafe")
			require.Equal(t, "nosniff", response.Header().Get("X-Content-Type-Options"))
			require.Equal(t, "no-store", response.Header().Get("Cache-Control"))
		})
	}
}

func TestOtherPathsAreNotServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/index.html", "/web.go", "/favicon.ico", "/page.css/x"} {
		response, _ := get(t, path)
		require.Equal(t, http.StatusNotFound, response.Code, path)
	}
}

func TestThePageRefersToItsOwnFilesOnly(t *testing.T) {
	t.Parallel()
	_, page := get(t, "/")
	_, script := get(t, "/page.js")
	var found []string
	for _, reference := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		found = append(found, reference[1])
	}
	for _, reference := range regexp.MustCompile(`from "\.([^"]*)"`).FindAllStringSubmatch(script, -1) {
		found = append(found, reference[1])
	}
	require.ElementsMatch(t, []string{"/icon.svg", "/page.css", "/page.js", "/panels.js"}, found)
}

// The policy would block inline code and styles without a visible error, so the page must not have any.
func TestThePageHasNothingInline(t *testing.T) {
	t.Parallel()
	_, page := get(t, "/")
	require.NotRegexp(t, `(?i)<style|\sstyle=|\son[a-z]+=|javascript:`, page)
	require.NotRegexp(t, `(?is)<script[^>]*>\s*[^<\s]`, page)
	for path := range filesTable() {
		_, body := get(t, path)
		outside := strings.ReplaceAll(body, `xmlns="http://www.w3.org/2000/svg"`, "")
		require.NotRegexp(t, `https?://|url\(|@import`, outside, path)
	}
}

// What the org holds comes from outside: it may become text in the page, never markup or code.
func TestScriptsNeverMakeMarkupOrCodeOfData(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/page.js", "/panels.js"} {
		_, body := get(t, path)
		require.NotRegexp(t, `innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|\beval\b|new Function|setAttribute\("style"`, body, path)
	}
}

func TestEveryElementThatAScriptLooksUpIsInThePage(t *testing.T) {
	t.Parallel()
	_, page := get(t, "/")
	for _, path := range []string{"/page.js", "/panels.js"} {
		_, body := get(t, path)
		wanted := regexp.MustCompile(`byId\("([^"]*)"\)`).FindAllStringSubmatch(body, -1)
		require.NotEmpty(t, wanted, path)
		for _, id := range wanted {
			require.Equal(t, 1, strings.Count(page, `id="`+id[1]+`"`), "%s looks up %q", path, id[1])
		}
	}
}
