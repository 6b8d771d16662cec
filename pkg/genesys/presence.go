package genesys

import (
	"context"
	"encoding/json"
	"iter"
)

// CreateSource registers the external platform as a presence source. The organization can have
// one (error presenceservice.source.toomanyactivesources, fault.Conflict).
func (c *Client) CreateSource(ctx context.Context, s Source) (Source, error) {
	s.ID = ""
	var made Source
	return made, c.do(ctx, request{route: routeCreateSource, body: s, out: &made})
}

// Sources lists the active presence sources.
func (c *Client) Sources(ctx context.Context) iter.Seq2[Source, error] {
	return single[Source](ctx, c, request{route: routeSources})
}

// PresenceDefinitions lists the presences of the organization that are not deactivated.
func (c *Client) PresenceDefinitions(ctx context.Context) iter.Seq2[PresenceDefinition, error] {
	return single[PresenceDefinition](ctx, c, request{route: routeDefinitions})
}

// PresenceSettings are the organization's presence settings. What the struct does not name is kept
// and written back.
type PresenceSettings struct {
	DefaultPrimarySourceID string // the source that users' presence is taken from by default
	other                  map[string]json.RawMessage
}

const defaultSourceField = "defaultPrimaryPresenceRegisteredSourceId"

// MarshalJSON writes the settings as they were read, with the default source as it is now.
func (s PresenceSettings) MarshalJSON() ([]byte, error) {
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
func (s *PresenceSettings) UnmarshalJSON(data []byte) error {
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
	*s = PresenceSettings{named.Source, other}
	return nil
}

// GetPresenceSettings reads the organization's presence settings.
func (c *Client) GetPresenceSettings(ctx context.Context) (PresenceSettings, error) {
	var s PresenceSettings
	return s, c.do(ctx, request{route: routeSettings, out: &s})
}

// PutPresenceSettings writes settings that GetPresenceSettings read.
func (c *Client) PutPresenceSettings(ctx context.Context, s PresenceSettings) (PresenceSettings, error) {
	var now PresenceSettings
	return now, c.do(ctx, request{route: routePutSettings, body: s, out: &now})
}

// UserPrimarySource reads which source a user's presence is taken from.
func (c *Client) UserPrimarySource(ctx context.Context, userID string) (PrimarySource, error) {
	var p PrimarySource
	return p, c.do(ctx, request{route: routePrimarySource, args: []string{userID}, out: &p})
}

// SetUserPrimarySource lets a user's presence be taken from a registered source.
func (c *Client) SetUserPrimarySource(ctx context.Context, userID, sourceID string) (PrimarySource, error) {
	var p PrimarySource
	body := PrimarySource{SourceID: sourceID, Registered: true}
	return p, c.do(ctx, request{route: routePutPrimarySrc, args: []string{userID}, body: body, out: &p})
}
