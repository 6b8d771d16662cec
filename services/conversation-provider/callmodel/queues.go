package callmodel

import (
	"slices"
	"strconv"

	"engage.connector/pkg/engage"
)

// queued reads EventQueued of a virtual queue.
func (b *Book) queued(e engage.Event) []string {
	c := b.callFor(e)
	dn := e.ThisDN()
	if c == nil || dn == "" {
		return nil
	}
	b.readAttributes(c, StreamQueue, e)
	touched := append([]string{c.UUID}, b.bind(c, e.ConnID())...)
	last, stays := lastVisit(c, dn)
	if last != nil && (last.Left.IsZero() || !e.Time.After(last.Changed)) {
		return touched // reported again, or older than what is known
	}
	v := &Visit{Key: "vq:" + dn + ":" + strconv.Itoa(stays), DN: dn, Queued: e.Time, Changed: e.Time}
	c.Visits = append(c.Visits, v)
	c.record(Fact{Kind: Queued, At: e.Time, Stream: StreamQueue, Subject: v.Key})
	b.touch(c)
	return touched
}

// unqueued reads EventDiverted and EventAbandoned: both end a stay (the guide names the first only;
// a call counts as queued until either of them).
func (b *Book) unqueued(e engage.Event) []string {
	c := b.callFor(e)
	dn := e.ThisDN()
	if c == nil || dn == "" {
		return nil
	}
	b.readAttributes(c, StreamQueue, e)
	touched := append([]string{c.UUID}, b.bind(c, e.ConnID())...)
	v, _ := lastVisit(c, dn)
	if v == nil || !v.Left.IsZero() || e.Time.Before(v.Queued) {
		return touched
	}
	v.Left, v.Changed = e.Time, e.Time
	if !undistributed(e.CallState()) && e.Message == engage.MsgEventDiverted {
		v.ToDN, v.Redirected = e.ThirdPartyDN(), e.CallState() == engage.CallStateRedirected
	}
	kind := Diverted
	if e.Message == engage.MsgEventAbandoned || e.CallState() == engage.CallStateAbandoned {
		kind = Abandoned
	}
	c.record(Fact{Kind: kind, At: e.Time, Stream: StreamQueue, Subject: v.Key, Note: v.ToDN})
	b.touch(c)
	return touched
}

// undistributed tells whether a CallState says that a stay ended without an agent, whatever DN the
// event names (documented: the values of TCallState).
func undistributed(s engage.CallState) bool {
	return slices.Contains([]engage.CallState{
		engage.CallStateCleared, engage.CallStateAbandoned, engage.CallStateOverflowed, engage.CallStateQueueFull,
	}, s)
}

// lastVisit is the newest stay in a queue, and how many there were.
func lastVisit(c *Call, dn string) (*Visit, int) {
	var last *Visit
	stays := 0
	for _, v := range c.Visits {
		if v.DN == dn {
			last = v
			stays++
		}
	}
	return last, stays
}
