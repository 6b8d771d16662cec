package conversation

import (
	"slices"
	"strconv"
	"time"

	"engage.connector/pkg/genesys"
	"engage.connector/services/conversation-provider/callmodel"
)

// batch collects the events of one call.
type batch struct {
	m      *Machine
	call   *callmodel.Call
	conv   *Conversation
	events []genesys.ConversationEvent
}

// id derives an id from what it stands for: computed again, it is the same.
func (b *batch) id(party, purpose string) string {
	return genesys.StableID(b.m.opts.Tenant, b.call.UUID, party, purpose)
}

// purposeConversation is what conversation ids are derived from, beside tenant and call.
const purposeConversation = "conversation"

// add stamps an event and appends it. The time stamps of a conversation increase strictly, by a
// millisecond at least, because a batch loses the order of events (inferred from the API's form).
func (b *batch) add(e genesys.ConversationEvent, party, purpose string, at time.Time) {
	conv := b.conv
	if conv.ID == "" {
		conv.ID = b.id("", purposeConversation)
	}
	at = at.UTC().Truncate(time.Millisecond)
	if !at.After(conv.Last) {
		at = conv.Last.Add(time.Millisecond)
	}
	conv.Last = at
	e.EventID, e.ConversationID, e.EventDateTime = b.id(party, purpose), conv.ID, at
	b.events = append(b.events, e)
}

// newLeg makes the leg that a fact brings; it is not open yet.
func (m *Machine) newLeg(x *situation, kind LegKind) *Leg {
	leg := &Leg{Kind: kind, Party: x.fact.Subject, DN: x.dn, Began: x.fact.At, ID: x.events.id(x.fact.Subject, "communication")}
	switch kind {
	case ACD:
		leg.Visit = x.fact.Subject
		leg.QueueID = x.queueID()
	case User:
		leg.Login, leg.UserID = x.login(), x.userID()
		if queue := x.conv.leg(ACD); queue != nil {
			leg.QueueID = queue.QueueID
		}
	case External, IVR:
	}
	return leg
}

// freshKinds says what kind of leg a trigger brings.
func freshKinds() map[Trigger]LegKind {
	return map[Trigger]LegKind{IVRJoined: IVR, QueueJoined: ACD, AgentJoined: User}
}

func (x *situation) newLeg() *Leg {
	if x.fresh == nil {
		x.fresh = x.m.newLeg(x, freshKinds()[x.trigger])
	}
	return x.fresh
}

// legs resolves a reference.
func (x *situation) legs(ref Ref) []*Leg {
	one := func(l *Leg) []*Leg {
		if l == nil {
			return nil
		}
		return []*Leg{l}
	}
	switch ref {
	case Caller:
		return one(x.conv.leg(External))
	case Ivr:
		return one(x.conv.leg(IVR))
	case Queue:
		return one(x.oldLeg(ACD))
	case Agent:
		return one(x.conv.leg(User))
	case New:
		return one(x.newLeg())
	case Gone:
		return one(x.leg)
	case Rest:
		return x.conv.Open()
	default:
		return nil
	}
}

// oldLeg is the newest open leg of a kind that is not the one that the trigger brings.
func (x *situation) oldLeg(kind LegKind) *Leg {
	for _, v := range slices.Backward(x.conv.Legs) {
		if l := v; l.Kind == kind && l != x.fresh && l.Ended.IsZero() {
			return l
		}
	}
	return nil
}

// do sends the events of a step.
func (m *Machine) do(x *situation, s Step) {
	if s.Event == genesys.EndTransfer {
		m.endTransfer(x, s.Final)
		return
	}
	for _, leg := range x.legs(s.Leg) {
		switch s.Event {
		case genesys.ExternalEstablished, genesys.IVREstablished, genesys.RoutingEstablished, genesys.UserEstablished:
			m.establish(x, s.Event, leg)
		case genesys.RoutingTransfer, genesys.UserTransfer:
			m.transfer(x, s, leg)
		case genesys.ProgressTransfer:
			m.progress(x, leg)
		case genesys.CommunicationAnswered:
			leg.Answered = x.fact.At
			x.events.add(genesys.ConversationEvent{Type: s.Event, CommunicationID: leg.ID}, leg.Party, "answered", x.fact.At)
		case genesys.HoldUpdated:
			leg.Held = s.Held
			leg.Holds++
			x.events.add(genesys.ConversationEvent{Type: s.Event, CommunicationID: leg.ID, Held: s.Held},
				leg.Party, "hold "+strconv.Itoa(leg.Holds), x.fact.At)
		case genesys.CommunicationEnded:
			m.endLeg(x, leg, s.Disconnect)
		}
	}
}

