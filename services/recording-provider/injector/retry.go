package injector

import (
	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline/delivery"
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

// Answer says whose matter the failure of a step is; what follows from it is decided by package
// delivery.
//
// A file that is not there may come late, and one that cannot be read may still be growing: neither
// is believed at once. Where the storage cannot be read, or the org has no usable key, every
// recording waits for it.
func Answer(step Step, err error) delivery.Answer {
	switch step {
	case StepFetch:
		switch fault.CodeOf(err) {
		case fault.NotFound:
			a := delivery.Failed(err)
			a.Scope, a.Own = delivery.Record, false
			return a
		case fault.Invalid, fault.TooLarge:
			return ofRecord(err)
		}
		return delivery.Failed(delivery.OfOperation(err))
	case StepInspect, StepSeal:
		return ofRecord(err)
	case StepKey:
		return delivery.Failed(delivery.OfOperation(err))
	case StepPresign, StepUpload:
	}
	return delivery.Failed(err)
}

// ofRecord is what we have found out ourselves about a file.
func ofRecord(err error) delivery.Answer {
	a := delivery.Failed(err)
	a.Scope, a.Own = delivery.Record, true
	return a
}
