package feedtest

import (
	"fmt"
	"slices"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// Judge tests a stream of conversation events by the rules that follow from the fields of the API
// (and the limits that the guide names): whether an org could take every one of them.
type Judge struct {
	convs map[string]*judged
	legs  map[string]*judgedLeg
	users map[string]int // live legs
	ids   map[string]bool
}

type judged struct {
	last    time.Time
	live    int
	legs    int
	open    map[string]*command
	used    map[string]bool
	consult *exevents.ConversationEvent
}

type command struct {
	event exevents.ConversationEvent
}

type judgedLeg struct {
	conv           string
	event          exevents.ConversationEvent
	live, answered bool
	disposed       bool
}

// NewJudge returns a judge that has seen nothing.
func NewJudge() *Judge {
	return &Judge{convs: map[string]*judged{}, legs: map[string]*judgedLeg{}, users: map[string]int{}, ids: map[string]bool{}}
}

// Take tests events, those of several conversations in the order of their time.
func (j *Judge) Take(events []exevents.ConversationEvent) error {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b exevents.ConversationEvent) int { return a.EventDateTime.Compare(b.EventDateTime) })
	for i, e := range sorted {
		if err := j.take(e); err != nil {
			return fmt.Errorf("event %d, %s at %s: %w", i, e.Type, e.EventDateTime.Format("15:04:05.000"), err)
		}
	}
	return nil
}

// Ended tests that every conversation came to its end.
func (j *Judge) Ended() error {
	for id, c := range j.convs {
		switch {
		case c.live > 0:
			return fmt.Errorf("conversation %s: %d legs were never ended", id, c.live)
		case c.consult != nil:
			return fmt.Errorf("conversation %s: a consult transfer was never ended", id)
		}
	}
	return nil
}

func (j *Judge) take(e exevents.ConversationEvent) error {
	if err := e.Validate(); err != nil {
		return err
	}
	c := j.convs[e.ConversationID]
	if c == nil {
		c = &judged{open: map[string]*command{}, used: map[string]bool{}}
	}
	test := tests()[e.Type]
	switch {
	case j.ids[e.EventID]:
		return fmt.Errorf("the event id was used before")
	case !e.EventDateTime.After(c.last):
		return fmt.Errorf("the time does not increase")
	case test == nil:
		return fmt.Errorf("nobody expects this type")
	case c.legs == 0 && !establishes(e.Type):
		return fmt.Errorf("the conversation is not known")
	}
	if err := test(j, c, e); err != nil {
		return err
	}
	j.ids[e.EventID], c.last, j.convs[e.ConversationID] = true, e.EventDateTime, c
	return nil
}

func establishes(t exevents.EventType) bool {
	switch t {
	case exevents.ExternalEstablished, exevents.IVREstablished, exevents.RoutingEstablished, exevents.UserEstablished, exevents.PhoneEstablished:
		return true
	default:
		return false
	}
}

type judgeTest = func(*Judge, *judged, exevents.ConversationEvent) error

func tests() map[exevents.EventType]judgeTest {
	return map[exevents.EventType]judgeTest{
		exevents.ExternalEstablished:             (*Judge).established,
		exevents.IVREstablished:                  (*Judge).established,
		exevents.RoutingEstablished:              (*Judge).established,
		exevents.UserEstablished:                 (*Judge).established,
		exevents.PhoneEstablished:                (*Judge).established,
		exevents.CommunicationAnswered:           (*Judge).answered,
		exevents.HoldUpdated:                     (*Judge).held,
		exevents.CommunicationEnded:              (*Judge).ended,
		exevents.CommunicationDispositionApplied: (*Judge).disposed,
		exevents.UserTransfer:                    (*Judge).transfer,
		exevents.RoutingTransfer:                 (*Judge).transfer,
		exevents.PhoneTransfer:                   (*Judge).transfer,
		exevents.ProgressTransfer:                (*Judge).progress,
		exevents.EndTransfer:                     (*Judge).endTransfer,
		exevents.ConsultTransfer:                 (*Judge).consultTransfer,
		exevents.ProgressConsultTransfer:         (*Judge).progressConsult,
		exevents.EndConsultTransfer:              (*Judge).endConsult,
	}
}

