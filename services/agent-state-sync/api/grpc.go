package api

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"engage.connector/pkg/fault"
	v1 "engage.connector/proto/agentstatesync/v1"
	"engage.connector/services/agent-state-sync/adherence"
	"engage.connector/services/agent-state-sync/statemodel"
)

const (
	// watchPoll is how often a watch looks for changes.
	watchPoll = 200 * time.Millisecond
	// watchBatch is how many agents one message carries at most.
	watchBatch = 500
)

// ListAgents lists agents by employee id.
func (s *Service) ListAgents(ctx context.Context, req *v1.ListAgentsRequest) (*v1.ListAgentsResponse, error) {
	views, err := s.agents(ctx, req.GetFilter().GetText(), req.GetFilter().GetState())
	if err != nil {
		return nil, err
	}
	return &v1.ListAgentsResponse{Agents: all(views, agentOf)}, nil
}

// ListAdherenceGaps lists the intervals in which the org showed another state than Engage had.
func (s *Service) ListAdherenceGaps(ctx context.Context, req *v1.ListAdherenceGapsRequest) (*v1.ListAdherenceGapsResponse, error) {
	gaps, err := s.gaps(ctx, instantOf(req.GetFromTime()), instantOf(req.GetToTime()))
	if err != nil {
		return nil, err
	}
	return &v1.ListAdherenceGapsResponse{Gaps: all(gaps, gapOf)}, nil
}

// WatchAgents sends the agents that fit, and then what changes. What leaves a filter by state is sent once
// more, with its new state.
func (s *Service) WatchAgents(req *v1.WatchAgentsRequest, stream grpc.ServerStreamingServer[v1.WatchAgentsResponse]) error {
	chosen, err := filter(req.GetFilter().GetText(), req.GetFilter().GetState())
	if err != nil {
		return err
	}
	sent := map[string]bool{}
	ticker := time.NewTicker(watchPoll)
	defer ticker.Stop()
	for since, first := 0, true; ; first = false {
		if !s.opts.Writing() {
			return fault.New(fault.Unavailable, opAgents, "this instance is standby and does not hear of changes").WithHint("watch the other instance")
		}
		states, err := s.opts.States(stream.Context())
		if err != nil {
			return err
		}
		views, version := states.Agents(statemodel.Filter{Text: chosen.Text}, since)
		since = version
		var fitting []statemodel.AgentView
		for i := range views {
			fits := chosen.State == "" || views[i].State == chosen.State
			if fits || sent[views[i].EmployeeID] {
				fitting = append(fitting, views[i])
			}
			sent[views[i].EmployeeID] = fits
		}
		if err := send(stream, fitting, first); err != nil {
			return err
		}
		select {
		case <-stream.Context().Done():
			return fault.Wrap(fault.Canceled, opAgents, stream.Context().Err())
		case <-ticker.C:
		}
	}
}

func send(stream grpc.ServerStreamingServer[v1.WatchAgentsResponse], views []statemodel.AgentView, first bool) error {
	for len(views) > watchBatch {
		if err := stream.Send(&v1.WatchAgentsResponse{Agents: all(views[:watchBatch], agentOf)}); err != nil {
			return err
		}
		views = views[watchBatch:]
	}
	if len(views) == 0 && !first {
		return nil
	}
	return stream.Send(&v1.WatchAgentsResponse{Agents: all(views, agentOf), SnapshotComplete: first})
}

// all converts the elements of a list.
func all[From, To any](list []From, convert func(*From) To) []To {
	converted := make([]To, 0, len(list))
	for i := range list {
		converted = append(converted, convert(&list[i]))
	}
	return converted
}

// at is a time of the contract; what is not known is absent.
func at(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func instantOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func agentOf(v *statemodel.AgentView) *v1.Agent {
	return &v1.Agent{
		EmployeeId: v.EmployeeID, UserId: v.UserID, InScope: v.InScope, State: string(v.State), Call: string(v.Call), Reason: v.Reason,
		SinceTime: at(v.Since), Status: v.StatusName, UndocumentedStatus: v.Undocumented, Source: v.Source, ReportedTime: at(v.Reported),
		Presence: valueOf(&v.Presence), RoutingStatus: valueOf(&v.Routing),
	}
}

func valueOf(v *statemodel.ValueView) *v1.Value {
	return &v1.Value{
		Engage: v.Engage, Org: v.Org, SinceTime: at(v.Since), AcceptedTime: at(v.Accepted),
		Open: int32(min(v.Open, 1<<30)), Cause: string(v.Why),
	}
}

func gapOf(g *adherence.Gap) *v1.AdherenceGap {
	return &v1.AdherenceGap{
		EmployeeId: g.Agent, UserId: g.UserID, What: string(g.What), FromTime: at(g.From), ToTime: at(g.To), Shown: g.Shown, TrueValue: g.True,
		Cause: string(g.Cause),
	}
}
