package host

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"engage.connector/pkg/fault"
)

const (
	httpHeaderTimeout = 5 * time.Second  // from the connection to the end of the request's header
	httpReadTimeout   = 30 * time.Second // to the end of the body
	httpWriteTimeout  = 60 * time.Second // from the end of the header to the end of the answer
	httpIdleTimeout   = 2 * time.Minute  // between two requests of a connection
	httpMaxHeader     = 32 << 10
	defaultMaxBody    = 1 << 20
	scrapeTimeout     = 10 * time.Second
	scrapesAtOnce     = 3
)

// noRoute labels requests that no handler is registered for; their paths are anybody's choice and
// would make endless series.
const noRoute = "none"

// newHTTPServer puts the middlewares around the mux.
func (h *Host) newHTTPServer() *http.Server {
	return &http.Server{
		Handler:           h.correlate(h.observe(h.recoverHTTP(h.limitBody(h.route())))),
		ReadHeaderTimeout: httpHeaderTimeout,
		ReadTimeout:       httpReadTimeout,
		WriteTimeout:      httpWriteTimeout,
		IdleTimeout:       httpIdleTimeout,
		MaxHeaderBytes:    httpMaxHeader,
		ErrorLog:          serverErrorLog(h.log),
	}
}

// registerPages adds the host's own pages.
func (h *Host) registerPages() {
	h.router.HandleOpen("GET /health", http.HandlerFunc(h.serveHealth))
	h.router.HandleOpen("GET /ready", http.HandlerFunc(h.serveReady))
	h.router.HandleOpen("GET /status", http.HandlerFunc(h.serveStatus))
	h.router.HandleOpen("GET /metrics", promhttp.HandlerFor(h.opts.Registry, promhttp.HandlerOpts{
		ErrorLog:            serverErrorLog(h.log),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: scrapesAtOnce,
		Timeout:             scrapeTimeout,
	}))
}

// serveStatus answers with what the service says about itself.
func (h *Host) serveStatus(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	status := h.status
	h.mu.Unlock()
	w.Header().Set("Cache-Control", "no-store")
	WriteJSON(w, http.StatusOK, status(r.Context()))
}

// correlate takes over the caller's correlation id or makes one, and answers with it.
func (h *Host) correlate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := acceptCorrelation(r.Header.Get(CorrelationHeader))
		w.Header().Set(CorrelationHeader, id)
		next.ServeHTTP(w, r.WithContext(WithCorrelationID(r.Context(), id)))
	})
}

// observe counts and times requests. The mux notes the matched pattern in the request itself.
func (h *Host) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &recorder{ResponseWriter: w}
		defer func() {
			route := r.Pattern
			if route == "" {
				route = noRoute
			}
			took := time.Since(began)
			h.metrics.httpRequests.WithLabelValues(route, methodLabel(r.Method), strconv.Itoa(rec.code())).Inc()
			h.metrics.httpDuration.WithLabelValues(route).Observe(took.Seconds())
			h.log.Log(r.Context(), LevelTrace, "request", "method", r.Method, "path", r.URL.Path,
				"status", rec.code(), "bytes", rec.bytes, "took", took.String(), "remote", r.RemoteAddr)
		}()
		next.ServeHTTP(rec, r)
	})
}

// methodLabel keeps made-up methods from making series.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// recoverHTTP turns a panic into 500, logged with its stack and counted.
func (h *Host) recoverHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // net/http defines exactly this value as "end quietly"
				panic(p)
			}
			h.metrics.panics.WithLabelValues(panicInHTTP).Inc()
			h.log.ErrorContext(r.Context(), "panic in an HTTP handler", "panic", fmt.Sprint(p),
				"method", r.Method, "path", r.URL.Path, "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: cut the connection rather than pretend
			}
			WriteError(w, r, h.log, fault.Newf(fault.Internal, "host.http", "panic: %v", p))
		}()
		next.ServeHTTP(w, r)
	})
}

// limitBody refuses to read more of a body than the host's limit.
func (h *Host) limitBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, h.opts.MaxBody)
		next.ServeHTTP(w, r)
	})
}

// route serves registered paths and answers for all others in the connector's own form.
func (h *Host) route() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := h.mux.Handler(r); pattern != "" {
			h.mux.ServeHTTP(w, r)
			return
		}
		// The mux knows whether only the method is wrong, and which methods are allowed.
		probe := &recorder{ResponseWriter: discard{w.Header()}}
		h.mux.ServeHTTP(probe, r)
		status, message := http.StatusNotFound, "there is nothing at "+r.URL.Path
		if probe.code() == http.StatusMethodNotAllowed {
			status, message = http.StatusMethodNotAllowed, r.Method+" is not possible here"
		}
		WriteJSON(w, status, Response{Status: ResponseStatus{
			Code: status * 100, Message: message, CorrID: CorrelationID(r.Context()),
		}})
	})
}

// recorder notes the status and the size of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader notes the first final status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts; without WriteHeader the status is 200.
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// code is the status the client sees.
func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// discard passes headers on and throws the rest away.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
