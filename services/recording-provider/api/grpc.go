// Package api serves the state of recordings and takes new ones, over gRPC and HTTP. It is the only
// place of this service where an error becomes a response.
package api

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/packed"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/store"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/recording-provider/injector"
)

const (
	defaultListLimit = 100
	maxListLimit     = 1000
)

// Queue is the part of store.JobQueue that the API needs.
type Queue interface {
	Enqueue(ctx context.Context, id string, payload []byte) (added bool, err error)
	Get(ctx context.Context, id string) (store.JobStatus, bool, error)
	List(ctx context.Context, state store.JobState, limit int) ([]store.JobStatus, error)
	Unpark(ctx context.Context, id string) error
	Depth(ctx context.Context) (store.JobDepth, error)
}

// Server implements RecordingProviderService.
type Server struct {
	recordingproviderv1.UnimplementedRecordingProviderServiceServer

	queue Queue
}

// NewServer serves the jobs of a queue.
func NewServer(queue Queue) *Server { return &Server{queue: queue} }

// SubmitRecording stores one segment as a job.
func (s *Server) SubmitRecording(ctx context.Context, request *recordingproviderv1.SubmitRecordingRequest) (*recordingproviderv1.SubmitRecordingResponse, error) {
	added, err := s.submit(ctx, recording.FromProto(request.GetRecording()))
	if err != nil {
		return nil, fault.GRPCError(err)
	}
	return &recordingproviderv1.SubmitRecordingResponse{AcceptedNow: added}, nil
}

func (s *Server) submit(ctx context.Context, segment recording.Segment) (added bool, err error) {
	if err := segment.Validate(); err != nil {
		return false, err
	}
	payload, err := packed.Encode(&injector.Task{Segment: segment})
	if err != nil {
		return false, fault.Wrap(fault.Internal, "api.submit", err)
	}
	return s.queue.Enqueue(ctx, segment.ID, payload)
}

// GetRecording tells where a recording is.
func (s *Server) GetRecording(ctx context.Context, request *recordingproviderv1.GetRecordingRequest) (*recordingproviderv1.GetRecordingResponse, error) {
	found, err := s.get(ctx, request.GetRecordingId())
	if err != nil {
		return nil, fault.GRPCError(err)
	}
	return &recordingproviderv1.GetRecordingResponse{Status: found}, nil
}

func (s *Server) get(ctx context.Context, id string) (*recordingproviderv1.RecordingStatus, error) {
	job, known, err := s.queue.Get(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case !known:
		return nil, fault.Newf(fault.NotFound, "api.get", "there is no recording %q", id)
	}
	return toStatus(job), nil
}

// ListRecordings lists recordings in one state, oldest first.
func (s *Server) ListRecordings(ctx context.Context, request *recordingproviderv1.ListRecordingsRequest) (*recordingproviderv1.ListRecordingsResponse, error) {
	states, ok := jobStates(request.GetState())
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "state must be QUEUED, UPLOADED or PARKED")
	}
	limit := int(request.GetLimit())
	if limit <= 0 {
		limit = defaultListLimit
	}
	limit = min(limit, maxListLimit)
	response := &recordingproviderv1.ListRecordingsResponse{}
	for _, state := range states {
		jobs, err := s.queue.List(ctx, state, limit-len(response.GetRecordings()))
		if err != nil {
			return nil, fault.GRPCError(err)
		}
		for _, job := range jobs {
			response.Recordings = append(response.Recordings, toStatus(job))
		}
		if len(response.GetRecordings()) >= limit {
			break
		}
	}
	return response, nil
}

// RetryRecording puts a parked recording back into the queue.
func (s *Server) RetryRecording(ctx context.Context, request *recordingproviderv1.RetryRecordingRequest) (*recordingproviderv1.RetryRecordingResponse, error) {
	err := s.queue.Unpark(ctx, request.GetRecordingId())
	if fault.CodeOf(err) == fault.Conflict {
		return nil, status.Error(codes.FailedPrecondition, err.Error())
	}
	if err != nil {
		return nil, fault.GRPCError(err)
	}
	return &recordingproviderv1.RetryRecordingResponse{}, nil
}

// jobStates maps the contract's states to the queue's; a running job counts as queued.
func jobStates(state recordingproviderv1.RecordingState) ([]store.JobState, bool) {
	switch state {
	case recordingproviderv1.RecordingState_RECORDING_STATE_QUEUED:
		return []store.JobState{store.JobRunning, store.JobWaiting}, true
	case recordingproviderv1.RecordingState_RECORDING_STATE_UPLOADED:
		return []store.JobState{store.JobDone}, true
	case recordingproviderv1.RecordingState_RECORDING_STATE_PARKED:
		return []store.JobState{store.JobParked}, true
	case recordingproviderv1.RecordingState_RECORDING_STATE_UNSPECIFIED:
	}
	return nil, false
}

// toStatus tells where a job is. What is stored of it and cannot be read does not hide the job: its reason
// says so.
func toStatus(job store.JobStatus) *recordingproviderv1.RecordingStatus {
	result := &recordingproviderv1.RecordingStatus{
		Attempts: int32(job.Attempts), Reason: job.Reason, Updated: timestamppb.New(job.UpdatedAt),
		State: recordingproviderv1.RecordingState_RECORDING_STATE_QUEUED,
	}
	var task injector.Task
	var err error
	switch job.State {
	case store.JobDone:
		var receipt injector.Receipt
		err = packed.Decode(job.Result, &receipt)
		task.Segment, result.UploadKey, result.Reason = receipt.Segment, receipt.UploadKey, ""
		result.State = recordingproviderv1.RecordingState_RECORDING_STATE_UPLOADED
	case store.JobParked:
		err = packed.Decode(job.Payload, &task)
		result.State = recordingproviderv1.RecordingState_RECORDING_STATE_PARKED
	case store.JobWaiting, store.JobRunning:
		err = packed.Decode(job.Payload, &task)
	}
	if err != nil {
		task.Segment = recording.Segment{ID: job.ID}
		result.Reason = strings.TrimPrefix(result.Reason+"; what is stored of it cannot be read: "+err.Error(), "; ")
	}
	result.Recording = task.Segment.Proto()
	return result
}
