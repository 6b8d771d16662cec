package desk

import (
	"maps"
	"slices"
	"time"

	"engage.connector/pkg/engage"
)

// actionsTable says which action of Stat Server a call of each type is.
func actionsTable() map[engage.CallType]engage.DnActions {
	return map[engage.CallType]engage.DnActions{
		engage.CallTypeInternal: engage.StatusCallInternal,
		engage.CallTypeInbound:  engage.StatusCallInbound,
		engage.CallTypeOutbound: engage.StatusCallOutbound,
		engage.CallTypeConsult:  engage.StatusCallConsult,
	}
}

func actionOf(t engage.CallType) engage.DnActions {
	if action, known := actionsTable()[t]; known {
		return action
	}
	return engage.StatusCallUnknown
}

// Status folds the desks of an agent into one status, as Stat Server does: of all that goes on at
// the DNs, the action with the highest number is the agent's status. logins are all that the agent has; one
// who sits nowhere is logged out. ok is false while the agent is known to be logged in but not in which
// state: that is not heard yet, not logged out.
func (b *Book) Status(logins []Login, statistic string, now time.Time) (status engage.AgentStatus, ok bool) {
	status = engage.AgentStatus{Statistic: statistic, Status: engage.StatusUnknown}
	var places []Place
	for _, login := range logins {
		places = slices.AppendSeq(places, maps.Keys(b.seats[login]))
	}
	slices.SortFunc(places, comparePlaces)
	for _, at := range slices.Compact(places) {
		d := b.desks[at]
		status.LoginID = d.Agent
		dn := d.status(at)
		if dn.Status == engage.StatusUnknown {
			continue
		}
		status.DNs = append(status.DNs, dn)
		if dn.Status > status.Status {
			status.Status, status.Since = dn.Status, dn.Since
		}
		if d.State == engage.StatusNotReadyForNextCall && len(status.Reasons) == 0 {
			status.Reasons = d.Reasons
		}
	}
	if len(places) == 0 {
		return engage.AgentStatus{Statistic: statistic, Status: engage.StatusLoggedOut, Since: now}, true
	}
	if status.Reasons == nil {
		status.Reasons = map[string]string{} // there is no other statistic that could still bring them
	}
	return status, status.Status != engage.StatusUnknown
}

// status is one DN as Stat Server would report it, except that readiness stands beside the calls,
// which Stat Server hides.
func (d *Desk) status(at Place) engage.DNStatus {
	dn := engage.DNStatus{DN: at.DN, Switch: at.Switch, Status: engage.StatusUnknown}
	add := func(action engage.DnActions, since time.Time, connID string) {
		dn.Actions = append(dn.Actions, engage.DNAction{Action: action, Since: since, ConnID: connID})
		if action > dn.Status {
			dn.Status, dn.Since = action, since
		}
	}
	if d.State != engage.StatusUnknown {
		add(d.State, d.Since, "")
	}
	for _, c := range d.Calls {
		add(actionOf(c.Type), c.Since, c.ConnID)
		if c.Held {
			add(engage.StatusCallOnHold, c.Since, c.ConnID)
		}
	}
	return dn
}
