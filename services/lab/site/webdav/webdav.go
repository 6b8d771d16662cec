// Package webdav is the lab's transient storage: a WebDAV folder with Basic authentication, into
// which the media server puts recordings and from which the connector takes them.
package webdav

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"golang.org/x/net/webdav"
)

// Options configures the handler.
type Options struct {
	Dir            string // must exist
	Prefix         string // path under which it is served, e.g. "/recordings"
	User, Password string
	MaxFileBytes   int64 // 0 means 64 MiB
	MaxFiles       int   // in the folder's root; 0 means 20,000
	Logger         *slog.Logger
}

const (
	defaultMaxFileBytes = 64 << 20
	defaultMaxFiles     = 20_000
)

// New returns the handler. Only what a recorder and a downloader need is served: locks and
// properties, which would be kept in memory without bound, are not.
func New(o Options) (http.Handler, error) {
	if info, err := os.Stat(o.Dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, errors.New("webdav: " + o.Dir + " is no folder")
	}
	if o.User == "" || o.Password == "" {
		return nil, errors.New("webdav: user and password are required")
	}
	if o.MaxFileBytes <= 0 {
		o.MaxFileBytes = defaultMaxFileBytes
	}
	if o.MaxFiles <= 0 {
		o.MaxFiles = defaultMaxFiles
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Prefix = strings.TrimRight(o.Prefix, "/")
	return &handler{opts: o, dav: &webdav.Handler{
		Prefix:     o.Prefix,
		FileSystem: webdav.Dir(o.Dir),
		LockSystem: webdav.NewMemLS(),
		Logger: func(r *http.Request, err error) {
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				o.Logger.Warn("webdav request failed", "method", r.Method, "path", r.URL.Path, "error", err)
			}
		},
	}}, nil
}

type handler struct {
	opts Options
	dav  *webdav.Handler
}

// ServeHTTP authenticates, keeps the bounds and leaves the rest to the WebDAV implementation.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.authentic(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="recordings"`)
		http.Error(w, "user and password are required", http.StatusUnauthorized)
		return
	}
	root := strings.Trim(strings.TrimPrefix(r.URL.Path, h.opts.Prefix), "/") == ""
	switch r.Method {
	case http.MethodOptions, http.MethodGet, http.MethodHead, "MKCOL":
	case http.MethodPut:
		if r.ContentLength > h.opts.MaxFileBytes {
			http.Error(w, "the file is too large", http.StatusRequestEntityTooLarge)
			return
		}
		if h.full() {
			http.Error(w, "the storage is full", http.StatusInsufficientStorage)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, h.opts.MaxFileBytes)
	case http.MethodDelete, "MOVE", "COPY":
		if root {
			http.Error(w, "the folder itself can not be changed", http.StatusForbidden)
			return
		}
	case "PROPFIND":
		if depth := r.Header.Get("Depth"); depth != "0" && depth != "1" {
			http.Error(w, "only Depth 0 and 1 are served", http.StatusForbidden)
			return
		}
	default:
		http.Error(w, "method not served", http.StatusMethodNotAllowed)
		return
	}
	h.dav.ServeHTTP(w, r)
}

// authentic compares user and password in constant time.
func (h *handler) authentic(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	return ok && same(user, h.opts.User) && same(password, h.opts.Password)
}

func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// full tells whether the folder has as many entries as it may have.
func (h *handler) full() bool {
	entries, err := os.ReadDir(h.opts.Dir)
	return err != nil || len(entries) >= h.opts.MaxFiles
}
