package delivery

import (
	"fmt"
	"sync"
	"time"

	"engage.connector/pkg/fault"
)

const (
	// ProbeAfter failures in a row single records are tried instead of whole batches: one that is
	// taken proves that the operation works, whatever is wrong with the others.
	ProbeAfter = 3
	// everyoneIs so many different keys refused in a row, with nothing taken in between.
	everyoneIs = 3
	// longestStep bounds what one answer adds to a record's patience: a clock that was set, or a
	// machine that slept, has not waited for anybody.
	longestStep = 5 * time.Minute
)

// State is what is known of one operation. It is safe for concurrent use.
type State struct {
	name string

	mu       sync.Mutex
	failures int // answers in a row by which nothing was taken
	taken    int // how often something was taken
	refused  map[string]bool
	upSince  time.Time // since when the org can be reached; zero while it cannot
	heldFrom time.Time // the operation rests from then
	heldFor  time.Duration
	probes   int
	cause    *Answer // of the pause that was reported; nil when the operation works
	since    time.Time
	reported map[fault.Code]bool
}

// NewState returns the state of an operation of which nothing is known yet.
func NewState(name string) *State {
	return &State{name: name, refused: map[string]bool{}, reported: map[fault.Code]bool{}}
}

// Mark is a point in the operation's life; see Proven.
type Mark int

// Now returns the mark of what was taken until now.
func (s *State) Now() Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Mark(s.taken)
}

// Proven tells whether something was taken since the mark.
func (s *State) Proven(since Mark) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.taken > int(since)
}

// Left is how long the operation still rests. A clock that was set back does not prolong it.
func (s *State) Left(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left(now)
}

func (s *State) left(now time.Time) time.Duration {
	if now.Before(s.heldFrom) {
		return 0
	}
	return max(s.heldFor-now.Sub(s.heldFrom), 0)
}

// Failing tells that the last answer took nothing: requests then go one at a time.
func (s *State) Failing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures > 0
}

// Probing tells that single records are tried.
func (s *State) Probing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures >= ProbeAfter
}

// Begin asks for a request to go now. While the operation fails, only one may be under way; 0 means
// go, and End must follow.
func (s *State) Begin(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if left := s.left(now); left > 0 {
		return left
	}
	if s.failures > 0 && s.probes > 0 {
		return pauseMin
	}
	s.probes++
	return 0
}

// End follows on Begin, after the answer was reported.
func (s *State) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes--
}

// Resumed tells of the end of a pause that was reported.
type Resumed struct {
	Cause Answer
	After time.Duration
}

// Answered notes that the org has dealt with a request; took says that it took something. The result
// is not nil when a reported pause has ended.
func (s *State) Answered(now time.Time, took bool) *Resumed {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures, s.heldFor = 0, 0
	s.reached(now)
	if took {
		s.taken++
		clear(s.refused)
	}
	var ended *Resumed
	if s.cause != nil {
		ended = &Resumed{Cause: *s.cause, After: now.Sub(s.since)}
	}
	s.cause, s.since = nil, time.Time{}
	clear(s.reported)
	return ended
}

func (s *State) reached(now time.Time) {
	if s.upSince.IsZero() {
		s.upSince = now
	}
}

// Last is when a record was last answered, and the mark of then. The zero value is a new record's.
type Last struct {
	At   time.Time
	Mark Mark
}

// Refused notes an answer about a record that stands alone, or is named. It tells whether everyone is
// refused, and how long the org could be reached since the last answer about this record.
func (s *State) Refused(now time.Time, key string, last Last, a Answer, proven bool) (everyone bool, reached time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if speaks := a.Own && a.Scope != Org; speaks || a.Scope == Record || proven {
		if len(s.refused) < everyoneIs {
			s.refused[key] = true
		}
		s.reached(now)
	}
	if s.upSince.IsZero() {
		return false, 0
	}
	everyone = len(s.refused) >= everyoneIs && (last.At.IsZero() || s.taken == int(last.Mark))
	if last.At.IsZero() {
		return everyone, 0
	}
	from := last.At
	if s.upSince.After(from) {
		from = s.upSince
	}
	return everyone, min(max(now.Sub(from), 0), longestStep)
}

// Failed counts an answer by which nothing was taken, and tells how many there were in a row before.
func (s *State) Failed() (before int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures++
	return s.failures - 1
}

// Pause lets the operation rest. It returns true when that is to be reported: once per cause.
func (s *State) Pause(now time.Time, a Answer) (wait time.Duration, report bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = max(s.failures, 1)
	wait = PauseWait(s.failures, a)
	s.heldFrom, s.heldFor = now, max(wait, s.left(now))
	s.upSince = time.Time{}
	if s.since.IsZero() {
		s.since = now
	}
	orgWide := (a.Scope == Org || a.Scope == Operation) && a.Code != fault.RateLimited
	if !orgWide && s.failures < ProbeAfter && wait < time.Minute && s.cause == nil {
		return wait, false
	}
	s.cause = &a
	report = !s.reported[a.Code]
	s.reported[a.Code] = true
	return wait, report
}

// Check is nil while the operation works; else it is the one reason why it is paused.
func (s *State) Check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		return nil
	}
	return fault.New(s.cause.Code, "", fmt.Sprintf("%s is paused since %s: %s", s.name, s.since.UTC().Format(time.RFC3339), s.cause.Reason)).
		WithHint(s.cause.Hint)
}

// Paused tells whether a pause was reported and has not ended.
func (s *State) Paused() bool { return s.Check() != nil }
