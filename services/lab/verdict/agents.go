package verdict

import "engage.connector/services/lab/site/callgen"

// Agents takes the agents' last statuses over from the site.
func Agents(statuses []callgen.AgentStatus) []AgentTruth {
	agents := make([]AgentTruth, 0, len(statuses))
	for _, status := range statuses {
		agents = append(agents, AgentTruth{EmployeeID: status.EmployeeID, Since: status.Since, Status: status.Status, Reason: status.Reasons["ReasonCode"]})
	}
	return agents
}

// restTable is the lab's own reading of the guide's table for an agent without a call: status of
// Stat Server and reason -> presence and routing status as the org shows them.
func restTable() []struct {
	status            int
	reason            string
	presence, routing string
} {
	return []struct {
		status            int
		reason            string
		presence, routing string
	}{
		{23, "", "Offline", "OffQueue"},
		{8, "Break", "Break", "OffQueue"},
		{8, "Meal", "Meal", "OffQueue"},
		{8, "Meeting", "Meeting", "OffQueue"},
		{8, "Training", "Training", "OffQueue"},
		{8, "", "Busy", "OffQueue"},
		{4, "", "OnQueue", "Idle"},
	}
}

// compareAgents wants the org to show every agent's last state, from a source that is in force.
func (c *comparison) compareAgents() {
	for _, agent := range c.truth.Agents {
		if _, _, resting := expectedState(agent); !resting && c.verdict.Going > 0 {
			continue // busy with one of the calls
		}
		c.judge(&c.verdict.Agents, agent.Since, settleTime, func() { c.compareAgent(agent) })
	}
}

func (c *comparison) compareAgent(agent AgentTruth) {
	user := c.userOf(agent.EmployeeID)
	if user == "" {
		c.lost("agent %s has no user", agent.EmployeeID)
		return
	}
	state, ok := c.org.states[user]
	if !ok {
		c.lost("agent %s has no state", agent.EmployeeID)
		return
	}
	presence, routing, resting := expectedState(agent)
	switch {
	case !resting:
		c.wrong("agent %s is not at rest: status %d", agent.EmployeeID, agent.Status)
	case state.Presence != presence || state.RoutingStatus != routing:
		c.wrong("agent %s (status %d %q) is shown as %s/%s, want %s/%s", agent.EmployeeID, agent.Status, agent.Reason, state.Presence, state.RoutingStatus, presence, routing)
	case !state.Effective:
		c.wrong("agent %s: the source of the presence is not the user's primary one", agent.EmployeeID)
	}
}

func expectedState(agent AgentTruth) (presence, routing string, ok bool) {
	for _, row := range restTable() {
		if row.status == agent.Status && (row.reason == "" || row.reason == agent.Reason) {
			return row.presence, row.routing, true
		}
	}
	return "", "", false
}
