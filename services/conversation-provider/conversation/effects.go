package conversation

// Effect is what a row changes beside the stage.
type Effect int

// The effects.
const (
	NoEffect      Effect = iota
	FailedAttempt        // an agent did not answer
	SameLeg              // the stay in the queue that begins belongs to the ACD leg that is open
	KeepAgent            // an agent calls out: the leg is sent together with the customer's
	NoteQueue            // the queue in whose name an agent calls out
	LeaveQueue           // the queue was left and nobody has taken over: that is when the leg ends
	PassNobody           // the call passes a phone at which nobody is logged in
	PassScope            // the call passes the phone of an agent who is not mapped
	PassOutside          // the call passes somebody who cannot be shown
	Answered             // the customer of a campaign has answered: that is when the leg begins
	HandOver             // the agent has left; the leg ends when it is known who takes over
	BeginConsult         // the call is the consultation of the agent
	UnseenLogin          // who is consulted cannot be shown: nobody is logged in
	UnseenScope          // who is consulted cannot be shown: the agent is not mapped
	UnseenBusy           // who is consulted cannot be shown: the agent has other calls
	EndConsult           // the consultation is over
	TakeOver             // who was consulted takes over the caller
	TakeOverEarly        // the same before anybody is there: the agent's leg ends when it is known who takes over
)

// effects says what each effect does.
func effects() map[Effect]func(*situation) {
	unseen := func(why Reason) func(*situation) {
		return func(x *situation) {
			x.beginConsult()
			x.conv.Consult.Unseen = why
		}
	}
	pass := func(why Reason) func(*situation) { return func(x *situation) { x.conv.Reason = why } }
	return map[Effect]func(*situation){
		FailedAttempt: func(x *situation) { x.conv.Attempt = x.fact.At },
		SameLeg:       func(x *situation) { x.conv.leg(ACD).Visit = x.key },
		KeepAgent:     func(x *situation) { x.conv.Legs = append(x.conv.Legs, x.newLeg()) },
		LeaveQueue: func(x *situation) {
			if leg := x.conv.leg(ACD); leg != nil {
				leg.Left = x.fact.At
			}
		},
		PassNobody:  pass(ReasonNobodyLoggedIn),
		PassScope:   pass(ReasonOutOfScope),
		PassOutside: pass(ReasonUnknownParty),
		Answered: func(x *situation) {
			if x.leg != nil {
				x.leg.Began = x.fact.At
			}
		},
		NoteQueue: func(x *situation) { x.conv.OnBehalf = x.queueID() },
		HandOver: func(x *situation) {
			x.conv.Releaser = ""
			if x.leg != nil {
				x.leg.Left = x.fact.At
			}
		},
		BeginConsult: (*situation).beginConsult,
		UnseenLogin:  unseen(ReasonNobodyLoggedIn),
		UnseenScope:  unseen(ReasonOutOfScope),
		UnseenBusy:   unseen(ReasonSecondCall),
		EndConsult:   func(x *situation) { x.conv.Consult = nil },
		TakeOver:     (*situation).takeOver,
		TakeOverEarly: func(x *situation) {
			if leg := x.conv.talker(); leg != nil {
				leg.Left = x.fact.At
			}
			x.takeOver()
		},
	}
}

func (x *situation) beginConsult() {
	if x.conv.Consult == nil || x.conv.Consult.Call != x.consult.UUID {
		x.conv.Consult = &Consult{Call: x.consult.UUID}
	}
}

// takeOver makes the consultation's legs those of the caller, and its calls part of the main call.
func (x *situation) takeOver() {
	for _, l := range x.conv.Open() {
		if l.Consult {
			l.Consult = false
			l.WrapsUp = l.Kind == User
		}
	}
	consult := x.conv.Consult.Call
	for _, c := range x.g.Calls {
		if of := x.g.consultation(c); of != nil && of.UUID == consult && c != of {
			x.conv.Taken = append(x.conv.Taken, c.UUID)
		}
	}
	x.conv.Taken = append(x.conv.Taken, consult)
	x.conv.Consult = nil
	x.conv.Releaser = ""
}
