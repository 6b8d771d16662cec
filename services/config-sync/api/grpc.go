// Package api answers the other services over gRPC and people over HTTP.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/timestamppb"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/catalog"
	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/plan"
	"engage.connector/services/config-sync/syncer"
)

// Sync is what the API tells about the synchronisation; *syncer.Syncer implements it.
type Sync interface {
	Status() syncer.Status
	HybridIntegration() (configmodel.Options, bool)
	Preview(ctx context.Context, look bool) (syncer.Preview, error)
	Approve(ctx context.Context, planID string, look bool) (plan.Plan, error)
}

// Options of the API.
type Options struct {
	Catalog *catalog.Catalog
	Sync    Sync
	// TokenRequired says that the host lets only calls with the shared token through.
	TokenRequired bool
	Logger        *slog.Logger
}

// Service implements ConfigSyncService.
type Service struct {
	configsyncv1.UnimplementedConfigSyncServiceServer
	opts     Options
	log      *slog.Logger
	early    sync.Once     // logs the first call that came before there was a mapping
	planning chan struct{} // holds one element while a plan is made
}

// New returns the service.
func New(opts Options) *Service {
	return &Service{opts: opts, log: opts.Logger.With("component", "api"), planning: make(chan struct{}, 1)}
}

const (
	maxKeys = 10_000
	// perMessage bounds a Watch message: a mapping has a few hundred bytes, a message may have 8 MiB.
	perMessage = 1000
)

// notReady answers who comes too early. All services do, and ask again until there is a mapping, so
// that it is logged once.
func (s *Service) notReady(ctx context.Context, op string) error {
	err := fault.New(fault.Unavailable, op, "the first synchronisation has not ended yet")
	s.early.Do(func() {
		s.log.InfoContext(ctx, "mappings were asked for, but the first synchronisation has not ended yet; callers ask again", "first_call", op)
	})
	return host.Logged(err)
}

// Resolve looks up mappings; those that do not exist are absent from the answer.
func (s *Service) Resolve(ctx context.Context, req *configsyncv1.ResolveRequest) (*configsyncv1.ResolveResponse, error) {
	if !s.opts.Catalog.Ready() {
		return nil, s.notReady(ctx, "api.resolve")
	}
	if len(req.GetKeys()) > maxKeys {
		return nil, fault.Newf(fault.Invalid, "api.resolve", "%d keys, at most %d in one call", len(req.GetKeys()), maxKeys)
	}
	resp := &configsyncv1.ResolveResponse{}
	for _, key := range req.GetKeys() {
		if m, ok := s.opts.Catalog.Get(key.GetKind(), key.GetEngageId()); ok {
			resp.Mappings = append(resp.Mappings, m)
		}
	}
	return resp, nil
}

// Watch sends the whole mapping and then every change. A subscriber that does not keep up is cut
// off, so that it cannot hold memory here; it reconnects and begins with the whole mapping.
func (s *Service) Watch(req *configsyncv1.WatchRequest, stream grpc.ServerStreamingServer[configsyncv1.WatchResponse]) error {
	sub, snapshot, ok := s.opts.Catalog.Subscribe(req.GetKinds()...)
	if !ok {
		return s.notReady(stream.Context(), "api.watch")
	}
	defer s.opts.Catalog.Close(sub)
	if err := send(stream, catalog.Change{Upserted: snapshot}); err != nil {
		return err
	}
	if err := stream.Send(&configsyncv1.WatchResponse{SnapshotComplete: true}); err != nil {
		return err
	}
	for {
		select {
		case <-stream.Context().Done():
			return stream.Context().Err()
		case change, open := <-sub.Changes():
			if !open {
				return fault.New(fault.Unavailable, "api.watch", "the subscriber did not keep up").WithHint("reconnect")
			}
			if err := send(stream, change); err != nil {
				return err
			}
		}
	}
}

