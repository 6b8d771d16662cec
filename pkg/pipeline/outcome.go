package pipeline

// verdict is what became of one record of a request.
type verdict int

const (
	verdictDone verdict = iota + 1
	verdictRetry
	verdictReject
)

// Outcome is the answer for one record of a request.
type Outcome struct {
	verdict verdict
	reason  string
}

// Done says that the record has arrived.
func Done() Outcome { return Outcome{verdict: verdictDone} }

// Retry says that the record may be sent again later; the later records of
// its key wait for it.
func Retry(reason string) Outcome { return Outcome{verdict: verdictRetry, reason: reason} }

// Reject says that the record can never arrive: it is parked with the reason.
func Reject(reason string) Outcome { return Outcome{verdict: verdictReject, reason: reason} }
