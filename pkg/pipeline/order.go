package pipeline

import (
	"slices"
	"strings"
	"time"
)

// order is what stands between the log and the model: a Timeline, or a Sequencer where nothing says how
// far the links have come.
type order interface {
	Add(h Held)
	Len() int
	Full() bool
	Due() (time.Time, bool)
	Release(now time.Time) []Held
	Progress() Progress
}

// keyClocks is where the offsets of the servers' clocks stand in the state, beside the model's.
const keyClocks = "clocks"

// order makes a new one for a term, which knows of the clocks what the state says.
func (w *Writer) order() order {
	w.timeline = nil
	if len(w.opts.Links) == 0 {
		return NewSequencer(w.opts.ReorderWindow)
	}
	w.timeline = NewTimeline(w.opts.Links, w.opts.Patience, w.opts.Now())
	if err := w.timeline.recall(w.clocks); err != nil {
		w.log.Warn("what was known of the servers' clocks and of other instances' links cannot be read and is found out again", "error", err)
	}
	w.kept = w.timeline.changes()
	return w.timeline
}

// keepClocks adds what has become known of the clocks and links to a commit that consumes events.
func (w *Writer) keepClocks(effects *Effects, consumes bool) {
	if w.timeline == nil || !consumes || w.timeline.changes() == w.kept {
		return
	}
	data, err := w.timeline.known()
	if err != nil {
		w.log.Error("what is known of the servers' clocks cannot be kept", "error", err)
		return
	}
	w.kept = w.timeline.changes()
	if effects.State == nil {
		effects.State = map[string][]byte{}
	}
	effects.State[keyClocks] = data
}

// count counts what is decided without a link, by link.
func (t *term) count(released []Held) {
	for _, h := range released {
		if h.Event.Without == "" {
			continue
		}
		for link := range strings.SplitSeq(h.Event.Without, " ") {
			t.w.metrics.without.WithLabelValues(link).Inc()
			t.w.note(link)
		}
	}
}

// report says which links are not waited for any more, and which are again.
func (t *term) report() {
	t.w.metrics.held.Set(float64(t.order.Len()))
	without := t.order.Progress().Without
	for _, link := range without {
		if !slices.Contains(t.without, link) {
			t.w.log.Warn("a link has not come further for too long: decisions are taken without it", "link", link, "after", t.w.opts.Patience,
				"hint", "look at the link's state in /status and at the edge; what it reports later is told late")
		}
	}
	for _, link := range t.without {
		if !slices.Contains(without, link) {
			t.w.log.Info("a link is waited for again", "link", link)
		}
	}
	t.without = without
	t.w.setMissing(without)
}

// Without is what was decided without a link.
type Without struct {
	// Missing is set while the link is not waited for.
	Missing bool `json:"missing,omitempty"`
	// Events is how many events were read without waiting for the link since this process started, Last
	// when that happened last.
	Events int       `json:"events,omitempty"`
	Last   time.Time `json:"last,omitzero"`
}

// Without tells what was decided without a link by this instance.
func (w *Writer) Without(link string) Without {
	w.missing.Lock()
	defer w.missing.Unlock()
	return w.without[link]
}

func (w *Writer) note(link string) {
	w.missing.Lock()
	defer w.missing.Unlock()
	entry := w.without[link]
	entry.Events++
	entry.Last = w.opts.Now()
	w.without[link] = entry
}

func (w *Writer) setMissing(links []string) {
	w.missing.Lock()
	defer w.missing.Unlock()
	for _, link := range links {
		if _, known := w.without[link]; !known {
			w.without[link] = Without{}
		}
	}
	for link, entry := range w.without {
		entry.Missing = slices.Contains(links, link)
		w.without[link] = entry
	}
}

// wholeCells is how many events are applied next: maxApply, and what belongs together with the last of
// them, as far as that is not too much.
func wholeCells(released []Held) int {
	const most = 8 * maxApply
	n := min(len(released), maxApply)
	for n < min(len(released), most) && released[n].Event.Time.Truncate(Together).Equal(released[n-1].Event.Time.Truncate(Together)) {
		n++
	}
	return n
}
