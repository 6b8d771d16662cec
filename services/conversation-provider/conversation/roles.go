package conversation

import (
	"slices"

	"engage.connector/pkg/engage"
	"engage.connector/services/conversation-provider/callmodel"
)

// RoleRow says what a party is to the conversation. The first row whose conditions hold is taken.
type RoleRow struct {
	ID   string
	If   []RoleCondition
	Role Role
	From Source
	Why  string
	// Extended rows hold with CALL_MODEL=extended only.
	Extended bool
}

// RoleCondition is a named question about a party that joins a call.
type RoleCondition string

// The questions.
const (
	partyListens    RoleCondition = "it only listens (SvcObserving)"
	partyRouted     RoleCondition = "it is being routed or treated (TreatmentReq, Treatment, Routing)"
	partyDials      RoleCondition = "it dials (Mod_Dialing)"
	partyWaits      RoleCondition = "its state is Queued"
	partyParked     RoleCondition = "its state is Held"
	partyTalks      RoleCondition = "its state is Connected or Held"
	partyKnown      RoleCondition = "somebody with this DN has a leg, in another call of the interaction"
	partyRemote     RoleCondition = "it names a location (RemoteLoc)"
	partyLinked     RoleCondition = "its call has an IS-Link"
	partyCarries    RoleCondition = "its call has an IS-Link, and it is not the first outside party of a far call"
	partyCalling    RoleCondition = "its DN is the calling number (ANI)"
	kindExtension   RoleCondition = "the DN is configured as an extension"
	kindRoutingDN   RoleCondition = "the DN is configured as a routing point"
	kindOtherDN     RoleCondition = "the DN is configured as something else (trunk, ACD queue, port)"
	kindNone        RoleCondition = "the DN is not configured, or the party has none"
	kindNoExtension RoleCondition = "the DN is not configured as an extension"
	inMainCall      RoleCondition = "the call is not a consultation"
	inOutboundCall  RoleCondition = "the call type is outbound"
	inInternalCall  RoleCondition = "the call type is internal"
	callerMissing   RoleCondition = "no caller is known yet"
	callerThere     RoleCondition = "the caller is known"
)

// roleConditions says how each question is answered.
func roleConditions() map[RoleCondition]func(*situation, *callmodel.Party) bool {
	state := func(is func(engage.PartyState) bool) func(*situation, *callmodel.Party) bool {
		return func(x *situation, _ *callmodel.Party) bool {
			return x.fact.State != engage.PartyStateUnknown && is(x.fact.State)
		}
	}
	generic := func(states ...engage.PartyState) func(*situation, *callmodel.Party) bool {
		return state(func(s engage.PartyState) bool { return slices.Contains(states, s.Generic()) })
	}
	kind := func(kinds ...DNKind) func(*situation, *callmodel.Party) bool {
		return func(x *situation, p *callmodel.Party) bool { return slices.Contains(kinds, x.m.dir.DNKind(p.DN)) }
	}
	callType := func(t engage.CallType) func(*situation, *callmodel.Party) bool {
		return func(x *situation, _ *callmodel.Party) bool { return x.g.Root.TypeAt(x.fact.At) == t }
	}
	return map[RoleCondition]func(*situation, *callmodel.Party) bool{
		partyListens:    state(observes),
		partyRouted:     state(func(s engage.PartyState) bool { return s&engage.PartyStateMaskRouting != 0 }),
		partyDials:      state(func(s engage.PartyState) bool { return s.Has(engage.PartyStateDialing) }),
		partyWaits:      generic(engage.PartyStateQueued),
		partyParked:     generic(engage.PartyStateHeld),
		partyTalks:      generic(engage.PartyStateConnected, engage.PartyStateHeld),
		partyKnown:      func(x *situation, p *callmodel.Party) bool { return x.knownParty(p) != nil },
		partyRemote:     func(_ *situation, p *callmodel.Party) bool { return p.Remote },
		partyLinked:     func(x *situation, _ *callmodel.Party) bool { return len(x.call.Links) > 0 },
		partyCarries:    (*situation).carries,
		partyCalling:    func(x *situation, p *callmodel.Party) bool { return p.DN != "" && p.DN == x.call.ANIAt(x.fact.At) },
		kindExtension:   kind(DNExtension),
		kindRoutingDN:   kind(DNRoutingPoint),
		kindOtherDN:     kind(DNOther, DNVirtualQueue),
		kindNone:        kind(DNUnknown),
		kindNoExtension: kind(DNUnknown, DNRoutingPoint, DNOther, DNVirtualQueue),
		inMainCall:      func(x *situation, _ *callmodel.Party) bool { return x.consult == nil },
		inOutboundCall:  callType(engage.CallTypeOutbound),
		inInternalCall:  callType(engage.CallTypeInternal),
		callerMissing:   func(x *situation, _ *callmodel.Party) bool { return x.conv.external() == nil },
		callerThere:     func(x *situation, _ *callmodel.Party) bool { return x.conv.external() != nil },
	}
}

