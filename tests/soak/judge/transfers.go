package judge

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"engage.connector/pkg/genesys/exevents"
)

// here is a leg of the event's conversation; nil, and a fault, when it is not there.
func (j *Judge) here(id, role string) *leg {
	l := j.legs[id]
	if !j.check(l != nil && l.conv == j.at.ConversationID, UnknownLeg, role+" "+id) {
		return nil
	}
	return l
}

func (j *Judge) transferred(c *conversation, e exevents.ConversationEvent) {
	t := c.transfers[e.CommandID]
	switch e.Type {
	case exevents.ProgressTransfer:
		if !j.check(t != nil, TransferState, "progress without begin") {
			return
		}
		j.check(!c.over(), AfterEnd, "a transfer progresses after all legs have ended")
		j.check(!t.ended, TransferState, "progress after the end")
		j.check(t.object == e.ObjectCommunicationID, TransferLegs, "another object")
		t.progressed = true
		if l := j.open(e.DestinationCommunicationID, "destination"); l != nil {
			j.check(t.fits(l), TransferLegs, "the destination is not what was asked for")
		}
	case exevents.EndTransfer:
		if !j.check(t != nil, TransferState, "end without begin") {
			return
		}
		j.check(!t.ended, TransferState, "ended twice")
		j.check(t.object == e.ObjectCommunicationID, TransferLegs, "another object")
		j.check(t.progressed || e.FinalState != exevents.TransferCompleted, TransferState, "completed without progress")
		t.ended = true
	default:
		j.check(t == nil, TransferState, "begun twice")
		j.check(!c.over(), AfterEnd, "a transfer after all legs have ended")
		j.check(j.org.Users[e.DestinationUserID] || e.DestinationUserID == "", WrongReference, "user "+e.DestinationUserID)
		j.check(j.org.Queues[e.DestinationQueueID] || e.DestinationQueueID == "", WrongReference, "queue "+e.DestinationQueueID)
		j.here(e.InitiatingCommunicationID, "initiating")
		j.open(e.TargetCommunicationID, "target")
		j.open(e.ObjectCommunicationID, "object")
		j.check(e.ObjectCommunicationID != e.TargetCommunicationID, TransferLegs, "object and target are the same")
		c.transfers[e.CommandID] = &transfer{
			kind: e.Type, object: e.ObjectCommunicationID, user: e.DestinationUserID, queue: e.DestinationQueueID,
		}
	}
}

// open is a leg of the event's conversation that has not ended.
func (j *Judge) open(id, role string) *leg {
	l := j.here(id, role)
	if l == nil || !j.check(l.open(), LegEnded, role+" "+id) {
		return nil
	}
	return l
}

// fits: the leg is of the kind, and of the user or queue, that the transfer was meant for.
func (t *transfer) fits(l *leg) bool {
	switch t.kind {
	case exevents.UserTransfer:
		return l.kind == exevents.UserEstablished && l.user == t.user
	case exevents.RoutingTransfer:
		return l.kind == exevents.RoutingEstablished && l.queue == t.queue
	default:
		return l.kind != exevents.UserEstablished && l.kind != exevents.RoutingEstablished
	}
}

func (j *Judge) consulted(c *conversation, e exevents.ConversationEvent) {
	same := c.consult != nil && c.consult.object == e.ObjectCommunicationID &&
		c.consult.initiating == e.InitiatingCommunicationID && c.consult.destination == e.DestinationCommunicationID
	switch e.Type {
	case exevents.ConsultTransfer:
		j.check(c.consult == nil, ConsultState, "another one is under way")
		j.check(!c.over(), AfterEnd, "a transfer after all legs have ended")
		j.here(e.InitiatingCommunicationID, "initiating")
		j.open(e.ObjectCommunicationID, "object")
		to := j.legs[e.DestinationCommunicationID] // may be in another conversation
		if j.check(to != nil, UnknownLeg, "destination "+e.DestinationCommunicationID) {
			j.check(to.open(), LegEnded, "destination "+e.DestinationCommunicationID)
		}
		c.consult = &transfer{
			kind: e.Type, object: e.ObjectCommunicationID, initiating: e.InitiatingCommunicationID,
			destination: e.DestinationCommunicationID,
		}
	case exevents.ProgressConsultTransfer:
		if j.check(c.consult != nil, ConsultState, "progress without begin") {
			j.check(same, TransferLegs, "other legs than those of the consult transfer")
			c.consult.progressed = true
		}
	default:
		if j.check(c.consult != nil, ConsultState, "end without begin") {
			j.check(c.consult.progressed, ConsultState, "ended without progress")
			c.consult = nil
		}
	}
}

// End judges what only the end of the stream can tell, and returns all faults.
func (j *Judge) End() []Fault {
	represented := map[int]bool{}
	for _, id := range j.order {
		c := j.convs[id]
		j.at = exevents.ConversationEvent{ConversationID: id}
		for _, l := range c.legs {
			j.check(!l.open(), NotEnded, string(l.kind)+" "+l.id)
			for i := range c.interactions {
				represented[i] = represented[i] || l.kind == exevents.UserEstablished && !l.alerting
			}
		}
		for command, t := range c.transfers {
			j.check(t.ended, TransferOpen, string(t.kind)+" "+command)
		}
		j.check(c.consult == nil, TransferOpen, "consult transfer")
	}
	j.at = exevents.ConversationEvent{}
	for i, t := range j.truth {
		j.check(!t.Plain || represented[i], Missing, "call "+t.Calls[0])
	}
	j.busyUsers()
	return j.faults
}

// busyUsers: at no time has a user more than a main call and a consultation. The legs of one user
// are compared by the times of their events; a lost end keeps a user busy and does not count.
func (j *Judge) busyUsers() {
	const push = 50 * time.Millisecond // the events of a conversation push each other a millisecond ahead
	slack := push + j.org.Skew
	users := map[string][]*leg{}
	for _, l := range j.all {
		if l.user != "" && l.kind == exevents.UserEstablished && !j.lost(l) {
			users[l.user] = append(users[l.user], l)
		}
	}
	for _, user := range slices.Sorted(maps.Keys(users)) {
		legs := users[user]
		for _, l := range legs {
			j.at = exevents.ConversationEvent{ConversationID: l.conv}
			main, others := 0, 0
			for _, o := range legs {
				before := o.began.Before(l.began) || o.began.Equal(l.began) && o.id < l.id
				gone := !o.open() && !o.ended.After(l.began.Add(slack))
				if o == l || !before || gone {
					continue
				}
				others++
				if o.conv != l.conv {
					main++
				}
			}
			j.check(others < 2, UserBusy, user+" has "+strconv.Itoa(others+1)+" legs")
			j.check(main == 0 || !l.inbound || j.invitedByUser(l), UserBusy, user+" has a main call already, and this is no consultation")
		}
	}
}

func (j *Judge) lost(l *leg) bool {
	for i := range j.convs[l.conv].interactions {
		if j.truth[i].Lost {
			return true
		}
	}
	return false
}

func (j *Judge) invitedByUser(l *leg) bool {
	inviter := j.legs[l.inviter]
	return inviter != nil && inviter.kind == exevents.UserEstablished
}
