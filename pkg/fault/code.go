package fault

import (
	"net/http"

	"google.golang.org/grpc/codes"
)

// Code says what kind of failure an error is. The set is closed: a Code is safe as a metric label.
type Code string

// The codes. What each means to HTTP, to gRPC and to a retry loop stands in the table below.
const (
	Invalid         Code = "invalid"         // the caller sent something that can never work
	Unauthenticated Code = "unauthenticated" // nobody knows who the caller is
	Forbidden       Code = "forbidden"       // the caller is known and may not do this
	NotFound        Code = "not_found"       // the thing asked for does not exist
	Conflict        Code = "conflict"        // somebody else changed, holds or created it meanwhile
	TooLarge        Code = "too_large"       // a body or message above its limit
	RateLimited     Code = "rate_limited"    // too many requests: come back later
	Unavailable     Code = "unavailable"     // the other side cannot be reached or is not ready
	Timeout         Code = "timeout"         // no answer in time, the outcome may be unknown
	Canceled        Code = "canceled"        // our own side gave up
	Unsupported     Code = "unsupported"     // understood, but not offered here
	Internal        Code = "internal"        // a defect, or a failure nobody classified
)

// statusClientClosed is the status servers log when the client went away before the answer.
// It has no constant in net/http because no RFC defines it.
const statusClientClosed = 499

// rule is one row of the table that ties a code to the two transports and to retries.
type rule struct {
	code      Code
	http      int
	grpc      codes.Code
	retryable bool
}

// codeTable is the only place where codes, HTTP status and gRPC codes meet. HTTP and gRPC values are
// unique, so that a code survives a round trip over either transport.
var codeTable = []rule{
	{Invalid, http.StatusBadRequest, codes.InvalidArgument, false},
	{Unauthenticated, http.StatusUnauthorized, codes.Unauthenticated, false},
	{Forbidden, http.StatusForbidden, codes.PermissionDenied, false},
	{NotFound, http.StatusNotFound, codes.NotFound, false},
	{Conflict, http.StatusConflict, codes.Aborted, false},
	{TooLarge, http.StatusRequestEntityTooLarge, codes.OutOfRange, false},
	{RateLimited, http.StatusTooManyRequests, codes.ResourceExhausted, true},
	{Unavailable, http.StatusServiceUnavailable, codes.Unavailable, true},
	{Timeout, http.StatusGatewayTimeout, codes.DeadlineExceeded, true},
	{Canceled, statusClientClosed, codes.Canceled, false},
	{Unsupported, http.StatusNotImplemented, codes.Unimplemented, false},
	{Internal, http.StatusInternalServerError, codes.Internal, false},
}

// httpAliasTable are further HTTP status values that foreign servers answer with.
var httpAliasTable = map[int]Code{
	http.StatusMethodNotAllowed:     Unsupported,
	http.StatusRequestTimeout:       Timeout,
	http.StatusGone:                 NotFound,
	http.StatusPreconditionFailed:   Conflict,
	http.StatusUnsupportedMediaType: Unsupported,
	http.StatusMisdirectedRequest:   Unavailable,
	http.StatusLocked:               Conflict,
	http.StatusTooEarly:             Unavailable,
	http.StatusBadGateway:           Unavailable,
}

// grpcAliasTable are the gRPC codes that are no code's own.
var grpcAliasTable = map[codes.Code]Code{
	codes.AlreadyExists:      Conflict,
	codes.FailedPrecondition: Conflict,
	codes.DataLoss:           Internal,
	codes.Unknown:            Internal,
}

// Codes lists every code, in the order of the table. Metrics use it to initialise their series.
func Codes() []Code {
	all := make([]Code, len(codeTable))
	for i, r := range codeTable {
		all[i] = r.code
	}
	return all
}

// HTTPStatus is the status a server answers with; an unknown code is 500.
func (c Code) HTTPStatus() int { return c.rule().http }

// GRPC is the code a gRPC server answers with; an unknown code is Internal.
func (c Code) GRPC() codes.Code { return c.rule().grpc }

// Retryable reports whether the same call may succeed later without anybody changing anything.
func (c Code) Retryable() bool { return c.rule().retryable }

// rule finds the code's row; a code outside the table counts as Internal.
func (c Code) rule() rule {
	for _, r := range codeTable {
		if r.code == c {
			return r
		}
	}
	return codeTable[len(codeTable)-1]
}

// FromHTTPStatus classifies an answer's status. Below 300 there is no failure and the code is "".
// An unlisted 4xx is Invalid; everything else unlisted, redirects included, is Internal.
func FromHTTPStatus(status int) Code {
	if status < http.StatusMultipleChoices {
		return ""
	}
	for _, r := range codeTable {
		if r.http == status {
			return r.code
		}
	}
	if code, ok := httpAliasTable[status]; ok {
		return code
	}
	if status >= http.StatusBadRequest && status < http.StatusInternalServerError {
		return Invalid
	}
	return Internal
}

// FromGRPC classifies a gRPC code; OK is "".
func FromGRPC(code codes.Code) Code {
	if code == codes.OK {
		return ""
	}
	for _, r := range codeTable {
		if r.grpc == code {
			return r.code
		}
	}
	if known, ok := grpcAliasTable[code]; ok {
		return known
	}
	return Internal
}
