package syncer

import (
	"context"
	"encoding/json"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/idmap"
	"engage.connector/services/config-sync/plan"
)

// approvedFor is how long an approval of a plan is good.
const approvedFor = time.Hour

// begunDocument holds the approved plan that is being executed.
const begunDocument = "config-sync-approved-plan"

// begun is an approved plan whose execution has begun: should it be interrupted, what is left of it
// needs no second approval.
type begun struct {
	PlanID string    `json:"planId"`
	Keys   []string  `json:"operations"`
	Until  time.Time `json:"until"`
}

// covers tells whether everything that a plan takes away was approved.
func (b begun) covers(p plan.Plan, now time.Time) bool {
	if len(b.Keys) == 0 || now.After(b.Until) {
		return false
	}
	approved := make(map[string]bool, len(b.Keys))
	for _, key := range b.Keys {
		approved[key] = true
	}
	for _, key := range plan.Keys(p.Held) {
		if !approved[key] {
			return false
		}
	}
	return true
}

// agree looks whether the operator has approved the losses of a plan, and notes that its execution
// begins.
func (s *Syncer) agree(ctx context.Context, p plan.Plan) (bool, error) {
	now := s.opts.Now()
	before, err := s.begun(ctx)
	if err != nil {
		return false, err
	}
	if before.covers(p, now) {
		return true, nil
	}
	all, err := s.opts.Map.Approvals(ctx)
	if err != nil || len(all) == 0 {
		return false, err
	}
	agreed := false
	var used []idmap.Approval
	var until time.Time
	for _, a := range all {
		fresh := now.Sub(a.At) < approvedFor
		if fresh && a.PlanID == p.ID {
			agreed, until = true, a.At.Add(approvedFor)
		}
		if !fresh || a.PlanID == p.ID {
			used = append(used, a)
		}
	}
	lease, err := s.records.lease()
	if err != nil {
		return false, err
	}
	if agreed {
		body, err := json.Marshal(begun{p.ID, plan.Keys(p.Held), until})
		if err != nil {
			return false, fault.Wrap(fault.Internal, "syncer.approve", err)
		}
		if err := s.opts.Documents.PutDocument(ctx, lease, begunDocument, body); err != nil {
			return false, err
		}
		s.log.WarnContext(ctx, "an approved plan is executed", "plan", p.ID, "losses", p.Withheld())
	}
	return agreed, s.opts.Map.UseUp(ctx, lease, used...)
}

func (s *Syncer) begun(ctx context.Context) (begun, error) {
	var b begun
	body, found, err := s.opts.Documents.GetDocument(ctx, begunDocument)
	if err != nil || !found {
		return b, err
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return begun{}, nil // nothing that can be relied on
	}
	return b, nil
}

// Approve notes the operator's agreement to a plan: to exactly this one, and for an hour. look makes
// it read the organization when the plan is not the one that waits: the operator may have seen a plan
// that allows for changes there which the service has not read yet.
func (s *Syncer) Approve(ctx context.Context, planID string, look bool) (plan.Plan, error) {
	const op = "syncer.approve"
	d, err := s.consider(ctx)
	if err != nil {
		return plan.Plan{}, err
	}
	p := s.build(d)
	if (len(p.Held) == 0 || p.ID != planID) && look && s.opts.DriftInterval > 0 {
		if view, lookErr := s.sight(ctx); lookErr == nil {
			s.takeIn(&d, view, true)
			if seen := s.build(d); len(seen.Held) > 0 && seen.ID == planID {
				p = seen
			}
		}
	}
	switch {
	case len(p.Held) == 0:
		return p, fault.Newf(fault.Conflict, op, "nothing waits for an approval: plan %q is out of date or was carried out", planID).
			WithHint("config-sync plan shows what is to be done now")
	case p.ID != planID:
		return p, fault.Newf(fault.Conflict, op, "plan %q is not the one that waits: the configuration or the mappings have changed, and it is %s now", planID, p.ID).
			WithHint("look at it with config-sync plan, and then: config-sync approve " + p.ID)
	}
	return p, s.opts.Map.Approve(ctx, idmap.Approval{PlanID: p.ID, At: s.opts.Now()})
}

// build makes the plan of a draft, with the losses that exceed the limits held back.
func (s *Syncer) build(d draft) plan.Plan {
	return plan.Build(s.opts.Tenant, d.org, d.applied, s.conditions(d))
}

func (s *Syncer) conditions(d draft) plan.Conditions {
	return plan.Conditions{Now: s.opts.Now(), Guard: s.opts.Guard, HoldAll: d.empty}
}
