package presence

import "engage.connector/pkg/engage"

// verdict is what one Stat Server status says of the agent.
type verdict struct {
	state State     // "" when the status does not tell
	call  CallClass // NoCall, or "" when the DN's actions must tell
}

// verdictsTable reads Stat Server's statuses (DnActions). A status that is missing here is not
// publicly documented and changes nothing.
func verdictsTable() map[engage.DnActions]verdict {
	return map[engage.DnActions]verdict{
		engage.StatusLoggedOut:           {state: LoggedOff},
		engage.StatusNotReadyForNextCall: {state: NotReady, call: NoCall},
		engage.StatusWaitForNextCall:     {state: Ready, call: NoCall},
		engage.StatusAfterCallWork:       {state: AfterCallWork},
		engage.StatusCallInternal:        {call: Internal},
		engage.StatusCallInbound:         {call: Other},
		engage.StatusCallOutbound:        {call: Other},
		engage.StatusCallConsult:         {call: Other},
		engage.StatusCallUnknown:         {call: Other},
		engage.StatusASMEngaged:          {call: Other},
		engage.StatusASMOutbound:         {call: Other},
		// These may co-exist with a call of known type, which stands among the actions.
		engage.StatusCallOnHold:  {},
		engage.StatusCallRinging: {},
		engage.StatusCallDialing: {},
		engage.StatusOffHook:     {},
	}
}

// situation reads a status. base is the state to assume where the status hides it (a call hides
// Ready and Not Ready). It returns false for a status that is not publicly documented.
func situation(status engage.AgentStatus, base State) (Situation, bool) {
	said, known := verdictsTable()[status.Status]
	if !known {
		return Situation{}, false
	}
	result := Situation{State: said.state, Call: said.call}
	if result.State == "" {
		result.State = base
		if shown := shownReadiness(status.DNs); shown != "" {
			result.State = shown
		}
	}
	if result.Call == "" {
		result.Call = callAmongActions(status)
	}
	return result, true
}

// shownReadiness returns Ready or NotReady where a DN still lists it beside the call.
func shownReadiness(dns []engage.DNStatus) State {
	for _, dn := range dns {
		for _, action := range dn.Actions {
			switch action.Action {
			case engage.StatusNotReadyForNextCall:
				return NotReady
			case engage.StatusWaitForNextCall:
				return Ready
			}
		}
	}
	return ""
}

// callAmongActions classifies by the calls on the agent's DNs; a call with a customer outweighs an
// internal one. A held call of unknown type is a call; a ringing or dialing one is none yet.
func callAmongActions(status engage.AgentStatus) CallClass {
	class := NoCall
	if status.Status == engage.StatusCallOnHold {
		class = Other
	}
	verdicts := verdictsTable()
	internal := false
	for _, dn := range status.DNs {
		for _, action := range dn.Actions {
			switch verdicts[action.Action].call {
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
