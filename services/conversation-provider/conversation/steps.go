package conversation

import (
	"strconv"
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/genesys/exevents"
)

// batch collects the events of one interaction.
type batch struct {
	m      *Machine
	g      *Group
	conv   *Conversation
	events []*exevents.ConversationEvent
}

// id derives an id from what it stands for: computed again, it is the same.
func (b *batch) id(party, purpose string) string {
	return stableID(b.m.opts.Tenant, b.g.Root.UUID, party, purpose)
}

// legID is the id of the next leg of a party or stay: a caller who comes back to a routing point has
// another leg there.
func (b *batch) legID(key string) string {
	purpose, before := "communication", 0
	for _, l := range b.conv.Legs {
		if l.Party == key {
			before++
		}
	}
	if before > 0 {
		purpose += " " + strconv.Itoa(before+1)
	}
	return b.id(key, purpose)
}

// name is what the ids of a leg's events are derived from: its party, or its own id when the party had
// a leg before.
func (c *Conversation) name(leg *Leg) string {
	for _, l := range c.Legs {
		if l.Party == leg.Party {
			if l == leg {
				return leg.Party
			}
			return leg.ID
		}
	}
	return leg.Party
}

// purposeConversation is what conversation ids are derived from, beside tenant and call.
const purposeConversation = "conversation"

// add stamps an event and appends it. The time stamps of a conversation increase strictly, by a
// millisecond at least, because a batch loses the order of events (inferred from the API's form).
func (b *batch) add(e *exevents.ConversationEvent, party, purpose string, at time.Time) {
	conv := b.conv
	if conv.ID == "" {
		conv.ID = b.id("", purposeConversation)
	}
	at = at.UTC().Truncate(time.Millisecond)
	if !at.After(conv.Last) {
		at = conv.Last.Add(time.Millisecond)
	}
	conv.Last = at
	// The org gets the times of the server that reports the call.
	e.EventID, e.ConversationID, e.EventDateTime = b.id(party, purpose), conv.ID, at.Add(-b.g.Root.Shift)
	b.events = append(b.events, e)
}

// newLeg makes the leg that a fact brings; it is not open yet.
func (m *Machine) newLeg(x *situation, kind LegKind) *Leg {
	leg := &Leg{
		Kind: kind, Party: x.key, DN: x.dn, Began: x.fact.At, Consult: x.consult != nil,
		ID: x.events.legID(x.key), Alerting: alertsWhenNew(x, kind),
	}
	switch kind {
	case ACD:
		leg.Visit = x.key
		leg.QueueID = x.queueID()
	case User:
		leg.Login, leg.UserID = x.login(), x.userID()
		leg.WrapsUp = !leg.Consult
		if queue := x.deliveringLeg(); queue != nil {
			leg.QueueID = queue.QueueID
		}
	case External, IVR, Phone:
	}
	return leg
}

// alertsWhenNew: phones ring, but for that of whoever makes the call.
func alertsWhenNew(x *situation, kind LegKind) bool {
	outbound := x.g.Root.TypeAt(x.fact.At) == engage.CallTypeOutbound
	switch kind {
	case User:
		return x.conv.Stage != StageNew && (x.conv.Stage != StageCaller || !outbound || !connects(x))
	case Phone:
		return true
	case External:
		return outbound && x.conv.Stage == StageDialing && !connects(x)
	default:
		return false
	}
}

// deliveringLeg is the leg of the queue that delivers the call to the leg that begins.
func (x *situation) deliveringLeg() *Leg {
	switch {
	case x.consult != nil:
		return x.conv.peerQueue()
	case x.winner != nil:
		return x.winner
	default:
		return x.conv.leg(ACD)
	}
}

