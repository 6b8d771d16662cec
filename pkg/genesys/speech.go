package genesys

import (
	"context"
	"iter"
	"strconv"
)

// TranscriptionSettings reads whether the organization transcribes calls. fault.Forbidden with
// code feature.forbidden means that it has no such feature.
func (c *Client) TranscriptionSettings(ctx context.Context) (TranscriptionSettings, error) {
	var s TranscriptionSettings
	return s, c.do(ctx, request{route: routeTranscription, out: &s})
}

// ProgramMappings lists which queues and flows each speech program covers.
func (c *Client) ProgramMappings(ctx context.Context) iter.Seq2[ProgramMapping, error] {
	query := queryOf("pageSize", strconv.Itoa(pageSizeLarge))
	return tokenPages[ProgramMapping](ctx, c, request{route: routeMappings, query: query})
}

// SpeechSettings reads the organization's speech settings; fault.NotFound when it has none.
func (c *Client) SpeechSettings(ctx context.Context) (SpeechSettings, error) {
	var s SpeechSettings
	return s, c.do(ctx, request{route: routeSpeechSettings, out: &s})
}

// Dialects lists the dialects of each transcription engine.
func (c *Client) Dialects(ctx context.Context) ([]DialectEngine, error) {
	var answer struct {
		Entities []DialectEngine `json:"entities"`
	}
	return answer.Entities, c.do(ctx, request{route: routeDialects, out: &answer})
}

// ProgramEngines lists the transcription engines of a program with its dialects.
func (c *Client) ProgramEngines(ctx context.Context, programID string) ([]DialectEngine, error) {
	var answer struct {
		Engines []DialectEngine `json:"transcriptionEngines"`
	}
	return answer.Engines, c.do(ctx, request{route: routeProgramEngines, args: []string{programID}, out: &answer})
}
