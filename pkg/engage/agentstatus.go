package engage

import (
	"time"

	"engage.connector/pkg/fault"
)

// DnActions is Stat Server's status or action of an agent or a DN. The
// numbers 0-3, 10-12, 14 and 15 are not publicly documented and are kept as
// numbers.
type DnActions int

// Values of DnActions.
const (
	StatusUnknown             DnActions = -1 // missing, or a name that the table lacks
	StatusWaitForNextCall     DnActions = 4
	StatusOffHook             DnActions = 5
	StatusCallDialing         DnActions = 6
	StatusCallRinging         DnActions = 7
	StatusNotReadyForNextCall DnActions = 8
	StatusAfterCallWork       DnActions = 9
	StatusCallOnHold          DnActions = 13
	StatusASMEngaged          DnActions = 16
	StatusASMOutbound         DnActions = 17
	StatusCallUnknown         DnActions = 18
	StatusCallConsult         DnActions = 19
	StatusCallInternal        DnActions = 20
	StatusCallOutbound        DnActions = 21
	StatusCallInbound         DnActions = 22
	StatusLoggedOut           DnActions = 23
)

var statusTable = []enumRow[DnActions]{
	{StatusWaitForNextCall, "WaitForNextCall"},
	{StatusOffHook, "OffHook"},
	{StatusCallDialing, "CallDialing"},
	{StatusCallRinging, "CallRinging"},
	{StatusNotReadyForNextCall, "NotReadyForNextCall"},
	{StatusAfterCallWork, "AfterCallWork"},
	{StatusCallOnHold, "CallOnHold"},
	{StatusASMEngaged, "ASM_Engaged"},
	{StatusASMOutbound, "ASM_Outbound"},
	{StatusCallUnknown, "CallUnknown"},
	{StatusCallConsult, "CallConsult"},
	{StatusCallInternal, "CallInternal"},
	{StatusCallOutbound, "CallOutbound"},
	{StatusCallInbound, "CallInbound"},
	{StatusLoggedOut, "LoggedOut"},
}

// String is the value's name, or its number.
func (s DnActions) String() string { return enumName(statusTable, s) }

// AgentStatus is the current state of one agent as Stat Server sees it.
type AgentStatus struct {
	Statistic string    // id under which the statistic was asked for
	Status    DnActions // StatusUnknown when only reasons came
	Since     time.Time
	LoginID   string
	Place     string // empty when the agent is logged out
	DNs       []DNStatus
	Reasons   map[string]string
}

// DNStatus is the state of one DN of an agent's place.
type DNStatus struct {
	DN      string
	Switch  string
	Status  DnActions
	Since   time.Time
	Actions []DNAction
}

// DNAction is one of the things that go on at a DN; several may co-exist, for
// instance CallOnHold beside CallInbound.
type DNAction struct {
	Action DnActions
	Since  time.Time
	ConnID string // 16 lower-case hex digits, or "" when the action is no call's
}

// AgentStatus decodes an EventInfo. It is a *fault.Error with code Invalid
// when the event is no EventInfo, names no statistic, or carries neither a
// status nor reasons. A missing time is that of the level above.
func (e Event) AgentStatus() (AgentStatus, error) {
	const op = "engage.agentstatus"
	if e.Message != MsgEventInfo {
		return AgentStatus{}, fault.Newf(fault.Invalid, op, "message %q is no %s", e.Message, MsgEventInfo)
	}
	s := AgentStatus{
		Statistic: e.Attributes.Text("statistic"),
		Status:    e.status(),
		Since:     e.Attributes.timeOr("since", e.Time),
		LoginID:   e.Attributes.Text("loginId"),
		Place:     e.Attributes.Text("place"),
		Reasons:   e.Attributes.KeyValues("reasons"),
	}
	if s.Statistic == "" {
		return AgentStatus{}, fault.New(fault.Invalid, op, "no statistic")
	}
	if e.Attributes["status"] == nil && s.Reasons == nil {
		return AgentStatus{}, fault.New(fault.Invalid, op, "neither status nor reasons")
	}
	for _, dn := range e.Attributes.objects("dns") {
		s.DNs = append(s.DNs, dnStatus(dn, s.Since))
	}
	return s, nil
}

func dnStatus(dn Attributes, since time.Time) DNStatus {
	d := DNStatus{
		DN:     dn.Text("dn"),
		Switch: dn.Text("switch"),
		Status: statusOf(dn["status"]),
		Since:  dn.timeOr("since", since),
	}
	for _, action := range dn.objects("actions") {
		d.Actions = append(d.Actions, DNAction{
			Action: statusOf(action["action"]),
			Since:  action.timeOr("since", d.Since),
			ConnID: connID(action["connId"]),
		})
	}
	return d
}

func (e Event) status() DnActions { return statusOf(e.Attributes["status"]) }

// statusOf differs from the other enumerations in that a missing value is
// unknown: 0 is a status of its own.
func statusOf(v any) DnActions {
	if text(v) == "" {
		return StatusUnknown
	}
	return enumOf(statusTable, StatusUnknown, v)
}

func (a Attributes) timeOr(key string, otherwise time.Time) time.Time {
	if t, ok := a.Time(key); ok {
		return t
	}
	return otherwise
}

// objects is a list of objects; items of another kind are left out.
func (a Attributes) objects(key string) []Attributes {
	items, ok := a[key].([]any)
	if !ok {
		return nil
	}
	var list []Attributes
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			list = append(list, m)
		}
	}
	return list
}
