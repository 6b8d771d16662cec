package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/apply"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// draft is a synchronisation before its execution.
type draft struct {
	options configmodel.Options
	snap    configmodel.Snapshot
	org     desired.Org
	empty   bool // the Config DB holds nothing that could be synchronised
	plan    plan.Plan
	report  desired.Report
	applied plan.Applied
	// lookUps is what became of the look-ups of open creates.
	lookUps apply.Result
	// corrected means that the state was changed by a request or by what was seen in the
	// organization, so that it is not kept.
	corrected bool
}

// read reads the Config DB.
func (s *Syncer) read(ctx context.Context) (draft, error) {
	snap, err := s.opts.Source.Snapshot(ctx)
	if err != nil {
		return draft{}, err
	}
	s.remember(snap.Options)
	return draft{options: snap.Options, empty: snap.Empty(), snap: snap}, nil
}

// derive computes what is wanted; that depends on who has a user already.
func (s *Syncer) derive(d *draft) {
	opts := s.opts.Desired
	opts.Mapped = map[string]bool{}
	for id, r := range d.applied[plan.Users] {
		opts.Mapped[id] = r.Live() && r.AliasOf == ""
	}
	d.org, d.report = desired.Build(d.snap, opts)
	d.snap = configmodel.Snapshot{} // it is large
}

// prepare reads, settles what is left open from earlier, and plans.
func (s *Syncer) prepare(ctx context.Context) (draft, error) {
	d, err := s.read(ctx)
	if err != nil {
		return d, err
	}
	if d.applied, err = s.state(ctx); err != nil {
		return d, err
	}
	cleared, err := s.clear(ctx, d.applied)
	if err != nil {
		return d, err
	}
	if len(d.applied[plan.Intents]) > 0 {
		cloud, err := s.opts.Cloud(d.options)
		if err != nil {
			return d, err
		}
		if d.lookUps, err = s.executor.Resolve(ctx, cloud, d.applied); err != nil {
			return d, err
		}
		d.applied = d.lookUps.Applied
	}
	s.derive(&d)
	s.report(ctx, d.report)
	repaired, err := s.reconcile(ctx, d.org, d.applied)
	if err != nil {
		return d, err
	}
	d.corrected = cleared || repaired
	if d.empty && len(d.applied[plan.Users])+len(d.applied[plan.Queues]) == 0 {
		return d, fault.New(fault.Invalid, "syncer.read", "the Config DB holds no persons, DNs and skills for this tenant").
			WithHint("check TENANT_ID and the database account")
	}
	d.plan = s.build(d)
	if len(d.plan.Held) > 0 {
		agreed, err := s.agree(ctx, d.plan)
		if err != nil {
			return d, err
		}
		if agreed {
			when := s.conditions(d)
			when.Approved = func(plan.Plan) bool { return true }
			d.plan = plan.Build(s.opts.Tenant, d.org, d.applied, when)
		}
	}
	return d, nil
}

// clear forgets the mappings that an operator wants to be made anew.
func (s *Syncer) clear(ctx context.Context, applied plan.Applied) (cleared bool, err error) {
	keys, err := s.opts.Map.Requests(ctx)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	for _, key := range keys {
		changes, known := applied.Clear(key.Kind, key.ID)
		if !known {
			continue
		}
		s.log.InfoContext(ctx, "mapping cleared on request", "kind", string(key.Kind), "engage_id", key.ID)
		for _, c := range changes {
			applied.Put(c)
		}
		if err := s.records.Save(ctx, changes...); err != nil {
			return true, err
		}
	}
	lease, err := s.records.lease()
	if err != nil {
		return true, err
	}
	return true, s.opts.Map.Granted(ctx, lease, keys...)
}

// Sync synchronises once, as the leader. Operations that the organization refuses make the status Failed but are
// no error here: everything else is in place and published.
func (s *Syncer) Sync(ctx context.Context) error {
	started := s.opts.Now()
	outcome, err := s.sync(ctx)
	s.metrics.finished(outcome, err, s.opts.Now().Sub(started), s.opts.Now())
	if ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	if statusErr := s.conclude(ctx, outcome, err); statusErr != nil {
		return errors.Join(err, statusErr)
	}
	if err == nil && len(outcome.result.Rejected) == 0 && !outcome.corrected {
		s.keepState(outcome.result.Applied)
	}
	return err
}

// withhold tells the operator, once per plan, that something waits for an approval.
func (s *Syncer) withhold(ctx context.Context, p plan.Plan) {
	if len(p.Held) == 0 {
		s.withheld = ""
		return
	}
	if s.withheld != p.ID {
		s.withheld = p.ID
		s.log.ErrorContext(ctx, "a plan takes away too much and waits for an approval; everything else goes on", "plan", p.ID,
			"losses", p.Withheld(), "operations", len(p.Held), "hint", approveHint(p.ID))
	}
}

func approveHint(planID string) string {
	return "look at it with: config-sync plan; if it is meant: config-sync approve " + planID
}

