package fault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	"engage.connector/pkg/fault"
)

// The expected table is written out once more here, so that a slip in the code's table shows.
func TestCodeTable(t *testing.T) {
	rows := []struct {
		code      fault.Code
		http      int
		grpc      codes.Code
		retryable bool
	}{
		{fault.Invalid, 400, codes.InvalidArgument, false},
		{fault.Unauthenticated, 401, codes.Unauthenticated, false},
		{fault.Forbidden, 403, codes.PermissionDenied, false},
		{fault.NotFound, 404, codes.NotFound, false},
		{fault.Conflict, 409, codes.Aborted, false},
		{fault.TooLarge, 413, codes.OutOfRange, false},
		{fault.RateLimited, 429, codes.ResourceExhausted, true},
		{fault.Unavailable, 503, codes.Unavailable, true},
		{fault.Timeout, 504, codes.DeadlineExceeded, true},
		{fault.Canceled, 499, codes.Canceled, false},
		{fault.Unsupported, 501, codes.Unimplemented, false},
		{fault.Internal, 500, codes.Internal, false},
	}
	require.Len(t, fault.Codes(), len(rows))
	for i, row := range rows {
		t.Run(string(row.code), func(t *testing.T) {
			require.Equal(t, row.code, fault.Codes()[i])
			require.Equal(t, row.http, row.code.HTTPStatus())
			require.Equal(t, row.grpc, row.code.GRPC())
			require.Equal(t, row.retryable, fault.Retryable(fault.New(row.code, "op", "msg")))
			require.Equal(t, row.code, fault.FromHTTPStatus(row.http))
			require.Equal(t, row.code, fault.FromGRPC(row.grpc))
		})
	}
}

func TestForeignHTTPStatusIsClassified(t *testing.T) {
	for statusCode, want := range map[int]fault.Code{
		200: "", 204: "", 301: fault.Internal, 405: fault.Unsupported, 408: fault.Timeout, 410: fault.NotFound,
		412: fault.Conflict, 415: fault.Unsupported, 418: fault.Invalid, 422: fault.Invalid, 423: fault.Conflict,
		502: fault.Unavailable, 507: fault.Internal, 599: fault.Internal,
	} {
		require.Equal(t, want, fault.FromHTTPStatus(statusCode), "status %d", statusCode)
	}
}

func TestForeignGRPCCodeIsClassified(t *testing.T) {
	for code, want := range map[codes.Code]fault.Code{
		codes.OK: "", codes.AlreadyExists: fault.Conflict, codes.FailedPrecondition: fault.Conflict,
		codes.DataLoss: fault.Internal, codes.Unknown: fault.Internal, codes.Code(77): fault.Internal,
	} {
		require.Equal(t, want, fault.FromGRPC(code), "code %s", code)
	}
}

func TestUnknownCodeCountsAsInternal(t *testing.T) {
	require.Equal(t, http.StatusInternalServerError, fault.Code("no such code").HTTPStatus())
	require.Equal(t, codes.Internal, fault.Code("").GRPC())
}

func TestCodeOf(t *testing.T) {
	rows := []struct {
		name string
		err  error
		want fault.Code
	}{
		{"nil has no code", nil, ""},
		{"plain error is internal", io.ErrUnexpectedEOF, fault.Internal},
		{"our code through a wrap", fmt.Errorf("outer: %w", fault.New(fault.NotFound, "op", "gone")), fault.NotFound},
		{"outermost code decides", fault.Wrap(fault.Unavailable, "op", fault.New(fault.Invalid, "x", "y")), fault.Unavailable},
		{"empty code asks the cause", fault.Wrap("", "op", context.Canceled), fault.Canceled},
		{"empty code without a cause", fault.New("", "op", "msg"), fault.Internal},
		{"our code beats the cause", fault.Wrap(fault.Unavailable, "op", context.Canceled), fault.Unavailable},
		{"context canceled", fmt.Errorf("read: %w", context.Canceled), fault.Canceled},
		{"context deadline", context.DeadlineExceeded, fault.Timeout},
		{"i/o deadline", os.ErrDeadlineExceeded, fault.Timeout},
		{"body above its limit", &http.MaxBytesError{Limit: 1}, fault.TooLarge},
		{"gRPC status", status.Error(codes.PermissionDenied, "no"), fault.Forbidden},
		{"wrapped gRPC status", fmt.Errorf("call: %w", status.Error(codes.Unavailable, "no")), fault.Unavailable},
		{"inside a join", errors.Join(io.EOF, fault.New(fault.Conflict, "op", "held")), fault.Conflict},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { require.Equal(t, row.want, fault.CodeOf(row.err)) })
	}
}

