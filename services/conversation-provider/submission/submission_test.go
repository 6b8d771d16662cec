package submission_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/pipeline"
	"engage.connector/pkg/pipeline/delivery"
	"engage.connector/pkg/recording"
	"engage.connector/pkg/store"
	recordingproviderv1 "engage.connector/proto/recordingprovider/v1"
	"engage.connector/services/conversation-provider/submission"
)

type provider struct {
	got []*recordingproviderv1.Recording
	err error
}

func (p *provider) SubmitRecording(_ context.Context, in *recordingproviderv1.SubmitRecordingRequest, _ ...grpc.CallOption) (*recordingproviderv1.SubmitRecordingResponse, error) {
	p.got = append(p.got, in.GetRecording())
	return &recordingproviderv1.SubmitRecordingResponse{}, p.err
}

func records(t *testing.T) []store.OutboxRecord {
	t.Helper()
	payload, err := json.Marshal(recording.Segment{
		ID: "R", FileName: "F", ConversationID: "C", CommunicationID: "L", UserID: "u", CallUUID: "U",
		Start: time.Unix(1, 0).UTC(), Speech: &recording.Speech{ProgramID: "p", Language: "de-DE"},
	})
	require.NoError(t, err)
	return []store.OutboxRecord{{ID: "1", Payload: payload}}
}

// ledger: E-EXCP-080
func TestSegmentsAreSubmitted(t *testing.T) {
	p := &provider{}
	got, err := submission.Send(t.Context(), p, append(records(t), store.OutboxRecord{ID: "2", Payload: []byte("{")}))
	require.NoError(t, err)
	require.Equal(t, pipeline.Done(), got[0])
	require.NotEqual(t, pipeline.Done(), got[1])
	r := p.got[0]
	require.Equal(t, []string{"R", "F", "C", "L", "u", "U"}, []string{
		r.GetRecordingId(), r.GetFileName(), r.GetConversationId(), r.GetCommunicationId(), r.GetUserId(), r.GetCallUuid(),
	})
	require.Equal(t, int64(1), r.GetStartTime().GetSeconds())
	require.Nil(t, r.GetEndTime())
	require.Equal(t, "p", r.GetSpeechAnalytics().GetProgramId())
}

// What recording-provider says of a segment is about the segment; what gRPC or a proxy says is not.
func TestOnlyTheProvidersOwnWordIsAboutASegment(t *testing.T) {
	for _, code := range fault.Codes() {
		_, err := submission.Send(t.Context(), &provider{err: status.Error(code.GRPC(), "file_name")}, records(t))
		require.Error(t, err, "%s without the service's own details", code)

		own := fault.GRPCError(fault.New(code, "api", "file_name"))
		got, err := submission.Send(t.Context(), &provider{err: own}, records(t))
		switch code {
		case fault.Invalid, fault.Unsupported, fault.TooLarge, fault.Conflict:
			require.NoError(t, err, code)
			answer := delivery.Failed(own)
			require.True(t, answer.Own)
			require.Equal(t, []pipeline.Outcome{pipeline.Refused(answer)}, got)
		default:
			require.Equal(t, code, fault.CodeOf(err))
		}
	}
}
