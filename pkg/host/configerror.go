package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ConfigFault is one thing that is wrong with the configuration.
type ConfigFault struct {
	Variable string // the environment variable, e.g. "DRAIN_TIMEOUT"
	Problem  string // what is wrong, e.g. `"10" is not a duration`
	Fix      string // what to do, e.g. "write a number with a unit, such as 10s"
}

// BadVariable is the fault a validate function returns, so that its message looks like all others.
func BadVariable(variable, problem, fix string) *ConfigFault {
	return &ConfigFault{Variable: variable, Problem: problem, Fix: fix}
}

// Error is "VARIABLE: problem; fix".
func (f *ConfigFault) Error() string {
	text := f.Problem
	if f.Variable != "" {
		text = f.Variable + ": " + text
	}
	if f.Fix != "" {
		text += "; " + f.Fix
	}
	return text
}

// ConfigError holds everything that is wrong with the configuration, so that the operator repairs
// it in one go. A program that gets one prints it and ends with exit code 2.
type ConfigError struct {
	Faults []error // *ConfigFault where a variable is to blame
}

// Error lists the faults, one per line.
func (e *ConfigError) Error() string {
	var b strings.Builder
	noun := "faults"
	if len(e.Faults) == 1 {
		noun = "fault"
	}
	fmt.Fprintf(&b, "the configuration has %d %s:", len(e.Faults), noun)
	for _, f := range e.Faults {
		b.WriteString("\n  - ")
		b.WriteString(f.Error())
	}
	return b.String()
}

// Unwrap gives the single faults to errors.Is and errors.As.
func (e *ConfigError) Unwrap() []error { return e.Faults }

// faultList collects faults in the order they are found and drops repetitions.
type faultList struct{ faults []error }

// add takes an error apart where it is a list itself.
func (l *faultList) add(errs ...error) {
	for _, err := range errs {
		if err == nil {
			continue
		}
		if nested, ok := errors.AsType[*ConfigError](err); ok {
			l.add(nested.Faults...)
			continue
		}
		same := func(known error) bool { return known.Error() == err.Error() }
		if !slices.ContainsFunc(l.faults, same) {
			l.faults = append(l.faults, err)
		}
	}
}

// err is nil when nothing was found.
func (l *faultList) err() error {
	if len(l.faults) == 0 {
		return nil
	}
	return &ConfigError{Faults: l.faults}
}
