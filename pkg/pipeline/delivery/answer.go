// Package delivery is the one policy for refusals and outages: what becomes of something that was
// sent and not taken. Senders and workers report whose matter an answer is; the table decides. It is
// pure: the caller brings the time.
package delivery

import (
	"errors"
	"time"

	"engage.connector/pkg/fault"
)

// Scope says whose matter an answer is. The set is closed: a Scope is safe as a metric label.
type Scope string

// The scopes.
const (
	Record    Scope = "record"    // one record, which the answer names
	Request   Scope = "request"   // a request as a whole; it says nothing about any one record
	Operation Scope = "operation" // every request of this operation
	Org       Scope = "org"       // every request: the other side does not know us, or nobody is there
)

// Answer is what was said, or not said, about a request or a record.
type Answer struct {
	Scope Scope
	Code  fault.Code
	// Own tells that the other side itself said so, in its documented form. What a proxy says, and
	// what cannot be understood, is not its own word.
	Own bool
	// Final is the other side's own word that sending this record again is of no use.
	Final   bool
	Reason  string
	Hint    string
	RetryIn time.Duration // how long the other side asked to wait; 0 when it did not
}

// scopes says whose matter a failed request is by its code. What is missing is the request's.
var scopes = map[fault.Code]Scope{
	fault.Unauthenticated: Org,
	fault.Forbidden:       Operation,
	fault.RateLimited:     Operation,
}

// Failed is the answer that an error stands for: the error of a whole request. An error whose chain
// has a method OwnAnswer says by it whether it is the other side's own word.
func Failed(err error) Answer {
	if already, ok := errors.AsType[*Error](err); ok {
		return already.Answer
	}
	code := fault.CodeOf(err)
	scope, ok := scopes[code]
	if !ok {
		scope = Request
	}
	return Answer{
		Scope: scope, Code: code, Own: own(err), Reason: err.Error(), Hint: fault.Hint(err), RetryIn: fault.RetryIn(err),
	}
}

// own asks the error's chain whether the other side itself has spoken.
func own(err error) bool {
	var speaker interface{ OwnAnswer() bool }
	if errors.As(err, &speaker) {
		return speaker.OwnAnswer()
	}
	return fault.Explained(err)
}

// Error carries an Answer whose scope only the caller of the operation knows.
type Error struct {
	Answer Answer
	Err    error
}

// Error is the cause's text.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// OfOperation says that an error concerns the operation, whatever its code: for instance that the
// org has no usable recording key.
func OfOperation(err error) error {
	answer := Failed(err)
	if answer.Scope == Request {
		answer.Scope = Operation
	}
	return &Error{Answer: answer, Err: err}
}
