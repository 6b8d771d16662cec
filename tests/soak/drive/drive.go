// Package drive runs histories through the model, in several ways, and judges what comes out.
package drive

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/genesys/exevents"
	"engage.connector/services/conversation-provider/conversation"
	"engage.connector/tests/soak/history"
	"engage.connector/tests/soak/judge"
)

// The checks beside the judge's rules.
const (
	RestartDiffers judge.Rule = "restart differs"        // a restart from the committed state changes what is sent
	OrderDiffers   judge.Rule = "order of links matters" // how the links lag changes what is sent
	LeftOver       judge.Rule = "left over"              // something is kept after everything is over
	Broken         judge.Rule = "broken"                 // the model fails or panics
	SameIdentity   judge.Rule = "same identity"          // two events would count as one
)

// Options of a run.
type Options struct {
	CallModel conversation.CallModel // how far the model of the org is used
	Mapping   *Mapping
	Calls     int
	Moves     int
	// LinkOrder demands that the way the links lag does not matter even beyond the reorder window.
	LinkOrder bool
}

// Result is what a history led to.
type Result struct {
	History history.History
	Sent    []exevents.ConversationEvent
	Faults  []judge.Fault
	Mode    string // which run the faults are of
	fed     []batch
	late    bool // links lag beyond the reorder window
	// Late is set when links lagged beyond the reorder window and the run was compared with one without
	// any lag; LateDiffers when that came out differently.
	Late, LateDiffers bool
}

// lagTable are the longest lags of a link: from none to one that is within LINK_PATIENCE, and one that is
// not.
func lagTable() []time.Duration {
	return []time.Duration{0, 200 * time.Millisecond, 1500 * time.Millisecond, time.Minute, time.Hour}
}

// Run makes the history of some picks and runs it.
func Run(tag string, opts Options, pick history.Pick) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			r.Faults = append(r.Faults, judge.Fault{Rule: Broken, Text: fmt.Sprintf("panic: %v", p)})
		}
	}()
	p := newPlan(pick)
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	r.History = history.Generate(history.Params{Tag: tag, Start: start, Calls: opts.Calls, Moves: opts.Moves}, pick)
	if r.Faults = identities(r.History); len(r.Faults) > 0 {
		return r
	}
	r.late = !p.inTime()
	said := p.say(r.History.Events)
	fed := p.batches(p.disturb(said), start)
	whole := newWriter(opts.Mapping, opts.CallModel)
	r.judge(opts, "disturbed", whole, fed, false, -1)
	if len(r.Faults) > 0 {
		return r
	}
	again := newWriter(opts.Mapping, opts.CallModel)
	if r.feed("restarted", again, fed, false, p.restart*len(fed)/parts); len(r.Faults) == 0 && !r.same(whole, again) {
		r.fault(RestartDiffers, difference(whole.lines, again.lines))
		return r
	}
	if len(r.Faults) > 0 {
		return r
	}
	if p.mode == 0 {
		r.compare(opts, p, said, whole, fed, start)
		return r
	}
	r.judge(opts, "live", newWriter(opts.Mapping, opts.CallModel), fed, true, -1)
	if r.late {
		// What is told late gets a later time than it had, and may overlap with the agent's next call. The
		// org takes events as they come, and that order is right.
		r.Faults = slices.DeleteFunc(r.Faults, func(f judge.Fault) bool { return f.Rule == judge.UserBusy })
	}
	return r
}

// same tells whether two runs sent the same. What is read late, of calls that waited together, may go out
// in another order after a restart, but each conversation is the same.
func (r *Result) same(one, other *writer) bool {
	if r.late {
		return maps.Equal(one.byConversation(), other.byConversation())
	}
	return slices.Equal(one.lines, other.lines)
}

// compare looks whether it matters how the links lag, or how the clocks of their servers stand. It must
// not as long as links are waited for; beyond that, what is told is still true and well formed, but a call
// may be told of in less detail, and how often that is so is counted.
func (r *Result) compare(opts Options, p plan, s said, whole *writer, fed []batch, start time.Time) {
	plain := newWriter(opts.Mapping, opts.CallModel)
	p.lag, p.outages, p.repeats, p.sizes = 0, nil, nil, []int{1 << 20}
	r.feed("undisturbed", plain, p.batches(p.disturb(s), start), false, -1)
	if len(r.Faults) > 0 {
		return
	}
	want, got := plain.byConversation(), whole.byConversation()
	r.Late = r.late
	switch {
	case maps.Equal(want, got):
	case r.Late && !opts.LinkOrder:
		r.LateDiffers = true
	default:
		r.fed = fed
		r.fault(OrderDiffers, differences(want, got))
	}
}

func (r *Result) fault(rule judge.Rule, text string) {
	r.Faults = append(r.Faults, judge.Fault{Rule: rule, Text: text})
}

// feed applies everything and lets it settle; restart is the batch before which the model is
// replaced, -1 for none.
func (r *Result) feed(mode string, w *writer, list []batch, live bool, restart int) {
	r.Mode = mode
	r.fed = list
	if err := w.tick(list[0].at); err != nil {
		r.fault(Broken, err.Error())
		return
	}
	for i, b := range list {
		if i == restart {
			if err := w.restart(); err != nil {
				r.fault(Broken, err.Error())
				return
			}
		}
		if err := w.apply(b, live); err != nil {
			r.fault(Broken, err.Error())
			return
		}
	}
	if restart == len(list) {
		if err := w.restart(); err != nil {
			r.fault(Broken, err.Error())
			return
		}
	}
	if err := w.settle(); err != nil {
		r.fault(Broken, err.Error())
	}
}

// judge feeds and judges.
func (r *Result) judge(opts Options, mode string, w *writer, list []batch, live bool, restart int) {
	if r.feed(mode, w, list, live, restart); len(r.Faults) > 0 {
		return
	}
	sent, err := w.events()
	if err != nil {
		r.fault(Broken, err.Error())
		return
	}
	r.Sent = sent
	r.Faults = judge.Events(opts.Mapping.org(), opts.Mapping.truth(r.History, r.late), sent)
	left, err := w.leftOver()
	if err != nil {
		r.fault(Broken, err.Error())
		return
	}
	if len(left) > 0 {
		r.fault(LeftOver, strings.Join(left, ", "))
	}
}

// identities: no two events of a history may be taken for one.
func identities(h history.History) []judge.Fault {
	seen := map[string]history.Event{}
	for _, e := range h.Events {
		id := e.Identity(e.Server.Name)
		if other, ok := seen[id]; ok && !e.IsFeed() {
			return []judge.Fault{{Rule: SameIdentity, Text: fmt.Sprintf("%s and %s at %s", other.Message, e.Message, e.Time)}}
		}
		seen[id] = e
	}
	return nil
}

// difference names the first line that differs.
func difference(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("event %d:\nwant %s\ngot  %s", i, want[i], got[i])
		}
	}
	longer, name := want, "want"
	if len(got) > len(want) {
		longer, name = got, "got"
	}
	return fmt.Sprintf("want %d events, got %d; %s also has %s", len(want), len(got), name, longer[min(len(want), len(got))])
}

func differences(want, got map[string]string) string {
	for _, m := range []map[string]string{want, got} {
		for _, id := range slices.Sorted(maps.Keys(m)) {
			if want[id] != got[id] {
				return difference(lines(want[id]), lines(got[id]))
			}
		}
	}
	return ""
}

func lines(text string) []string {
	return slices.Collect(strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n"))
}
