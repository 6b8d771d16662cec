package api

import (
	"context"

	conversationproviderv1 "engage.connector/proto/conversationprovider/v1"
)

// GetInteraction returns everything that is known of the interaction a call belongs to.
func (s *Service) GetInteraction(ctx context.Context, req *conversationproviderv1.GetInteractionRequest) (*conversationproviderv1.GetInteractionResponse, error) {
	trace, err := s.trace(ctx, req.GetCallUuid())
	if err != nil {
		return nil, err
	}
	interaction, err := interactionOf(trace)
	if err != nil {
		return nil, err
	}
	maskMessage(ctx, interaction)
	return &conversationproviderv1.GetInteractionResponse{Interaction: interaction}, nil
}

// ListKeptRecordings lists recordings that were reported and not submitted, each with its reason.
func (s *Service) ListKeptRecordings(ctx context.Context, req *conversationproviderv1.ListKeptRecordingsRequest) (*conversationproviderv1.ListKeptRecordingsResponse, error) {
	kept, err := s.kept(int(req.GetLimit()))
	if err != nil {
		return nil, err
	}
	answer := &conversationproviderv1.ListKeptRecordingsResponse{Recordings: recordingsOf(kept)}
	maskMessage(ctx, answer)
	return answer, nil
}
