package host

import (
	"context"

	"github.com/google/uuid"
)

// CorrelationHeader carries the correlation id, in HTTP requests and answers and (in lower case)
// in gRPC metadata.
const CorrelationHeader = "X-Correlation-Id"

// correlationMetadata is CorrelationHeader as gRPC spells it.
const correlationMetadata = "x-correlation-id"

// maxCorrelation is the longest id that is taken over from a caller, in bytes.
const maxCorrelation = 128

// correlationKey is the id's place in a context.
type correlationKey struct{}

// CorrelationID is the id of the request that ctx belongs to; "" outside of requests.
func CorrelationID(ctx context.Context) string {
	id, _ := ctx.Value(correlationKey{}).(string)
	return id
}

// WithCorrelationID marks a context; work that starts on its own may give itself an id.
func WithCorrelationID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlationKey{}, id)
}

// acceptCorrelation keeps a caller's id if it is harmless in a log and a header, else makes one.
func acceptCorrelation(id string) string {
	if saneCorrelation(id) {
		return id
	}
	return uuid.NewString()
}

// saneCorrelation admits letters, digits and a few separators, of limited length.
func saneCorrelation(id string) bool {
	if id == "" || len(id) > maxCorrelation {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=':
		default:
			return false
		}
	}
	return true
}
