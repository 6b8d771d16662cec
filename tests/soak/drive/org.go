package drive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"engage.connector/pkg/genesys"
	"engage.connector/pkg/genesys/exevents"
	"engage.connector/pkg/genesys/presence"
	"engage.connector/pkg/genesys/routing"
	"engage.connector/pkg/genesys/users"
	"engage.connector/tests/soak/judge"
)

// OrgRefused means that a running org did not take an event.
const OrgRefused judge.Rule = "refused by the org"

// Org is a running lab org with the center's objects in it.
type Org struct {
	events   *exevents.API
	presence *presence.API
	routing  *routing.API
	users    *users.API
}

// OpenOrg makes the center's users, queues and codes in an org and puts their ids into the mapping.
// environ holds LAB_OAUTH_SECRET.
func OpenOrg(ctx context.Context, url string, environ []string, m *Mapping) (*Org, error) {
	secret := ""
	for _, v := range environ {
		if rest, ok := strings.CutPrefix(v, "LAB_OAUTH_SECRET="); ok {
			secret = rest
		}
	}
	if secret == "" {
		return nil, errors.New("LAB_OAUTH_SECRET is not set")
	}
	if err := unthrottle(ctx, url); err != nil {
		return nil, err
	}
	const plenty, component = 100_000, "config-sync" // the lab derives its clients from the components
	client, err := genesys.New(genesys.Options{
		APIURL: url, AuthURL: url, ClientID: "lab-" + component, ClientSecret: secret + "-" + component, RequestsPerMinute: plenty,
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Now: time.Now, Component: "soak",
	})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	o := &Org{events: exevents.New(client), presence: presence.New(client), routing: routing.New(client), users: users.New(client)}
	if m.Source, err = o.source(ctx); err != nil {
		return nil, err
	}
	var failed error
	m.fill(func(kind, name string) string {
		id, err := o.create(ctx, kind, name)
		failed = errors.Join(failed, err)
		return id
	})
	return o, failed
}

// unthrottle lifts the lab's limits: this is about what is accepted, not how fast.
func unthrottle(ctx context.Context, url string) error {
	body := []byte(`{"rateLimit":1000000,"tokenRateLimit":1000000}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, url+"/lab/v1/org/knobs", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("knobs: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("knobs: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	const most = 4096
	text, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("knobs: status %d: %s", resp.StatusCode, text)
	}
	return nil
}

// source is the org's source; it is made when there is none.
func (o *Org) source(ctx context.Context) (string, error) {
	for s, err := range o.presence.Sources(ctx) {
		if err != nil {
			return "", fmt.Errorf("sources: %w", err)
		}
		if s.Type == "User" || s.Name == "soak" {
			return s.ID, nil
		}
	}
	s, err := o.presence.CreateSource(ctx, presence.Source{Name: "soak", Type: "User"})
	if err != nil {
		return "", fmt.Errorf("source: %w", err)
	}
	return s.ID, nil
}

// create makes an object, or finds the one of an earlier soak.
func (o *Org) create(ctx context.Context, kind, name string) (string, error) {
	name = "soak-" + name
	switch kind {
	case "user":
		mail := name + "@soak.invalid"
		if u, ok, err := o.users.FindUserByUserName(ctx, mail); err != nil || ok {
			return u.ID, err
		}
		u, err := o.users.CreateUser(ctx, users.User{
			UserName: mail, DisplayName: name, Emails: []users.UserEmail{{Value: mail, Type: "work", Primary: true}},
		})
		return u.ID, err
	case "queue":
		for q, err := range o.routing.Queues(ctx, routing.QueueFilter{Name: name}) {
			return q.ID, err
		}
		q, err := o.routing.CreateQueue(ctx, routing.Queue{Name: name})
		return q.ID, err
	default:
		for c, err := range o.routing.WrapupCodes(ctx, name) {
			return c.ID, err
		}
		c, err := o.routing.CreateWrapupCode(ctx, routing.WrapupCode{Name: name})
		return c.ID, err
	}
}

// Post sends events in their order, and returns what the org did not take. As the service does, it
// sends again what may be taken later, as long as that gets less: conversations of one agent may come
// in another order than their times, when one of them waited for a link.
func (o *Org) Post(ctx context.Context, events []exevents.ConversationEvent) []judge.Fault {
	var faults []judge.Fault
	for len(events) > 0 {
		again, refused, err := o.post(ctx, events)
		faults = append(faults, refused...)
		if err != nil {
			return append(faults, judge.Fault{Rule: OrgRefused, Text: err.Error()})
		}
		if len(again) == len(events) {
			return append(faults, again...)
		}
		events = nil
		for i := range again {
			events = append(events, again[i].Event)
		}
	}
	return faults
}

// post sends events once, and returns what the org may take later, and what it refused for good.
func (o *Org) post(ctx context.Context, events []exevents.ConversationEvent) (again, faults []judge.Fault, err error) {
	for batch := range slices.Chunk(events, exevents.MaxBatch) {
		sealed := make([]exevents.Sealed, len(batch))
		for i := range batch {
			sealed[i] = batch[i].Seal()
		}
		result, err := o.events.InjectConversationEvents(ctx, sealed)
		if err != nil {
			return again, faults, fmt.Errorf("posting: %w", err)
		}
		for i := range batch {
			at := slices.IndexFunc(result.Errors, func(e exevents.EventError) bool { return e.EventID == batch[i].EventID })
			if at < 0 {
				continue
			}
			f := judge.Fault{Rule: OrgRefused, Text: result.Errors[at].Message, Conversation: batch[i].ConversationID, Event: batch[i]}
			if result.Errors[at].Retryable {
				again = append(again, f)
			} else {
				faults = append(faults, f)
			}
		}
	}
	return again, faults, nil
}
