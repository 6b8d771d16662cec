package callmodel

import (
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/engage"
)

// Stream is where a fact was reported: the three links of the guide's chapter "EXCP General
// Operating Principles". Events of one stream come in order, events of different streams do not.
type Stream int

// The streams, in the order in which facts of the same microsecond are read.
const (
	StreamCall  Stream = iota // call monitoring
	StreamQueue               // virtual queue DNs
	StreamAgent               // extension DNs
	streams
)

// Call is one call of one switch as call monitoring and the virtual queues report it.
type Call struct {
	UUID string `json:"uuid"`
	// Root is the call that stands for the interaction this call belongs to; itself for most calls.
	Root    string          `json:"root,omitempty"`
	ConnIDs []string        `json:"connIds,omitempty"`
	Type    engage.CallType `json:"type,omitempty"`
	ANI     string          `json:"ani,omitempty"`
	DNIS    string          `json:"dnis,omitempty"`
	// Links, Origin and MergedInto are the edges of the interaction: IS-Links, the main call of a
	// consultation, the call that this one ended in.
	Links      []string `json:"links,omitempty"`
	Origin     string   `json:"origin,omitempty"`
	MergedInto string   `json:"mergedInto,omitempty"`

	// Created is zero while only other links have spoken of the call.
	Created time.Time         `json:"created,omitzero"`
	Deleted time.Time         `json:"deleted,omitzero"`
	Parties map[string]*Party `json:"parties,omitempty"` // by PartyUUID
	Visits  []*Visit          `json:"visits,omitempty"`  // stays in virtual queues, by time
	Data    []Value           `json:"data,omitempty"`    // user data that somebody needs, by time

	// Seen is the time of the newest event of each stream: what a stream would have reported up to
	// then has been reported.
	Seen [streams]time.Time `json:"seen,omitzero"`
	// Facts are not read yet, by time.
	Facts []Fact       `json:"facts,omitempty"`
	Next  [streams]int `json:"next,omitzero"` // sequence of the next fact of each stream
}

// Party is a participant of a call. It is kept after it left, so that a repeated event does not
// bring it back.
type Party struct {
	UUID    string            `json:"uuid"`
	DN      string            `json:"dn,omitempty"`
	State   engage.PartyState `json:"state,omitempty"`
	Joined  time.Time         `json:"joined,omitzero"`
	Changed time.Time         `json:"changed,omitzero"`
	Left    time.Time         `json:"left,omitzero"`
}

// Visit is one stay of a call in a virtual queue.
type Visit struct {
	Key     string    `json:"key"` // the DN and the number of the stay
	DN      string    `json:"dn"`
	Queued  time.Time `json:"queued"`
	Left    time.Time `json:"left,omitzero"`
	ToDN    string    `json:"toDn,omitempty"` // the DN it was distributed to
	Changed time.Time `json:"changed"`
}

// Value is one value of a key of the call's user data.
type Value struct {
	Key   string    `json:"key"`
	At    time.Time `json:"at"`
	Value string    `json:"value"`
}

// FactKind says what happened.
type FactKind string

// The kinds of facts.
const (
	PartyJoined  FactKind = "party joined"
	PartyChanged FactKind = "party changed"
	PartyLeft    FactKind = "party left"
	Queued       FactKind = "queued"
	Diverted     FactKind = "diverted"
	Abandoned    FactKind = "abandoned"
	Conference   FactKind = "conference" // the participant list names more than two
	Supervision  FactKind = "supervision"
	CallJoined   FactKind = "call joined" // another call belongs to the same interaction
	CallEnded    FactKind = "call ended"
	Rejected     FactKind = "rejected" // the org refused an event for good
)

// Fact is one thing that happened to a call.
type Fact struct {
	Kind   FactKind  `json:"kind"`
	At     time.Time `json:"at"`
	Stream Stream    `json:"stream,omitempty"`
	Seq    int       `json:"seq,omitempty"` // order within the stream
	// Subject is the PartyUUID, the key of the visit or the CallUUID that the fact is about.
	Subject string            `json:"subject,omitempty"`
	State   engage.PartyState `json:"state,omitempty"`
	Cause   engage.Cause      `json:"cause,omitempty"`
	// Ctrl is who caused a release, as DN or PartyUUID; empty when the server does not know.
	Ctrl string `json:"ctrl,omitempty"`
	Note string `json:"note,omitempty"`

	// Waiting is since when the fact has been waiting for another link, by the clock of whoever
	// reads the facts. It is not kept over a restart: the wait then starts again.
	Waiting time.Time `json:"-"`
}

// record adds a fact in the order of time; facts of one time in the order of streams, facts of one
// stream as they came. So the order does not depend on which link was faster.
func (c *Call) record(f Fact) {
	f.Seq = c.Next[f.Stream]
	c.Next[f.Stream]++
	at, _ := slices.BinarySearchFunc(c.Facts, f, compareFacts)
	c.Facts = slices.Insert(c.Facts, at, f)
}

func compareFacts(a, b Fact) int {
	if d := a.At.Compare(b.At); d != 0 {
		return d
	}
	if a.Stream != b.Stream {
		return int(a.Stream) - int(b.Stream)
	}
	return a.Seq - b.Seq
}

// seen notes how far a stream has reported.
func (c *Call) seen(s Stream, at time.Time) bool {
	if !at.After(c.Seen[s]) {
		return false
	}
	c.Seen[s] = at
	return true
}

// ValueAt is the value that a key of the user data had at a time; empty when it was not set yet.
func (c *Call) ValueAt(key string, at time.Time) string {
	value := ""
	for _, v := range c.Data {
		if v.At.After(at) {
			break
		}
		if v.Key == key {
			value = v.Value
		}
	}
	return value
}

// maxValues bounds the user data history of a call; a strategy that writes one key more often loses
// the oldest values.
const maxValues = 64

// note keeps a value of the user data; it tells whether that was new.
func (c *Call) note(key, value string, at time.Time) bool {
	v := Value{Key: key, At: at, Value: value}
	i, found := slices.BinarySearchFunc(c.Data, v, func(a, b Value) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		return strings.Compare(a.Key, b.Key)
	})
	if found {
		return false
	}
	c.Data = slices.Insert(c.Data, i, v)
	if len(c.Data) > maxValues {
		c.Data = slices.Delete(c.Data, 0, 1)
	}
	return true
}

// Party returns a party, nil when it is not known.
func (c *Call) Party(uuid string) *Party { return c.Parties[uuid] }

// Visit returns a stay in a virtual queue, nil when it is not known.
func (c *Call) Visit(key string) *Visit {
	for _, v := range c.Visits {
		if v.Key == key {
			return v
		}
	}
	return nil
}

// LeftAt is when a party or a visit ended; zero while it has not.
func (c *Call) LeftAt(key string) time.Time {
	if p := c.Parties[key]; p != nil {
		return p.Left
	}
	if v := c.Visit(key); v != nil {
		return v.Left
	}
	return time.Time{}
}

// GoneBy tells whether a party or a visit had ended at a time.
func (c *Call) GoneBy(key string, at time.Time) bool {
	left := c.LeftAt(key)
	return !left.IsZero() && !left.After(at)
}

// LeavePending tells whether the end of a party or a visit is still to be read.
func (c *Call) LeavePending(key string) bool {
	return slices.ContainsFunc(c.Facts, func(f Fact) bool {
		return f.Subject == key && (f.Kind == PartyLeft || f.Kind == Diverted || f.Kind == Abandoned)
	})
}