// send splits a change into messages of bounded size.
func send(stream grpc.ServerStreamingServer[configsyncv1.WatchResponse], change catalog.Change) error {
	for part := range slices.Chunk(change.Upserted, perMessage) {
		if err := stream.Send(&configsyncv1.WatchResponse{Upserted: part}); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(change.Removed, perMessage) {
		message := &configsyncv1.WatchResponse{}
		for _, key := range part {
			message.Removed = append(message.Removed, &configsyncv1.MappingKey{Kind: key.Kind, EngageId: key.EngageID})
		}
		if err := stream.Send(message); err != nil {
			return err
		}
	}
	return nil
}

// GetOptions returns the sections of hybrid_integration. Secrets leave only to a caller that has
// proved who it is.
func (s *Service) GetOptions(ctx context.Context, req *configsyncv1.GetOptionsRequest) (*configsyncv1.GetOptionsResponse, error) {
	options, ok := s.opts.Sync.HybridIntegration()
	if !ok {
		return nil, fault.New(fault.Unavailable, "api.get_options", "the Config DB has not been read yet")
	}
	trusted := s.authenticated(ctx)
	resp := &configsyncv1.GetOptionsResponse{}
	var withheld []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if wanted := req.GetSections(); len(wanted) > 0 && !slices.Contains(wanted, name) {
			continue
		}
		section := &configsyncv1.OptionSection{Name: name, Options: map[string]string{}}
		for key, value := range options[name] {
			if !trusted && Secret(key) {
				withheld = append(withheld, name+"/"+key)
				continue
			}
			section.Options[key] = value
		}
		resp.Sections = append(resp.Sections, section)
	}
	if len(withheld) > 0 {
		slices.Sort(withheld)
		s.log.WarnContext(ctx, "secret options withheld from a caller without token or certificate", "options", withheld)
	}
	return resp, nil
}

// authenticated tells whether the caller has shown the token, which the host has checked, or a
// certificate of our authority.
func (s *Service) authenticated(ctx context.Context) bool {
	if s.opts.TokenRequired {
		return true
	}
	p, ok := peer.FromContext(ctx)
	if !ok {
		return false
	}
	tls, ok := p.AuthInfo.(credentials.TLSInfo)
	return ok && len(tls.State.VerifiedChains) > 0
}

// stateTable translates the state of the synchronisation.
var stateTable = map[syncer.State]configsyncv1.SyncState{
	syncer.StateNone:       configsyncv1.SyncState_SYNC_STATE_UNSPECIFIED,
	syncer.StateInProgress: configsyncv1.SyncState_SYNC_STATE_IN_PROGRESS,
	syncer.StateSuccess:    configsyncv1.SyncState_SYNC_STATE_SUCCESS,
	syncer.StateFailed:     configsyncv1.SyncState_SYNC_STATE_FAILED,
}

// GetSyncStatus tells when the last synchronisation ended and how.
func (s *Service) GetSyncStatus(context.Context, *configsyncv1.GetSyncStatusRequest) (*configsyncv1.GetSyncStatusResponse, error) {
	status := s.opts.Sync.Status()
	resp := &configsyncv1.GetSyncStatusResponse{State: stateTable[status.State], Reason: status.Reason}
	if !status.LastSuccess.IsZero() {
		resp.LastSuccess = timestamppb.New(status.LastSuccess)
	}
	return resp, nil
}

// GetPlan tells what a synchronisation would do now.
func (s *Service) GetPlan(ctx context.Context, _ *configsyncv1.GetPlanRequest) (*configsyncv1.GetPlanResponse, error) {
	preview, err := s.preview(ctx)
	if err != nil {
		return nil, err
	}
	document, err := json.Marshal(preview)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, "api.plan", err)
	}
	return &configsyncv1.GetPlanResponse{
		Operations: int64(len(preview.Operations)), DocumentJson: string(document), Refused: preview.Refused,
	}, nil
}

// ApprovePlan agrees to what a plan takes away: to exactly this plan, and for an hour.
func (s *Service) ApprovePlan(ctx context.Context, req *configsyncv1.ApprovePlanRequest) (*configsyncv1.ApprovePlanResponse, error) {
	approved, err := s.approve(ctx, req.GetPlanId())
	if err != nil {
		return nil, err
	}
	return &configsyncv1.ApprovePlanResponse{PlanId: approved.PlanID, Operations: int64(approved.Operations), Losses: approved.Losses}, nil
}
