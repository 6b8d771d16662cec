// Package statfeed says which statistics are asked of Stat Server, and for whom.
package statfeed

import (
	"strings"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/engage"
)

// Link is the name of the Stat Server's link at the edge.
const Link = "stat"

// The two statistics of the guide, per agent: the state itself, and its reasons.
const (
	stateSuffix  = ":state"
	reasonSuffix = ":reason"
	prefix       = "agent:"
)

// statisticTable has one row per statistic that is opened for each agent (guide, EXAS chapter;
// names of categories and subjects as in the Platform SDK).
func statisticTable() []engage.Statistic {
	return []engage.Statistic{
		{ID: stateSuffix, ObjectType: "Agent", Category: "CurrentState", Subject: "DNStatus"},
		{ID: reasonSuffix, ObjectType: "Agent", Category: "CurrentStateReasons", Subject: "DNAction"},
	}
}

// Endpoints are the Stat Server pair, host:port, the primary first.
type Endpoints []string

// Spec is the wanted state of the link: two statistics for every agent of the mapping.
func Spec(endpoints Endpoints, tenant string, mapping *directory.Snapshot) engage.LinkSpec {
	spec := engage.LinkSpec{Kind: engage.KindStatServer, Endpoints: endpoints}
	for _, agent := range mapping.Agents() {
		object := agent.GetPerson().GetEmployeeId()
		for _, statistic := range statisticTable() {
			statistic.ID = prefix + object + statistic.ID
			statistic.Object, statistic.Tenant = object, tenant
			spec.Statistics = append(spec.Statistics, statistic)
		}
	}
	return spec
}

// EmployeeID returns whose statistic an id names; false for one that this service did not open.
func EmployeeID(statistic string) (string, bool) {
	rest, ours := strings.CutPrefix(statistic, prefix)
	if !ours {
		return "", false
	}
	for _, suffix := range []string{stateSuffix, reasonSuffix} {
		if id, ok := strings.CutSuffix(rest, suffix); ok && id != "" {
			return id, true
		}
	}
	return "", false
}