func TestErrorText(t *testing.T) {
	rows := []struct {
		want string
		err  error
	}{
		{"store.append: lease lost", fault.New(fault.Conflict, "store.append", "lease lost")},
		{"store.append: EOF", fault.Wrap(fault.Unavailable, "store.append", io.EOF)},
		{"op: read 7 bytes: EOF", fault.Newf(fault.Invalid, "op", "read %d bytes: %w", 7, io.EOF)},
		{"op: two: EOF, unexpected EOF", fault.Newf(fault.Invalid, "op", "two: %w, %w", io.EOF, io.ErrUnexpectedEOF)},
		{"op: msg: EOF", &fault.Error{Code: fault.Invalid, Op: "op", Msg: "msg", Err: io.EOF}},
		{"not_found", fault.New(fault.NotFound, "", "")},
	}
	for _, row := range rows {
		require.Equal(t, row.want, row.err.Error())
	}
}

func TestCauseStaysVisible(t *testing.T) {
	require.ErrorIs(t, fault.Wrap(fault.Timeout, "op", io.EOF), io.EOF)
	require.ErrorIs(t, fault.Newf(fault.Timeout, "op", "x: %w", io.EOF), io.EOF)
	require.ErrorIs(t, fault.Newf(fault.Timeout, "op", "x: %w %w", io.EOF, io.ErrClosedPipe), io.ErrClosedPipe)
	require.NoError(t, fault.Newf(fault.Timeout, "op", "no cause %d", 1).Unwrap())
}

func TestHintAndRetryInAreFoundAnywhereInTheChain(t *testing.T) {
	inner := fault.New(fault.RateLimited, "genesys.post", "slow down").WithRetryIn(3 * time.Second).WithHint("lower the rate")
	outer := fault.Wrap(fault.Unavailable, "send", fmt.Errorf("batch 4: %w", inner))

	require.Equal(t, 3*time.Second, fault.RetryIn(outer))
	require.Equal(t, "lower the rate", fault.Hint(outer))
	require.Equal(t, "outer first", fault.Hint(outer.WithHint("outer first")))
	require.Empty(t, outer.Hint, "WithHint must not change the error it was called on")
	require.Zero(t, fault.RetryIn(io.EOF))
	require.Zero(t, fault.RetryIn(nil))
	require.Empty(t, fault.Hint(nil))
	require.False(t, fault.Retryable(nil))
}

func TestMessageHidesInternal(t *testing.T) {
	require.Equal(t, "internal error", fault.Message(errors.New("table users has no column x")))
	require.Equal(t, "op: no such queue", fault.Message(fault.New(fault.NotFound, "op", "no such queue")))
	require.Empty(t, fault.Message(nil))
}

func TestGRPCErrorHidesInternalText(t *testing.T) {
	err := fault.GRPCError(fault.Wrap(fault.Internal, "op", errors.New("secret detail")).WithHint("secret hint"))
	require.Equal(t, codes.Internal, status.Code(err))
	require.NotContains(t, err.Error(), "secret")
	require.Empty(t, fault.Hint(err))
	require.NoError(t, fault.GRPCError(nil))
}

// A code, its hint and its wait must reach the client of the service that failed.
func TestGRPCErrorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom(fault.Codes()).Draw(t, "code")
		hint := rapid.StringMatching(`[a-z ]{0,20}`).Draw(t, "hint")
		wait := time.Duration(rapid.IntRange(0, 600_000).Draw(t, "ms")) * time.Millisecond

		sent := fault.New(code, "op", "msg").WithHint(hint).WithRetryIn(wait)
		got := fmt.Errorf("call config-sync: %w", fault.GRPCError(sent))

		require.Equal(t, code, fault.CodeOf(got))
		require.Equal(t, code.Retryable(), fault.Retryable(got))
		require.Equal(t, wait, fault.RetryIn(got))
		if code != fault.Internal {
			require.Equal(t, hint, fault.Hint(got))
		}
	})
}
