package feed

import "time"

// AgentStatus is Stat Server's view of one agent. Status and actions are DnActions numbers.
type AgentStatus struct {
	Object  string    // the person's employee id
	Status  int       // e.g. 4 WaitForNextCall, 22 CallInbound, 23 LoggedOut
	Time    time.Time // when Stat Server noticed this change
	Since   time.Time // when Status began
	LoginID string    // "" when logged out
	Place   string    // "" when logged out
	DNs     []DNStatus
	Reasons map[string]string
}

// DNStatus is the status of one of the agent's DNs.
type DNStatus struct {
	DN      string
	Switch  string
	Status  int
	Since   time.Time
	Actions []DNAction
}

// DNAction is one action that goes on at a DN.
type DNAction struct {
	Action int
	Since  time.Time
	ConnID string
}

// attributes renders the status as the attributes of an EventInfo for one statistic. The
// statistic's subject decides how deep the tree goes: DNAction down to the actions, DNStatus to
// the DNs, AgentStatus to the agent alone. Its times are those of Stat Server's clock.
func (s AgentStatus) attributes(stat Statistic, clock func(time.Time) time.Time) map[string]any {
	out := map[string]any{
		"statistic": stat.ID, "status": s.Status, "since": instant(clock(s.Since)),
		"loginId": s.LoginID, "place": s.Place,
	}
	if len(s.Reasons) > 0 {
		out["reasons"] = s.Reasons
	}
	if stat.Subject == subjectAgentStatus {
		return out
	}
	dns := make([]map[string]any, 0, len(s.DNs))
	for _, d := range s.DNs {
		dn := map[string]any{"dn": d.DN, "switch": d.Switch, "status": d.Status, "since": instant(clock(d.Since))}
		if stat.Subject == subjectDNAction {
			actions := make([]map[string]any, 0, len(d.Actions))
			for _, a := range d.Actions {
				action := map[string]any{"action": a.Action, "since": instant(clock(a.Since))}
				if a.ConnID != "" {
					action["connId"] = a.ConnID
				}
				actions = append(actions, action)
			}
			dn["actions"] = actions
		}
		dns = append(dns, dn)
	}
	out["dns"] = dns
	return out
}

// instant renders a time as the feed's own time stamps.
func instant(t time.Time) string {
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}
