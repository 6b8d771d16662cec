package injector_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/services/recording-provider/injector"
)

// Whose matter a failure is, by step: what concerns all recordings blames none.
func TestWhoseMatterAFailureIs(t *testing.T) {
	of := func(code fault.Code) error { return fault.New(code, "x", "y") }
	for name, test := range map[string]struct {
		step  injector.Step
		err   error
		scope delivery.Scope
		own   bool
	}{
		"the storage is away":        {injector.StepFetch, of(fault.Unavailable), delivery.Operation, false},
		"the storage refuses us":     {injector.StepFetch, of(fault.Unauthenticated), delivery.Org, false},
		"the file may come late":     {injector.StepFetch, of(fault.NotFound), delivery.Record, false},
		"too large":                  {injector.StepFetch, of(fault.TooLarge), delivery.Record, true},
		"no opus, or still growing":  {injector.StepInspect, of(fault.Invalid), delivery.Record, true},
		"the last page is not there": {injector.StepInspect, of(fault.Unavailable), delivery.Record, true},
		"no key yet":                 {injector.StepKey, of(fault.NotFound), delivery.Operation, false},
		"no usable key":              {injector.StepKey, of(fault.Invalid), delivery.Operation, false},
		"an error of our own":        {injector.StepSeal, errors.New("boom"), delivery.Record, true},
		"permission taken away":      {injector.StepPresign, of(fault.Forbidden), delivery.Operation, false},
		"the org says when":          {injector.StepPresign, of(fault.RateLimited), delivery.Operation, false},
		"the org is away":            {injector.StepPresign, of(fault.Unavailable), delivery.Request, false},
		"the upload is refused":      {injector.StepUpload, of(fault.Invalid), delivery.Request, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := injector.Answer(test.step, test.err)
			require.Equal(t, test.scope, a.Scope)
			require.Equal(t, test.own, a.Own)
			require.Equal(t, fault.CodeOf(test.err), a.Code)
		})
	}
}
