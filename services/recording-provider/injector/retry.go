package injector

import (
	"time"

	"engage.connector/pkg/fault"
)

// Step is a stage of the injection; it labels metrics and reasons.
type Step string

// The steps in their order (guide, "How recording injection works", 6 to 10).
const (
	StepFetch   Step = "fetch"
	StepInspect Step = "inspect"
	StepKey     Step = "key"
	StepSeal    Step = "seal"
	StepPresign Step = "presign"
	StepUpload  Step = "upload"
)

// Steps lists all steps.
func Steps() []Step {
	return []Step{StepFetch, StepInspect, StepKey, StepSeal, StepPresign, StepUpload}
}

// Verdict is what happens to a segment after a failed step.
type Verdict struct {
	Park bool          // keep it aside with its reason, until somebody retries it
	In   time.Duration // otherwise: when to try again
}

const (
	firstPause = 2 * time.Second
	longPause  = 5 * time.Minute
	// A file may reach the storage long after its call: the recorder retries on its own.
	lateFile = 24 * time.Hour
	// Longer outages than this are for a person to look at.
	patience = 72 * time.Hour
)

// retryTable says how long a kind of failure is retried; a kind that is missing is parked at once,
// because trying again would give the same result.
func retryTable() map[fault.Code]time.Duration {
	return map[fault.Code]time.Duration{
		fault.Unavailable:     patience,
		fault.Timeout:         patience,
		fault.RateLimited:     patience,
		fault.Canceled:        patience,
		fault.Internal:        patience,
		fault.Unauthenticated: patience, // rotated credentials arrive with the next settings
		fault.Forbidden:       patience, // a role that somebody is about to grant
	}
}

// AfterFailure decides about a segment whose step failed at its n-th attempt, age after it was
// submitted.
func AfterFailure(step Step, err error, attempt int, age time.Duration) Verdict {
	limit, retryable := retryTable()[fault.CodeOf(err)]
	if step == StepFetch && fault.CodeOf(err) == fault.NotFound {
		limit, retryable = lateFile, true
	}
	if step == StepKey && fault.CodeOf(err) == fault.NotFound {
		limit, retryable = patience, true // an org without a key yet
	}
	if !retryable || age >= limit {
		return Verdict{Park: true}
	}
	return Verdict{In: max(pause(attempt), fault.RetryIn(err))}
}

// pause doubles from two seconds to five minutes.
func pause(attempt int) time.Duration {
	if attempt > 8 {
		return longPause
	}
	return min(firstPause<<max(attempt-1, 0), longPause)
}
