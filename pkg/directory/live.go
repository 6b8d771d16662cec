package directory

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
)

// settingsInterval is how often the options of the transaction are read again.
const settingsInterval = time.Minute

// Live is something that is built from the transaction's options and built anew when they change:
// a client with its credentials, say. The last good one stays in use when new options are wrong.
type Live[T any] struct {
	client   *Client
	sections []string
	build    func(context.Context, Settings) (T, error)
	log      *slog.Logger

	value   atomic.Pointer[T]
	problem atomic.Pointer[problem]
}

type problem struct{ err error }

// NewLive returns a Live that has no value until Run has built one.
func NewLive[T any](client *Client, log *slog.Logger, build func(context.Context, Settings) (T, error), sections ...string) *Live[T] {
	live := &Live[T]{client: client, sections: sections, build: build, log: log.With("component", "settings")}
	live.problem.Store(&problem{fault.New(fault.Unavailable, "directory.settings", "the options have not been read yet")})
	return live
}

// Value returns the current value; false before the first one.
func (l *Live[T]) Value() (T, bool) {
	if value := l.value.Load(); value != nil {
		return *value, true
	}
	var none T
	return none, false
}

// Ready tells whether there is a value.
func (l *Live[T]) Ready() bool { return l.value.Load() != nil }

// Check tells why the options could not be read or used; nil when they could.
func (l *Live[T]) Check(context.Context) error { return l.problem.Load().err }

// LastUse is how config-sync was last asked.
func (l *Live[T]) LastUse() uses.Use { return l.client.LastUse() }

// Run follows the options until ctx ends.
func (l *Live[T]) Run(ctx context.Context) error {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = firstRetry, lastRetry
	var used Settings
	for ctx.Err() == nil {
		pause := settingsInterval
		if err := l.refresh(ctx, &used); err != nil {
			l.log.Warn("options of the transaction cannot be used", "error", err)
			pause = wait.NextBackOff()
		} else {
			wait.Reset()
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return ctx.Err()
}

func (l *Live[T]) refresh(ctx context.Context, used *Settings) error {
	settings, err := l.client.Settings(ctx, l.sections...)
	if err == nil && (*used == nil || !reflect.DeepEqual(settings, *used)) {
		var value T
		if value, err = l.build(ctx, settings); err == nil {
			l.value.Store(&value)
			*used = settings
		}
	}
	l.problem.Store(&problem{err})
	return err
}

// Cloud is how a component reaches the EX org.
type Cloud struct{ APIURL, AuthURL, ClientID, ClientSecret string }

// Cloud reads the org's addresses from section general and one component's credentials. The error
// names every option that is missing and no value.
func (s Settings) Cloud(section, secretOption string) (Cloud, error) {
	cloud := Cloud{
		APIURL: s.Text("general", "base_service_url"), AuthURL: s.Text("general", "base_auth_url"),
		ClientID: s.Text(section, "client_id"), ClientSecret: s.Text(section, secretOption),
	}
	var missing []string
	for _, option := range []struct{ value, name string }{
		{cloud.APIURL, "general/base_service_url"}, {cloud.AuthURL, "general/base_auth_url"},
		{cloud.ClientID, section + "/client_id"}, {cloud.ClientSecret, section + "/" + secretOption},
	} {
		if option.value == "" {
			missing = append(missing, option.name)
		}
	}
	if len(missing) > 0 {
		return Cloud{}, fault.New(fault.Invalid, "directory.settings", fmt.Sprintf("the transaction hybrid_integration lacks %s", strings.Join(missing, ", "))).
			WithHint("set the options in the transaction; secrets are only sent when GRPC_TOKEN or the TLS files of both services agree")
	}
	return cloud, nil
}
