package org

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the platform's request.bytes.max (facts 2.6).
const maxBody = 512_000

// call is one API request on its way through a handler.
type call struct {
	r           *http.Request
	body        []byte
	client      *Client
	correlation string
	now         time.Time
}

// reply is a successful answer; a nil body is sent as nothing.
type reply struct {
	status int
	body   any
	header map[string]string
}

// handler answers a call; exactly one of the results is set.
type handler func(c *call) (*reply, *fault)

func ok(body any) (*reply, *fault) { return &reply{status: http.StatusOK, body: body}, nil }

func noContent() (*reply, *fault) { return &reply{status: http.StatusNoContent}, nil }

// newMux registers the route table; what it does not know is answered 404 with an ErrorBody.
func (o *Org) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range o.routes {
		mux.Handle(rt.Method+" "+rt.Path, o.api(rt))
	}
	mux.HandleFunc("POST /oauth/token", o.auth.serveToken)
	mux.HandleFunc("PUT /uploads/recordings/{key...}", o.serveUpload)
	mux.HandleFunc("GET /uploads/reports/{id}", o.serveReport)
	o.adminRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		correlation := o.newID()
		o.count("unknown", http.StatusNotFound)
		o.write(w, correlation, nil, fail(codeNotFound))
	})
	return mux
}

// api wraps a route with everything all routes share, in the platform's order: token, limit, permission, content.
func (o *Org) api(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		correlation := o.newID()
		rep, flt := o.serve(rt, w, r, correlation)
		status := http.StatusOK
		if flt != nil {
			status = flt.status
		} else if rep != nil {
			status = rep.status
		}
		o.count(rt.Method+" "+rt.Path, status)
		o.opts.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", status, "correlation", correlation)
		o.write(w, correlation, rep, flt)
	})
}

func (o *Org) serve(rt route, w http.ResponseWriter, r *http.Request, correlation string) (*reply, *fault) {
	knobs := o.Knobs()
	sleep(r, time.Duration(knobs.LatencyMS)*time.Millisecond)
	client, flt := o.auth.admit(w.Header(), r, knobs)
	if flt != nil {
		return nil, flt
	}
	if every(&o.faults.requests, knobs.ThrottleEvery) {
		return nil, retryAfter(knobs.RetryAfterSeconds, knobs.RateLimit)
	}
	if every(&o.faults.failures, knobs.FailEvery) {
		return nil, statusFault(knobs.FailStatus)
	}
	if flt := rt.permits(client); flt != nil {
		return nil, flt
	}
	body, flt := readBody(w, r, rt)
	if flt != nil {
		return nil, flt
	}
	c := &call{r: r, body: body, client: client, correlation: correlation, now: o.opts.Now()}
	rep, flt := o.run(rt, c)
	if r.Method != http.MethodGet && flt == nil && every(&o.faults.writes, knobs.LoseAnswerEvery) {
		return nil, fail(codeTimeout)
	}
	return rep, flt
}

// run executes a handler under the organization's lock and renders its answer there, so that no shared state is read
// after the lock is gone.
func (o *Org) run(rt route, c *call) (*reply, *fault) {
	if rt.unlocked {
		return rt.handle(c)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	rep, flt := rt.handle(c)
	if flt != nil || rep.body == nil {
		return rep, flt
	}
	rendered, err := json.Marshal(rep.body)
	if err != nil {
		o.opts.Logger.Error("answer cannot be rendered", "error", err)
		return nil, fail(codeInternal)
	}
	rep.body = json.RawMessage(rendered)
	if c.r.Method != http.MethodGet {
		o.changed()
	}
	return rep, nil
}

func sleep(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// readBody reads a request's body and checks its type and size.
func readBody(w http.ResponseWriter, r *http.Request, rt route) ([]byte, *fault) {
	if rt.noBody {
		return nil, nil
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	allowed := media == "application/json" || rt.scim && media == "application/scim+json"
	if err != nil || !allowed {
		return nil, fail(codeMediaType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, fail(codeTooLarge, strconv.Itoa(maxBody))
	}
	if err != nil {
		return nil, fail(codeBadRequest)
	}
	return body, nil
}

// write sends an answer with the headers every answer has.
func (o *Org) write(w http.ResponseWriter, correlation string, rep *reply, flt *fault) {
	h := w.Header()
	h.Set("ININ-Correlation-Id", correlation)
	h.Set("Strict-Transport-Security", "max-age=600; includeSubDomains")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	var status int
	var body any
	var extra map[string]string
	contentType := "application/json"
	if flt != nil {
		status, body, extra = flt.status, flt.body, flt.header
		if eb, isError := body.(errorBody); isError {
			eb.ContextID = correlation
			body = eb
		} else {
			contentType = "application/scim+json"
		}
	} else {
		status, body, extra = rep.status, rep.body, rep.header
	}
	for name, value := range extra {
		h.Set(name, value)
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		o.opts.Logger.Debug("answer not delivered", "error", err)
	}
}

// decode reads a JSON object into T and refuses properties T does not have.
func decode[T any](body []byte, object string) (T, *fault) {
	var out T
	var names map[string]json.RawMessage
	if err := json.Unmarshal(body, &names); err != nil || names == nil {
		return out, fail(codeBadRequest)
	}
	known := properties(reflect.TypeFor[T]())
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(known, name) {
			return out, fail(codeInvalidProperty, clip(name), object)
		}
	}
	if err := json.Unmarshal(body, &out); err != nil {
		return out, typeFault(err)
	}
	return out, nil
}

// decodeList reads a JSON array.
func decodeList[T any](body []byte) ([]T, *fault) {
	var out []T
	if err := json.Unmarshal(body, &out); err != nil {
		return nil, typeFault(err)
	}
	if out == nil {
		return nil, fail(codeBadRequest)
	}
	return out, nil
}

func typeFault(err error) *fault {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) && mismatch.Field != "" {
		return fail(codeInvalidValue, mismatch.Value, mismatch.Type.String(), "see the API definition").field(mismatch.Field)
	}
	return fail(codeBadRequest)
}

// properties lists the JSON names of a struct's fields.
func properties(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// clip keeps foreign text short in messages.
func clip(text string) string {
	const most = 80
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}
