// Package presence turns the state of an Engage agent into the presence and the routing status of
// an EX user. It is pure: no clock, no network, no storage.
package presence

// SystemPresence is the name of a system presence of the EX org (PresenceDefinition.systemPresence).
type SystemPresence string

// The presences that the guide's table uses. Available is never used (E-EXAS-021).
const (
	Offline  SystemPresence = "Offline"
	Busy     SystemPresence = "Busy"
	Break    SystemPresence = "Break"
	Meal     SystemPresence = "Meal"
	Meeting  SystemPresence = "Meeting"
	Training SystemPresence = "Training"
	OnQueue  SystemPresence = "OnQueue"

	// unchanged means that the row leaves the presence as it is.
	unchanged SystemPresence = ""
)

// RoutingStatus is an agent's routing status in the spelling of the injection API
// (UserRoutingStatusEvent.status).
type RoutingStatus string

// The routing statuses that the guide's table uses; NotResponding is not among them.
const (
	OffQueue      RoutingStatus = "OffQueue"
	Idle          RoutingStatus = "Idle"
	Interacting   RoutingStatus = "Interacting"
	Communicating RoutingStatus = "Communicating"
)

// State is the agent's state apart from calls, the table's first column.
type State string

// The states of the guide's table.
const (
	LoggedOff     State = "logged off"
	NotReady      State = "not ready"
	Ready         State = "ready"
	AfterCallWork State = "after-call work"
)

// CallClass is what the table wants to know of a call, its second column.
type CallClass string

// Internal is a call between extensions that has nothing to do with a customer; every other call,
// also one of unknown type, is Other.
const (
	NoCall   CallClass = "no call"
	Internal CallClass = "internal"
	Other    CallClass = "any type except internal"
)

// row is one line of the guide's table "Mapping Agent States" (EXAS chapter).
type row struct {
	state    State
	reason   string // "" stands for no reason or any reason
	call     CallClass
	presence SystemPresence
	routing  RoutingStatus
	source   string
}

// rowsTable is read from the top, the first row that fits decides.
func rowsTable() []row {
	const guide = "guide, EXAS, Mapping Agent States"
	const reading = "reading: the call type decides the routing status"
	return []row{
		{LoggedOff, "", NoCall, Offline, OffQueue, guide},
		{NotReady, "Break", NoCall, Break, OffQueue, guide},
		{NotReady, "Meal", NoCall, Meal, OffQueue, guide},
		{NotReady, "Meeting", NoCall, Meeting, OffQueue, guide},
		{NotReady, "Training", NoCall, Training, OffQueue, guide},
		{NotReady, "", NoCall, Busy, OffQueue, guide},
		{NotReady, "", Internal, Busy, Communicating, guide},
		{NotReady, "", Other, Busy, Interacting, guide},
		{Ready, "", NoCall, OnQueue, Idle, guide},
		{Ready, "", Internal, OnQueue, Communicating, guide},
		{Ready, "", Other, OnQueue, Interacting, guide},
		{AfterCallWork, "", NoCall, unchanged, Interacting, guide},
		{AfterCallWork, "", Internal, unchanged, Communicating, reading},
		{AfterCallWork, "", Other, unchanged, Interacting, reading},
		{LoggedOff, "", Internal, Offline, Communicating, reading},
		{LoggedOff, "", Other, Offline, Interacting, reading},
	}
}

// UserState is what the org shall show for the user.
type UserState struct {
	Presence SystemPresence
	Routing  RoutingStatus
}

// Situation is the agent's state in the terms of the guide's table.
type Situation struct {
	State  State
	Call   CallClass
	Reason string // reason code as configured in Engage; compared exactly
}

// UserState looks the situation up in the guide's table. before is the presence until now, which
// after-call work does not change.
func (s Situation) UserState(before SystemPresence) UserState {
	for _, row := range rowsTable() {
		if row.state != s.State || row.call != s.Call || row.reason != "" && row.reason != s.Reason {
			continue
		}
		if row.presence == unchanged {
			return UserState{Presence: before, Routing: row.routing}
		}
		return UserState{Presence: row.presence, Routing: row.routing}
	}
	// The table has a row for every state and call class; a test walks all of them.
	return UserState{Presence: before, Routing: OffQueue}
}
