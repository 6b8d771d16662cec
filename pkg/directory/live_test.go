package directory_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"engage.connector/pkg/directory"
	configsyncv1 "engage.connector/proto/configsync/v1"
)

// options answers GetOptions without a network, so that time can be the test's.
type options struct{ answers chan any }

func (o options) Invoke(_ context.Context, _ string, _, reply any, _ ...grpc.CallOption) error {
	switch answer := (<-o.answers).(type) {
	case error:
		return answer
	case map[string]string:
		response, _ := reply.(*configsyncv1.GetOptionsResponse)
		response.Sections = []*configsyncv1.OptionSection{{Name: "general", Options: answer}}
	}
	return nil
}

func (options) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("no streams here")
}

func TestAValueFollowsItsOptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan any, 10)
		client := directory.New(directory.Options{Conn: options{answers}, Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry()})
		builds := 0
		live := directory.NewLive(client, slog.New(slog.DiscardHandler), func(_ context.Context, settings directory.Settings) (string, error) {
			builds++
			if url := settings.Text("general", "url"); url != "" {
				return url, nil
			}
			return "", errors.New("general/url is missing")
		}, "general")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- live.Run(ctx) }()

		answers <- status.Error(codes.Unavailable, "starting")
		synctest.Wait()
		require.False(t, live.Ready())
		require.ErrorContains(t, live.Check(ctx), "starting")

		answers <- map[string]string{"url": "one"}
		time.Sleep(time.Second)
		value, ok := live.Value()
		require.True(t, ok)
		require.Equal(t, "one", value)
		require.NoError(t, live.Check(ctx))

		answers <- map[string]string{"url": "one"}
		time.Sleep(time.Minute)
		require.Equal(t, 1, builds, "unchanged options build nothing")

		answers <- map[string]string{}
		time.Sleep(time.Minute)
		value, _ = live.Value()
		require.Equal(t, "one", value, "the last good value stays in use")
		require.ErrorContains(t, live.Check(ctx), "general/url is missing")

		answers <- map[string]string{"url": "two"}
		time.Sleep(time.Minute)
		value, _ = live.Value()
		require.Equal(t, "two", value)

		cancel()
		close(answers)
		require.ErrorIs(t, <-done, context.Canceled)
	})
}

func TestMissingCloudOptionsAreNamedWithoutTheirValues(t *testing.T) {
	settings := directory.Settings{
		"general":          {"base_service_url": "https://api.example", "base_auth_url": "https://login.example"},
		"agent_state_sync": {"client_secret": "hush"},
	}
	_, err := settings.Cloud("agent_state_sync", "client_secret")
	require.ErrorContains(t, err, "agent_state_sync/client_id")
	require.NotContains(t, err.Error(), "hush")

	settings["agent_state_sync"]["client_id"] = "id"
	cloud, err := settings.Cloud("agent_state_sync", "client_secret")
	require.NoError(t, err)
	require.Equal(t, directory.Cloud{APIURL: "https://api.example", AuthURL: "https://login.example", ClientID: "id", ClientSecret: "hush"}, cloud)
}
