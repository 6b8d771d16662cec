package hosttest

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"engage.connector/pkg/host"
)

// publicRoutes are the only ones that answer anybody: the guide's procedure, load balancers and
// Prometheus need them.
func publicRoutes() map[string]bool {
	return map[string]bool{"GET /health": true, "GET /ready": true, "GET /metrics": true, "GET /status": true}
}

// Closed walks every HTTP route and every gRPC method that a running host has registered, without
// and with wrong credentials, and fails where one answers. The host must not be set to let everybody
// in.
func Closed(t *testing.T, h *host.Host) {
	t.Helper()
	require.NotEmpty(t, h.Mux().Routes())
	for _, route := range h.Mux().Routes() {
		t.Run(route.Pattern, func(t *testing.T) { closedRoute(t, "http://"+h.HTTPAddr(), route) })
	}
	conn, err := grpc.NewClient(h.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	for service, info := range h.GRPC().GetServiceInfo() {
		for _, method := range info.Methods {
			name := "/" + service + "/" + method.Name
			if service == "grpc.health.v1.Health" {
				continue
			}
			t.Run(name, func(t *testing.T) { closedMethod(t, conn, name) })
		}
	}
}

// parameter is a variable part of a pattern.
var parameter = regexp.MustCompile(`\{[^}]*\}`)

func closedRoute(t *testing.T, base string, route host.Route) {
	t.Helper()
	method, path, found := strings.Cut(route.Pattern, " ")
	if !found {
		method, path = http.MethodGet, route.Pattern
	}
	for name, authorize := range map[string]func(*http.Request){
		"nothing":        func(*http.Request) {},
		"a wrong token":  func(r *http.Request) { r.Header.Set("Authorization", "Bearer wrong") },
		"wrong Basic":    func(r *http.Request) { r.SetBasicAuth("token", "wrong") },
		"an empty token": func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") },
	} {
		r, err := http.NewRequestWithContext(t.Context(), method, base+parameter.ReplaceAllString(path, "x"), strings.NewReader("{}"))
		require.NoError(t, err)
		authorize(r)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		if route.Role == "" {
			require.True(t, publicRoutes()[route.Pattern], "%s answers anybody", route.Pattern)
			require.NotEqual(t, http.StatusUnauthorized, answer.StatusCode, name)
			continue
		}
		require.Equal(t, http.StatusUnauthorized, answer.StatusCode, "%s: %s", name, body)
		require.Contains(t, string(body), "API_TOKEN", "the answer says what to set")
		require.Len(t, answer.Header.Values("WWW-Authenticate"), 2)
	}
}

func closedMethod(t *testing.T, conn *grpc.ClientConn, method string) {
	t.Helper()
	for _, token := range []string{"", "Bearer wrong", "Bearer "} {
		ctx, cancel := context.WithCancel(t.Context())
		if token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token)
		}
		stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
		require.NoError(t, err)
		_ = stream.SendMsg(&emptypb.Empty{})
		_ = stream.CloseSend()
		err = stream.RecvMsg(&emptypb.Empty{})
		cancel()
		require.Equal(t, codes.Unauthenticated, status.Code(err), "%s with %q: %v", method, token, err)
	}
}
