// Package verdict compares what the lab's EX org shows with what really happened at the lab's
// Engage site: call by call, agent by agent, recording by recording. It decides by the lab's own
// reading of the guide and shares nothing with the connector.
package verdict

import (
	"fmt"
	"slices"
	"time"

	"engage.connector/services/lab/org"
	"engage.connector/services/lab/site/callgen"
	"engage.connector/services/lab/site/configdb"
)

// tolerance is how far a time in the org may lie from the truth: the connector moves events of one
// conversation apart by milliseconds to keep their order.
const tolerance = 100 * time.Millisecond

// maxDifferences bounds the list of differences; all of them are counted.
const maxDifferences = 200

// How long what happened may be under way to the org before a difference counts: what an agent or a call
// does, and a recording, which is fetched, sealed and uploaded after its call.
const (
	settleTime          = 15 * time.Second
	recordingSettleTime = time.Minute
)

// AgentTruth is the last status that Stat Server had of an agent.
type AgentTruth struct {
	EmployeeID string
	Since      time.Time // of this status
	Status     int
	Reason     string
}

// Truth is what really happened.
type Truth struct {
	Model  configdb.Model
	Calls  []callgen.Call
	Agents []AgentTruth
	// At is the time of the comparison while things still happen: what is over for a short time only and
	// differs is then on its way, and calls that go on are not judged. Zero judges everything.
	At time.Time
	// Skew is how far the servers' clocks are apart. The org is shown the servers' own times, so a leg's may differ
	// by that much; the order and everything else have to be right.
	Skew time.Duration
}

// Count is how many of the expected have arrived as they should.
type Count struct {
	Right int `json:"right"`
	Want  int `json:"want"`
}

// Verdict is the result of a comparison. Its counts are of what was judged.
type Verdict struct {
	Conversations Count    `json:"conversations"`
	Recordings    Count    `json:"recordings"`
	Agents        Count    `json:"agents"`
	Going         int      `json:"going"`      // calls that go on
	OnTheWay      int      `json:"onTheWay"`   // calls, recordings and agents that are not there yet, and may come
	Disturbed     int      `json:"disturbed"`  // calls that lost events before the feed: only their end is judged
	Lost          int      `json:"lost"`       // expected, not there
	Duplicated    int      `json:"duplicated"` // there more than once
	Wrong         int      `json:"wrong"`      // there, but different, or there and not expected
	Arrived       int      `json:"arrived"`    // conversations in the org, right or not
	Events        int      `json:"events"`     // accepted by the org
	Repeated      int      `json:"repeated"`   // sent again with the same id, and refused
	Rejected      int      `json:"rejected"`   // refused for another reason
	Requests      int      `json:"requests"`   // to the org, all routes
	Differences   []string `json:"differences"`
}

// Complete tells that everything is over, and there as it should be.
func (v Verdict) Complete() bool {
	return v.Going == 0 && v.OnTheWay == 0 && v.Lost == 0 && v.Duplicated == 0 && v.Wrong == 0
}

// Compare takes a moment of both sides; the org's must not be later than the truth.
func Compare(truth Truth, snapshot org.Snapshot) Verdict {
	c := &comparison{truth: truth, org: index(snapshot)}
	c.compareCalls()
	c.compareAgents()
	c.compareExtras()
	c.verdict.Arrived = len(snapshot.Conversations)
	c.verdict.Events, c.verdict.Repeated = snapshot.Counters.EventsAccepted, snapshot.Counters.EventsRepeated
	for _, count := range snapshot.Counters.EventsRejected {
		c.verdict.Rejected += count
	}
	for _, count := range snapshot.Counters.Requests {
		c.verdict.Requests += count
	}
	return c.verdict
}

// comparison is one comparison under way.
type comparison struct {
	truth   Truth
	org     orgIndex
	verdict Verdict
}

// orgIndex finds the org's objects by the names that the guide gives them.
type orgIndex struct {
	conversations map[string][]org.Conversation // by interaction id
	userIDs       map[string]string             // by external id
	queueIDs      map[string]string             // by name
	codeIDs       map[string]string             // by name
	states        map[string]org.AgentState     // by user id
	recordings    map[string][]org.Recording    // by name of the audio entry
	failed        []org.Recording               // whose audio entry could not be read
	// defaultProgram is for queues that have none of their own, as all of the lab have.
	defaultProgram string
}

