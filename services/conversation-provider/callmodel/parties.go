package callmodel

import (
	"maps"
	"time"

	"engage.connector/pkg/engage"
)

// partyReported reads EventCallPartyAdded and EventCallPartyState: both say that a party is in the
// call and in which state, so either may be missing or come again.
func (b *Book) partyReported(e engage.Event) []string {
	c := b.call(e.CallUUID())
	if c == nil {
		return nil
	}
	b.readAttributes(c, StreamCall, e)
	touched := append([]string{c.UUID}, b.upsertParty(c, e, "")...)
	touched = append(touched, b.isLinks(c, e)...)
	if c.Origin == "" {
		touched = append(touched, b.consults(c, b.originOf(c, e))...)
	}
	return touched
}

// upsertParty notes that a party is in a call; moved is the call that it came from, if any.
func (b *Book) upsertParty(c *Call, e engage.Event, moved string) []string {
	key := partyKey(e)
	if key == "" {
		b.odd(c, OddNoIdentity, e, "")
		return nil
	}
	if e.Attributes["PartyState"] != nil && e.PartyState() == engage.PartyStateUnknown {
		b.odd(c, OddState, e, key)
	}
	p := c.Party(key)
	if p == nil {
		if p = b.adopted(c, e); p == nil {
			return b.addParty(c, e, key, moved)
		}
		p.Later = key
	}
	key = p.UUID
	if moved != "" && !p.Left.IsZero() && e.Time.After(p.Left) {
		p.Left = time.Time{} // it left for another call and comes back
		c.record(Fact{Kind: PartyJoined, At: e.Time, Stream: StreamCall, Subject: key, State: e.PartyState(), Moved: moved})
	}
	if !p.Left.IsZero() && e.Time.After(p.Left) && e.Message == engage.MsgEventCallPartyState {
		b.odd(c, OddPartyGone, e, key)
	}
	if !p.Left.IsZero() || e.Time.Before(p.Changed) || e.Attributes["PartyState"] == nil {
		return nil // repeated: a PartyUUID is never used again
	}
	p.Changed = e.Time
	b.touch(c)
	state := e.PartyState()
	if state == p.State {
		return nil
	}
	p.State = state
	c.record(Fact{Kind: PartyChanged, At: e.Time, Stream: StreamCall, Subject: key, State: state, Cause: e.Cause()})
	if state.Generic() != engage.PartyStateConnected || b.reporting(e) {
		return nil
	}
	return b.signOfLife(p.DN, e.Time, c, "answered another call")
}

func (b *Book) addParty(c *Call, e engage.Event, key, moved string) []string {
	if !c.Deleted.IsZero() && e.Time.After(c.Deleted) {
		b.odd(c, OddCallEnded, e, key)
		return nil
	}
	if c.Created.IsZero() && moved == "" {
		b.odd(c, OddUnknownCall, e, key)
	}
	p := &Party{
		UUID: key, DN: e.DN(), State: e.PartyState(), Joined: e.Time, Changed: e.Time,
		Remote: e.Attributes.Text("RemoteLoc") != "",
	}
	c.Parties = append(c.Parties, p)
	b.indexDN(p.DN, c.UUID)
	var touched []string
	if p.State.Generic() == engage.PartyStateAlerting {
		touched = b.rang(p.DN, e.Time)
	}
	c.record(Fact{
		Kind: PartyJoined, At: e.Time, Stream: StreamCall, Subject: key, State: p.State, Cause: e.Cause(), Moved: moved,
	})
	b.touch(c)
	if g := p.State.Generic(); b.reporting(e) || g != engage.PartyStateAlerting && g != engage.PartyStateConnected {
		return touched
	}
	return append(touched, b.signOfLife(p.DN, e.Time, c, "in another call")...)
}

// partyKey is the PartyUUID. Without one the DN has to do.
func partyKey(e engage.Event) string {
	if uuid := e.PartyUUID(); uuid != "" {
		return uuid
	}
	if dn := e.DN(); dn != "" {
		return "dn:" + dn
	}
	return ""
}

// partyDeleted reads EventCallPartyDeleted.
func (b *Book) partyDeleted(e engage.Event) []string {
	c := b.call(e.CallUUID())
	if c == nil {
		return nil
	}
	b.readAttributes(c, StreamCall, e)
	b.removeParty(c, e, "")
	return append([]string{c.UUID}, b.isLinks(c, e)...)
}

// removeParty notes that a party left a call; moved is the call that it went to, if any.
func (b *Book) removeParty(c *Call, e engage.Event, moved string) {
	key := partyKey(e)
	p := c.Party(key)
	if p == nil {
		if key == "" {
			b.odd(c, OddNoIdentity, e, "")
			return
		}
		b.odd(c, OddNeverJoined, e, key)
		// Never seen in the call: note that it is gone, so that a late report does not add it.
		c.Parties = append(c.Parties, &Party{UUID: key, DN: e.DN(), Joined: e.Time, Changed: e.Time, Left: e.Time})
		b.touch(c)
		return
	}
	if !p.Left.IsZero() {
		return
	}
	p.Left, p.Changed = e.Time, e.Time
	c.record(Fact{Kind: PartyLeft, At: e.Time, Stream: StreamCall, Subject: p.UUID, Cause: e.Cause(), Ctrl: e.CtrlParty(), Moved: moved})
	b.touch(c)
}

// partyMoved reads EventCallPartyMoved as leaving one call and joining another. The guide does not
// list the event; it exists in the vendor's model (inferred).
func (b *Book) partyMoved(e engage.Event) []string {
	var touched []string
	if from := b.call(e.CallUUID()); from != nil {
		b.readAttributes(from, StreamCall, e)
		if e.Attributes["PartyState"] == nil {
			if p := from.Party(partyKey(e)); p != nil {
				e.Attributes = withState(e.Attributes, p.State)
			}
		}
		b.removeParty(from, e, e.NewCallUUID())
		touched = append(touched, from.UUID)
	}
	if to := b.call(e.NewCallUUID()); to != nil {
		to.seen(StreamCall, e.Time)
		touched = append(append(touched, to.UUID), b.upsertParty(to, e, e.CallUUID())...)
		touched = append(touched, b.isLinks(to, e)...)
	}
	return touched
}

// withState copies attributes and adds a party state, so that the caller's event stays as it was.
func withState(a engage.Attributes, state engage.PartyState) engage.Attributes {
	c := make(engage.Attributes, len(a)+1)
	maps.Copy(c, a)
	c["PartyState"] = int(state)
	return c
}

// ReportedBy tells whether a stream has reported on this call up to a time: what it has not
// mentioned until then did not happen.
func (c *Call) ReportedBy(s Stream, at time.Time) bool { return !c.Seen[s].Before(at) }
