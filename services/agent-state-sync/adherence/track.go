// Package adherence compares what Engage had with what the org was shown, and names each interval in which
// the two differed: what a workforce analyst corrects from. It is pure.
package adherence

import (
	"slices"
	"time"

	"engage.connector/pkg/packed"
)

// Change is a change of one value of an agent in Engage that the org does not show yet.
type Change struct {
	packed.Kept

	Value string
	// At is when the value began, by the clock of the edge; Stamp is that by the server's own clock, never
	// ahead of the edge's; Seen is when the edge received it.
	At    time.Time
	Stamp time.Time
	Seen  time.Time
	// Told is the stamp of the event that tells the org, zero while there is none.
	Told time.Time
	// Why is set where the cause is known before the org's answer.
	Why Cause
	// Covered is how far the pieces reach.
	Covered time.Time
	Pieces  []Piece
}

// Piece is a part of the time since a change in which the org showed one other value.
type Piece struct {
	packed.Kept

	From, Until time.Time
	Shown       string
}

// Fields names what is stored of a change.
func (c *Change) Fields(f *packed.Form) {
	f.Text(1, &c.Value)
	f.Time(2, &c.At)
	f.Time(3, &c.Stamp)
	f.Time(4, &c.Seen)
	f.Time(5, &c.Told)
	f.Text(6, (*string)(&c.Why))
	f.Time(7, &c.Covered)
	packed.All(f, 8, &c.Pieces)
}

// Fields names what is stored of a piece.
func (p *Piece) Fields(f *packed.Form) {
	f.Time(1, &p.From)
	f.Time(2, &p.Until)
	f.Text(3, &p.Shown)
}

// Waiting tells whether the change is still to be told.
func (c *Change) Waiting() bool { return c.Told.IsZero() && c.Why != Dropped }

// Track follows one value of one agent: what the org shows, and the changes that it does not show yet, the
// oldest first.
type Track struct {
	packed.Kept

	// Shown is the value that the org accepted last, "" when it never did; Stamp is that event's and
	// Accepted is when.
	Shown    string
	Stamp    time.Time
	Accepted time.Time
	Open     []Change
}

// Fields names what is stored of a track.
func (t *Track) Fields(f *packed.Form) {
	f.Text(1, &t.Shown)
	f.Time(2, &t.Stamp)
	f.Time(3, &t.Accepted)
	packed.All(f, 4, &t.Open)
}

// Last is the value that Engage has, "" when nothing is known.
func (t *Track) Last() string {
	if n := len(t.Open); n > 0 {
		return t.Open[n-1].Value
	}
	return t.Shown
}

// Begin notes a change; one that changes nothing is passed over.
func (t *Track) Begin(c Change) bool {
	if c.Value == t.Last() {
		return false
	}
	t.Open = append(t.Open, c)
	return true
}

// Complete corrects the change that began with this stamp and is not told yet; without one it is a change
// of its own.
func (t *Track) Complete(c Change) {
	if n := len(t.Open); n > 0 && t.Open[n-1].Waiting() && t.Open[n-1].Stamp.Equal(c.Stamp) {
		t.Open = t.Open[:n-1]
	}
	t.Begin(c)
}

// Waiting counts the changes that are still to be told.
func (t *Track) Waiting() int {
	n := 0
	for i := range t.Open {
		if t.Open[i].Waiting() {
			n++
		}
	}
	return n
}

// Bound keeps at most so many changes waiting: the oldest are dropped, never the newest. It returns how
// many were.
func (t *Track) Bound(most int) int {
	dropped := 0
	for i := range t.Open {
		if t.Waiting() <= max(1, most) {
			break
		}
		if t.Open[i].Waiting() {
			t.Open[i].Why = Dropped
			dropped++
		}
	}
	return dropped
}

// Park notes that the org was not told after all; the org continues to show what it showed.
func (t *Track) Park(told time.Time) bool {
	i := t.find(told)
	if i >= 0 {
		t.Open[i].Why = Parked
	}
	return i >= 0
}

func (t *Track) find(told time.Time) int {
	return slices.IndexFunc(t.Open, func(c Change) bool { return !c.Told.IsZero() && c.Told.Equal(told) })
}

// Acceptance is the org's word that it took an event.
type Acceptance struct {
	Told   time.Time // the event's stamp
	Queued time.Time // when the event was ready to be sent
	At     time.Time // when the org answered
}

// Accept notes that the org shows a change, and returns the gaps that end with it. An event that is older
// than what the org shows is passed over.
func (t *Track) Accept(a Acceptance, tolerance time.Duration) []Gap {
	at := t.find(a.Told)
	if at < 0 {
		return nil
	}
	t.cover(a.At)
	var gaps []Gap
	for i := range at + 1 {
		c := &t.Open[i]
		gaps = append(gaps, c.gaps(a.Queued, a.At, tolerance)...)
	}
	t.Shown, t.Stamp, t.Accepted = t.Open[at].Value, a.Told, a.At
	t.Open = slices.Delete(slices.Clone(t.Open), 0, at+1)
	if len(t.Open) == 0 {
		t.Open = nil
	}
	return gaps
}

// Pending are the gaps that have not ended by now.
func (t *Track) Pending(now time.Time, tolerance time.Duration) []Gap {
	shadow := Track{Shown: t.Shown, Open: slices.Clone(t.Open)}
	for i := range shadow.Open {
		shadow.Open[i].Pieces = slices.Clone(shadow.Open[i].Pieces)
	}
	shadow.cover(now)
	var gaps []Gap
	for i := range shadow.Open {
		c := &shadow.Open[i]
		found := c.gaps(now, now, tolerance)
		if i == len(shadow.Open)-1 && len(found) > 0 && found[len(found)-1].To.Equal(now) {
			found[len(found)-1].To = time.Time{} // it lasts
		}
		gaps = append(gaps, found...)
	}
	return gaps
}

// cover writes down what the org has shown up to now beside each open change: until the next change began,
// the org should have shown this one.
func (t *Track) cover(now time.Time) {
	for i := range t.Open {
		c := &t.Open[i]
		from, until := c.At, now
		if c.Covered.After(from) {
			from = c.Covered
		}
		if i+1 < len(t.Open) && t.Open[i+1].At.Before(until) {
			until = t.Open[i+1].At
		}
		if !until.After(from) {
			continue
		}
		c.Covered = until
		if t.Shown == c.Value {
			continue
		}
		if n := len(c.Pieces); n > 0 && c.Pieces[n-1].Shown == t.Shown && c.Pieces[n-1].Until.Equal(from) {
			c.Pieces[n-1].Until = until
			continue
		}
		c.Pieces = append(c.Pieces, Piece{From: from, Until: until, Shown: t.Shown})
	}
}

// gaps are the pieces of a change that was late by more than the tolerance.
func (c *Change) gaps(queued, at time.Time, tolerance time.Duration) []Gap {
	if at.Sub(c.At) <= tolerance {
		return nil
	}
	cause := c.cause(queued, at)
	gaps := make([]Gap, 0, len(c.Pieces))
	for _, p := range c.Pieces {
		gaps = append(gaps, Gap{From: p.From, To: p.Until, Shown: p.Shown, True: c.Value, Cause: cause})
	}
	return gaps
}
