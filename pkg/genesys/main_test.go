package genesys

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"engage.connector/pkg/genesys/genesystest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client makes a client of the fake organization.
func client(t *testing.T, o *genesystest.Org, change ...func(*Options)) *Client {
	t.Helper()
	opts := Options{
		APIURL: genesystest.APIURL, AuthURL: genesystest.AuthURL, ClientID: genesystest.ClientID, ClientSecret: genesystest.ClientSecret,
		HTTP: o.HTTP(), Registerer: prometheus.NewRegistry(), Component: "test",
	}
	for _, f := range change {
		f(&opts)
	}
	c, err := New(opts)
	require.NoError(t, err)
	c.random = func() float64 { return 0 }
	return c
}

func logTo(w io.Writer) func(*Options) {
	return func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
}

// Operations like those of the areas: one that may be repeated, one that may not, one that ends
// something and one that lists.
func reading() Operation {
	return Operation{Method: http.MethodGet, Path: "/api/v2/authorization/divisions/home"}
}

func creating() Operation {
	return Operation{Method: http.MethodPost, Path: "/api/v2/routing/skills", Creates: true, Permission: "routing:skill:manage"}
}

func deleting() Operation {
	return Operation{Method: http.MethodDelete, Path: "/api/v2/users/{userId}/routingskills/{skillId}"}
}

func membersOf() Operation {
	return Operation{Method: http.MethodGet, Path: "/api/v2/routing/queues/{queueId}/members"}
}

// someCall is a call that may be repeated; someCreate one that may not.
func someCall(ctx context.Context, c *Client) error {
	return c.Do(ctx, Request{Operation: reading(), Out: &Ref{}})
}

func someCreate(ctx context.Context, c *Client) error {
	return c.Do(ctx, Request{Operation: creating(), Body: Ref{Name: "Billing"}, Out: &Ref{}})
}
