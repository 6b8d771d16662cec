package org

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

type definition struct {
	ID             string            `json:"id"`
	Name           string            `json:"name"`
	Type           string            `json:"type"`
	LanguageLabels map[string]string `json:"languageLabels"`
	SystemPresence string            `json:"systemPresence"`
	DivisionID     string            `json:"divisionId,omitempty"`
	Deactivated    bool              `json:"deactivated"`
	SelfURI        string            `json:"selfUri"`
}

type source struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type"`
	Deactivated bool   `json:"deactivated"`
	SelfURI     string `json:"selfUri"`
}

type presenceSettings struct {
	ID                      string           `json:"id"`
	Name                    string           `json:"name"`
	RestorePresenceSettings *restoreSettings `json:"restorePresenceSettings,omitempty"`
	RequestingOffQueue      bool             `json:"requestingOffQueueEnabled"`
	DefaultSource           string           `json:"defaultPrimaryPresenceRegisteredSourceId,omitempty"`
	SelfURI                 string           `json:"selfUri"`
}

type restoreSettings struct {
	Enabled              bool  `json:"enabled"`
	RestoreTime          int64 `json:"restoreTimeMilliseconds"`
	RestoreOnQueueEnable bool  `json:"restoreOnQueueEnabled"`
}

type primarySource struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	SourceID   string `json:"sourceId"`
	Registered bool   `json:"registered"`
	SelfURI    string `json:"selfUri"`
}

type presenceState struct {
	definitions []definition
	sources     []*source
	settings    presenceSettings
}

// Limits of a source. Genesys supports one presence source per organization (facts 4); the lengths are assumed.
const (
	maxActiveSources     = 1
	maxSourceName        = 100
	maxSourceDescription = 255
)

// seedPresence makes the ten system definitions and the platform's own source.
func (o *Org) seedPresence() presenceState {
	state := presenceState{settings: presenceSettings{ID: o.id, Name: "Presence settings", SelfURI: "/api/v2/presence/settings"}}
	for _, row := range [][2]string{
		{"Available", "Available"}, {"Away", "Away"}, {"Busy", "Busy"}, {"Offline", "Offline"}, {"Idle", "Idle"},
		{"OnQueue", "On Queue"}, {"Meal", "Meal"}, {"Training", "Training"}, {"Meeting", "Meeting"}, {"Break", "Break"},
	} {
		id := o.newID()
		state.definitions = append(state.definitions, definition{
			ID: id, Name: row[1], Type: "System", LanguageLabels: map[string]string{"en_US": row[1]}, SystemPresence: row[0],
			SelfURI: "/api/v2/presence/definitions/" + id,
		})
	}
	id := o.newID()
	state.sources = []*source{{ID: id, Name: "Genesys Cloud", Type: "System", SelfURI: "/api/v2/presence/sources/" + id}}
	return state
}

// totalListing is the listing of presence objects, which is never paged.
type totalListing struct {
	Total    int    `json:"total"`
	Entities any    `json:"entities"`
	SelfURI  string `json:"selfUri"`
}

// deactivatedParam reads the query that chooses between active and deactivated objects.
func deactivatedParam(c *call) (bool, *fault) {
	raw := c.r.URL.Query().Get("deactivated")
	switch strings.ToUpper(raw) {
	case "", "FALSE":
		return false, nil
	case "TRUE":
		return true, nil
	default:
		return false, fail(codeInvalidParam, clip(raw), "deactivated", "TRUE, FALSE")
	}
}

func (o *Org) listDefinitions(c *call) (*reply, *fault) {
	deactivated, flt := deactivatedParam(c)
	if flt != nil {
		return nil, flt
	}
	out := []definition{}
	for _, d := range o.presence.definitions {
		if d.Deactivated == deactivated {
			out = append(out, d)
		}
	}
	return ok(totalListing{Total: len(out), Entities: out, SelfURI: "/api/v2/presence/definitions"})
}

