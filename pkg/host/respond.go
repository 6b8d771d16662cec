package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"engage.connector/pkg/fault"
)

// ResponseStatus is the "status" part of an answer, in the guide's form.
type ResponseStatus struct {
	Code    int    `json:"code"` // 0 for success, else the HTTP status times 100 plus a detail, e.g. 40402
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what the caller can do; not in the guide
	CorrID  string `json:"corrId"`
}

// Response is the body of the guide's answers: a status, and data when there is some.
type Response struct {
	Status ResponseStatus `json:"status"`
	Data   any            `json:"data,omitempty"`
}

// detailError gives an error the guide's five-digit code.
type detailError struct {
	error
	code int
}

func (d detailError) Unwrap() error { return d.error }

// WithStatusCode gives an error the code that WriteError shows in the body, e.g. 40402 for
// "CallUUID not found". Without it the code is the HTTP status times 100.
func WithStatusCode(err error, code int) error {
	return detailError{err, code}
}

// WriteError is the one place where an error becomes an HTTP answer: status and body from its
// code, Retry-After where a wait was asked for, and a log line. The text of an internal error
// stays in the log.
func WriteError(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	code := fault.CodeOf(err)
	status := code.HTTPStatus()
	log.Log(r.Context(), errorLevel(err), "request failed", "error", err, "code", string(code),
		"method", r.Method, "path", r.URL.Path, "status", status)

	if wait := fault.RetryIn(err); wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	detail := status * 100
	if d, ok := errors.AsType[detailError](err); ok {
		detail = d.code
	}
	body := ResponseStatus{Code: detail, Message: fault.Message(err), CorrID: CorrelationID(r.Context())}
	if code != fault.Internal {
		body.Hint = fault.Hint(err)
	}
	WriteJSON(w, status, Response{Status: body})
}

// loggedError is an error that needs no line of its own in the log.
type loggedError struct{ error }

// Unwrap shows the error itself.
func (l loggedError) Unwrap() error { return l.error }

// Logged marks an error that its handler has logged in its own way, such as once for all callers that
// come too early: the server then logs it for debugging only.
func Logged(err error) error { return loggedError{err} }

// errorLevel tells how loudly a failed request is logged: a defect as an error, a failing
// dependency as a warning, a caller's mistake only for who looks.
func errorLevel(err error) slog.Level {
	if _, logged := errors.AsType[loggedError](err); logged {
		return slog.LevelDebug
	}
	switch fault.CodeOf(err) {
	case fault.Internal:
		return slog.LevelError
	case fault.Unavailable, fault.Timeout:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}

// WriteOK answers 200 in the guide's form: code 0, a message, the correlation id and the data.
func WriteOK(w http.ResponseWriter, r *http.Request, message string, data any) {
	WriteJSON(w, http.StatusOK, OK(r, message, data))
}

// OK is the body that WriteOK writes.
func OK(r *http.Request, message string, data any) Response {
	return Response{Status: ResponseStatus{Message: message, CorrID: CorrelationID(r.Context())}, Data: data}
}

// WriteJSON answers with a JSON body. A value that cannot be marshalled answers 500 instead of
// half a body.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		body.Reset()
		status = http.StatusInternalServerError
		body.WriteString(`{"status":{"code":50000,"message":"internal error","corrId":""}}` + "\n")
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// ReadLimit reads the query parameter limit of a list: fallback without one, and never more than most.
// The error is an Invalid fault.
func ReadLimit(r *http.Request, fallback, most int) (int, error) {
	text := r.URL.Query().Get("limit")
	if text == "" {
		return fallback, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 {
		return 0, fault.New(fault.Invalid, "host.limit", "limit is no positive number")
	}
	return min(limit, most), nil
}

// ReadJSON reads one JSON value from a request into v. The errors are faults: TooLarge above the
// body limit, Invalid for everything else that is wrong with the body.
func ReadJSON(r *http.Request, v any) error {
	const op = "host.read_json"
	decoder := json.NewDecoder(r.Body)
	if err := decoder.Decode(v); err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return fault.Newf(fault.TooLarge, op, "the body is larger than %d bytes", tooLarge.Limit)
		}
		if errors.Is(err, io.EOF) {
			return fault.New(fault.Invalid, op, "the body is empty; JSON was expected")
		}
		return fault.Wrap(fault.Invalid, op, fmt.Errorf("the body is not the JSON expected: %w", err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, op, "the body holds more than one JSON value")
	}
	return nil
}

// uptime is a duration as a person reads it, without fractions of a second.
func uptime(d time.Duration) string { return d.Truncate(time.Second).String() }
