package conversation

import (
	"slices"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// roleOf tells what a party is to the conversation (inferred). A party that is being routed or
// treated is a routing point whatever the configuration says; one that names another location leads
// to another site; one with the DN of a leg is the same person in a further call; the caller is the
// party with the calling number, or the first one whose DN no switch has.
func (x *situation) roleOf(p *callmodel.Party) Role {
	state := x.fact.State
	caller := x.conv.external()
	switch {
	case state != engage.PartyStateUnknown && observes(state):
		return RoleObserver
	case state != engage.PartyStateUnknown && state&engage.PartyStateMaskRouting != 0:
		return RoleIVR
	case x.knownParty(p) != nil:
		return RoleAgain
	case p.Remote && caller != nil:
		return RoleTrunk
	case caller == nil && x.consult == nil && p.DN != "" && p.DN == x.call.ANIAt(x.fact.At) && !x.isExtension(p.DN):
		return RoleCaller
	}
	return x.configuredRole(p, caller)
}

func (x *situation) isExtension(dn string) bool { return x.m.dir.DNKind(dn) == DNExtension }

// configuredRole is the role that follows from what the DN is configured as.
func (x *situation) configuredRole(p *callmodel.Party, caller *Leg) Role {
	switch x.m.dir.DNKind(p.DN) {
	case DNRoutingPoint:
		return RoleIVR
	case DNExtension:
		return RoleAgent
	case DNUnknown:
		switch {
		case x.carries(p, caller):
			return RoleTrunk
		case caller == nil && x.consult == nil:
			return RoleCaller
		default:
			return RoleOutside
		}
	case DNVirtualQueue, DNOther:
	}
	return RoleOther
}

// carries tells whether a party without a DN of its own is the way from another site: the first one
// of a call that an IS-Link joins to an earlier one, or any later one of a call that has a link.
func (x *situation) carries(p *callmodel.Party, caller *Leg) bool {
	if caller == nil && x.consult == nil || len(x.call.Links) == 0 {
		return false
	}
	if x.call == x.g.Root || x.call == x.consult {
		return true // the way to the other site
	}
	for _, other := range x.call.Parties {
		if other != p && x.m.dir.DNKind(other.DN) == DNUnknown && other.Joined.Before(p.Joined) {
			return false
		}
	}
	return true
}

// observes tells whether a party only listens: a supervisor.
func observes(s engage.PartyState) bool {
	return s.Generic() == engage.PartyStateConnected && s.Has(engage.PartyStateSvcObserving)
}

// knownParty returns the leg of somebody who is in the interaction already and comes into another
// call of it; nil for somebody new.
func (x *situation) knownParty(p *callmodel.Party) *Leg {
	if p.DN == "" {
		return nil
	}
	return x.conv.newest(func(l *Leg) bool {
		if l.DN != p.DN || l.Kind != External && !l.talker() || l.Party == x.key {
			return false
		}
		call, _ := x.g.place(l.Party)
		return call != x.call || x.g.livesElsewhere(l, x.key, x.fact.At, x.g.Calls)
	})
}

// remember keeps what later facts need, whether a row fits or not.
func (m *Machine) remember(x *situation) {
	conv := x.conv
	if x.role != "" {
		conv.Parties.set(x.key, x.role)
	}
	switch {
	case x.role == RoleCaller && conv.external() == nil:
		conv.Legs = append(conv.Legs, m.newLeg(x, External))
	case x.role == RoleAgain:
		leg := x.knownParty(x.call.Party(x.fact.Subject))
		leg.Also = append(leg.Also, x.key)
	case x.role == RoleTrunk && x.consult == nil && x.call != x.g.Root && conv.leg(External) != nil:
		// On the other site the trunk stands for the caller.
		leg := conv.leg(External)
		leg.Also = append(leg.Also, x.key)
	}
	// The trunk of a far call that leaves for itself tells nothing: the caller may go on.
	own := x.leg != nil && (x.key == x.leg.Party || x.fact.Ctrl != "")
	if x.fact.Kind == callmodel.PartyLeft && own && x.leg.Kind == External && conv.Releaser == "" && !x.movesOn() {
		conv.Releaser = x.releaser() // also when the caller is still in a call of another site
	}
}

// movesOn tells whether a party left a call only to go on in another one.
func (x *situation) movesOn() bool {
	moves := []engage.Cause{
		engage.CauseTransfer, engage.CauseOneStepTransfer, engage.CauseConference, engage.CauseRedirect,
		engage.CauseForward, engage.CauseCoverage,
	}
	if x.fact.Moved != "" || slices.Contains(moves, x.fact.Cause) {
		return true
	}
	for _, c := range x.g.Calls {
		for _, p := range c.Parties {
			if p.DN == x.leg.DN && !p.Joined.Before(x.fact.At) && p.Joined.Sub(x.fact.At) <= settling {
				return true
			}
		}
	}
	return false
}

// releaser is who ended the call or left it first.
func (x *situation) releaser() string {
	if x.fact.Ctrl != "" {
		return x.fact.Ctrl
	}
	if x.dn != "" {
		return x.dn
	}
	if leg := x.conv.external(); leg != nil {
		return leg.DN
	}
	return ""
}