// freshKind says what kind of leg a trigger brings.
func freshKind(t Trigger) LegKind {
	switch t {
	case IVRJoined:
		return IVR
	case QueueJoined, ConsultQueue:
		return ACD
	case AgentJoined, ConsultAgent, NewcomerConnected:
		return User
	case OutsideJoined, ConsultOutside, OutsideConnected:
		return Phone
	case DeviceJoined:
		return IVR
	default:
		return ""
	}
}

func (x *situation) newLeg() *Leg {
	if x.fresh == nil {
		kind := freshKind(x.trigger)
		if kind == User && x.userID() == "" {
			kind = Phone // extended only: the guide's rows do not come here
		}
		x.fresh = x.m.newLeg(x, kind)
	}
	return x.fresh
}

// winnerLeg is the leg of the queue that delivered the call.
func (x *situation) winnerLeg() *Leg {
	if x.trigger == QueueLeft {
		return x.otherLeg()
	}
	won := x.deliveredBy()
	if x.winner == nil && won != nil {
		key := x.g.key(won.call, won.visit.Key)
		x.winner = &Leg{
			Kind: ACD, Party: key, Visit: key, DN: won.visit.DN, Began: won.visit.Queued,
			ID: x.events.legID(key), QueueID: known(x.m.dir.Queue(won.visit.DN)),
		}
	}
	return x.winner
}

// otherLeg is the leg of another queue in which the call still waits.
func (x *situation) otherLeg() *Leg {
	if other := x.afterQueue().other; x.winner == nil && other != nil {
		key := x.g.key(other.call, other.visit.Key)
		x.winner = &Leg{
			Kind: ACD, Party: key, Visit: key, DN: other.visit.DN, Began: x.fact.At,
			ID: x.events.legID(key), QueueID: known(x.m.dir.Queue(other.visit.DN)),
		}
	}
	return x.winner
}

// routingLeg is the leg of the routing point that takes over.
func (x *situation) routingLeg() *Leg {
	if x.routing == nil {
		y := x.takesOver()
		if y != nil {
			x.routing = x.m.newLeg(y, IVR)
		}
	}
	return x.routing
}

// takesOver is the joining of the routing point that takes over; nil when none does.
func (x *situation) takesOver() *situation {
	if x.conv.Stage == StageTalking {
		return x.takeover().ivr
	}
	return x.afterQueue().ivr
}

// legs resolves a reference.
func (x *situation) legs(ref Ref) []*Leg {
	if ref == Rest {
		return x.conv.Open()
	}
	if leg := x.theLeg(ref); leg != nil {
		return []*Leg{leg}
	}
	return nil
}

// theLeg resolves a reference to one leg; nil when there is none.
func (x *situation) theLeg(ref Ref) *Leg {
	switch ref {
	case Caller:
		return x.conv.callerLeg()
	case Ivr:
		return x.oldLeg(IVR)
	case Queue:
		return x.oldLeg(ACD)
	case Agent:
		return x.conv.talker()
	case Former:
		return x.former()
	case Peer:
		return x.conv.peer()
	case PeerQueue:
		return x.conv.peerQueue()
	case Winner:
		return x.winnerLeg()
	case Routing:
		return x.routingLeg()
	case New:
		return x.newLeg()
	case Gone:
		return x.leg
	default:
		return nil
	}
}

func (c *Conversation) callerLeg() *Leg { return c.leg(External) }

// former is who handed the caller on: the newest talker that is not the one that the call goes to.
func (x *situation) former() *Leg {
	to := x.fresh
	if to == nil && x.conv.Stage == StageRinging {
		to = x.conv.talker()
	}
	return x.conv.former(to)
}

// oldLeg is the newest open leg of a kind that is not the one that the trigger brings.
func (x *situation) oldLeg(kind LegKind) *Leg {
	return x.conv.newest(func(l *Leg) bool {
		return l.Kind == kind && !l.Consult && l != x.fresh && l != x.winner && l != x.routing
	})
}