func refuse(broken bool, why string) error {
	if broken {
		return fmt.Errorf("%s", why)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *Judge) leg(e exevents.ConversationEvent, id string) *judgedLeg {
	if l := j.legs[id]; l != nil && l.conv == e.ConversationID {
		return l
	}
	return &judgedLeg{disposed: true}
}

func (j *Judge) established(c *judged, e exevents.ConversationEvent) error {
	start := e.InitialConfiguration
	mine := j.users[e.UserID]
	err := first(
		refuse(c.legs > 0 && c.live == 0, "the conversation has ended"),
		refuse(j.legs[e.CommunicationID] != nil, "the leg is established already"),
		refuse(start.InvitedBy != "" && j.legs[start.InvitedBy] == nil, "who invited it is not known"),
		refuse(e.UserID != "" && mine > 0 && start.Inbound && j.otherConversation(e), "the user has a main call already"),
		refuse(mine > 1, "the user has a main call and a consultation already"),
	)
	if err != nil {
		return err
	}
	c.live++
	c.legs++
	j.legs[e.CommunicationID] = &judgedLeg{conv: e.ConversationID, event: e, live: true, answered: !start.Alerting}
	if e.UserID != "" {
		j.users[e.UserID]++
	}
	return nil
}

// otherConversation tells whether the user's live legs are of other conversations.
func (j *Judge) otherConversation(e exevents.ConversationEvent) bool {
	for _, l := range j.legs {
		if l.live && l.event.UserID == e.UserID && l.conv == e.ConversationID {
			return false
		}
	}
	return true
}

func (j *Judge) answered(_ *judged, e exevents.ConversationEvent) error {
	l := j.leg(e, e.CommunicationID)
	err := first(refuse(!l.live, "the leg is not there"), refuse(l.answered, "the leg does not alert"))
	l.answered = true
	return err
}

func (j *Judge) held(_ *judged, e exevents.ConversationEvent) error {
	l := j.leg(e, e.CommunicationID)
	return first(refuse(!l.live, "the leg is not there"), refuse(!l.answered, "the leg was not answered"))
}

func (j *Judge) ended(c *judged, e exevents.ConversationEvent) error {
	l := j.leg(e, e.CommunicationID)
	if !l.live {
		return fmt.Errorf("the leg is not there")
	}
	l.live = false
	c.live--
	if l.event.UserID != "" {
		j.users[l.event.UserID]--
	}
	return nil
}

func (j *Judge) disposed(_ *judged, e exevents.ConversationEvent) error {
	l := j.leg(e, e.CommunicationID)
	err := first(
		refuse(l.event.Type != exevents.UserEstablished, "the leg is no user's"), refuse(!l.answered, "the leg was not answered"),
		refuse(l.disposed, "there is a disposition already"), refuse(l.live, "the leg has not ended"),
	)
	l.disposed = true
	return err
}

func (j *Judge) transfer(c *judged, e exevents.ConversationEvent) error {
	err := first(
		refuse(c.live == 0, "the conversation has ended"),
		refuse(c.used[e.CommandID], "the command was used before"),
		refuse(!j.leg(e, e.InitiatingCommunicationID).live, "the initiating leg is not there"),
		refuse(!j.leg(e, e.TargetCommunicationID).live, "the target leg is not there"),
		refuse(!j.leg(e, e.ObjectCommunicationID).live, "the object leg is not there"),
	)
	c.used[e.CommandID], c.open[e.CommandID] = true, &command{event: e}
	return err
}

func (j *Judge) progress(c *judged, e exevents.ConversationEvent) error {
	cmd := c.open[e.CommandID]
	if cmd == nil {
		return fmt.Errorf("no such transfer is open")
	}
	to := j.leg(e, e.DestinationCommunicationID)
	return first(
		refuse(c.live == 0, "the conversation has ended"),
		refuse(cmd.event.ObjectCommunicationID != e.ObjectCommunicationID, "another object leg"),
		refuse(!to.live, "the destination leg is not there"),
		refuse(!fits(cmd.event, to.event), "the destination is not what the transfer asked for"),
	)
}

func fits(asked, got exevents.ConversationEvent) bool {
	switch asked.Type {
	case exevents.UserTransfer:
		return got.Type == exevents.UserEstablished && got.UserID == asked.DestinationUserID
	case exevents.RoutingTransfer:
		return got.Type == exevents.RoutingEstablished && got.QueueID == asked.DestinationQueueID
	default:
		return got.Type != exevents.UserEstablished && got.Type != exevents.RoutingEstablished
	}
}

func (j *Judge) endTransfer(c *judged, e exevents.ConversationEvent) error {
	cmd := c.open[e.CommandID]
	if cmd == nil {
		return fmt.Errorf("no such transfer is open")
	}
	delete(c.open, e.CommandID)
	return refuse(cmd.event.ObjectCommunicationID != e.ObjectCommunicationID, "another object leg")
}

func (j *Judge) consultTransfer(c *judged, e exevents.ConversationEvent) error {
	err := first(
		refuse(c.live == 0, "the conversation has ended"),
		refuse(c.consult != nil, "a consult transfer is under way"),
		refuse(!j.leg(e, e.InitiatingCommunicationID).live, "the initiating leg is not there"),
		refuse(!j.leg(e, e.ObjectCommunicationID).live, "the object leg is not there"),
		refuse(!j.leg(e, e.DestinationCommunicationID).live, "the destination leg is not there"),
	)
	c.consult = &e
	return err
}

func (j *Judge) progressConsult(c *judged, e exevents.ConversationEvent) error {
	if c.consult == nil {
		return fmt.Errorf("no consult transfer is under way")
	}
	same := c.consult.InitiatingCommunicationID == e.InitiatingCommunicationID &&
		c.consult.ObjectCommunicationID == e.ObjectCommunicationID && c.consult.DestinationCommunicationID == e.DestinationCommunicationID
	return refuse(!same, "other legs than those of the consult transfer")
}

func (j *Judge) endConsult(c *judged, _ exevents.ConversationEvent) error {
	open := c.consult != nil
	c.consult = nil
	return refuse(!open, "no consult transfer is under way")
}
