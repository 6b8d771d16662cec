// Package presence is the part of the API about presence sources, definitions and settings.
package presence

import (
	"context"
	"encoding/json"
	"iter"

	"engage.connector/pkg/genesys"
)

// API is the area as one client reaches it; it is safe for concurrent use.
type API struct{ client *genesys.Client }

// New returns the area of a client.
func New(client *genesys.Client) *API {
	client.Declare(Operations()...)
	return &API{client}
}

// CreateSource registers the external platform as a presence source. The organization can have
// one (error presenceservice.source.toomanyactivesources, fault.Conflict).
func (a *API) CreateSource(ctx context.Context, s Source) (Source, error) {
	s.ID = ""
	var made Source
	return made, a.client.Do(ctx, genesys.Request{Operation: createSource, Body: s, Out: &made})
}

// Sources lists the active presence sources.
func (a *API) Sources(ctx context.Context) iter.Seq2[Source, error] {
	return genesys.Single[Source](ctx, a.client, genesys.Request{Operation: listSources})
}

// PresenceDefinitions lists the presences of the organization that are not deactivated.
func (a *API) PresenceDefinitions(ctx context.Context) iter.Seq2[Definition, error] {
	return genesys.Single[Definition](ctx, a.client, genesys.Request{Operation: listDefinitions})
}

// Settings are the organization's presence settings. What the struct does not name is kept
// and written back.
type Settings struct {
	DefaultPrimarySourceID string // the source that users' presence is taken from by default
	other                  map[string]json.RawMessage
}

const defaultSourceField = "defaultPrimaryPresenceRegisteredSourceId"

// MarshalJSON writes the settings as they were read, with the default source as it is now.
func (s Settings) MarshalJSON() ([]byte, error) {
	all := make(map[string]any, len(s.other)+1)
	for name, value := range s.other {
		all[name] = value
	}
	if s.DefaultPrimarySourceID != "" {
		all[defaultSourceField] = s.DefaultPrimarySourceID
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads the settings and keeps what the struct does not name.
func (s *Settings) UnmarshalJSON(data []byte) error {
	var named struct {
		Source string `json:"defaultPrimaryPresenceRegisteredSourceId"`
	}
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	var other map[string]json.RawMessage
	if err := json.Unmarshal(data, &other); err != nil {
		return err
	}
	delete(other, defaultSourceField)
	*s = Settings{named.Source, other}
	return nil
}

// GetPresenceSettings reads the organization's presence settings.
func (a *API) GetPresenceSettings(ctx context.Context) (Settings, error) {
	var s Settings
	return s, a.client.Do(ctx, genesys.Request{Operation: getSettings, Out: &s})
}

// PutPresenceSettings writes settings that GetPresenceSettings read.
func (a *API) PutPresenceSettings(ctx context.Context, s Settings) (Settings, error) {
	s.other = genesys.Writable(s.other, "id")
	var now Settings
	return now, a.client.Do(ctx, genesys.Request{Operation: putSettings, Body: s, Out: &now})
}

// UserPrimarySource reads which source a user's presence is taken from.
func (a *API) UserPrimarySource(ctx context.Context, userID string) (PrimarySource, error) {
	var p PrimarySource
	return p, a.client.Do(ctx, genesys.Request{Operation: getPrimarySource, Args: []string{userID}, Out: &p})
}

// SetUserPrimarySource lets a user's presence be taken from a registered source.
func (a *API) SetUserPrimarySource(ctx context.Context, userID, sourceID string) (PrimarySource, error) {
	var p PrimarySource
	body := PrimarySource{SourceID: sourceID, Registered: true}
	return p, a.client.Do(ctx, genesys.Request{Operation: putPrimarySource, Args: []string{userID}, Body: body, Out: &p})
}
