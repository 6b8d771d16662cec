package callmodel

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// OddKind says what is wrong with what a link reported. None of it stops anything: the event is read
// as far as it makes sense, counted, and noted in the trace of its call.
type OddKind string

// The kinds of oddities. The list is closed: it labels a metric.
const (
	OddNoIdentity  OddKind = "no_identity"   // neither CallUUID nor ConnID, DN or PartyUUID: nothing it could be about
	OddUnknownCall OddKind = "unknown_call"  // a party of a call that was never created
	OddNeverJoined OddKind = "never_joined"  // a party leaves that was never there
	OddPartyGone   OddKind = "party_gone"    // a party that left changes its state
	OddCallEnded   OddKind = "call_ended"    // a party joins a call that has been deleted
	OddState       OddKind = "unknown_state" // a party state that the vendor's list lacks
	OddTooMany     OddKind = "too_many"      // more events of unknown calls than are kept
)

// OddKinds lists every kind.
func OddKinds() []OddKind {
	return []OddKind{OddNoIdentity, OddUnknownCall, OddNeverJoined, OddPartyGone, OddCallEnded, OddState, OddTooMany}
}

// Oddity is one event that cannot be.
type Oddity struct {
	packed.Kept

	At      time.Time `json:"at"`
	Kind    OddKind   `json:"kind"`
	Message string    `json:"message"`
	Subject string    `json:"subject,omitempty"`
}

// maxOdd bounds the oddities that are kept of one call.
const maxOdd = 16

// odd counts an oddity and notes it at its call, if it has one.
func (b *Book) odd(c *Call, kind OddKind, e engage.Event, subject string) {
	b.oddities[kind]++
	if c == nil || len(c.Odd) >= maxOdd {
		return
	}
	for _, o := range c.Odd {
		if o.Kind == kind && o.Message == e.Message && o.Subject == subject {
			return // reported again
		}
	}
	c.Odd = append(c.Odd, Oddity{At: e.Time, Kind: kind, Message: e.Message, Subject: subject})
	b.touch(c)
}

// TakeOdd returns how many oddities there were since the last call of TakeOdd.
func (b *Book) TakeOdd() map[OddKind]int {
	if len(b.oddities) == 0 {
		return nil
	}
	taken := b.oddities
	b.oddities = map[OddKind]int{}
	return taken
}
