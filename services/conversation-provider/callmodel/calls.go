package callmodel

import (
	"slices"

	"engage.connector/pkg/engage"
)

// callCreated reads EventCallCreated, also when it reports a running call again.
func (b *Book) callCreated(e engage.Event) []string {
	c := b.call(e.CallUUID())
	if c == nil {
		return nil
	}
	if c.Created.IsZero() || e.Time.Before(c.Created) {
		c.Created = e.Time
		b.touch(c)
	}
	return b.readCall(c, e)
}

// callChanged reads EventCallDataChanged: every attribute but the CallUUID may change.
func (b *Book) callChanged(e engage.Event) []string {
	c := b.call(e.CallUUID())
	if c == nil {
		return nil
	}
	return b.readCall(c, e)
}

// readCall takes the call's attributes from an event of call monitoring.
func (b *Book) readCall(c *Call, e engage.Event) []string {
	b.readAttributes(c, StreamCall, e)
	touched := []string{c.UUID}
	if orig := e.OrigCallUUID(); orig != "" && orig != c.UUID && c.Origin == "" {
		c.Origin = orig
		touched = append(touched, b.join(b.call(orig), c, e, "consultation call")...)
	}
	for _, link := range e.ISLinks() {
		touched = append(touched, b.link(c, link, e)...)
	}
	return append(touched, b.bind(c, e.ConnID())...)
}

// readAttributes takes what any event about a call may carry. What is already known stays: the
// attributes of a call that a server reports again may have lost their first values.
func (b *Book) readAttributes(c *Call, s Stream, e engage.Event) {
	changed := c.seen(s, e.Time)
	if t := e.CallType(); c.Type == engage.CallTypeUnknown && t != engage.CallTypeUnknown {
		c.Type, changed = t, true
	}
	if ani := e.ANI(); c.ANI == "" && ani != "" {
		c.ANI, changed = ani, true
	}
	if dnis := e.DNIS(); c.DNIS == "" && dnis != "" {
		c.DNIS, changed = dnis, true
	}
	for key, value := range e.UserData() {
		if b.keep(key) && c.note(key, value, e.Time) {
			changed = true
		}
	}
	if changed {
		b.touch(c)
	}
}

// callDeleted reads EventCallDeleted. A RefCallUUID means that the call went on inside another.
func (b *Book) callDeleted(e engage.Event) []string {
	c := b.call(e.CallUUID())
	if c == nil {
		return nil
	}
	b.readAttributes(c, StreamCall, e)
	touched := []string{c.UUID}
	if !c.Deleted.IsZero() {
		return touched
	}
	if ref := e.RefCallUUID(); ref != "" && ref != c.UUID {
		c.MergedInto = ref
		touched = append(touched, b.join(b.call(ref), c, e, "merged call")...)
		// The IS-Links move to the call that goes on, without an event of their own.
		if into := b.call(ref); into != nil {
			for _, link := range c.Links {
				touched = append(touched, b.link(into, link, e)...)
			}
		}
	}
	c.Deleted = e.Time
	c.record(Fact{Kind: CallEnded, At: e.Time, Stream: StreamCall, Subject: c.UUID, Ctrl: e.CtrlParty()})
	b.touch(c)
	return touched
}

// link notes an IS-Link: calls that share one belong to one interaction.
func (b *Book) link(c *Call, link string, e engage.Event) []string {
	if slices.Contains(c.Links, link) {
		return nil
	}
	c.Links = append(c.Links, link)
	b.touch(c)
	other := b.calls[b.byLink[link]]
	if other == nil {
		b.byLink[link] = c.UUID
		return nil
	}
	first, second := other, c
	if !c.Created.IsZero() && (other.Created.IsZero() || c.Created.Before(other.Created)) {
		first, second = c, other
	}
	return b.join(first, second, e, "multi-site call")
}

// join puts the interaction of second into that of first.
func (b *Book) join(first, second *Call, e engage.Event, why string) []string {
	if first == nil || second == nil || first.Root == second.Root {
		return nil
	}
	winner, loser := first.Root, second.Root
	var touched []string
	for _, c := range b.calls {
		if c.Root == loser {
			c.Root = winner
			b.touch(c)
			touched = append(touched, c.UUID)
		}
	}
	slices.Sort(touched)
	for _, pair := range [][2]string{{winner, loser}, {loser, winner}} {
		if c := b.calls[pair[0]]; c != nil {
			c.record(Fact{Kind: CallJoined, At: e.Time, Stream: StreamCall, Subject: pair[1], Note: why})
			b.touch(c)
		}
	}
	return append(touched, winner)
}
