// Package submission hands recorded segments to recording-provider.
package submission

import (
	"context"
	"encoding/json"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/store"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
)

// Provider takes segments; the generated gRPC client is one.
type Provider interface {
	SubmitRecording(ctx context.Context, in *recordingproviderv1.SubmitRecordingRequest, opts ...grpc.CallOption) (*recordingproviderv1.SubmitRecordingResponse, error)
}

// outcomesTable says what becomes of a segment that recording-provider did not take. What it lacks
// is retried: recording-provider is there or will be.
var outcomesTable = map[fault.Code]func(reason string) pipeline.Outcome{
	fault.Invalid:     pipeline.Reject, // names every field that is wrong
	fault.Unsupported: pipeline.Reject,
	fault.TooLarge:    pipeline.Reject,
	fault.Conflict:    pipeline.Reject,
}

// parallel is how many segments are submitted at the same time: recording-provider answers each only
// when it is safe in Redis, which takes it some seconds.
const parallel = 32

// Send submits each segment. When recording-provider cannot be reached, the whole batch is tried
// again: submitting twice changes nothing.
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
	if reject, final := outcomesTable[fault.CodeOf(err)]; final {
		return reject(fault.Message(err)), nil
	}
	return pipeline.Outcome{}, fault.Wrap(fault.Unavailable, "submission.send", err)
}
