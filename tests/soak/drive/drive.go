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
	ClocksDiffer   judge.Rule = "clocks matter"          // that servers' clocks are off changes what is sent, but for times
	OthersDiffer   judge.Rule = "a loss costs others"    // what a link lost changes what is sent of other calls
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
	// LinkOrder demands that the way the links lag does not matter even for longer than they are waited for.
	LinkOrder bool
}

// Result is what a history led to.
type Result struct {
	History history.History
	Sent    []exevents.ConversationEvent
	Faults  []judge.Fault
	Mode    string // which run the faults are of
	fed     []batch
	late    bool // links lag for longer than they are waited for
	skew    time.Duration
	// Late is set when links lagged for longer than they are waited for and the run was compared with one without
	// any lag; LateDiffers when that came out differently.
	Late, LateDiffers bool
	// Drifting and DriftDiffers are the same for clocks that drift, compared with clocks that are right.
	Drifting, DriftDiffers bool
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
	p.clocks.zero = start
	r.History = history.Generate(history.Params{Tag: tag, Start: start, Calls: opts.Calls, Moves: opts.Moves}, pick)
	if r.Faults = identities(r.History); len(r.Faults) > 0 {
		return r
	}
	r.late, r.skew = !p.inTime(), p.clocks.apart
	said := p.say(r.History, false)
	fed := p.batches(p.disturb(said), start)
	whole := newWriter(opts.Mapping, opts.CallModel)
	r.judge(opts, "disturbed", whole, fed, false)
	if len(r.Faults) > 0 {
		return r
	}
	again := newWriter(opts.Mapping, opts.CallModel)
	if r.feed("restarted", again, fed, false, p.restart*len(fed)/parts); len(r.Faults) == 0 && !slices.Equal(whole.lines, again.lines) {
		r.restartDiffers(opts, whole, again)
	}
	if len(r.Faults) > 0 {
		return r
	}
	switch {
	case p.mode == modeLive:
		r.live(opts, fed)
	case p.mode == modeWhole && r.History.Lossy && !r.History.Crashed:
		r.compareWhole(opts, p, said, start)
	case p.mode == modeRight && p.clocks.apart > 0:
		r.compareRight(opts, p, said, start)
	default:
		r.compareLag(opts, p, said, whole, start)
	}
	return r
}

// live lets time pass between the lines.
func (r *Result) live(opts Options, fed []batch) {
	r.judge(opts, "live", newWriter(opts.Mapping, opts.CallModel), fed, true)
	if r.late {
		// What is told late gets a later time than it had, and may overlap with the agent's next call. The
		// org takes events as they come, and that order is right.
		r.Faults = slices.DeleteFunc(r.Faults, func(f judge.Fault) bool { return f.Rule == judge.UserBusy })
	}
}

// restartDiffers: what waits is looked at once after a restart, so that what is not of one conversation may go
// out in another order; but each conversation is the same, unless a link is not waited for any more, and what
// the judge demands of an agent's calls holds.
func (r *Result) restartDiffers(opts Options, whole, again *writer) {
	if want, got := whole.byConversation(), again.byConversation(); !r.late && !maps.Equal(want, got) {
		r.fault(RestartDiffers, differences(want, got))
		return
	}
	truth, org := opts.Mapping.truth(r.History, r.late), opts.Mapping.org()
	org.Skew = r.skew
	r.Faults = judge.Events(org, truth, again.sent)
}

// compareLag looks whether it matters how the links lag. It must not as long as links are waited for; beyond
// that, what is told is still true and well formed, but a call may be told of in less detail, and how
// often that is so is counted.
func (r *Result) compareLag(opts Options, p plan, s said, whole *writer, start time.Time) {
	fed := r.fed
	plain, ok := r.undisturbed("undisturbed", opts, p, s, start)
	if !ok {
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

// compareWhole looks whether what a link lost matters to calls that lost nothing.
func (r *Result) compareWhole(opts Options, p plan, s said, start time.Time) {
	complete, ok := r.undisturbed("whole", opts, p, p.say(r.History, true), start)
	if !ok {
		return
	}
	lossy, ok := r.undisturbed("lossy", opts, p, s, start)
	if !ok {
		return
	}
	want, got := complete.byCall(), lossy.byCall()
	if p.clocks.off() {
		// How far a clock is off is measured by the lines that come: without some of them, by a millisecond another way.
		want, got = shapes(want), shapes(got)
	}
	for _, t := range r.History.Talks {
		for _, call := range t.Calls {
			if !t.Hurt && !t.Lost && want[call] != got[call] {
				r.fault(OthersDiffer, difference(lines(want[call]), lines(got[call])))
				return
			}
		}
	}
}

// compareRight looks whether it matters that clocks are off: only the times may differ.
func (r *Result) compareRight(opts Options, p plan, s said, start time.Time) {
	off, ok := r.undisturbed("clocks off", opts, p, s, start)
	if !ok {
		return
	}
	fed, drifts := r.fed, p.clocks.drift > 0
	p.clocks = clocks{}
	right, ok := r.undisturbed("clocks right", opts, p, p.say(r.History, false), start)
	if !ok {
		return
	}
	want, got := shapes(right.byConversation()), shapes(off.byConversation())
	r.Drifting = drifts
	switch {
	case maps.Equal(want, got):
	case r.Drifting: // what lies milliseconds apart on two links cannot be told apart
		r.DriftDiffers = true
	default:
		r.fed = fed
		r.fault(ClocksDiffer, differences(want, got))
	}
}

// undisturbed feeds what the edge said without any lag.
func (r *Result) undisturbed(mode string, opts Options, p plan, s said, start time.Time) (*writer, bool) {
	w := newWriter(opts.Mapping, opts.CallModel)
	p.lag, p.outages, p.repeats, p.sizes = 0, nil, nil, []int{1 << 20}
	r.feed(mode, w, p.batches(p.disturb(s), start), false, -1)
	return w, len(r.Faults) == 0
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
func (r *Result) judge(opts Options, mode string, w *writer, list []batch, live bool) {
	if r.feed(mode, w, list, live, -1); len(r.Faults) > 0 {
		return
	}
	sent := slices.Clone(w.sent)
	r.Sent = sent
	truth, org := opts.Mapping.truth(r.History, r.late), opts.Mapping.org()
	org.Skew = r.skew
	r.Faults = judge.Events(org, truth, sent)
	if !r.late {
		r.Faults = append(r.Faults, judge.Open(org, truth, sent[:w.soon])...)
	}
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
