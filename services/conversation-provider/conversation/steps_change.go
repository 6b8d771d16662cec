package conversation

import (
	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
)

func (m *Machine) answer(x *situation, leg *Leg) {
	if !leg.Open() || !leg.Answered.IsZero() {
		return
	}
	leg.Answered = x.fact.At
	x.events.add(&exevents.ConversationEvent{Type: exevents.CommunicationAnswered, CommunicationID: leg.ID}, x.conv.name(leg), "answered", x.fact.At)
}

// transfer begins the transfer of a leg, the caller's for the most part, to another one.
func (m *Machine) transfer(x *situation, s Step, to *Leg) {
	from, object := x.legs(s.From), x.legs(Caller)
	if s.Object != "" {
		object = x.legs(s.Object)
	}
	if len(from) == 0 || len(object) == 0 || !from[0].Open() || !object[0].Open() {
		return
	}
	if s.Event == exevents.PhoneTransfer && to.DN == "" {
		return // a destination without number cannot be announced; its leg tells that it came
	}
	name, at := x.conv.name(to), x.fact.At
	if !from[0].Left.IsZero() {
		at = from[0].Left // whoever hands on did so before it was known to whom
	}
	command := x.events.id(name, "transfer command")
	x.conv.Transfer = &Transfer{Command: command, Party: name, LegID: to.ID, Object: object[0].ID}
	e := &exevents.ConversationEvent{
		Type: s.Event, TransferType: exevents.TransferUnattended, CommandID: command,
		InitiatingCommunicationID: from[0].ID, TargetCommunicationID: from[0].ID, ObjectCommunicationID: object[0].ID,
	}
	switch s.Event {
	case exevents.RoutingTransfer:
		e.DestinationQueueID = to.QueueID
	case exevents.UserTransfer:
		e.DestinationUserID = to.UserID
	default:
		e.DestinationPhoneNumber = to.DN
	}
	x.events.add(e, name, "transfer", at)
}

func (m *Machine) progress(x *situation, to *Leg) {
	t := x.conv.Transfer
	if t == nil || t.LegID != to.ID {
		return
	}
	x.events.add(&exevents.ConversationEvent{
		Type: exevents.ProgressTransfer, CommandID: t.Command, ObjectCommunicationID: t.Object, DestinationCommunicationID: to.ID,
	}, t.Party, "progress", x.fact.At)
}

func (m *Machine) endTransfer(x *situation, final exevents.TransferState) {
	t := x.conv.Transfer
	if t == nil {
		return
	}
	x.conv.Transfer = nil
	x.events.add(&exevents.ConversationEvent{
		Type: exevents.EndTransfer, CommandID: t.Command, FinalState: final, ObjectCommunicationID: t.Object,
	}, t.Party, "end transfer", x.fact.At)
}

// consultTransfer sends one of the three events of a consult transfer.
func (m *Machine) consultTransfer(x *situation, s Step, to *Leg) {
	caller := x.conv.callerLeg()
	if caller == nil || !to.Open() {
		return
	}
	e := &exevents.ConversationEvent{Type: s.Event}
	if s.Event != exevents.EndConsultTransfer {
		from := x.legs(s.From)
		if len(from) == 0 {
			return
		}
		e.InitiatingCommunicationID, e.DestinationCommunicationID, e.ObjectCommunicationID = from[0].ID, to.ID, caller.ID
	}
	x.events.add(e, x.conv.name(to), string(s.Event), x.fact.At)
}

func (m *Machine) endLeg(x *situation, leg *Leg, how exevents.DisconnectType) {
	if !leg.Open() {
		return
	}
	switch how {
	case ByTarget:
		how = exevents.DisconnectTransfer
		if to := x.conv.talker(); to != nil && to.Kind == User {
			how = exevents.DisconnectTransferUser
		}
	case ByRelease:
		how = selfIf(x.released(leg))
	case ByLeaver:
		if x.leg == leg && x.handsOn() {
			how = exevents.DisconnectTransfer
			break
		}
		how = selfIf(x.fact.Ctrl == leg.DN && leg.DN != "" || x.fact.Ctrl == "" && x.leg == leg)
	}
	leg.Ended, leg.Disconnect = x.fact.At, how
	if !leg.Left.IsZero() {
		leg.Ended = leg.Left
	}
	if leg.WrapsUp && x.now.Sub(leg.Ended) > m.opts.Grace {
		leg.Heard = x.now
	}
	x.events.add(&exevents.ConversationEvent{Type: exevents.CommunicationEnded, CommunicationID: leg.ID, DisconnectType: how},
		x.conv.name(leg), "ended", leg.Ended)
}

// released tells whether it was a leg's party who hung up.
func (x *situation) released(leg *Leg) bool {
	by := x.conv.Releaser
	switch {
	case by == "":
		return false
	case by == leg.DN || leg.at(by):
		return true
	}
	number := x.g.Root.ANIAt(leg.Began)
	if x.g.Root.TypeAt(leg.Began) == engage.CallTypeOutbound {
		number = x.g.Root.DNISAt(leg.Began)
	}
	return leg.Kind == External && by == number
}

func selfIf(self bool) exevents.DisconnectType {
	if self {
		return exevents.DisconnectSelf
	}
	return exevents.DisconnectPeer
}
