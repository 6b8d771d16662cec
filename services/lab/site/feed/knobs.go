package feed

import (
	"fmt"
	"time"
)

// Knobs disturb the feed, to try out its readers. Zero switches a disturbance off.
type Knobs struct {
	// DropAfterLines breaks each connection off in the middle of the line after so many lines.
	DropAfterLines int `json:"dropAfterLines"`
	// DuplicateEvery sends every n-th event of a link twice.
	DuplicateEvery int `json:"duplicateEvery"`
	// MalformedEvery puts a line that is no JSON after every n-th event of a link.
	MalformedEvery int `json:"malformedEvery"`
	// NoUpTo and NoSnapshots make it an edge that can not tell watermarks, or can not make snapshots.
	NoUpTo      bool `json:"noUpTo"`
	NoSnapshots bool `json:"noSnapshots"`
	// LateSeconds holds back what a link has received, by link.
	LateSeconds map[string]float64 `json:"lateSeconds,omitempty"`
	// Clocks are the servers' clocks that are not right, by server: the host of an endpoint.
	Clocks map[string]Clock `json:"clocks,omitempty"`
}

// maxLateSeconds bounds how late a link may be.
const maxLateSeconds = 3600

// Validate refuses negative knobs and clocks that no server has.
func (k Knobs) Validate() error {
	if k.DropAfterLines < 0 || k.DuplicateEvery < 0 || k.MalformedEvery < 0 {
		return fmt.Errorf("knobs: %+v: nothing may be negative", k)
	}
	for link, seconds := range k.LateSeconds {
		if !(seconds >= 0 && seconds <= maxLateSeconds) {
			return fmt.Errorf("lateSeconds of %q: %g, want 0 to %d", link, seconds, maxLateSeconds)
		}
	}
	for server, clock := range k.Clocks {
		if err := clock.problem(); err != nil {
			return fmt.Errorf("clocks of %q: %w", server, err)
		}
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
	e.setClocks(k.Clocks)
	for _, l := range e.links {
		l.signal() // somebody may wait for what is not late any more
	}
	return nil
}

// late is how long what the link has received is held back.
func (e *Edge) late(l *link) time.Duration {
	return time.Duration(e.knobs.LateSeconds[l.name] * float64(time.Second))
}