func index(snapshot org.Snapshot) orgIndex {
	found := orgIndex{
		conversations: map[string][]org.Conversation{}, userIDs: map[string]string{}, queueIDs: map[string]string{},
		codeIDs: map[string]string{}, states: map[string]org.AgentState{}, recordings: map[string][]org.Recording{},
	}
	if len(snapshot.Programs) > 0 {
		found.defaultProgram = snapshot.Programs[0].ID
	}
	for _, conversation := range snapshot.Conversations {
		found.conversations[conversation.InteractionID] = append(found.conversations[conversation.InteractionID], conversation)
	}
	for _, user := range snapshot.Users {
		found.userIDs[user.ExternalID] = user.ID
	}
	for _, queue := range snapshot.Queues {
		found.queueIDs[queue.Name] = queue.ID
	}
	for _, code := range snapshot.WrapupCodes {
		found.codeIDs[code.Name] = code.ID
	}
	for _, state := range snapshot.AgentStates {
		found.states[state.UserID] = state
	}
	for _, recording := range snapshot.Recordings {
		if recording.AudioName == "" {
			found.failed = append(found.failed, recording)
			continue
		}
		found.recordings[recording.AudioName] = append(found.recordings[recording.AudioName], recording)
	}
	return found
}

// userOf returns the org's user of an agent: its external id is DBID_username (guide, Person Details).
func (c *comparison) userOf(employeeID string) string {
	for _, agent := range c.truth.Model.Agents {
		if agent.EmployeeID == employeeID {
			return c.org.userIDs[fmt.Sprintf("%d_%s", agent.DBID, agent.UserName)]
		}
	}
	return ""
}

// queueOf returns the org's queue of a Virtual Queue (guide, Mapping Queue Parameters).
func (c *comparison) queueOf(queue callgen.QueueRef) string {
	return c.org.queueIDs[queue.Number+"__"+queue.Switch+"__Engage-external"]
}

// judge compares one thing that is as it is since a moment, and counts whether it is right. A difference
// that time may still mend is taken back.
func (c *comparison) judge(count *Count, since time.Time, settle time.Duration, compare func()) {
	before := c.verdict
	compare()
	switch {
	case c.differences() == before.Lost+before.Duplicated+before.Wrong:
		count.Right++
		count.Want++
	case !c.truth.At.IsZero() && c.truth.At.Sub(since) < settle:
		c.verdict = before
		c.verdict.OnTheWay++
	default:
		count.Want++
	}
}

// goesOn tells whether a call is not to be judged yet.
func (c *comparison) goesOn(call callgen.Call) bool {
	return !c.truth.At.IsZero() && call.Over.IsZero()
}

// lost, duplicated and wrong note one difference each.
func (c *comparison) lost(format string, args ...any) { c.note(&c.verdict.Lost, format, args...) }
func (c *comparison) duplicated(format string, args ...any) {
	c.note(&c.verdict.Duplicated, format, args...)
}
func (c *comparison) wrong(format string, args ...any) { c.note(&c.verdict.Wrong, format, args...) }

func (c *comparison) note(count *int, format string, args ...any) {
	*count++
	if len(c.verdict.Differences) < maxDifferences {
		c.verdict.Differences = append(c.verdict.Differences, fmt.Sprintf(format, args...))
	}
}

// differences tells how many were noted so far, to see whether a part was right.
func (c *comparison) differences() int {
	return c.verdict.Lost + c.verdict.Duplicated + c.verdict.Wrong
}

// compareExtras looks for what the org shows and nobody did.
func (c *comparison) compareExtras() {
	known, part := map[string]bool{}, map[string]string{}
	files := map[string]bool{}
	for _, call := range c.truth.Calls {
		known[call.CallUUID] = true
		for _, further := range call.Further {
			part[further] = call.CallUUID
		}
		for _, recording := range call.Recordings {
			files[recording.FileName] = true
		}
	}
	for id := range c.org.conversations {
		switch {
		case part[id] != "":
			c.wrong("the org shows a conversation of call %s, which is a part of call %s", id, part[id])
		case !known[id]:
			c.wrong("the org shows a conversation of call %s, which was never made", id)
		}
	}
	for name := range c.org.recordings {
		if !files[name] {
			c.wrong("the org has a recording %s, which was never made", name)
		}
	}
	for _, recording := range c.org.failed {
		c.wrong("upload %s could not be read: %s %s", recording.FileName, recording.Reason, recording.Detail)
	}
}

// within tells whether a time of the org is the true one.
func (c *comparison) within(got, want time.Time) bool {
	return got.Sub(want).Abs() <= tolerance+c.truth.Skew
}

// sortedParties orders the org's parties by their start.
func sortedParties(conversation org.Conversation) []org.Party {
	parties := slices.Clone(conversation.Parties)
	slices.SortStableFunc(parties, func(a, b org.Party) int { return a.Start.Compare(b.Start) })
	return parties
}
