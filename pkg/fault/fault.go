// Package fault is the one error type of the connector. An error is classified once, where it
// arises and its meaning is known; everything above only asks for the code, whether to retry and
// what to tell the operator. The codes map to HTTP and gRPC in one table.
package fault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/status"
)

// Error is a classified failure. It carries no stack and no secret.
type Error struct {
	Code    Code          // what kind of failure; empty means: that of Err
	Op      string        // what was being done, e.g. "store.append"
	Msg     string        // what went wrong, for a person; may be empty when Err says it
	Hint    string        // what the operator can do about it; may be empty
	RetryIn time.Duration // how long the other side asked to wait; 0 when it did not say
	Err     error         // the cause; may be nil
}

// New makes an error without a cause.
func New(code Code, op, msg string) *Error {
	return &Error{Code: code, Op: op, Msg: msg}
}

// Newf is New with a formatted message. A %w in the format becomes the cause as well.
func Newf(code Code, op, format string, args ...any) *Error {
	formatted := fmt.Errorf(format, args...)
	return &Error{Code: code, Op: op, Msg: formatted.Error(), Err: causeOf(formatted)}
}

// causeOf keeps what a formatted message wraps, without repeating its text.
func causeOf(formatted error) error {
	if errors.Unwrap(formatted) == nil {
		if _, many := formatted.(interface{ Unwrap() []error }); !many {
			return nil
		}
	}
	return quiet{formatted}
}

// quiet is a cause whose text already stands in the message of the error that holds it.
type quiet struct{ error }

func (q quiet) Unwrap() error { return q.error }

// Wrap classifies a foreign error. The caller has checked that err is not nil.
func Wrap(code Code, op string, err error) *Error {
	return &Error{Code: code, Op: op, Err: err}
}

// WithHint returns a copy that tells the operator what to do.
func (e *Error) WithHint(hint string) *Error {
	c := *e
	c.Hint = hint
	return &c
}

// WithRetryIn returns a copy that tells how long to wait before the next attempt.
func (e *Error) WithRetryIn(d time.Duration) *Error {
	c := *e
	c.RetryIn = d
	return &c
}

// Error is "op: message: cause", without the empty parts and without the hint.
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	if e.Op != "" {
		parts = append(parts, e.Op)
	}
	if e.Msg != "" {
		parts = append(parts, e.Msg)
	}
	if _, said := e.Err.(quiet); e.Err != nil && !said { //nolint:errorlint // only the direct cause can be quiet
		parts = append(parts, e.Err.Error())
	}
	if len(parts) == 0 {
		return string(CodeOf(e))
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf classifies any error: nil is "", the outermost *Error with a code decides, then what the
// standard library and gRPC say about themselves; what is left is Internal.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		if e.Code != "" {
			return e.Code
		}
		if e.Err != nil {
			return CodeOf(e.Err)
		}
		return Internal
	}
	return foreignCode(err)
}

// foreignCode classifies an error that no code of ours has touched.
func foreignCode(err error) Code {
	if st, ok := grpcStatus(err); ok {
		return codeOfStatus(st)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return TooLarge
	}
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() {
		return Timeout
	}
	return Internal
}

// grpcStatus finds a gRPC status in an error's chain. Unlike status.FromError it does not make one up.
func grpcStatus(err error) (*status.Status, bool) {
	var carrier interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &carrier) {
		return nil, false
	}
	st := carrier.GRPCStatus()
	return st, st != nil
}

// Retryable reports whether trying the same again later can help.
func Retryable(err error) bool {
	return err != nil && CodeOf(err).Retryable()
}

// RetryIn is how long the other side asked to wait; 0 when nobody said.
func RetryIn(err error) time.Duration {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return statusRetryIn(err)
		}
		if e.RetryIn > 0 {
			return e.RetryIn
		}
		err = e.Err
	}
	return 0
}

// Hint is the outermost advice for the operator; "" when there is none.
func Hint(err error) string {
	for err != nil {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			return statusHint(err)
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}

// internalMessage is all that a caller learns about an Internal error. The operator reads the rest
// in the log, under the correlation id.
const internalMessage = "internal error"

// Message is the text a caller may see: the error's own, except that Internal says nothing.
func Message(err error) string {
	if err == nil {
		return ""
	}
	if CodeOf(err) == Internal {
		return internalMessage
	}
	return err.Error()
}
