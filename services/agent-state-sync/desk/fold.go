package desk

import (
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
// the DNs, the action with the highest number is the agent's status. An agent without a desk is
// logged out. ok is false while the agent is known to be logged in but not in which state: that is
// not heard yet, not logged out.
func (b *Book) Status(agent, statistic string, now time.Time) (status engage.AgentStatus, ok bool) {
	status = engage.AgentStatus{Statistic: statistic, Status: engage.StatusUnknown, LoginID: agent}
	seated := false
	for _, at := range b.Places() {
		d := b.desks[at]
		if d.Agent != agent {
			continue
		}
		seated = true
		dn := d.status(at)
		if dn.Status == engage.StatusUnknown {
			continue
		}
		status.DNs = append(status.DNs, dn)
		if dn.Status > status.Status {
			status.Status, status.Since = dn.Status, dn.Since
		}
		if d.State == engage.StatusNotReadyForNextCall && status.Reasons == nil {
			status.Reasons = d.Reasons
		}
	}
	if !seated {
		return engage.AgentStatus{Statistic: statistic, Status: engage.StatusLoggedOut, LoginID: agent, Since: now}, true
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
