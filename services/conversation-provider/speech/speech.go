// Package speech follows the org's settings of speech and text analytics.
package speech

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/speechanalytics"
	"engage.connector/pkg/uses"
	"engage.connector/services/conversation-provider/segments"
)

// Org is asked for the settings.
type Org interface {
	TranscriptionSettings(ctx context.Context) (routing.TranscriptionSettings, error)
	SpeechSettings(ctx context.Context) (speechanalytics.SpeechSettings, error)
	ProgramMappings(ctx context.Context) iter.Seq2[speechanalytics.ProgramMapping, error]
	Dialects(ctx context.Context) ([]speechanalytics.DialectEngine, error)
	Queues(ctx context.Context, f routing.QueueFilter) iter.Seq2[routing.Queue, error]
}

// Two areas of the API have the settings; embedded they need names of their own.
type (
	routingAPI = routing.API
	speechAPI  = speechanalytics.API
)

// NewOrg returns the organization behind a client.
func NewOrg(client *genesys.Client) Org {
	return struct {
		*routingAPI
		*speechAPI
	}{routing.New(client), speechanalytics.New(client)}
}

// Interval is how often the settings are read (guide, "Transcription" and "Program ID").
const Interval = 15 * time.Minute

const (
	retryAfter  = time.Minute
	readTimeout = 2 * time.Minute
	// connectorEngine transcribes outside the org; the others are native voice transcription.
	connectorEngine = "TranscriptionConnector"
	disabled        = "Disabled"
)

// Follower holds the newest settings.
type Follower struct {
	uses    uses.Log
	org     func() (Org, bool)
	wanted  func() bool
	log     *slog.Logger
	current atomic.Pointer[segments.Settings]
	problem atomic.Pointer[error]
}

// New returns a follower. org gives the client when it is known; wanted tells whether recordings
// are injected at all, else nothing is read.
func New(org func() (Org, bool), wanted func() bool, log *slog.Logger) *Follower {
	return &Follower{org: org, wanted: wanted, log: log.With("component", "speech")}
}

// Settings returns the newest settings; not Available before they were read once.
func (f *Follower) Settings() segments.Settings {
	if s := f.current.Load(); s != nil {
		return *s
	}
	return segments.Settings{}
}

// Check tells why the settings could not be read; nil when they could, or are not wanted.
func (f *Follower) Check(context.Context) error {
	if p := f.problem.Load(); p != nil {
		return *p
	}
	return nil
}

// LastUse is how the settings were last read.
func (f *Follower) LastUse() uses.Use { return f.uses.Last() }

// Run reads the settings until ctx ends. Settings that were read stay in use while they cannot be
// read anew.
func (f *Follower) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		wait := Interval
		if org, ok := f.org(); !ok || !f.wanted() {
			wait = time.Second
		} else if err := f.Refresh(ctx, org); err != nil {
			wait = retryAfter
			f.log.Warn("settings of speech and text analytics cannot be read", "error", err, "hint", fault.Hint(err))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
	return ctx.Err()
}

// Refresh reads the settings once.
func (f *Follower) Refresh(ctx context.Context, org Org) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	s, err := read(ctx, org)
	f.uses.Note(time.Now(), err)
	f.problem.Store(&err)
	if err == nil {
		f.current.Store(&s)
	}
	return err
}

func read(ctx context.Context, org Org) (segments.Settings, error) {
	s := segments.Settings{Available: true, QueueEnabled: map[string]bool{}, QueueProgram: map[string]string{}}
	transcription, err := org.TranscriptionSettings(ctx)
	switch {
	case fault.CodeOf(err) == fault.Forbidden:
		return s, nil // the org does not have the feature
	case err != nil:
		return s, err
	case transcription.Transcription == disabled || transcription.Transcription == "":
		return s, nil // nothing else matters
	}
	s.OrgEnabled = true
	speech, err := org.SpeechSettings(ctx)
	if err != nil && fault.CodeOf(err) != fault.NotFound {
		return s, err
	}
	s.DefaultProgram = speech.DefaultProgram.ID
	for mapping, err := range org.ProgramMappings(ctx) {
		if err != nil {
			return s, err
		}
		for _, queue := range mapping.Queues {
			s.QueueProgram[queue.ID] = mapping.Program.ID
		}
	}
	for queue, err := range org.Queues(ctx, routing.QueueFilter{}) {
		if err != nil {
			return s, err
		}
		s.QueueEnabled[queue.ID] = queue.EnableTranscription != nil && *queue.EnableTranscription
	}
	engines, err := org.Dialects(ctx)
	if err != nil {
		return s, err
	}
	for _, engine := range engines {
		if engine.Engine != connectorEngine {
			s.Dialects = append(s.Dialects, engine.Dialects...)
		}
	}
	slices.Sort(s.Dialects)
	s.Dialects = slices.Compact(s.Dialects)
	return s, nil
}
