// Package apply executes a plan against the EX organization. What an operation may change is marked
// as unsure before it, and it is remembered right after it has succeeded. A process that is killed
// at any point thus leaves a state from which the next plan goes on, whatever is wanted by then,
// without making anything twice or leaving anything behind.
package apply

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
	"engage.connector/services/config-sync/plan"
)

// Cloud is the organization; *genesys.Client implements it. It paces itself to the request
// allowance and repeats what may be repeated.
type Cloud interface {
	CreateUser(ctx context.Context, u users.User) (users.User, error)
	GetUser(ctx context.Context, id string) (users.User, error)
	FindUserByUserName(ctx context.Context, userName string) (users.User, bool, error)
	FindUserByExternalID(ctx context.Context, externalID string) (users.User, bool, error)
	FindDeletedUser(ctx context.Context, address string) (id string, found bool, err error)
	RestoreUser(ctx context.Context, id string) error
	Users(ctx context.Context, f users.UserFilter) iter.Seq2[users.User, error]
	PatchUser(ctx context.Context, id, ifMatch string, ops ...users.PatchOperation) (users.User, error)
	Roles(ctx context.Context, name string) iter.Seq2[users.Role, error]
	GrantRoles(ctx context.Context, userID string, grants []users.RoleGrant) error
	HomeDivision(ctx context.Context) (users.Division, error)

	Skills(ctx context.Context, name string) iter.Seq2[routing.Skill, error]
	CreateSkill(ctx context.Context, name string) (routing.Skill, error)
	PatchUserSkills(ctx context.Context, userID string, skills []users.SkillRating) error
	RemoveUserSkill(ctx context.Context, userID, skillID string) error

	Queues(ctx context.Context, f routing.QueueFilter) iter.Seq2[routing.Queue, error]
	GetQueue(ctx context.Context, id string) (routing.Queue, error)
	CreateQueue(ctx context.Context, q routing.Queue) (routing.Queue, error)
	UpdateQueue(ctx context.Context, id string, change func(*routing.Queue)) (routing.Queue, error)
	AddQueueMembers(ctx context.Context, queueID string, userIDs []string) error
	RemoveQueueMembers(ctx context.Context, queueID string, userIDs []string) error
	AddQueueWrapupCodes(ctx context.Context, queueID string, codeIDs []string) error

	WrapupCodes(ctx context.Context, name string) iter.Seq2[routing.WrapupCode, error]
	CreateWrapupCode(ctx context.Context, code routing.WrapupCode) (routing.WrapupCode, error)
	RenameWrapupCode(ctx context.Context, id, name string) error

	Sources(ctx context.Context) iter.Seq2[presence.Source, error]
	CreateSource(ctx context.Context, s presence.Source) (presence.Source, error)
	GetPresenceSettings(ctx context.Context) (presence.Settings, error)
	PutPresenceSettings(ctx context.Context, s presence.Settings) (presence.Settings, error)
	PresenceDefinitions(ctx context.Context) iter.Seq2[presence.Definition, error]
}

// Records is where what was applied is remembered. A nil error means that it is durable.
type Records interface {
	Save(ctx context.Context, changes ...plan.Change) error
}

// Options of an Executor.
type Options struct {
	Records Records
	// Parallel is how many objects are treated at a time; default 8. The pace is set by the
	// cloud client, so that this only has to cover the latency of the answers.
	Parallel   int
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Now        func() time.Time
}

const defaultParallel = 8

// Executor executes plans. Only one may run per tenant at a time.
type Executor struct {
	opts    Options
	log     *slog.Logger
	metrics *metrics
}

// New returns an executor.
func New(opts Options) *Executor {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Parallel <= 0 {
		opts.Parallel = defaultParallel
	}
	return &Executor{opts: opts, log: opts.Logger.With("component", "apply"), metrics: newMetrics(opts.Registerer)}
}

// Rejection is an operation that the organization refused. It comes again with the next plan.
type Rejection struct {
	Operation plan.Operation
	Err       error
}

// Result tells what became of a plan.
type Result struct {
	Executed int
	Rejected []Rejection
	// CutShort is why not all look-ups of Resolve were made; nil when they were.
	CutShort error
	// Applied is the state after the last operation.
	Applied plan.Applied
}

// Run executes the plan, which must have been built from applied. Operations that the organization
// refuses are collected, the others go on. The error says why execution had to stop: the
// organization or the store cannot be reached, the allowance is used up or the context has ended.
// Result holds what was done in any case.
func (e *Executor) Run(ctx context.Context, cloud Cloud, p plan.Plan, applied plan.Applied) (Result, error) {
	r := newRun(e, cloud, p, applied)
	var err error
	for _, stage := range stages(p.Operations) {
		if err = r.stage(ctx, stage); err != nil {
			break
		}
	}
	return r.result(), err
}

// stages splits the operations where the stage changes; a plan is ordered by stage.
func stages(ops []plan.Operation) [][]plan.Operation {
	var out [][]plan.Operation
	for i, o := range ops {
		if i == 0 || o.Stage != ops[i-1].Stage {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], o)
	}
	return out
}