// RoleRows is who is who: the only place that decides what a party is.
func RoleRows() []RoleRow {
	who := func(c ...RoleCondition) []RoleCondition { return c }
	return []RoleRow{
		{ID: "supervisor", If: who(partyListens), Role: RoleObserver,
			From: FromInferred, Why: "a party that only listens is a supervisor"},
		{ID: "routing-point", If: who(partyRouted), Role: RoleIVR,
			From: FromInferred, Why: "whatever the configuration says: routing points outside of the folder list, and others that strategies run on"},
		{ID: "dialer", If: who(inMainCall, inOutboundCall, partyDials, kindNoExtension), Role: RoleDialer,
			From: FromInferred, Why: "a routing point or a trunk group that makes the calls of a campaign or a callback"},
		{ID: "again", If: who(partyKnown), Role: RoleAgain,
			From: FromInferred, Why: "one person in several calls of an interaction has one leg"},
		{ID: "site", If: who(partyRemote, partyLinked, callerThere), Role: RoleTrunk,
			From: FromInferred, Why: "a party that names another location is the way there"},
		{ID: "site-unseen", If: who(partyRemote, callerThere), Role: RoleOutside,
			From: FromInferred, Why: "nobody reports the call there: the nearest is an outside number; an IS-Link that follows soon makes it the way to a site"},
		{ID: "caller-by-number", If: who(inMainCall, callerMissing, partyCalling, kindNoExtension), Role: RoleCaller,
			From: FromInferred, Why: "the party with the calling number"},
		{ID: "internal-caller", If: who(inMainCall, inInternalCall, callerMissing, partyCalling), Role: RoleCaller, Extended: true,
			From: FromInferred, Why: "an agent who calls a queue of the center is its caller"},
		{ID: "routing-point-idle", If: who(kindRoutingDN), Role: RoleIVR,
			From: FromGuide, Why: "IVR applications are hosted on routing points"},
		{ID: "agent", If: who(kindExtension), Role: RoleAgent,
			From: FromGuide, Why: "agents log in at extensions; whether somebody is logged in is asked where it matters"},
		{ID: "site-by-link", If: who(partyCarries, kindNone), Role: RoleTrunk,
			From: FromInferred, Why: "the way to another site, where the server does not name the location"},
		{ID: "caller-outside", If: who(inMainCall, callerMissing, kindNone), Role: RoleCaller,
			From: FromInferred, Why: "the first party that no switch has; a withheld number has no DN"},
		{ID: "customer-behind-trunk", If: who(inMainCall, callerMissing, inOutboundCall, kindOtherDN), Role: RoleCaller,
			From: FromInferred, Why: "who is called may be reported by the trunk or trunk group that leads there"},
		{ID: "caller-behind-trunk", If: who(inMainCall, callerMissing, partyTalks, kindOtherDN), Role: RoleCaller,
			From: FromInferred, Why: "a caller may be reported by the trunk or trunk group that the call came over"},
		{ID: "waiting-place", If: who(partyWaits, kindOtherDN), Role: RoleDevice,
			From: FromInferred, Why: "an ACD queue of the switch"},
		{ID: "parked", If: who(partyParked, kindOtherDN), Role: RoleDevice,
			From: FromInferred, Why: "a park DN, on which the call waits held"},
		{ID: "outside", Role: RoleOutside,
			From: FromInferred, Why: "a number that no switch has, or one that is reported by its trunk or port"},
	}
}

// roleOf tells what a party is to the conversation.
func (x *situation) roleOf(p *callmodel.Party) Role {
	for _, row := range x.m.roles {
		if row.holds(x, p) {
			return row.row.Role
		}
	}
	return RoleOutside // never: the last row has no condition
}

// roleRule is a row with the functions that answer its conditions.
type roleRule struct {
	row RoleRow
	ifs []func(*situation, *callmodel.Party) bool
}

func (r roleRule) holds(x *situation, p *callmodel.Party) bool {
	for _, answer := range r.ifs {
		if !answer(x, p) {
			return false
		}
	}
	return true
}

func roleRules(of CallModel) []roleRule {
	conditions := roleConditions()
	var rules []roleRule
	for _, row := range RoleRows() {
		if row.Extended && of != ModelExtended {
			continue
		}
		rule := roleRule{row: row}
		for _, c := range row.If {
			rule.ifs = append(rule.ifs, conditions[c])
		}
		rules = append(rules, rule)
	}
	return rules
}

// carries tells whether a party without a DN of its own is the way from another site: the first one
// of a call that an IS-Link joins to an earlier one, or any later one of a call that has a link.
func (x *situation) carries(p *callmodel.Party) bool {
	if x.conv.external() == nil && x.consult == nil || len(x.call.Links) == 0 {
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
	return x.conv.newest(func(l *Leg) bool {
		if !x.g.same(l, x.call, p) || l.Kind != External && !l.talker() || l.Party == x.key {
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

// handsOn tells whether a party left because the call goes on with somebody else.
func (x *situation) handsOn() bool {
	moves := []engage.Cause{
		engage.CauseTransfer, engage.CauseOneStepTransfer, engage.CauseConference, engage.CauseRedirect,
		engage.CauseForward, engage.CauseCoverage,
	}
	return x.fact.Kind == callmodel.PartyLeft && (x.fact.Moved != "" || slices.Contains(moves, x.fact.Cause))
}

// movesOn tells whether a party left a call only to go on in another one.
func (x *situation) movesOn() bool {
	if x.handsOn() {
		return true
	}
	for _, c := range x.g.Calls {
		for _, p := range c.Parties {
			if x.g.same(x.leg, c, p) && !p.Joined.Before(x.fact.At) && p.Joined.Sub(x.fact.At) <= settling {
				return true
			}
		}
	}
	return false
}

// releaser is who ended the call or left it first. An agent or a device that nobody names as who
// released did not hang up: a switch knows what its own DNs do, of outside parties it may not.
func (x *situation) releaser() string {
	if x.fact.Ctrl != "" {
		return x.fact.Ctrl
	}
	if x.leg != nil && (x.leg.Kind == External || x.leg.Kind == Phone) {
		return x.leg.Party
	}
	if leg := x.conv.external(); leg != nil {
		return leg.Party
	}
	return ""
}