func (m *Machine) establish(x *situation, t genesys.EventType, leg *Leg) {
	if leg.Opened {
		return
	}
	leg.Opened = true
	if leg.Kind != External {
		x.conv.Legs = append(x.conv.Legs, leg)
	}
	e := genesys.ConversationEvent{
		Type: t, CommunicationID: leg.ID, ANI: x.call.ANI, DNIS: x.call.DNIS,
		InitialConfiguration: &genesys.InitialConfiguration{
			AudioState: &genesys.AudioState{CanHear: true, CanSpeak: true},
			Inbound:    true,
			Alerting:   leg.Kind == User,
		},
		SourceConfiguration: &genesys.SourceConfiguration{
			SourceID: m.dir.SourceID(), InteractionID: x.call.UUID, TagID: x.call.UUID,
		},
	}
	if caller := x.conv.leg(External); caller != nil && leg.Kind != External {
		e.InitialConfiguration.InvitedBy = caller.ID
	}
	switch leg.Kind {
	case IVR:
		e.IVRPhoneNumber, e.IVRName = leg.DN, leg.DN
	case ACD:
		e.QueueID, e.PhoneNumber = leg.QueueID, leg.DN
	case User:
		e.UserID, e.PhoneNumber, e.AfterCallWorkRequired = leg.UserID, leg.DN, true
	case External:
	}
	x.events.add(e, leg.Party, "established", leg.Began)
}

func (m *Machine) transfer(x *situation, s Step, to *Leg) {
	from, caller := x.legs(s.From), x.conv.leg(External)
	if len(from) == 0 || caller == nil {
		return
	}
	command := x.events.id(to.Party, "transfer command")
	x.conv.Transfer = &Transfer{Command: command, Party: to.Party, LegID: to.ID}
	x.events.add(genesys.ConversationEvent{
		Type: s.Event, TransferType: genesys.TransferUnattended, CommandID: command,
		InitiatingCommunicationID: from[0].ID, TargetCommunicationID: from[0].ID, ObjectCommunicationID: caller.ID,
		DestinationQueueID: ifKind(to, ACD, to.QueueID), DestinationUserID: ifKind(to, User, to.UserID),
	}, to.Party, "transfer", x.fact.At)
}

func ifKind(l *Leg, kind LegKind, value string) string {
	if l.Kind == kind {
		return value
	}
	return ""
}

func (m *Machine) progress(x *situation, to *Leg) {
	t, caller := x.conv.Transfer, x.conv.leg(External)
	if t == nil || caller == nil {
		return
	}
	x.events.add(genesys.ConversationEvent{
		Type: genesys.ProgressTransfer, CommandID: t.Command,
		ObjectCommunicationID: caller.ID, DestinationCommunicationID: to.ID,
	}, to.Party, "progress", x.fact.At)
}

func (m *Machine) endTransfer(x *situation, final genesys.TransferState) {
	t := x.conv.Transfer
	if t == nil {
		return
	}
	x.conv.Transfer = nil
	object := ""
	for _, l := range x.conv.Legs { // the caller may have left
		if l.Kind == External {
			object = l.ID
		}
	}
	x.events.add(genesys.ConversationEvent{
		Type: genesys.EndTransfer, CommandID: t.Command, FinalState: final, ObjectCommunicationID: object,
	}, t.Party, "end transfer", x.fact.At)
}

func (m *Machine) endLeg(x *situation, leg *Leg, how genesys.DisconnectType) {
	if !leg.Open() {
		return
	}
	if how == ByRelease {
		how = genesys.DisconnectPeer
		if r := x.conv.Releaser; r != "" && (r == leg.DN || r == leg.Party) {
			how = genesys.DisconnectSelf
		}
	}
	leg.Ended, leg.Disconnect = x.fact.At, how
	x.events.add(genesys.ConversationEvent{Type: genesys.CommunicationEnded, CommunicationID: leg.ID, DisconnectType: how},
		leg.Party, "ended", x.fact.At)
}