// stage executes the operations of one stage: those of one object in order, objects side by side.
func (r *run) stage(ctx context.Context, ops []plan.Operation) error {
	memory, groups := split(ops)
	if err := r.remember(ctx, memory); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(r.parallel)
	for _, group := range groups {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return r.object(ctx, group) })
	}
	return g.Wait()
}

// object executes the operations on one object, or on several that pass names on. What is refused
// does not hold back the rest, except where the rest builds on it.
func (r *run) object(ctx context.Context, ops []plan.Operation) error {
	var vacated []plan.Operation
	for _, o := range ops {
		err := r.begin(ctx, o)
		if err == nil {
			err = r.execute(ctx, o)
		}
		if err == nil {
			r.succeeded(o)
			if o.Action == plan.Vacate {
				vacated = append(vacated, o)
			}
			continue
		}
		if stop := r.refused(ctx, o, err); stop != nil {
			return stop
		}
		switch {
		case len(vacated) > 0:
			return r.takeBack(ctx, vacated[len(vacated)-1])
		case o.Action == plan.Create, o.Action == plan.Vacate, r.unanswered(err):
			return nil
		}
	}
	return nil
}

// unanswered tells whether an operation failed because the organization is not there, so that the
// next one would fail too.
func (r *run) unanswered(err error) bool { return fault.Retryable(err) }

// takeBack gives an object its name back when the circle of renames that it was set aside for could
// not be closed: nobody is to be left with a temporary name.
func (r *run) takeBack(ctx context.Context, o plan.Operation) error {
	back := o
	back.Action, back.Changes = plan.Update, nil
	for _, c := range o.Changes {
		back.Changes = append(back.Changes, plan.FieldChange{Field: c.Field, Before: c.After, After: c.Before, Known: true})
	}
	err := r.begin(ctx, back)
	if err == nil {
		err = r.execute(ctx, back)
	}
	if err == nil {
		r.log.WarnContext(ctx, "renames that depend on each other were refused; a temporary name was taken back", "operation", o.String())
		return nil
	}
	return r.refused(ctx, back, err)
}

// split separates the operations that only change records from those that need the organization,
// and groups these by object.
func split(ops []plan.Operation) (memory []plan.Operation, groups [][]plan.Operation) {
	at := map[string]int{}
	for _, o := range ops {
		if memoryOnly(o.Action) {
			memory = append(memory, o)
			continue
		}
		key := cmp.Or(o.Group, string(o.Kind)+"/"+o.ID)
		if o.Action == plan.ReadPresences {
			key = string(o.Kind) // one listing answers all of them
		}
		i, seen := at[key]
		if !seen {
			i = len(groups)
			at[key] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], o)
	}
	return memory, groups
}

func memoryOnly(a plan.Action) bool {
	return a == plan.Adopt || a == plan.Remember || a == plan.Retire || a == plan.Forget
}

// saveBatch is how many records are written to the store at a time.
const saveBatch = 500

// remember executes operations that need no organization.
func (r *run) remember(ctx context.Context, ops []plan.Operation) error {
	for len(ops) > 0 {
		n := min(saveBatch, len(ops))
		if err := r.save(ctx, ops[:n]...); err != nil {
			return err
		}
		for _, o := range ops[:n] {
			r.succeeded(o)
		}
		ops = ops[n:]
	}
	return nil
}

// stopAfter is how many operations in a row may fail for want of an answer before execution stops:
// one object that the organization stumbles over must not keep all others waiting.
const stopAfter = 5

// refused decides whether execution goes on after a failed operation.
func (r *run) refused(ctx context.Context, o plan.Operation, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	code := fault.CodeOf(err)
	r.metrics.operations.WithLabelValues(string(o.Action), resultOf(code)).Inc()
	r.rejected = append(r.rejected, Rejection{o, err})
	switch {
	case isStop(err), code == fault.Unauthenticated, code == fault.RateLimited:
		return err
	case fault.Retryable(err):
		r.log.WarnContext(ctx, "operation failed", "operation", o.String(), "code", string(code), "error", err)
		r.failures++
		if r.failures >= stopAfter {
			return err
		}
		return nil
	}
	return r.noteRefusals(ctx, o, err)
}

// noteRefusals remembers what of an operation was refused, so that it is asked for again later.
func (r *run) noteRefusals(ctx context.Context, o plan.Operation, err error) error {
	now := r.opts.Now()
	failures := failuresOf(err)
	if len(failures) == 0 {
		for _, c := range o.Claims() {
			failures = append(failures, failure{c, err})
		}
	}
	var changes []plan.Change
	for _, f := range failures {
		c := r.applied.Refused(o, f.claim, plan.Refusal{
			Code: string(fault.CodeOf(f.err)), Reason: fault.Message(f.err), Hint: fault.Hint(f.err), Pending: isPending(f.err),
		}, now)
		refusal := c.Record.Refusal
		changes = append(changes, c)
		kind, id := refusal.Object()
		level := slog.LevelDebug
		if refusal.Attempts == 1 && !refusal.Pending {
			level = slog.LevelWarn
		}
		r.log.Log(ctx, level, "refused by the organization", "operation", string(o.Action), "kind", string(kind), "engage_id", id,
			"attribute", refusal.Attribute, "code", refusal.Code, "error", f.err, "attempts", refusal.Attempts, "next", refusal.Next)
	}
	return r.store(ctx, r.put(changes))
}
