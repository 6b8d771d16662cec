package callmodel

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"engage.connector/pkg/engage"
)

// callCreated reads EventCallCreated, also when it reports a running call again.
func (b *Book) callCreated(e engage.Event) []string {
	c := b.call(e.CallUUID())
	if c == nil {
		return nil
	}
	if c.Created.IsZero() || e.Time.Before(c.Created) {
		if c.Created.IsZero() {
			c.Shift = e.Shift.Truncate(time.Millisecond)
		}
		c.Created, c.Link = e.Time, e.Link
		b.touch(c)
	} else if e.Time.After(c.Created) {
		c.Reported = e.Time
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
	b.readChanges(c, e)
	return b.readCall(c, e)
}

// readCall takes the call's attributes from an event of call monitoring.
func (b *Book) readCall(c *Call, e engage.Event) []string {
	b.readAttributes(c, StreamCall, e)
	touched := append([]string{c.UUID}, b.consults(c, e.OrigCallUUID())...)
	if c.Origin == "" {
		touched = append(touched, b.consults(c, b.originOf(c, e))...)
	}
	touched = append(touched, b.isLinks(c, e)...)
	return append(touched, b.bind(c, e.ConnID())...)
}

// consults notes that a call is a consultation made out of another.
func (b *Book) consults(c *Call, orig string) []string {
	if orig == "" || orig == c.UUID || c.Origin != "" {
		return nil
	}
	c.Origin = orig
	b.touch(c)
	return b.join(b.call(orig), c)
}

// originOf finds the main call of a consultation that does not name it: OrigCallUUID is optional. It is
// the call of the ConnID that the consultation names as the one before, else the call of whoever
// consults: the one that is on hold, or was talked in last (inferred).
func (b *Book) originOf(c *Call, e engage.Event) string {
	if c.Type != engage.CallTypeConsult {
		return ""
	}
	for _, key := range []string{"PreviousConnID", "OriginConnID"} {
		before := engage.Event{Attributes: engage.Attributes{"ConnID": e.Attributes[key]}}
		if uuid := b.byConn[before.ConnID()]; uuid != "" && uuid != c.UUID {
			return uuid
		}
	}
	for _, p := range c.Parties {
		if p.DN != "" && p.DN == c.ANI {
			return b.heldAt(p.DN, c, p.Joined)
		}
	}
	if c.ANI == "" && len(c.Parties) > 0 && c.Parties[0].State.Generic() != engage.PartyStateAlerting {
		return b.heldAt(c.Parties[0].DN, c, c.Parties[0].Joined)
	}
	return ""
}

// heldAt is the call of a DN, other than a consultation, that the DN has on hold, or talks in, at a time.
func (b *Book) heldAt(dn string, consult *Call, at time.Time) string {
	var best *Party
	uuid := ""
	for _, other := range b.CallsAt(dn) {
		call := b.Call(other)
		if call == nil || call == consult || call.Type == engage.CallTypeConsult {
			continue
		}
		for _, p := range call.Parties {
			g := p.State.Generic()
			talks := g == engage.PartyStateHeld || g == engage.PartyStateConnected
			if p.DN != dn || !talks || !p.LiveAt(at) {
				continue
			}
			held := g == engage.PartyStateHeld
			if best == nil || held && best.State.Generic() != engage.PartyStateHeld || held == (best.State.Generic() == engage.PartyStateHeld) && p.Changed.After(best.Changed) {
				best, uuid = p, other
			}
		}
	}
	return uuid
}

// isLinks reads the IS-Links that an event of call monitoring carries.
func (b *Book) isLinks(c *Call, e engage.Event) []string {
	var touched []string
	for _, link := range e.ISLinks() {
		touched = append(touched, b.link(c, link)...)
	}
	return touched
}

// readChanges keeps attributes that have become others. What the call began with stays known: an
// event that was sent with it stays as it was.
func (b *Book) readChanges(c *Call, e engage.Event) {
	for _, change := range []struct{ key, first, value string }{
		{attrANI, c.ANI, e.ANI()},
		{attrDNIS, c.DNIS, e.DNIS()},
		{attrType, strconv.Itoa(int(c.Type)), strconv.Itoa(int(e.CallType()))},
	} {
		if change.value == "" || change.value == "0" || change.first == "" || change.first == "0" {
			continue // not said, or the first value that there is
		}
		if c.changed(change.key, change.first, e.Time) == change.value {
			continue
		}
		if note(&c.Changes, Value{Key: change.key, At: e.Time, Value: change.value}) {
			b.touch(c)
		}
	}
}

// readAttributes takes what any event about a call may carry. What is already known stays: the
// attributes of a call that a server reports again may have lost their first values.
func (b *Book) readAttributes(c *Call, s Stream, e engage.Event) {
	changed := c.seen(s, e.Time)
	if t := e.CallType(); c.Type == engage.CallTypeUnknown && t != engage.CallTypeUnknown {
		c.Type, changed = t, true
	}
	if !e.Voice() && !c.NotVoice {
		c.NotVoice, changed = true, true
	}
	if ani := e.ANI(); c.ANI == "" && ani != "" {
		c.ANI, changed = ani, true
	}
	if dnis := e.DNIS(); c.DNIS == "" && dnis != "" {
		c.DNIS, changed = dnis, true
	}
	for key, value := range e.UserData() {
		v := Value{Key: key, At: e.Time, Value: value}
		if s == StreamAgent {
			v.DN = e.ThisDN()
		}
		if b.keep(key) && note(&c.Data, v) {
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
		touched = append(touched, b.join(b.call(ref), c)...)
		// The IS-Links move to the call that goes on, without an event of their own.
		if into := b.call(ref); into != nil {
			for _, link := range c.Links {
				touched = append(touched, b.link(into, link)...)
				b.byLink[link] = into.UUID
			}
		}
	}
	c.Deleted = e.Time
	c.record(Fact{Kind: CallEnded, At: e.Time, Stream: StreamCall, Subject: c.UUID, Ctrl: e.CtrlParty()})
	b.touch(c)
	return touched
}

// link notes an IS-Link: calls that share one belong to one interaction.
func (b *Book) link(c *Call, link string) []string {
	if slices.Contains(c.Links, link) {
		return nil
	}
	c.Links = append(c.Links, link)
	slices.Sort(c.Links)
	b.touch(c)
	other := b.Call(b.byLink[link])
	if other == nil {
		b.byLink[link] = c.UUID
		return nil
	}
	return b.join(other, c)
}

// join puts two calls, and what had been joined to them, into one interaction. The call that stands
// for it is the one that was created first; a call of which only others have spoken comes last, and
// a consultation after its main call. So it does not depend on which link was faster.
func (b *Book) join(one, two *Call) []string {
	if one == nil || two == nil || one.Root == two.Root {
		return nil
	}
	winner, loser := b.Call(one.Root), b.Call(two.Root)
	if winner == nil || loser == nil {
		return nil
	}
	if before(loser, winner) {
		winner, loser = loser, winner
	}
	touched := b.Members(loser.UUID)
	for _, uuid := range touched {
		b.setRoot(b.Call(uuid), winner.UUID)
	}
	b.touch(winner)
	return append(touched, winner.UUID)
}

// before tells which of two calls stands for their interaction.
func before(a, b *Call) bool {
	switch {
	case a.Origin == b.UUID:
		return false
	case b.Origin == a.UUID:
		return true
	case a.Created.IsZero() != b.Created.IsZero():
		return b.Created.IsZero()
	case !a.Created.Equal(b.Created):
		return a.Created.Before(b.Created)
	default:
		return a.UUID < b.UUID
	}
}

func (b *Book) setRoot(c *Call, root string) {
	if members := b.members[c.Root]; members != nil {
		delete(members, c.UUID)
		if len(members) == 0 {
			delete(b.members, c.Root)
		}
	}
	c.Root = root
	b.index(c)
	b.touch(c)
}

// index lists a call among the calls of its interaction. One that is alone needs no list.
func (b *Book) index(c *Call) {
	members := b.members[c.Root]
	if members == nil {
		if c.Root == c.UUID {
			return
		}
		members = map[string]struct{}{}
		b.members[c.Root] = members
		if root := b.calls[c.Root]; root != nil && root.Root == root.UUID {
			members[root.UUID] = struct{}{}
		}
	}
	members[c.UUID] = struct{}{}
}

// Members lists the calls of an interaction by the call that stands for it, sorted.
func (b *Book) Members(root string) []string {
	if members := b.members[root]; members != nil {
		return slices.Sorted(maps.Keys(members))
	}
	if c := b.Call(root); c != nil && c.Root == root {
		return []string{root}
	}
	return nil
}

// Alone tells whether a call is the only one of its interaction.
func (b *Book) Alone(c *Call) bool { return c.Root == c.UUID && b.members[c.UUID] == nil }
