package injector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/recording-provider/injector"
)

func TestWhatHappensAfterAFailure(t *testing.T) {
	of := func(code fault.Code) error { return fault.New(code, "x", "y") }
	tests := []struct {
		name    string
		step    injector.Step
		err     error
		attempt int
		age     time.Duration
		want    injector.Verdict
	}{
		{"the storage is away", injector.StepFetch, of(fault.Unavailable), 1, 0, injector.Verdict{In: 2 * time.Second}},
		{"pauses double", injector.StepFetch, of(fault.Unavailable), 4, time.Minute, injector.Verdict{In: 16 * time.Second}},
		{"and end at five minutes", injector.StepUpload, of(fault.Timeout), 60, time.Hour, injector.Verdict{In: 5 * time.Minute}},
		{"after three days a person looks", injector.StepUpload, of(fault.Unavailable), 60, 72 * time.Hour, injector.Verdict{Park: true}},
		{"the file may come late", injector.StepFetch, of(fault.NotFound), 3, time.Hour, injector.Verdict{In: 8 * time.Second}},
		{"but not after a day", injector.StepFetch, of(fault.NotFound), 90, 24 * time.Hour, injector.Verdict{Park: true}},
		{"no opus is never an opus", injector.StepInspect, of(fault.Invalid), 1, 0, injector.Verdict{Park: true}},
		{"too large stays too large", injector.StepFetch, of(fault.TooLarge), 1, 0, injector.Verdict{Park: true}},
		{"the org says when", injector.StepPresign, fault.New(fault.RateLimited, "x", "y").WithRetryIn(90 * time.Second), 1, 0, injector.Verdict{In: 90 * time.Second}},
		{"the service is stopping", injector.StepUpload, context.Canceled, 1, 0, injector.Verdict{In: 2 * time.Second}},
		{"an error of our own", injector.StepSeal, errors.New("boom"), 1, 0, injector.Verdict{In: 2 * time.Second}},
		{"the org refuses the file", injector.StepUpload, of(fault.Invalid), 1, 0, injector.Verdict{Park: true}},
		{"no key yet", injector.StepKey, of(fault.NotFound), 1, 0, injector.Verdict{In: 2 * time.Second}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, injector.AfterFailure(test.step, test.err, test.attempt, test.age))
		})
	}
}
