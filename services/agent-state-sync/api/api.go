// Package api answers operators and workforce analysts, over HTTP and gRPC: each agent's state in Engage and
// in the org, and the intervals in which the two differed.
package api

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"engage.connector/pkg/fault"
	agentstatesyncv1 "engage.connector/proto/agentstatesync/v1"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/presence"
	"engage.connector/services/agent-state-sync/statemodel"
)

// States answers questions about agents; a *statemodel.Model is one.
type States interface {
	Agents(filter statemodel.Filter, since int) ([]statemodel.AgentView, int)
	Gaps(from, to, now time.Time) []adherence.Gap
}

// Options of the API; all are required.
type Options struct {
	// States returns the model: the writer's own, or what a standby reads from the store.
	States func(ctx context.Context) (States, error)
	// Writing tells whether this instance is the writer, so that it hears of changes.
	Writing func() bool
	Logger  *slog.Logger
	Now     func() time.Time
}

// Service implements AgentStateSyncService and the routes for the same questions.
type Service struct {
	agentstatesyncv1.UnimplementedAgentStateSyncServiceServer
	opts Options
	log  *slog.Logger
}

// New returns the service.
func New(opts Options) *Service {
	return &Service{opts: opts, log: opts.Logger.With("component", "api")}
}

const (
	opAgents = "api.agents"
	opGaps   = "api.gaps"
	// maxText bounds the text of a filter.
	maxText = 256
)

// filter reads what a caller chooses by.
func filter(text, state string) (statemodel.Filter, error) {
	if len(text) > maxText {
		return statemodel.Filter{}, fault.Newf(fault.Invalid, opAgents, "the text is longer than %d characters", maxText)
	}
	if state == "" {
		return statemodel.Filter{Text: text}, nil
	}
	wanted := presence.State(strings.ToLower(strings.NewReplacer("_", " ", "-", " ").Replace(state)))
	for _, known := range statemodel.States() {
		if wanted == presence.State(strings.ReplaceAll(string(known), "-", " ")) {
			return statemodel.Filter{Text: text, State: known}, nil
		}
	}
	return statemodel.Filter{}, fault.Newf(fault.Invalid, opAgents, "%q is not a state", state).WithHint("use one of: " + stateNames())
}

func stateNames() string {
	var names []string
	for _, state := range statemodel.States() {
		names = append(names, string(state))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (s *Service) agents(ctx context.Context, text, state string) ([]statemodel.AgentView, error) {
	chosen, err := filter(text, state)
	if err != nil {
		return nil, err
	}
	states, err := s.opts.States(ctx)
	if err != nil {
		return nil, err
	}
	views, _ := states.Agents(chosen, 0)
	return views, nil
}

func (s *Service) gaps(ctx context.Context, from, to time.Time) ([]adherence.Gap, error) {
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return nil, fault.New(fault.Invalid, opGaps, "from is not before to")
	}
	states, err := s.opts.States(ctx)
	if err != nil {
		return nil, err
	}
	return states.Gaps(from, to, s.opts.Now()), nil
}

// ReadTime reads a time as the API takes it: RFC 3339, or a date, which is its beginning in UTC; "" is no
// time.
func ReadTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fault.Newf(fault.Invalid, opGaps, "%s: %q is not a time", name, text).
		WithHint("write 2026-11-28T10:00:00Z, 2026-11-28T11:00:00+01:00 or 2026-11-28; in a URL the + is %2B")
}
