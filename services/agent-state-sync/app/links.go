package app

import (
	"cmp"
	"context"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/engage"
	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/pipeline"
	"engage.connector/services/agent-state-sync/desk"
	"engage.connector/services/agent-state-sync/deskfeed"
	"engage.connector/services/agent-state-sync/statemodel"
	"engage.connector/services/agent-state-sync/statfeed"
)

// link is a link to the Engage edge.
type link struct {
	name      string
	endpoints []string
	desks     *deskfeed.Link // nil for Stat Server
}

// pair is what a link's events name it by, on whichever instance.
func (l link) pair() string { return l.name + "@" + l.endpoints[0] }

// links are the links to declare.
func (c *Config) links() []link {
	if !c.usesDesks() {
		return []link{{name: statfeed.Link, endpoints: c.endpoints()}}
	}
	desks, _ := deskfeed.Parse("VOICE_SERVER_AGENT", c.TServers) // it was checked
	links := make([]link, len(desks))
	for i := range desks {
		links[i] = link{name: desks[i].Name, endpoints: desks[i].Endpoints, desks: &desks[i]}
	}
	return links
}

// desks names the switches of the links that report desks.
func (c *Config) desks() map[string]string {
	switches := map[string]string{}
	for _, l := range c.links() {
		if l.desks != nil {
			switches[l.pair()] = l.desks.Switch
		}
	}
	return switches
}

func (a *App) wireFeed() error {
	feed, err := engage.NewClient(engage.ClientOptions{
		BaseURL: a.opts.Config.FeedURL, Token: a.opts.Config.FeedToken.Reveal(), Charset: a.opts.Config.FeedCharset,
		Logger: a.opts.Logger, Registerer: a.opts.Registry, Now: a.opts.Now,
	})
	if err != nil {
		return err
	}
	a.feed = feed
	pairs := map[string]string{}
	for _, l := range a.opts.Config.links() {
		pairs[l.name] = l.pair()
	}
	intake := pipeline.NewIntake(pipeline.IntakeOptions{
		Pipeline: a.pipeline, Edge: a.opts.Config.FeedURL, Logger: a.opts.Logger, Registerer: a.opts.Registry,
		Pair: func(name string) string { return pairs[name] }, Watermarks: true,
	})
	for _, l := range a.opts.Config.links() {
		changed := a.directory.Changed()
		spec := func(context.Context) (engage.LinkSpec, error) { return a.linkSpec(l) }
		a.Go("feed-"+l.name, func(ctx context.Context) error { return feed.Follow(ctx, l.name, spec, changed, intake) })
	}
	a.Dependency("engage-feed", feed.Check, host.LastUsed(feed.LastUse))
	return nil
}

// linkSpec is the wanted state of a link: agents who come into scope or leave it change it live.
func (a *App) linkSpec(l link) (engage.LinkSpec, error) {
	snapshot, ready := a.directory.Snapshot()
	if !ready {
		return engage.LinkSpec{}, fault.New(fault.Unavailable, "app.link", "the agents in scope are not known yet")
	}
	if l.desks != nil {
		return deskfeed.Spec(*l.desks, snapshot), nil
	}
	return statfeed.Spec(l.endpoints, cmp.Or(a.opts.Config.TenantName, a.opts.Config.TenantID), snapshot), nil
}

// scope is the mapping as the model sees it: agents in the sync scope only.
type scope struct{ *directory.Snapshot }

var _ statemodel.Directory = scope{}

// UserID returns the user of an active agent.
func (s scope) UserID(employeeID string) (string, bool) {
	mapping, ok := s.UserByEmployeeID(employeeID)
	if !ok || !mapping.GetPerson().GetAgent() || !mapping.GetPerson().GetActive() || mapping.GetCloudId() == "" {
		return "", false
	}
	return mapping.GetCloudId(), true
}

// EmployeeID returns whose login code this is.
func (s scope) EmployeeID(switchName, loginCode string) (string, bool) {
	mapping, ok := s.UserByLogin(switchName, loginCode)
	id := mapping.GetPerson().GetEmployeeId()
	return id, ok && id != ""
}

// Logins returns the login codes of an agent.
func (s scope) Logins(employeeID string) []desk.Login {
	mapping, ok := s.UserByEmployeeID(employeeID)
	if !ok {
		return nil
	}
	var logins []desk.Login
	for _, login := range mapping.GetPerson().GetLogins() {
		logins = append(logins, desk.Login{Switch: login.GetSwitchName(), Code: login.GetLoginCode()})
	}
	return logins
}
