package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/store"
	"engage.connector/pkg/wire"
	agentstatesyncv1 "engage.connector/proto/agentstatesync/v1"
	"engage.connector/services/agent-state-sync/api"
	"engage.connector/services/agent-state-sync/statemodel"
)

func (a *App) wireAPI() error {
	wire.ServeKept(a.Mux(), a.pipeline, a.opts.Logger, statemodel.Outboxes()...)
	service := api.New(api.Options{States: a.states, Writing: a.writing, Logger: a.opts.Logger, Now: a.opts.Now})
	service.Register(a.Mux())
	agentstatesyncv1.RegisterAgentStateSyncServiceServer(a.GRPC(), service)
	a.Status(a.status)
	return nil
}

func (a *App) writing() bool {
	_, writing := a.writer.Lease()
	return writing
}

// states is the model: the writer's own, or what the store holds.
func (a *App) states(ctx context.Context) (api.States, error) {
	if a.writing() {
		return a.model, nil
	}
	state, err := a.pipeline.LoadState(ctx)
	if err != nil {
		return nil, err
	}
	read := statemodel.New(a.modelOptions(prometheus.NewRegistry()))
	read.Restore(state) // what cannot be read is the writer's to report
	return read, nil
}

// Status is the body of /status.
type Status struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Writer  bool   `json:"writer"` // this instance applies the log
	Ready   bool   `json:"ready"`  // the agents in scope and the org's address are known
	// AgentsInScope are those whose states are asked for.
	AgentsInScope int         `json:"agentsInScope"`
	Links         []LinkState `json:"links"`
	// Agents are the model's sizes, LagSeconds is how long the oldest state has not been accepted by the
	// org; only on the writer.
	Agents     *statemodel.Counts `json:"agents,omitempty"`
	LagSeconds float64            `json:"lagSeconds"`
	// BacklogLong says that states wait in the agents' backlogs because the outboxes are long.
	BacklogLong bool         `json:"backlogLong,omitempty"`
	Pipeline    *store.Depth `json:"pipeline,omitempty"`
	Error       fault.Code   `json:"error,omitempty"` // why Pipeline is missing
}

// LinkState is one link to the Engage edge.
type LinkState struct {
	Name      string    `json:"name"`
	Servers   []string  `json:"servers"` // the primary first
	Connected bool      `json:"connected"`
	Since     time.Time `json:"since,omitzero"`
	LastLine  time.Time `json:"lastLine,omitzero"`
	Reason    string    `json:"reason,omitempty"`
	// Without says whether, how often and when last states were read without this link; on the writer.
	Without *pipeline.Without `json:"without,omitempty"`
}

func (a *App) status(ctx context.Context) any {
	s := Status{Service: Service, Version: host.Version(), Writer: a.writing(), BacklogLong: a.congested.Load()}
	snapshot, ready := a.directory.Snapshot()
	s.Ready = ready && a.org.Ready()
	var scope []string
	if ready {
		for _, agent := range snapshot.Agents() {
			scope = append(scope, agent.GetPerson().GetEmployeeId())
		}
	}
	s.AgentsInScope = len(scope)
	if s.Writer {
		counts := a.model.Counts(a.opts.Now(), scope)
		s.Agents, s.LagSeconds = &counts, counts.Lag.Seconds()
	}
	for _, l := range a.opts.Config.links() {
		state, _ := a.feed.State(l.name)
		entry := LinkState{Name: l.name, Servers: l.endpoints, Connected: state.Connected, Since: state.Since, LastLine: state.LastLine, Reason: state.Reason}
		if without := a.writer.Without(l.pair()); without != (pipeline.Without{}) {
			entry.Without = &without
		}
		s.Links = append(s.Links, entry)
	}
	if depth, err := a.pipeline.Depth(ctx); err != nil {
		s.Error = fault.CodeOf(err)
	} else {
		s.Pipeline = &depth
	}
	return s
}