// do sends the events of a step.
func (m *Machine) do(x *situation, s Step) {
	if s.Event == exevents.EndTransfer {
		m.endTransfer(x, s.Final)
		return
	}
	for _, leg := range x.legs(s.Leg) {
		switch s.Event {
		case exevents.ExternalEstablished, exevents.IVREstablished, exevents.RoutingEstablished, exevents.UserEstablished, exevents.PhoneEstablished:
			m.establish(x, s.Event, leg)
		case exevents.RoutingTransfer, exevents.UserTransfer, exevents.PhoneTransfer:
			m.transfer(x, s, leg)
		case exevents.ProgressTransfer:
			m.progress(x, leg)
		case exevents.ConsultTransfer, exevents.ProgressConsultTransfer, exevents.EndConsultTransfer:
			m.consultTransfer(x, s, leg)
		case exevents.CommunicationAnswered:
			m.answer(x, leg)
		case exevents.HoldUpdated:
			leg.Held = s.Held
			leg.Holds++
			x.events.add(&exevents.ConversationEvent{Type: s.Event, CommunicationID: leg.ID, Held: s.Held},
				x.conv.name(leg), "hold "+strconv.Itoa(leg.Holds), x.fact.At)
		case exevents.CommunicationEnded:
			m.endLeg(x, leg, s.Disconnect)
		}
	}
}

// establish opens a leg.
func (m *Machine) establish(x *situation, t exevents.EventType, leg *Leg) {
	if leg.Opened {
		return
	}
	leg.Opened = true
	if x.conv.legAt(leg.Party) != leg {
		x.conv.Legs = append(x.conv.Legs, leg)
	}
	if !leg.Alerting {
		leg.Answered = leg.Began
	}
	e := &exevents.ConversationEvent{
		Type: t, CommunicationID: leg.ID, ANI: x.g.Root.ANIAt(leg.Began), DNIS: x.g.Root.DNISAt(leg.Began),
		InitialConfiguration: m.configuration(x, leg),
		SourceConfiguration: &exevents.SourceConfiguration{
			SourceID: m.dir.SourceID(), InteractionID: x.g.Root.UUID, TagID: x.g.Root.UUID,
		},
	}
	switch leg.Kind {
	case IVR:
		e.IVRPhoneNumber, e.IVRName = leg.DN, leg.DN
	case ACD:
		e.QueueID, e.PhoneNumber = leg.QueueID, leg.DN
	case User:
		e.UserID, e.PhoneNumber, e.AfterCallWorkRequired = leg.UserID, leg.DN, leg.WrapsUp
		e.QueueID = x.conv.onBehalf(leg)
	case Phone:
		e.PhoneNumber = leg.DN
	case External:
	}
	x.events.add(e, x.conv.name(leg), "established", leg.Began)
}

// onBehalf is the queue in whose name an agent calls out. The API has it for outbound calls only.
func (c *Conversation) onBehalf(leg *Leg) string {
	if c.OnBehalf == "" || leg.Alerting {
		return ""
	}
	leg.QueueID = c.OnBehalf
	return c.OnBehalf
}

// configuration is how a leg begins. Who is invited by whom: an agent who calls out invites the
// customer, an agent who consults the consulted, everybody else comes because of the caller.
func (m *Machine) configuration(x *situation, leg *Leg) *exevents.InitialConfiguration {
	outbound := x.g.Root.TypeAt(leg.Began) == engage.CallTypeOutbound
	c := &exevents.InitialConfiguration{
		AudioState: &exevents.AudioState{CanHear: true, CanSpeak: true},
		Inbound:    !outbound && !leg.Consult && leg.Kind != Phone,
		Alerting:   leg.Alerting,
	}
	inviter := x.conv.callerLeg()
	switch {
	case leg.Consult:
		inviter = x.conv.talker()
	case leg.Kind == External:
		inviter = x.conv.talker() // there is one only when an agent calls out
	}
	if inviter != nil && inviter != leg && inviter.Opened {
		c.InvitedBy = inviter.ID
	}
	return c
}
