package conversation

import (
	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// situation is one fact of one call, as the rows see it.
type situation struct {
	m       *Machine
	call    *callmodel.Call
	conv    *Conversation
	dns     DNs
	fact    callmodel.Fact
	trigger Trigger
	role    Role   // of the party that joins
	dn      string // of the party or queue
	leg     *Leg   // the open leg that the fact is about; nil when there is none
	fresh   *Leg   // the leg that the trigger brings, once a step asked for it
	patient bool   // the fact may still wait
	events  *batch
}

// DNs gives what is known of an extension; nil when nothing is.
type DNs interface {
	DN(number string) *callmodel.DN
}

func (x *situation) queueID() string { return known(x.m.dir.Queue(x.dn)) }

func (x *situation) login() string { return x.dns.DN(x.dn).AgentAt(x.fact.At) }

func (x *situation) userID() string { return known(x.m.dir.User(x.login())) }

// known is an answer of the directory, empty when it has none.
func known(id string, ok bool) string {
	if !ok {
		return ""
	}
	return id
}

// read finds out what a fact means to the conversation.
func (x *situation) read() {
	f := x.fact
	x.leg = x.conv.legOf(f.Subject)
	if p := x.call.Party(f.Subject); p != nil {
		x.dn = p.DN
	} else if v := x.call.Visit(f.Subject); v != nil {
		x.dn = v.DN
	}
	switch f.Kind {
	case callmodel.PartyJoined:
		x.role = x.roleOf(x.call.Party(f.Subject))
		x.trigger = joinTriggers()[x.role]
	case callmodel.PartyChanged:
		x.trigger = x.changeTrigger()
	case callmodel.PartyLeft:
		x.trigger = x.leaveTrigger()
	default:
		x.trigger = plainTriggers()[f.Kind]
	}
}

func joinTriggers() map[Role]Trigger {
	return map[Role]Trigger{
		RoleCaller: CallerJoined, RoleIVR: IVRJoined, RoleAgent: AgentJoined, RoleOther: OtherJoined,
	}
}

func plainTriggers() map[callmodel.FactKind]Trigger {
	return map[callmodel.FactKind]Trigger{
		callmodel.Queued: QueueJoined, callmodel.Diverted: QueueLeft, callmodel.Abandoned: QueueLeft,
		callmodel.Conference: InConference, callmodel.Supervision: Supervised, callmodel.CallJoined: OtherCall,
		callmodel.CallEnded: Ended, callmodel.Rejected: Refused,
	}
}

// roleOf tells what a party is to the conversation. A party that is being routed or treated is a
// routing point whatever the configuration says; the caller is the party with the calling number,
// or the first one whose DN the switch does not have (inferred).
func (x *situation) roleOf(p *callmodel.Party) Role {
	first := x.conv.leg(External) == nil
	if s := x.fact.State; s != engage.PartyStateUnknown && s&engage.PartyStateMaskRouting != 0 {
		return RoleIVR
	}
	if first && p.DN != "" && p.DN == x.call.ANI {
		return RoleCaller
	}
	switch x.m.dir.DNKind(p.DN) {
	case DNRoutingPoint:
		return RoleIVR
	case DNExtension:
		return RoleAgent
	case DNUnknown:
		if first {
			return RoleCaller
		}
	case DNVirtualQueue, DNOther:
	}
	return RoleOther
}

// changeTrigger: only the agent whose leg is open matters.
func (x *situation) changeTrigger() Trigger {
	if x.leg == nil || x.leg.Kind != User {
		return ""
	}
	switch x.fact.State.Generic() {
	case engage.PartyStateConnected:
		return AgentConnected
	case engage.PartyStateHeld:
		return AgentHeld
	default:
		return ""
	}
}

func (x *situation) leaveTrigger() Trigger {
	switch x.conv.Parties[x.fact.Subject] {
	case RoleCaller:
		return CallerLeft
	case RoleIVR:
		return IVRLeft
	case RoleAgent:
		if x.leg != nil {
			return AgentLeft
		}
		return OtherLeft
	default:
		return OtherLeft
	}
}
