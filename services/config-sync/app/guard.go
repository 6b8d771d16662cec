package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"engage.connector/services/config-sync/plan"
)

// guard is how much may be taken away without an approval.
func (c *Config) guard() plan.Guard {
	g, err := c.limits()
	if err != nil { // Load has refused it
		return plan.DefaultGuard(c.MaxRemovalPercent)
	}
	return g
}

// limits reads SYNC_REMOVAL_LIMITS on top of the share that holds for every kind.
func (c *Config) limits() (plan.Guard, error) {
	g := plan.DefaultGuard(c.MaxRemovalPercent)
	for _, text := range c.RemovalLimits {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		kind, limit, _ := strings.Cut(text, "=")
		loss := plan.Loss(strings.TrimSpace(kind))
		if !slices.Contains(plan.Losses(), loss) {
			return nil, fmt.Errorf("%q is no kind", kind)
		}
		share, floor, hasFloor := strings.Cut(limit, "/")
		known := g[loss]
		percent, err := strconv.Atoi(strings.TrimSpace(share))
		if err != nil || percent < 0 || percent > 100 {
			return nil, fmt.Errorf("%q is no percentage", share)
		}
		known.Percent = percent
		if hasFloor {
			if known.Floor, err = strconv.Atoi(strings.TrimSpace(floor)); err != nil || known.Floor < 0 {
				return nil, fmt.Errorf("%q is no number of objects", floor)
			}
		}
		g[loss] = known
	}
	return g, nil
}

func lossNames() string {
	var names []string
	for _, loss := range plan.Losses() {
		names = append(names, string(loss))
	}
	return strings.Join(names, ", ")
}
