package conversation

import (
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// Group is an interaction: the calls that belong together and their one conversation (facts of the
// vendor's multi-site model: a client merges calls over IS-Links, OrigCallUUID and RefCallUUID).
type Group struct {
	Root  *callmodel.Call   // stands for the interaction
	Calls []*callmodel.Call // all of them, by CallUUID
	Conv  *Conversation
	board *Board             // what it needs to know of the rest of the center
	one   [1]*callmodel.Call // room for the calls of most interactions
}

func (g *Group) call(uuid string) *callmodel.Call {
	i, found := slices.BinarySearchFunc(g.Calls, uuid, func(c *callmodel.Call, uuid string) int { return strings.Compare(c.UUID, uuid) })
	if !found {
		return nil
	}
	return g.Calls[i]
}

// others are the calls that do not stand for the interaction.
func (g *Group) others() []*callmodel.Call {
	if len(g.Calls) == 1 && g.Calls[0] == g.Root {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(g.Calls), func(c *callmodel.Call) bool { return c == g.Root })
}

// keySeparator stands between the CallUUID and the rest of a key.
const keySeparator = "|"

// key names a party or a stay in a queue within the group.
func (g *Group) key(c *callmodel.Call, subject string) string {
	if c == g.Root {
		return subject
	}
	return c.UUID + keySeparator + subject
}

// place resolves a key.
func (g *Group) place(key string) (*callmodel.Call, string) {
	if uuid, subject, ok := strings.Cut(key, keySeparator); ok {
		return g.call(uuid), subject
	}
	return g.Root, key
}

// leftAt is when what a key names ended; zero while it has not.
func (g *Group) leftAt(key string) time.Time {
	call, subject := g.place(key)
	if call == nil {
		return time.Time{}
	}
	return call.LeftAt(subject)
}

// legLeft is when a leg's party left every call it was in; zero while it is in one.
func (g *Group) legLeft(l *Leg) time.Time {
	if l.Visit != "" {
		return g.leftAt(l.Visit)
	}
	last := time.Time{}
	for _, key := range append([]string{l.Party}, l.Also...) {
		left := g.leftAt(key)
		if left.IsZero() {
			return time.Time{}
		}
		if left.After(last) {
			last = left
		}
	}
	return last
}

// is tells whether a DN names the person of a leg. A trunk or trunk group, over which many come at a
// time, does not.
func (g *Group) is(l *Leg, dn string) bool {
	if dn == "" || l.DN != dn || g.board.machine.dir.DNKind(dn) == DNOther {
		return false
	}
	number := g.Root.ANI == "" || dn == g.Root.ANIAt(l.Began) || dn == g.Root.DNISAt(l.Began)
	return l.Kind != External || number
}

// same tells whether a party is the person of a leg: by its DN; by its PartyUUID, if it was moved from another
// call; or because neither a caller nor the party that comes into a consultation has a number.
func (g *Group) same(l *Leg, c *callmodel.Call, p *callmodel.Party) bool {
	if g.is(l, p.DN) {
		return true
	}
	for _, key := range append([]string{l.Party}, l.Also...) {
		if call, uuid := g.place(key); call != c && uuid == p.UUID {
			return true
		}
	}
	own, _ := g.place(l.Party)
	return l.Kind == External && l.DN == "" && p.DN == "" && own != c && isConsultation(c)
}

// staysUntil is until when a party's DN is in the group without a longer break; zero while it is.
func (g *Group) staysUntil(p *callmodel.Party) time.Time {
	until := p.Left
	for longer := !until.IsZero(); longer; {
		longer = false
		for _, c := range g.Calls {
			for _, other := range c.Parties {
				switch {
				case other.DN != p.DN || other.Joined.Sub(until) > settling:
				case other.Left.IsZero():
					return time.Time{}
				case other.Left.After(until):
					until, longer = other.Left, true
				}
			}
		}
	}
	return until
}

// busy counts the legs that an agent has in a stretch of time; those that began within it twice.
func (g *Group) busy(agent string, from, until time.Time) int {
	n := 0
	for _, l := range g.Conv.Legs {
		began := until.IsZero() || l.Began.Before(until) || !l.Began.After(from)
		if l.Kind != User || l.Login != agent || !began || g.goneBy(l, from) {
			continue
		}
		n++
		if l.Began.After(from) {
			n++
		}
	}
	return n
}

// connected tells whether a DN has been talking in the group since before a time, and nothing has been
// heard of the group since.
func (g *Group) connected(dn string, since time.Time) bool {
	talks := false
	for _, c := range g.Calls {
		if len(c.Facts) > 0 || !c.Seen[callmodel.StreamCall].Before(since) {
			return false
		}
		for _, p := range c.Parties {
			talks = talks || p.DN == dn && p.Left.IsZero() && p.State.Generic() == engage.PartyStateConnected
		}
	}
	return talks && slices.ContainsFunc(g.Conv.Open(), func(l *Leg) bool { return l.DN == dn && l.talker() && !l.Answered.IsZero() && !l.Held })
}

// goneBy tells whether a leg's party had left at a time.
func (g *Group) goneBy(l *Leg, at time.Time) bool {
	for _, end := range []time.Time{l.Ended, g.legLeft(l)} {
		if !end.IsZero() && !end.After(at) {
			return true
		}
	}
	return false
}

// leavePending tells whether a leg's end is still to be read.
func (g *Group) leavePending(l *Leg) bool {
	for _, key := range append([]string{l.Party, l.Visit}, l.Also...) {
		if call, subject := g.place(key); key != "" && call != nil && call.LeavePending(subject) {
			return true
		}
	}
	return false
}

// consultation returns the consultation call that a call belongs to, nil when it is part of the main
// call. A call of another site belongs where the call belongs that its IS-Link leads to.
func (g *Group) consultation(c *callmodel.Call) *callmodel.Call {
	if c == g.Root || slices.Contains(g.Conv.Taken, c.UUID) || g.Root.MergedInto == c.UUID && !isConsultation(c) {
		return nil
	}
	if isConsultation(c) {
		return c
	}
	for _, other := range g.Calls {
		if other != c && isConsultation(other) && !slices.Contains(g.Conv.Taken, other.UUID) && linked(c, other) {
			return other
		}
	}
	return nil
}

func isConsultation(c *callmodel.Call) bool {
	return c.Origin != "" || c.Type == engage.CallTypeConsult
}

func linked(a, b *callmodel.Call) bool {
	return slices.ContainsFunc(a.Links, func(link string) bool { return slices.Contains(b.Links, link) })
}

// mainCalls are the calls in which the caller is, or was.
func (g *Group) mainCalls() []*callmodel.Call {
	var calls []*callmodel.Call
	for _, c := range g.Calls {
		if g.consultation(c) == nil {
			calls = append(calls, c)
		}
	}
	return calls
}

// livesElsewhere tells whether a leg's party is in a call at a time, or comes into another one soon
// after, the key given aside.
func (g *Group) livesElsewhere(l *Leg, except string, at time.Time, calls []*callmodel.Call) bool {
	left, _ := g.place(except)
	for _, c := range calls {
		within := settling
		if c == left || l.Kind == User && !isConsultation(c) && !isConsultation(left) {
			within = 0 // whoever comes back into the same call is a new party; agents only change with a consultation
		}
		for _, p := range c.Parties {
			key := g.key(c, p.UUID)
			stays := p.Joined.Sub(at) <= within && (p.Left.IsZero() || p.Left.After(at) && c.LeavePending(p.UUID))
			person := l.Kind == External || l.talker() // a routing point may be in many calls
			if key != except && stays && (l.at(key) || person && g.same(l, c, p)) {
				return true
			}
		}
	}
	return false
}

// next is the call with the earliest fact that is to be read; nil when there is none.
func (g *Group) next() *callmodel.Call {
	var first *callmodel.Call
	for _, c := range g.Calls {
		if c.Created.IsZero() || len(c.Facts) == 0 {
			continue
		}
		if first == nil || compareFacts(c.Facts[0], first.Facts[0]) < 0 {
			first = c
		}
	}
	return first
}

// compareFacts orders facts of different calls: calls come in the order of their CallUUIDs.
func compareFacts(a, b callmodel.Fact) int {
	if d := a.At.Compare(b.At); d != 0 {
		return d
	}
	return int(a.Stream) - int(b.Stream)
}

// over tells whether every call of the group has been deleted.
func (g *Group) over() bool {
	return !slices.ContainsFunc(g.Calls, func(c *callmodel.Call) bool { return c.Deleted.IsZero() && !c.Created.IsZero() })
}

// Over tells whether every call of the interaction has ended.
func (g *Group) Over() bool { return g.over() && !g.Root.Deleted.IsZero() }
