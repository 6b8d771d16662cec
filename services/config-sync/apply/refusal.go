package apply

import (
	"errors"
	"fmt"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/plan"
)

// failure is a claim that the organization did not take.
type failure struct {
	claim plan.Claim
	err   error
}

// partialError says that an operation was done in part.
type partialError struct{ failures []failure }

// Error implements error.
func (p *partialError) Error() string {
	return fmt.Sprintf("%s (%d refused)", p.failures[0].err, len(p.failures))
}

// Unwrap shows the first failure, by which the whole is classified.
func (p *partialError) Unwrap() error { return p.failures[0].err }

func partial(failures []failure) error {
	if len(failures) == 0 {
		return nil
	}
	return &partialError{failures}
}

func failuresOf(err error) []failure {
	if p, ok := errors.AsType[*partialError](err); ok {
		return p.failures
	}
	return nil
}

// pendingError is a failure on an object that the organization does not show everywhere yet.
type pendingError struct{ error }

// Unwrap shows the cause.
func (p pendingError) Unwrap() error { return p.error }

func isPending(err error) bool {
	_, ok := errors.AsType[pendingError](err)
	return ok
}

// isRefusal tells whether the organization has looked at a request and does not take it, so that
// less of it may be taken.
func isRefusal(err error) bool {
	switch fault.CodeOf(err) {
	case fault.Invalid, fault.Forbidden, fault.NotFound, fault.Conflict, fault.TooLarge, fault.Unsupported:
		return !isStop(err)
	}
	return false
}

// piecemeal does an operation claim by claim, after it was refused as a whole: do is called with
// one claim at a time. It returns what was done of it and what was refused; the error ends the run.
func piecemeal(o plan.Operation, do func(plan.Operation) error) (done plan.Operation, failures []failure, err error) {
	taken := map[string]bool{}
	for _, c := range o.Claims() {
		one, _ := o.Only(func(other plan.Claim) bool { return other == c })
		switch err := do(one); {
		case err == nil:
			taken[c.Attribute] = true
		case isRefusal(err):
			failures = append(failures, failure{c, err})
		default:
			return o, failures, err
		}
	}
	done, _ = o.Only(func(c plan.Claim) bool { return taken[c.Attribute] })
	if len(taken) == 0 {
		done.Changes, done.IDs, done.Skills, done.Roles = nil, nil, nil, nil
	}
	return done, failures, nil
}
