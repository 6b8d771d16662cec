package presence

import (
	"cmp"
	"slices"

	"engage.connector/pkg/engage"
)

// said is what one Stat Server status says of the agent.
type said struct {
	state State     // "" when the status does not tell
	call  CallClass // "" when the DN's actions must tell
	// why is the reason for a row that the guide's table does not have; "" where the status is one of
	// the table's own.
	why string
}

// statusesTable reads Stat Server's statuses (DnActions). A number that is missing here is not publicly
// documented: it changes nothing, is counted and shown.
func statusesTable() map[engage.DnActions]said {
	return map[engage.DnActions]said{
		engage.StatusLoggedOut:           {state: LoggedOff},
		engage.StatusNotReadyForNextCall: {state: NotReady, call: NoCall},
		engage.StatusWaitForNextCall:     {state: Ready, call: NoCall},
		engage.StatusAfterCallWork:       {state: AfterCallWork},
		engage.StatusCallInternal:        {call: Internal},
		engage.StatusCallInbound:         {call: Other},
		engage.StatusCallOutbound:        {call: Other},
		engage.StatusCallConsult:         {call: Other},
		// The guide: all call types but internal give Interacting, so one of unknown type does.
		engage.StatusCallUnknown: {call: Other, why: "every call that is not known to be internal gives Interacting"},
		engage.StatusASMEngaged:  {call: Other, why: "the agent is held for a customer who is being dialed: work for a customer"},
		engage.StatusASMOutbound: {call: Other, why: "a call with a customer of an outbound campaign"},
		engage.StatusCallOnHold:  {why: "may stand beside a call, whose type the DN's actions tell; alone it is a call of unknown type"},
		engage.StatusCallRinging: {why: "not a call yet: the state stays as it was, unless the DN's actions list a call"},
		engage.StatusCallDialing: {why: "not a call yet: the state stays as it was, unless the DN's actions list a call"},
		engage.StatusOffHook:     {why: "a telephone off its hook is not a call: the state stays as it was, unless the DN's actions list a call"},
	}
}

// OutsideRow is a status that the guide's table does not have.
type OutsideRow struct {
	Status engage.DnActions
	Name   string
	Why    string
}

// Outside lists the statuses that the guide's table does not have, and what is made of each, for the
// operators' page.
func Outside() []OutsideRow {
	var rows []OutsideRow
	for status, row := range statusesTable() {
		if row.why != "" {
			rows = append(rows, OutsideRow{status, status.String(), row.why})
		}
	}
	slices.SortFunc(rows, func(a, b OutsideRow) int { return cmp.Compare(a.Status, b.Status) })
	return rows
}
