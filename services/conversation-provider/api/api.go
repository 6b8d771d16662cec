// Package api answers operators, over HTTP and gRPC: what became of a call and why, and which
// recordings wait.
package api

import (
	"context"
	"log/slog"
	"strings"

	"engage.connector/pkg/fault"
	conversationproviderv1 "engage.connector/proto/conversationprovider/v1"
	"engage.connector/services/conversation-provider/model"
)

// Calls answers questions about calls.
type Calls interface {
	// Lookup finds a call in the model of the writer.
	Lookup(callUUID string) (model.Trace, bool, error)
	// Kept lists recordings that are not submitted.
	Kept(limit int) []model.Record
}

// State is what the store holds of the model, for an instance that is not the writer.
type State interface {
	LoadStateKeys(ctx context.Context, keys ...string) (map[string][]byte, error)
}

// Options of the API; all are required.
type Options struct {
	Calls Calls
	State State
	// Writing tells whether this instance is the writer, so that its model is the current one.
	Writing func() bool
	Logger  *slog.Logger
}

// Service implements ConversationProviderService and the routes for the same questions.
type Service struct {
	conversationproviderv1.UnimplementedConversationProviderServiceServer
	calls   Calls
	state   State
	writing func() bool
	log     *slog.Logger
}

// New returns the service.
func New(opts Options) *Service {
	return &Service{calls: opts.Calls, state: opts.State, writing: opts.Writing, log: opts.Logger.With("component", "api")}
}

const (
	opInteraction = "api.interaction"
	opRecordings  = "api.recordings"
)

// maxCallUUID is twice the length that the vendor's servers use.
const maxCallUUID = 64

// checkCallUUID refuses what no CallUUID can be, before anybody looks for it.
func checkCallUUID(uuid string) error {
	odd := func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if uuid == "" || len(uuid) > maxCallUUID || strings.ContainsFunc(uuid, odd) {
		return fault.New(fault.Invalid, opInteraction, "this is no CallUUID").
			WithHint(`a CallUUID has up to 64 letters, digits, "-" and "_"`)
	}
	return nil
}

// trace finds the interaction of a call: in the model on the writer, else in stored state.
func (s *Service) trace(ctx context.Context, uuid string) (model.Trace, error) {
	if err := checkCallUUID(uuid); err != nil {
		return model.Trace{}, err
	}
	trace, found, err := s.lookup(ctx, uuid)
	if err == nil && !found {
		err = fault.New(fault.NotFound, opInteraction, "no call with this CallUUID is known").
			WithHint("ended calls are kept for 24 hours, MAX_TRACES of them at most")
	}
	return trace, err
}

func (s *Service) lookup(ctx context.Context, uuid string) (model.Trace, bool, error) {
	if s.writing() {
		return s.calls.Lookup(uuid)
	}
	return model.StoredTrace(ctx, s.state.LoadStateKeys, uuid)
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// kept lists recordings that are not submitted; 0 is the default limit.
func (s *Service) kept(limit int) ([]model.Record, error) {
	switch {
	case limit < 0:
		return nil, fault.New(fault.Invalid, opRecordings, "limit is no positive number")
	case !s.writing():
		return nil, fault.New(fault.Unavailable, opRecordings, "this instance is standby").WithHint("ask the other instance")
	case limit == 0:
		limit = defaultLimit
	}
	return s.calls.Kept(min(limit, maxLimit)), nil
}
