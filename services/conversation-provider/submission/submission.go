// Package submission hands recorded segments to recording-provider.
package submission

import (
	"context"
	"encoding/json"
	"slices"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/store"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
)

// Provider takes segments; the generated gRPC client is one.
type Provider interface {
	SubmitRecording(ctx context.Context, in *recordingproviderv1.SubmitRecordingRequest, opts ...grpc.CallOption) (*recordingproviderv1.SubmitRecordingResponse, error)
}

// aboutTheRecord are the codes by which recording-provider answers about the segment; every other one
// is about the service, and everything waits for it.
var aboutTheRecord = []fault.Code{fault.Invalid, fault.Unsupported, fault.TooLarge, fault.Conflict}

// parallel is how many segments are submitted at the same time: recording-provider answers each only
// when it is safe in Redis, which takes it some seconds.
const parallel = 32

// Send submits each segment, and reports whose matter an answer is; what follows is decided by package
// delivery. Submitting twice changes nothing.
func Send(ctx context.Context, provider Provider, records []store.OutboxRecord) ([]pipeline.Outcome, error) {
	outcomes := make([]pipeline.Outcome, len(records))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, record := range records {
		group.Go(func() (err error) {
			outcomes[i], err = submit(ctx, provider, record)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return outcomes, nil
}

func submit(ctx context.Context, provider Provider, record store.OutboxRecord) (pipeline.Outcome, error) {
	var segment recording.Segment
	if err := json.Unmarshal(record.Payload, &segment); err != nil {
		return pipeline.Reject("the stored segment cannot be read: " + err.Error()), nil
	}
	_, err := provider.SubmitRecording(ctx, &recordingproviderv1.SubmitRecordingRequest{Recording: segment.Proto()})
	if err == nil {
		return pipeline.Done(), nil
	}
	if answer := delivery.Failed(err); answer.Own && slices.Contains(aboutTheRecord, answer.Code) {
		return pipeline.Refused(answer), nil
	}
	return pipeline.Outcome{}, err
}
