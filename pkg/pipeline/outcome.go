package pipeline

import (
	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline/delivery"
)

// Outcome is the answer for one record of a request. An unset Outcome is not a success.
type Outcome struct {
	done   bool
	answer delivery.Answer
}

// Done says that the record has arrived.
func Done() Outcome { return Outcome{done: true} }

// Refused says that the record was not taken. What becomes of it is decided by package delivery.
func Refused(a delivery.Answer) Outcome {
	a.Scope = delivery.Record
	return Outcome{answer: a}
}

// Retry says that the record may be sent again later; the later records of
// its key wait for it.
func Retry(reason string) Outcome {
	return Refused(delivery.Answer{Code: fault.Unavailable, Own: true, Reason: reason})
}

// Reject says that the record can never arrive: it is parked with the reason.
func Reject(reason string) Outcome {
	return Refused(delivery.Answer{Code: fault.Invalid, Own: true, Final: true, Reason: reason})
}

// refusal is the answer of an Outcome that is not Done.
func (o Outcome) refusal() delivery.Answer {
	if o.answer.Scope == "" {
		return delivery.Answer{Scope: delivery.Record, Code: fault.Internal, Reason: "there was no answer for this record"}
	}
	return o.answer
}
