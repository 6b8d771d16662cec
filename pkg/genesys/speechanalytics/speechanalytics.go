// Package speechanalytics is the part of the API about speech and text analytics: programs, dialects, settings.
package speechanalytics

import (
	"context"
	"iter"
	"strconv"

	"engage.connector/pkg/genesys"
)

// API is the area as one client reaches it; it is safe for concurrent use.
type API struct{ client *genesys.Client }

// New returns the area of a client.
func New(client *genesys.Client) *API {
	client.Declare(Operations()...)
	return &API{client}
}

// ProgramMappings lists which queues and flows each speech program covers.
func (a *API) ProgramMappings(ctx context.Context) iter.Seq2[ProgramMapping, error] {
	query := genesys.Query("pageSize", strconv.Itoa(genesys.LargePage))
	return genesys.TokenPages[ProgramMapping](ctx, a.client, genesys.Request{Operation: listMappings, Query: query})
}

// SpeechSettings reads the organization's speech settings; fault.NotFound when it has none.
func (a *API) SpeechSettings(ctx context.Context) (SpeechSettings, error) {
	var s SpeechSettings
	return s, a.client.Do(ctx, genesys.Request{Operation: getSettings, Out: &s})
}

// Dialects lists the dialects of each transcription engine.
func (a *API) Dialects(ctx context.Context) ([]DialectEngine, error) {
	var answer struct {
		Entities []DialectEngine `json:"entities"`
	}
	return answer.Entities, a.client.Do(ctx, genesys.Request{Operation: listDialects, Out: &answer})
}

// ProgramEngines lists the transcription engines of a program with its dialects.
func (a *API) ProgramEngines(ctx context.Context, programID string) ([]DialectEngine, error) {
	var answer struct {
		Engines []DialectEngine `json:"transcriptionEngines"`
	}
	return answer.Engines, a.client.Do(ctx, genesys.Request{Operation: listProgramEngines, Args: []string{programID}, Out: &answer})
}
