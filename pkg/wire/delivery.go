package wire

import (
	"time"

	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline/delivery"
)

// Delivery is the configurable part of the policy for refusals.
type Delivery struct {
	PermanentFor time.Duration `env:"DELIVERY_PERMANENT_FOR" envDefault:"5m" help:"how long the org must insist on refusing a record for good (400, 404, 413) before it is parked; counts only while the org can be reached"`
	RetryFor     time.Duration `env:"DELIVERY_RETRY_FOR" envDefault:"15m" help:"how long a record that is refused for now is sent again before it is parked; counts only while the org can be reached"`
}

const (
	minPatience = time.Second
	maxPatience = 30 * 24 * time.Hour
)

// Validate checks the range of both.
func (d *Delivery) Validate() []error {
	var faults []error
	for variable, value := range map[string]time.Duration{"DELIVERY_PERMANENT_FOR": d.PermanentFor, "DELIVERY_RETRY_FOR": d.RetryFor} {
		if value < minPatience || value > maxPatience {
			faults = append(faults, host.BadVariable(variable, value.String()+" is out of range", "choose from 1s to 720h"))
		}
	}
	return faults
}

// Policy is the policy with these bounds.
func (d *Delivery) Policy() delivery.Policy {
	return delivery.Policy{PermanentFor: d.PermanentFor, RetryFor: d.RetryFor}.WithDefaults()
}
