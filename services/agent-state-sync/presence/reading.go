package presence

import (
	"time"

	"engage.connector/pkg/engage"
	"engage.connector/pkg/packed"
)

// Reading is what one status says of an agent, without what is remembered of the agent.
type Reading struct {
	packed.Kept

	// State is the agent's state, "" where a call hides it; Shown is the readiness that a DN lists
	// beside the call, "" where none does.
	State State
	Shown State
	Call  CallClass
	// ReasonsOnly says that the status itself was not reported.
	ReasonsOnly bool
	// Reasoned says that reasons were reported, perhaps none; Reason is the code.
	Reasoned bool
	Reason   string
	// Since is when the status began, by the server's clock.
	Since time.Time
	// Status is the number as it was reported.
	Status int
}

// Fields names what is stored of a reading.
func (r *Reading) Fields(f *packed.Form) {
	f.Text(1, (*string)(&r.State))
	f.Text(2, (*string)(&r.Shown))
	f.Text(3, (*string)(&r.Call))
	f.Bool(4, &r.ReasonsOnly)
	f.Bool(5, &r.Reasoned)
	f.Text(6, &r.Reason)
	f.Time(7, &r.Since)
	f.Int(8, &r.Status)
}

// Read reads a status. It returns false for one whose meaning is not publicly documented; of that only
// Status and Since are set.
func Read(status engage.AgentStatus) (Reading, bool) {
	reading := Reading{Since: status.Since, Status: int(status.Status)}
	if status.Status == engage.StatusUnknown {
		reading.ReasonsOnly = true
	} else {
		said, known := statusesTable()[status.Status]
		if !known {
			return reading, false
		}
		reading.State, reading.Call = said.state, said.call
		if reading.State == "" {
			reading.Shown = shownReadiness(status.DNs)
		}
		if reading.Call == "" {
			reading.Call = callAmongActions(status)
		}
	}
	if status.Reasons != nil {
		reading.Reasoned, reading.Reason = true, reasonOf(status.Reasons)
	}
	return reading, true
}

// shownReadiness is the readiness that DNs list beside the call. Not Ready at any DN wins: the agent has
// asked for no further calls there.
func shownReadiness(dns []engage.DNStatus) State {
	shown := State("")
	for _, dn := range dns {
		for _, action := range dn.Actions {
			switch action.Action {
			case engage.StatusNotReadyForNextCall:
				return NotReady
			case engage.StatusWaitForNextCall:
				shown = Ready
			}
		}
	}
	return shown
}

// callAmongActions classifies by the calls on the agent's DNs; a call with a customer outweighs an
// internal one. A held call of unknown type is a call; a ringing or dialing one is none yet.
func callAmongActions(status engage.AgentStatus) CallClass {
	class := NoCall
	if status.Status == engage.StatusCallOnHold {
		class = Other
	}
	statuses := statusesTable()
	internal := false
	for _, dn := range status.DNs {
		for _, action := range dn.Actions {
			switch statuses[action.Action].call {
			case Other:
				return Other
			case Internal:
				internal = true
			}
		}
	}
	if internal {
		return Internal
	}
	return class
}

// reasonKeyTable lists the keys under which desktops send the reason, the usual one first.
func reasonKeyTable() []string { return []string{"ReasonCode", "reason", "Reason"} }

// reasonOf picks the reason code. One single reason under another key counts too.
func reasonOf(reasons map[string]string) string {
	for _, key := range reasonKeyTable() {
		if value, ok := reasons[key]; ok {
			return value
		}
	}
	if len(reasons) == 1 {
		for _, value := range reasons {
			return value
		}
	}
	return ""
}