func (o *Org) getDefinition(c *call) (*reply, *fault) {
	if d := o.definition(c.r.PathValue("definitionId")); d != nil {
		return ok(*d)
	}
	return nil, fail(codeNoDefinition)
}

func (o *Org) definition(id string) *definition {
	for i := range o.presence.definitions {
		if o.presence.definitions[i].ID == id {
			return &o.presence.definitions[i]
		}
	}
	return nil
}

func (o *Org) listSources(c *call) (*reply, *fault) {
	deactivated, flt := deactivatedParam(c)
	if flt != nil {
		return nil, flt
	}
	out := []source{}
	for _, s := range o.presence.sources {
		if s.Deactivated == deactivated {
			out = append(out, *s)
		}
	}
	return ok(totalListing{Total: len(out), Entities: out, SelfURI: "/api/v2/presence/sources"})
}

func (o *Org) source(id string) *source {
	for _, s := range o.presence.sources {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (o *Org) sourceOf(c *call) (*source, *fault) {
	if s := o.source(c.r.PathValue("sourceId")); s != nil {
		return s, nil
	}
	return nil, fail(codeNoSource)
}

func (o *Org) getSource(c *call) (*reply, *fault) {
	s, flt := o.sourceOf(c)
	if flt != nil {
		return nil, flt
	}
	return ok(*s)
}

// readSource checks a source against the documented 409 codes.
func (o *Org) readSource(c *call, self string) (source, *fault) {
	in, flt := decode[source](c.body, "Source")
	if flt != nil {
		return in, flt
	}
	if in.Type == "" {
		in.Type = "User"
	}
	active := 0
	for _, s := range o.presence.sources {
		if s.Type == "User" && !s.Deactivated && s.ID != self {
			active++
		}
	}
	switch {
	case strings.TrimSpace(in.Name) == "":
		return in, fail(codeSourceBlank)
	case utf8.RuneCountInString(in.Name) > maxSourceName:
		return in, fail(codeSourceLong)
	case utf8.RuneCountInString(in.Description) > maxSourceDescription:
		return in, fail(codeSourceText)
	case in.Type != "User":
		return in, fail(codeInvalidValue, clip(in.Type), "type", "User").field("type")
	case !in.Deactivated && active >= maxActiveSources:
		return in, fail(codeSourceMany)
	}
	return in, nil
}

func (o *Org) createSource(c *call) (*reply, *fault) {
	in, flt := o.readSource(c, "")
	if flt != nil {
		return nil, flt
	}
	in.ID = o.newID()
	in.SelfURI = "/api/v2/presence/sources/" + in.ID
	o.presence.sources = append(o.presence.sources, &in)
	return ok(in)
}

func (o *Org) updateSource(c *call) (*reply, *fault) {
	s, flt := o.sourceOf(c)
	if flt != nil {
		return nil, flt
	}
	if s.Type == "System" {
		return nil, fail(codeSourceUpdate)
	}
	in, flt := o.readSource(c, s.ID)
	if flt != nil {
		return nil, flt
	}
	s.Name, s.Description, s.Deactivated = in.Name, in.Description, in.Deactivated
	return ok(*s)
}

// deleteSource deactivates; a source never disappears.
func (o *Org) deleteSource(c *call) (*reply, *fault) {
	s, flt := o.sourceOf(c)
	if flt != nil {
		return nil, flt
	}
	if s.Type == "System" {
		return nil, fail(codeSourceDelete)
	}
	s.Deactivated = true
	o.changed()
	return noContent()
}

func (o *Org) getPresenceSettings(*call) (*reply, *fault) { return ok(o.presence.settings) }

func (o *Org) putPresenceSettings(c *call) (*reply, *fault) {
	in, flt := decode[presenceSettings](c.body, "PresenceSettings")
	if flt != nil {
		return nil, flt
	}
	if in.DefaultSource != "" && o.source(in.DefaultSource) == nil {
		return nil, fail(codeNoSource)
	}
	in.ID, in.Name, in.SelfURI = o.presence.settings.ID, o.presence.settings.Name, o.presence.settings.SelfURI
	o.presence.settings = in
	return ok(in)
}

func (o *Org) primaryView(u *user) primarySource {
	view := primarySource{
		ID: u.id, Name: u.displayName, SourceID: u.primarySource, Registered: u.primaryRegistered,
		SelfURI: "/api/v2/presence/users/" + u.id + "/primarysource",
	}
	if view.SourceID == "" {
		view.SourceID = o.presence.settings.DefaultSource
		view.Registered = view.SourceID != ""
	}
	if view.SourceID == "" {
		view.SourceID = o.presence.sources[0].ID
	}
	return view
}

func (o *Org) getPrimarySource(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoPresenceUser)
	if flt != nil {
		return nil, flt
	}
	return ok(o.primaryView(u))
}

func (o *Org) putPrimarySource(c *call) (*reply, *fault) {
	u, flt := o.userOf(c, codeNoPresenceUser)
	if flt != nil {
		return nil, flt
	}
	in, flt := decode[primarySource](c.body, "UserPrimarySource")
	if flt != nil {
		return nil, flt
	}
	if s := o.source(in.SourceID); s == nil || s.Deactivated {
		return nil, fail(codeNoSource)
	}
	u.primarySource, u.primaryRegistered = in.SourceID, in.Registered
	return ok(o.primaryView(u))
}

// What the read API tells of presence and routing status.

type routingStatus struct {
	UserID    string `json:"userId"`
	Status    string `json:"status"`
	StartTime string `json:"startTime,omitempty"`
}

// readStatuses translates the spelling of the injection into that of the read API.
var readStatuses = map[string]string{
	"OffQueue": "OFF_QUEUE", "Idle": "IDLE", "Interacting": "INTERACTING", "Communicating": "COMMUNICATING",
	"NotResponding": "NOT_RESPONDING",
}

func (o *Org) routingStatusOf(u *user) *routingStatus {
	out := &routingStatus{UserID: u.id, Status: "OFF_QUEUE"}
	if state := o.statuses.Get(u.id); state != nil && state.RoutingStatus != "" {
		out.Status, out.StartTime = readStatuses[state.RoutingStatus], stamp(state.RoutingAt)
	}
	return out
}

// getRoutingStatus answers OFF_QUEUE for unknown users too.
func (o *Org) getRoutingStatus(c *call) (*reply, *fault) {
	id := c.r.PathValue("userId")
	if u := o.existing(id); u != nil {
		return ok(o.routingStatusOf(u))
	}
	return &reply{status: http.StatusOK, body: routingStatus{UserID: clip(id), Status: "OFF_QUEUE"}}, nil
}

// effective reports whether what a source injected is what the user shows: the source has to be the primary one.
func (o *Org) effective(s *AgentState) bool {
	u := o.users.byID[s.UserID]
	return u != nil && o.primaryView(u).SourceID == s.SourceID
}

type platformPresent struct {
	ID         string   `json:"id"`
	Source     string   `json:"source,omitempty"`
	Primary    bool     `json:"primary"`
	Definition namedRef `json:"presenceDefinition"`
	Message    string   `json:"message,omitempty"`
}

func (o *Org) presenceOf(u *user) *platformPresent {
	offline := slices.IndexFunc(o.presence.definitions, func(d definition) bool { return d.SystemPresence == "Offline" })
	out := &platformPresent{ID: u.id, Primary: true, Definition: namedRef{ID: o.presence.definitions[offline].ID, Name: "Offline"}}
	if state := o.statuses.Get(u.id); state != nil && o.effective(state) && state.PresenceDefinitionID != "" {
		out.Source, out.Message = state.SourceID, state.Message
		out.Definition = namedRef{ID: state.PresenceDefinitionID, Name: state.Presence}
	}
	return out
}
