package pipeline

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
)

// Held is a log record on its way through the Sequencer.
type Held struct {
	ID     string // of the log record
	Event  engage.Event
	ReadAt time.Time
	Size   int // bytes of the record
	// Payload is the record as it is stored.
	Payload []byte
}

// Sequencer puts events of several links into the order of their times. The
// links' events come into the log one link after another, so an event is held
// for a window of time, in which earlier ones of other links can overtake it.
// What comes later than the window is not put back in order; it is released
// with what is held at that time. It is pure: it knows no clock.
type Sequencer struct {
	window time.Duration
	held   []Held // in the log's order
	size   int
}

// NewSequencer makes one that holds events for window since they were read.
func NewSequencer(window time.Duration) *Sequencer { return &Sequencer{window: window} }

// Add takes the next record of the log. ReadAt must not go back.
func (s *Sequencer) Add(h Held) {
	s.held = append(s.held, h)
	s.size += h.Size
}

// Len is how many records are held.
func (s *Sequencer) Len() int { return len(s.held) }

// Size is how many bytes are held.
func (s *Sequencer) Size() int { return s.size }

// Bounds of what is held for a window of time.
const (
	maxHeld      = 10_000
	maxHeldBytes = 64 << 20
)

// Full tells whether no more can be held.
func (s *Sequencer) Full() bool { return len(s.held) >= maxHeld || s.size >= maxHeldBytes }

// Progress is not known: nothing says how far the links have come.
func (s *Sequencer) Progress() Progress { return Progress{} }

// Due is when the next record has been held long enough; false when none is
// held.
func (s *Sequencer) Due() (time.Time, bool) {
	if len(s.held) == 0 {
		return time.Time{}, false
	}
	return s.held[0].ReadAt.Add(s.window), true
}

// Release takes out the records that have been held long enough, and with
// them all that are not later than the latest of those; in the order of event
// time, and of the log where times are equal.
func (s *Sequencer) Release(now time.Time) []Held {
	due := 0
	var latest time.Time
	for due < len(s.held) && !now.Before(s.held[due].ReadAt.Add(s.window)) {
		if t := s.held[due].Event.Time; due == 0 || t.After(latest) {
			latest = t
		}
		due++
	}
	if due == 0 {
		return nil
	}
	var released, kept []Held
	for _, h := range s.held {
		if h.Event.Time.After(latest) {
			kept = append(kept, h)
			continue
		}
		released = append(released, h)
		s.size -= h.Size
	}
	s.held = kept
	slices.SortStableFunc(released, func(a, b Held) int { return a.Event.Time.Compare(b.Event.Time) })
	return released
}
