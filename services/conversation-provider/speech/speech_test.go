package speech_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/speechanalytics"
	"engage.connector/services/conversation-provider/segments"
	"engage.connector/services/conversation-provider/speech"
)

type org struct {
	transcription string
	failing       map[string]error
	asked         atomic.Int32
}

func (o *org) TranscriptionSettings(context.Context) (routing.TranscriptionSettings, error) {
	o.asked.Add(1)
	return routing.TranscriptionSettings{Transcription: o.transcription}, o.failing["transcription"]
}

func (o *org) SpeechSettings(context.Context) (speechanalytics.SpeechSettings, error) {
	if err := o.failing["settings"]; err != nil {
		return speechanalytics.SpeechSettings{}, err
	}
	return speechanalytics.SpeechSettings{DefaultProgram: genesys.Ref{ID: "default"}}, nil
}

func (o *org) ProgramMappings(context.Context) iter.Seq2[speechanalytics.ProgramMapping, error] {
	return func(yield func(speechanalytics.ProgramMapping, error) bool) {
		yield(speechanalytics.ProgramMapping{Program: genesys.Ref{ID: "sales"}, Queues: []genesys.Ref{{ID: "q1"}}}, o.failing["mappings"])
	}
}

func (o *org) Dialects(context.Context) ([]speechanalytics.DialectEngine, error) {
	return []speechanalytics.DialectEngine{
		{Engine: "Genesys", Dialects: []string{"en-US", "de-DE"}}, {Engine: "GenesysExtended", Dialects: []string{"de-DE", "fi-FI"}},
		{Engine: "TranscriptionConnector", Dialects: []string{"xx-XX"}},
	}, o.failing["dialects"]
}

func (o *org) Queues(context.Context, routing.QueueFilter) iter.Seq2[routing.Queue, error] {
	on := true
	return func(yield func(routing.Queue, error) bool) {
		_ = yield(routing.Queue{ID: "q1", EnableTranscription: &on}, nil) && yield(routing.Queue{ID: "q2"}, o.failing["queues"])
	}
}

func follower(o *org, wanted bool) *speech.Follower {
	return speech.New(func() (speech.Org, bool) { return o, true }, func() bool { return wanted }, slog.New(slog.DiscardHandler))
}

// ledger: E-EXCP-060, E-EXCP-061, E-EXCP-063, E-EXCP-064
func TestSettingsAreRead(t *testing.T) {
	o := &org{transcription: "EnabledQueueFlow"}
	f := follower(o, true)
	require.False(t, f.Settings().Available)
	require.NoError(t, f.Refresh(t.Context(), o))
	require.Equal(t, segments.Settings{
		Available: true, OrgEnabled: true, QueueEnabled: map[string]bool{"q1": true, "q2": false},
		QueueProgram: map[string]string{"q1": "sales"}, DefaultProgram: "default", Dialects: []string{"de-DE", "en-US", "fi-FI"},
	}, f.Settings())
	require.NoError(t, f.Check(t.Context()))
}

func TestWhatTheOrgLacksIsNoFailure(t *testing.T) {
	for name, o := range map[string]*org{
		"disabled":   {transcription: "Disabled"},
		"no feature": {failing: map[string]error{"transcription": fault.New(fault.Forbidden, "", "feature.forbidden")}},
	} {
		f := follower(o, true)
		require.NoError(t, f.Refresh(t.Context(), o), name)
		require.True(t, f.Settings().Available, name)
		require.False(t, f.Settings().OrgEnabled, name)
	}
	o := &org{transcription: "EnabledGlobally", failing: map[string]error{"settings": fault.New(fault.NotFound, "", "settings.not.found")}}
	f := follower(o, true)
	require.NoError(t, f.Refresh(t.Context(), o))
	require.Empty(t, f.Settings().DefaultProgram)
	require.True(t, f.Settings().OrgEnabled)
}

func TestFailuresLeaveTheLastSettings(t *testing.T) {
	for _, what := range []string{"transcription", "settings", "mappings", "dialects", "queues"} {
		o := &org{transcription: "EnabledQueueFlow", failing: map[string]error{}}
		f := follower(o, true)
		require.NoError(t, f.Refresh(t.Context(), o))
		before := f.Settings()
		o.failing[what] = errors.New("away")
		require.Error(t, f.Refresh(t.Context(), o), what)
		require.Error(t, f.Check(t.Context()), what)
		require.Equal(t, before, f.Settings(), what)
	}
}

// ledger: E-EXCP-062, E-EXCP-066
func TestSettingsAreReadEveryQuarterOfAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{transcription: "Disabled", failing: map[string]error{}}
		f := follower(o, true)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = f.Run(ctx) }()
		synctest.Wait()
		require.EqualValues(t, 1, o.asked.Load())
		time.Sleep(14 * time.Minute)
		synctest.Wait()
		require.EqualValues(t, 1, o.asked.Load())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.EqualValues(t, 2, o.asked.Load())
		cancel()
		synctest.Wait()
	})
}

func TestNothingIsReadWithoutRecordings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &org{}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = follower(o, false).Run(ctx) }()
		time.Sleep(time.Minute)
		require.Zero(t, o.asked.Load())
		cancel()
		synctest.Wait()
	})
}
