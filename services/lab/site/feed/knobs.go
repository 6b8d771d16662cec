package feed

import "fmt"

// Knobs disturb the feed, to try out its readers. Zero switches a disturbance off.
type Knobs struct {
	// DropAfterLines breaks each connection off in the middle of the line after so many lines.
	DropAfterLines int `json:"dropAfterLines"`
	// DuplicateEvery sends every n-th event of a link twice.
	DuplicateEvery int `json:"duplicateEvery"`
	// MalformedEvery puts a line that is no JSON after every n-th event of a link.
	MalformedEvery int `json:"malformedEvery"`
}

// Validate refuses negative knobs.
func (k Knobs) Validate() error {
	if k.DropAfterLines < 0 || k.DuplicateEvery < 0 || k.MalformedEvery < 0 {
		return fmt.Errorf("knobs: %+v: nothing may be negative", k)
	}
	return nil
}

// Knobs returns the present disturbances.
func (e *Edge) Knobs() Knobs {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.knobs
}

// SetKnobs changes the disturbances from the next line on.
func (e *Edge) SetKnobs(k Knobs) error {
	if err := k.Validate(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.knobs = k
	return nil
}
