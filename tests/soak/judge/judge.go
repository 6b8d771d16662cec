package judge

import (
	"regexp"
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// Judge reads the events of any number of conversations in the order in which they are sent.
type Judge struct {
	org    Org
	truth  []Interaction
	byCall map[string]int // interaction id -> index of truth
	ids    map[string]bool
	convs  map[string]*conversation
	order  []string
	legs   map[string]*leg
	all    []*leg
	faults []Fault
	// At is what is being judged.
	at exevents.ConversationEvent
}

type conversation struct {
	last         time.Time
	legs         []*leg
	transfers    map[string]*transfer
	consult      *transfer
	interactions map[int]bool
}

type transfer struct {
	kind        exevents.EventType
	object      string
	initiating  string
	destination string
	user, queue string
	progressed  bool
	ended       bool
}

// New returns a judge of one history.
func New(org Org, truth []Interaction) *Judge {
	j := &Judge{
		org: org, truth: truth, byCall: map[string]int{}, ids: map[string]bool{}, convs: map[string]*conversation{},
		legs: map[string]*leg{},
	}
	for i, t := range truth {
		for _, c := range t.Calls {
			j.byCall[c] = i
		}
	}
	return j
}

// Events reads a whole stream and returns what is wrong with it.
func Events(org Org, truth []Interaction, events []exevents.ConversationEvent) []Fault {
	j := New(org, truth)
	for _, e := range events {
		j.Event(e)
	}
	return j.End()
}

func (j *Judge) fault(rule Rule, text string) {
	j.faults = append(j.faults, Fault{Rule: rule, Conversation: j.at.ConversationID, Event: j.at, Text: text})
}

// check reports a fault unless the condition holds; it returns the condition.
func (j *Judge) check(ok bool, rule Rule, text string) bool {
	if !ok {
		j.fault(rule, text)
	}
	return ok
}

var v4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Event reads one event.
func (j *Judge) Event(e exevents.ConversationEvent) {
	j.at = e
	if err := e.Validate(); err != nil {
		j.fault(Form, err.Error())
	}
	j.check(v4.MatchString(e.EventID) && v4.MatchString(e.ConversationID), Form, "ids are V4 UUIDs")
	j.check(!j.ids[e.EventID], EventIDTwice, e.EventID)
	j.ids[e.EventID] = true
	c := j.convs[e.ConversationID]
	if c == nil {
		c = &conversation{transfers: map[string]*transfer{}, interactions: map[int]bool{}}
		j.convs[e.ConversationID] = c
		j.order = append(j.order, e.ConversationID)
	}
	j.check(e.EventDateTime.Truncate(time.Millisecond).Equal(e.EventDateTime), TimeOrder, "a fraction of a millisecond")
	j.check(e.EventDateTime.After(c.last), TimeOrder, "not after "+c.last.Format("15:04:05.000"))
	before := c.last
	c.last = e.EventDateTime
	switch e.Type {
	case exevents.ExternalEstablished, exevents.IVREstablished, exevents.RoutingEstablished, exevents.UserEstablished, exevents.PhoneEstablished:
		j.established(c, e)
	case exevents.CommunicationAnswered, exevents.HoldUpdated, exevents.AudioUpdated, exevents.CommunicationEnded,
		exevents.CommunicationDispositionApplied:
		j.changed(e, before)
	case exevents.UserTransfer, exevents.RoutingTransfer, exevents.PhoneTransfer, exevents.ProgressTransfer, exevents.EndTransfer:
		j.transferred(c, e)
	case exevents.ConsultTransfer, exevents.ProgressConsultTransfer, exevents.EndConsultTransfer:
		j.consulted(c, e)
	default:
		j.fault(Form, "unknown type")
	}
}

// over is when the interaction of a leg had ended; zero when that does not matter.
func (j *Judge) over(l *leg) time.Time {
	last := time.Time{}
	for i := range j.convs[l.conv].interactions {
		if over := j.truth[i].Over; over.After(last) {
			last = over
		}
	}
	return last
}

// Open reads what was sent until the links had made everything known, and returns the legs that should
// have ended by then.
func Open(org Org, truth []Interaction, events []exevents.ConversationEvent) []Fault {
	j := New(org, truth)
	for _, e := range events {
		j.Event(e)
	}
	j.faults = nil
	for _, l := range j.all {
		for i := range j.convs[l.conv].interactions {
			j.at = exevents.ConversationEvent{ConversationID: l.conv}
			j.check(!l.open() || !j.truth[i].Told, StillOpen, string(l.kind)+" "+l.id)
		}
	}
	return j.faults
}

// over: all legs of a conversation have ended.
func (c *conversation) over() bool {
	return len(c.legs) > 0 && !slices.ContainsFunc(c.legs, (*leg).open)
}

func (j *Judge) established(c *conversation, e exevents.ConversationEvent) {
	j.check(!c.over(), AfterEnd, "a leg after all legs have ended")
	if known := j.legs[e.CommunicationID]; known != nil {
		moved := known.conv != e.ConversationID && !known.open() && known.moved == e.ConversationID
		j.check(moved, LegTwice, e.CommunicationID)
	}
	if e.InitialConfiguration == nil || e.SourceConfiguration == nil {
		return // the form is judged already
	}
	l := &leg{
		id: e.CommunicationID, kind: e.Type, conv: e.ConversationID, user: e.UserID, queue: e.QueueID, began: e.EventDateTime,
		alerting: e.InitialConfiguration.Alerting, inbound: e.InitialConfiguration.Inbound, inviter: e.InitialConfiguration.InvitedBy,
	}
	if l.inviter != "" {
		j.check(j.legs[l.inviter] != nil, DanglingInvite, l.inviter)
	}
	j.legs[l.id] = l
	j.all = append(j.all, l)
	c.legs = append(c.legs, l)
	j.check(e.SourceConfiguration.SourceID == j.org.SourceID, WrongReference, "source "+e.SourceConfiguration.SourceID)
	j.check(l.user == "" || j.org.Users[l.user], WrongReference, "user "+l.user)
	j.check(l.queue == "" || j.org.Queues[l.queue], WrongReference, "queue "+l.queue)
	j.isTrue(c, l, e.SourceConfiguration.InteractionID)
}

// isTrue: the leg is of an interaction that took place, and of somebody who took part.
func (j *Judge) isTrue(c *conversation, l *leg, call string) {
	i, ok := j.byCall[call]
	if !j.check(ok, Invented, "no call "+call) {
		return
	}
	c.interactions[i] = true
	j.check(len(c.interactions) == 1, Mixed, "another interaction: "+call)
	t := j.truth[i]
	j.check(!t.Silent, Silent, "a leg of call "+call)
	j.check(l.user == "" || t.Users[l.user], Invented, "user "+l.user+" was not in call "+call)
	j.check(l.kind != exevents.RoutingEstablished || t.Queues[l.queue], Invented, "call "+call+" was not in queue "+l.queue)
}

func (j *Judge) changed(e exevents.ConversationEvent, before time.Time) {
	l := j.legs[e.CommunicationID]
	if !j.check(l != nil && l.conv == e.ConversationID, UnknownLeg, e.CommunicationID) {
		return
	}
	if e.Type == exevents.CommunicationDispositionApplied {
		j.check(l.kind == exevents.UserEstablished, Disposition, "of a leg that is no user's")
		j.check(!l.alerting, Disposition, "of a leg that was not answered")
		j.check(!l.open(), Disposition, "of a leg that has not ended")
		j.check(!l.disposed, Disposition, "twice")
		j.check(e.Code == "" || j.org.Codes[e.Code], WrongReference, "code "+e.Code)
		l.disposed = true
		return
	}
	if !j.check(l.open(), LegEnded, e.CommunicationID) {
		return
	}
	switch e.Type {
	case exevents.CommunicationAnswered:
		j.check(l.alerting, Alerting, "answered, but it is not alerting")
		l.alerting = false
	case exevents.HoldUpdated:
		j.check(!l.alerting, Alerting, "held before it was answered")
		j.check(l.held != e.Held, HoldTwice, "it is so already")
		l.held = e.Held
	case exevents.CommunicationEnded:
		l.ended, l.moved = e.EventDateTime, e.DestinationConversationID
		over, pushed := j.over(l), !l.ended.After(before.Add(time.Millisecond))
		j.check(over.IsZero() || pushed || !l.ended.After(over.Add(time.Second+j.org.Skew)), EndLate, "its interaction was over at "+over.Format("15:04:05.000"))
		j.check(l.moved != e.ConversationID, Form, "moves to its own conversation")
	default:
	}
}