// outcome is what a synchronisation did.
type outcome struct {
	plan      plan.Plan
	result    apply.Result
	skipped   int
	corrected bool
}

func (s *Syncer) sync(ctx context.Context) (outcome, error) {
	if s.Status().State == StateNone {
		// After a restart the last status still holds until this synchronisation has ended.
		if err := s.status.load(ctx); err != nil {
			return outcome{}, err
		}
	}
	draft, err := s.prepare(ctx)
	if err != nil {
		return outcome{skipped: skipped(draft.report)}, err
	}
	out := outcome{skipped: skipped(draft.report), corrected: draft.corrected, result: apply.Result{Applied: draft.applied}}
	s.withhold(ctx, draft.plan)
	out.plan = draft.plan
	if !draft.plan.Empty() {
		err = s.execute(ctx, draft, &out)
	}
	// What became of the look-ups ends nothing that protects people, but it counts.
	out.result.Rejected = slices.Concat(draft.lookUps.Rejected, out.result.Rejected)
	if err == nil {
		err = draft.lookUps.CutShort
	}
	s.nextPending = nextPending(out.result.Applied)
	if err == nil || !s.Status().LastComplete.IsZero() {
		s.publish(out.result.Applied)
	}
	return out, err
}

func (s *Syncer) execute(ctx context.Context, d draft, out *outcome) error {
	cloud, err := s.opts.Cloud(d.options)
	if err != nil {
		return err
	}
	if err := s.status.update(ctx, func(st *Status) { st.State, st.At = StateInProgress, s.opts.Now().UTC() }); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "executing a plan", "operations", len(d.plan.Operations), "api_calls", d.plan.Calls())
	out.result, err = s.executor.Run(ctx, cloud, d.plan, d.applied)
	s.log.InfoContext(ctx, "plan executed", "executed", out.result.Executed, "rejected", len(out.result.Rejected))
	return err
}

// conclude writes the status.
func (s *Syncer) conclude(ctx context.Context, out outcome, err error) error {
	now := s.opts.Now().UTC()
	return s.status.update(ctx, func(st *Status) {
		st.At, st.Reason, st.Hint, st.WaitingPlan = now, "", "", ""
		if out.result.Applied != nil {
			st.Refusals, st.Pending = refusals(out.result.Applied)
		}
		if !s.looked.IsZero() {
			st.OrganizationRead = s.looked
		}
		st.Executed, st.Rejected, st.Skipped = out.result.Executed, len(out.result.Rejected), out.skipped
		switch {
		case err != nil:
			st.State, st.Reason, st.Hint = StateFailed, fault.Message(err), fault.Hint(err)
		case unanswered(out.result.Rejected) > 0:
			st.State, st.LastComplete = StateFailed, now
			st.Reason = fmt.Sprintf("%d operations had no answer from the organization; they come again", unanswered(out.result.Rejected))
		case len(out.plan.Held) > 0:
			st.State, st.LastComplete, st.WaitingPlan = StateFailed, now, out.plan.ID
			st.Reason = fmt.Sprintf("plan %s waits for an approval of what it takes away: %s", out.plan.ID, out.plan.Withheld())
			st.Hint = approveHint(out.plan.ID)
		default:
			st.State, st.LastComplete, st.LastSuccess = StateSuccess, now, now
		}
	})
}

// unanswered counts the operations that failed for want of an answer, not of consent.
func unanswered(rejected []apply.Rejection) int {
	n := 0
	for _, r := range rejected {
		if fault.Retryable(r.Err) {
			n++
		}
	}
	return n
}

// nextPending is when the first object that is not shown yet is looked for again.
func nextPending(applied plan.Applied) time.Time {
	var first time.Time
	for _, r := range applied[plan.Refusals] {
		if r.Refusal != nil && r.Refusal.Pending && (first.IsZero() || r.Refusal.Next.Before(first)) {
			first = r.Refusal.Next
		}
	}
	return first
}

// refusals lists what the organization does not take, and counts what it does not show yet.
func refusals(applied plan.Applied) (list []plan.Refusal, pending int) {
	for _, r := range applied.RefusalList() {
		if r.Pending {
			pending++
			continue
		}
		list = append(list, r)
	}
	return list, pending
}

// report logs remarks once, when they first appear: persons that are left out as errors, as the
// guide demands, everything else as warnings.
func (s *Syncer) report(ctx context.Context, report desired.Report) {
	current := make(map[desired.Note]bool, len(report.Notes))
	for _, note := range report.Notes {
		current[note] = true
		if s.noted[note] {
			continue
		}
		about := []any{"reason", string(note.Reason), "object", note.Object, "engage_id", note.ID, "name", note.Name, "remark", note.Text}
		if note.Reason.Skipped() {
			s.log.ErrorContext(ctx, "object is not synchronised", about...)
			continue
		}
		s.log.WarnContext(ctx, "object needs attention", about...)
	}
	s.noted = current
	s.metrics.noted(report)
}

func skipped(report desired.Report) int {
	n := 0
	for _, note := range report.Notes {
		if note.Reason.Skipped() {
			n++
		}
	}
	return n
}
