package callmodel

import (
	"slices"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
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

// Known tells whether this version has the stream.
func (s Stream) Known() bool { return s >= 0 && s < streams }

// Call is one call of one switch as call monitoring and the virtual queues report it.
type Call struct {
	packed.Kept

	UUID string `json:"uuid"`
	// Root is the call that stands for the interaction this call belongs to; itself for most calls.
	Root    string          `json:"root,omitempty"`
	ConnIDs []string        `json:"connIds,omitempty"`
	Type    engage.CallType `json:"type,omitempty"`
	ANI     string          `json:"ani,omitempty"`
	DNIS    string          `json:"dnis,omitempty"`
	// Changes are later values of Type, ANI and DNIS (EventCallDataChanged), by time.
	Changes []Value `json:"changes,omitempty"`
	// Links, Origin and MergedInto are the edges of the interaction: IS-Links, the main call of a
	// consultation, the call that this one ended in.
	Links      []string `json:"links,omitempty"`
	Origin     string   `json:"origin,omitempty"`
	MergedInto string   `json:"mergedInto,omitempty"`

	// Link is the link of call monitoring that reports the call; Shift how much later its times are here than
	// its server's own clock showed them, when it was created.
	Link  string        `json:"link,omitempty"`
	Shift time.Duration `json:"shift,omitempty"`
	// Created is zero while only other links have spoken of the call.
	Created time.Time `json:"created,omitzero"`
	Deleted time.Time `json:"deleted,omitzero"`
	// Reported is when its server reported the running call again, with the parties that it has.
	Reported time.Time `json:"reported,omitzero"`
	Parties  Parties   `json:"parties,omitempty"`
	Visits   []*Visit  `json:"visits,omitempty"` // stays in virtual queues, by time
	Data     []Value   `json:"data,omitempty"`   // user data that somebody needs, by time

	// Seen is the time of the newest event of each stream: what a stream would have reported up to
	// then has been reported.
	Seen [streams]time.Time `json:"seen,omitzero"`
	// Facts are not read yet, by time.
	Facts []Fact `json:"facts,omitempty"`
	// Past are facts that were read while nothing was sent: when the call turns out to belong to an
	// interaction, they are read again as part of it.
	Past []Fact       `json:"past,omitempty"`
	Next [streams]int `json:"next,omitzero"` // sequence of the next fact of each stream
	// NotVoice is set when the call is a chat, a video call or another of the switch's media.
	NotVoice bool `json:"notVoice,omitempty"`
	// Apart is set when the call joined an interaction too late: both had been told of by then.
	Apart bool `json:"apart,omitempty"`
	// Odd is what was reported of the call that cannot be, as far as room is kept for it.
	Odd []Oddity `json:"odd,omitempty"`
}

// Party is a participant of a call. It is kept after it left, so that a repeated event does not
// bring it back.
type Party struct {
	packed.Kept

	UUID    string            `json:"uuid"`
	Later   string            `json:"later,omitempty"` // the PartyUUID that another server of the pair gave it
	DN      string            `json:"dn,omitempty"`
	State   engage.PartyState `json:"state,omitempty"`
	Joined  time.Time         `json:"joined,omitzero"`
	Changed time.Time         `json:"changed,omitzero"`
	Left    time.Time         `json:"left,omitzero"`
	// Remote is set on the trunk party that leads to another site: its events name a location.
	Remote bool `json:"remote,omitempty"`
}

// LiveAt tells whether the party was in the call at a time.
func (p *Party) LiveAt(at time.Time) bool {
	return !p.Joined.After(at) && (p.Left.IsZero() || p.Left.After(at))
}

// Visit is one stay of a call in a virtual queue.
type Visit struct {
	packed.Kept

	Key     string    `json:"key"` // the DN and the number of the stay
	DN      string    `json:"dn"`
	Queued  time.Time `json:"queued"`
	Left    time.Time `json:"left,omitzero"`
	ToDN    string    `json:"toDn,omitempty"` // the DN it was distributed to
	Changed time.Time `json:"changed"`
	// Redirected is set when the end of the stay said so (CallState): of several queues that name one
	// target, it is the one that distributed the call.
	Redirected bool `json:"redirected,omitempty"`
}

// Value is one value of a key of the call's user data.
type Value struct {
	packed.Kept

	Key   string    `json:"key"`
	At    time.Time `json:"at"`
	Value string    `json:"value"`
	DN    string    `json:"dn,omitempty"` // of the desktop that attached it; empty: the call's data
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
	packed.Kept

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
	// Moved is the call that a party moved to or came from.
	Moved string `json:"moved,omitempty"`
	Note  string `json:"note,omitempty"`

	// Awaited is set once the fact has waited for a log-in: the agent link is known to lag.
	Awaited bool `json:"awaited,omitempty"`
	// Waiting is since when the fact has been waiting for another link, by the clock of whoever
	// reads the facts. It is not kept over a restart: the wait then starts again.
	Waiting time.Time `json:"-"`
}

// record adds a fact in the order of time; facts of one time in the order of streams, facts of one
// stream as they came. So the order does not depend on which link was faster.
func (c *Call) record(f Fact) {
	f.Seq = c.Next[f.Stream]
	c.Next[f.Stream]++
	if n := len(c.Facts); n == 0 || CompareFacts(c.Facts[n-1], f) < 0 {
		c.Facts = append(c.Facts, f)
		return
	}
	at, _ := slices.BinarySearchFunc(c.Facts, f, CompareFacts)
	c.Facts = slices.Insert(c.Facts, at, f)
}

// CompareFacts orders the facts of one call: by time, by stream, by their order in the stream.
func CompareFacts(a, b Fact) int {
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

// maxPast bounds the facts that are kept for reading again.
const maxPast = 64

// Take removes the first fact, and keeps it for reading again if it may have to.
func (c *Call) Take(keep bool) {
	if keep && len(c.Past) < maxPast {
		c.Past = append(c.Past, c.Facts[0])
	}
	c.Facts = slices.Delete(c.Facts, 0, 1)
}

// Rewind lets all facts that were kept be read again, as if they had just come.
func (c *Call) Rewind() {
	if len(c.Past) > 0 {
		c.Facts = append(c.Past, c.Facts...)
		slices.SortFunc(c.Facts, CompareFacts)
		c.Past = nil
	}
	for i := range c.Facts {
		c.Facts[i].Waiting = time.Time{}
	}
}

// Forget drops the facts that were kept for reading again.
func (c *Call) Forget() { c.Past = nil }

// Party returns a party, nil when it is not known.
func (c *Call) Party(uuid string) *Party {
	for _, p := range c.Parties {
		if p.UUID == uuid || p.Later == uuid && uuid != "" {
			return p
		}
	}
	return nil
}

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
	if p := c.Party(key); p != nil {
		return p.Left
	}
	if v := c.Visit(key); v != nil {
		return v.Left
	}
	return time.Time{}
}

// EndPending tells whether the end of the call is still to be read.
func (c *Call) EndPending() bool {
	return slices.ContainsFunc(c.Facts, func(f Fact) bool { return f.Kind == CallEnded })
}

// LeavePending tells whether the end of a party or a visit is still to be read.
func (c *Call) LeavePending(key string) bool {
	return slices.ContainsFunc(c.Facts, func(f Fact) bool {
		return f.Subject == key && (f.Kind == PartyLeft || f.Kind == Diverted || f.Kind == Abandoned)
	})
}

// Alive is the time of the call's last word.
func (c *Call) Alive() time.Time { return later(c.Seen[StreamCall], c.Seen[StreamQueue]) }
