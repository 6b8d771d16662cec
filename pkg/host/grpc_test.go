package host_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
)

// handlers are what the test service does.
type handlers struct {
	echo  func(ctx context.Context, text string) (string, error)
	watch func(ctx context.Context, send func(string) error) error
}

// echoDesc is a hand-written service with one call and one stream, so that no generated code is needed.
var echoDesc = grpc.ServiceDesc{
	ServiceName: "test.Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(srv any, ctx context.Context, dec func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		var in wrapperspb.StringValue
		if err := dec(&in); err != nil {
			return nil, err
		}
		return intercept(ctx, &in, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/test.Echo/Echo"}, func(ctx context.Context, req any) (any, error) {
			text, err := srv.(*handlers).echo(ctx, req.(*wrapperspb.StringValue).GetValue())
			return wrapperspb.String(text), err
		})
	}}},
	Streams: []grpc.StreamDesc{{StreamName: "Watch", ServerStreams: true, Handler: func(srv any, ss grpc.ServerStream) error {
		if err := ss.RecvMsg(&wrapperspb.StringValue{}); err != nil {
			return err
		}
		return srv.(*handlers).watch(ss.Context(), func(text string) error { return ss.SendMsg(wrapperspb.String(text)) })
	}}},
}

// echo calls the test service.
func echo(ctx context.Context, conn *grpc.ClientConn, text string) (string, error) {
	var out wrapperspb.StringValue
	err := conn.Invoke(ctx, "/test.Echo/Echo", wrapperspb.String(text), &out)
	return out.GetValue(), err
}

// watch opens the test service's stream.
func watch(ctx context.Context, t *testing.T, conn *grpc.ClientConn) grpc.ClientStream {
	t.Helper()
	stream, err := conn.NewStream(ctx, &echoDesc.Streams[0], "/test.Echo/Watch")
	require.NoError(t, err)
	require.NoError(t, stream.SendMsg(wrapperspb.String("")))
	require.NoError(t, stream.CloseSend())
	return stream
}

// serving is a started host with the test service.
func serving(t *testing.T, srv *handlers, change ...func(*host.Options)) *host.Host {
	t.Helper()
	return started(t, func(h *host.Host) { h.GRPC().RegisterService(&echoDesc, srv) }, change...)
}

// dial connects with what the test gives and hangs up with the test.
func dial(t *testing.T, h *host.Host, tls host.TLSFiles, token string, opts ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := host.DialGRPC(h.GRPCAddr(), tls, token, opts...)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// plainEcho answers what it got.
func plainEcho(_ context.Context, text string) (string, error) { return text, nil }

func TestTokenIsRequiredOfAllButHealthCalls(t *testing.T) {
	h := serving(t, &handlers{echo: plainEcho, watch: func(context.Context, func(string) error) error { return nil }},
		func(o *host.Options) { o.Token = "right" })

	right := dial(t, h, host.TLSFiles{}, "right")
	text, err := echo(t.Context(), right, "hello")
	require.NoError(t, err)
	require.Equal(t, "hello", text)

	for name, conn := range map[string]*grpc.ClientConn{
		"none": dial(t, h, host.TLSFiles{}, ""), "wrong": dial(t, h, host.TLSFiles{}, "wrong"), "longer": dial(t, h, host.TLSFiles{}, "rightx"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := echo(t.Context(), conn, "x")
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))

			err = watch(t.Context(), t, conn).RecvMsg(&wrapperspb.StringValue{})
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err))

			reflection, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
			require.NoError(t, err)
			_, err = reflection.Recv()
			require.Equal(t, fault.Unauthenticated, fault.CodeOf(err), "reflection tells about the service")

			health, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: "test.Echo"})
			require.NoError(t, err)
			require.Equal(t, healthpb.HealthCheckResponse_SERVING, health.GetStatus())
		})
	}
}

func TestReflectionListsTheServices(t *testing.T) {
	h := serving(t, &handlers{echo: plainEcho})
	stream, err := reflectionpb.NewServerReflectionClient(dial(t, h, host.TLSFiles{}, "")).ServerReflectionInfo(t.Context())
	require.NoError(t, err)
	require.NoError(t, stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}))
	resp, err := stream.Recv()
	require.NoError(t, err)
	var names []string
	for _, s := range resp.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	require.Contains(t, names, "test.Echo")
	require.Contains(t, names, "grpc.health.v1.Health")
}

func TestMutualTLS(t *testing.T) {
	ours, foreign := hosttest.NewAuthority(t), hosttest.NewAuthority(t)
	h := serving(t, &handlers{echo: plainEcho}, func(o *host.Options) { o.TLS = ours.Issue(t, "server") })
	client := ours.Issue(t, "client")
	stranger := foreign.Issue(t, "stranger")

	_, err := echo(t.Context(), dial(t, h, client, ""), "hello")
	require.NoError(t, err)

	rows := map[string]host.TLSFiles{
		"plaintext":                            {},
		"certificate of another authority":     {CertFile: stranger.CertFile, KeyFile: stranger.KeyFile, CAFile: client.CAFile},
		"client that trusts another authority": {CertFile: client.CertFile, KeyFile: client.KeyFile, CAFile: stranger.CAFile},
	}
	for name, files := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := echo(t.Context(), dial(t, h, files, ""), "x")
			require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
		})
	}
}

func TestPartialTLSFilesNeverFallBackToPlaintext(t *testing.T) {
	files := hosttest.NewAuthority(t).Issue(t, "x")
	files.CAFile = ""
	opts := hosttest.Options(t)
	opts.TLS = files
	_, err := host.New(opts)
	require.ErrorContains(t, err, "GRPC_TLS_CA_FILE")
	_, err = host.DialGRPC("127.0.0.1:1", files, "")
	require.ErrorContains(t, err, "GRPC_TLS_CA_FILE")
}

func TestHandlersErrorBecomesAStatus(t *testing.T) {
	var log syncBuffer
	answers := map[string]error{
		"fault":    fault.New(fault.NotFound, "queue", "no such queue").WithHint("look again"),
		"internal": errors.New("table x is broken"),
		"own":      status.Error(codes.FailedPrecondition, "as I said"),
		"canceled": context.Canceled,
	}
	h := serving(t, &handlers{echo: func(_ context.Context, text string) (string, error) { return "", answers[text] }}, withLog(&log))
	conn := dial(t, h, host.TLSFiles{}, "")

	_, err := echo(t.Context(), conn, "fault")
	require.Equal(t, codes.NotFound, status.Code(err))
	require.Equal(t, "look again", fault.Hint(err))

	_, err = echo(t.Context(), conn, "internal")
	require.Equal(t, codes.Internal, status.Code(err))
	require.NotContains(t, err.Error(), "table x")
	require.Contains(t, log.String(), "table x is broken", "the operator must find it in the log")

	_, err = echo(t.Context(), conn, "own")
	require.Equal(t, codes.FailedPrecondition, status.Code(err))
	require.Contains(t, err.Error(), "as I said")

	_, err = echo(t.Context(), conn, "canceled")
	require.Equal(t, codes.Canceled, status.Code(err))
}

func TestPanicInAGRPCHandlerIsInternalLoggedAndCounted(t *testing.T) {
	var log syncBuffer
	h := serving(t, &handlers{
		echo:  func(context.Context, string) (string, error) { panic("secret plan") },
		watch: func(context.Context, func(string) error) error { panic("secret plan") },
	}, withLog(&log))
	conn := dial(t, h, host.TLSFiles{}, "")

	_, err := echo(t.Context(), conn, "x")
	require.Equal(t, codes.Internal, status.Code(err))
	require.NotContains(t, err.Error(), "secret")
	err = watch(t.Context(), t, conn).RecvMsg(&wrapperspb.StringValue{})
	require.Equal(t, codes.Internal, status.Code(err))

	require.Contains(t, log.String(), "secret plan")
	require.Contains(t, log.String(), "grpc_test.go", "the stack must name the place")
	metrics := get(t, h, "/metrics").body
	require.Contains(t, metrics, `engage_connector_host_panics_total{where="grpc"} 2`)
	require.Contains(t, metrics, `grpc_server_handled_total{grpc_code="Internal",grpc_method="Echo",grpc_service="test.Echo",grpc_type="unary"} 1`)
}

func TestCorrelationIDTravelsFromServiceToService(t *testing.T) {
	h := serving(t, &handlers{
		echo:  func(ctx context.Context, _ string) (string, error) { return host.CorrelationID(ctx), nil },
		watch: func(ctx context.Context, send func(string) error) error { return send(host.CorrelationID(ctx)) },
	})
	conn := dial(t, h, host.TLSFiles{}, "")
	ctx := host.WithCorrelationID(t.Context(), "call-7")

	id, err := echo(ctx, conn, "")
	require.NoError(t, err)
	require.Equal(t, "call-7", id)
	var streamed wrapperspb.StringValue
	require.NoError(t, watch(ctx, t, conn).RecvMsg(&streamed))
	require.Equal(t, "call-7", streamed.GetValue())

	id, err = echo(metadata.AppendToOutgoingContext(t.Context(), "x-correlation-id", "not sane"), conn, "")
	require.NoError(t, err)
	require.Len(t, id, 36)
}

func TestMessageAboveTheLimitIsRefused(t *testing.T) {
	h := serving(t, &handlers{echo: plainEcho})
	conn := dial(t, h, host.TLSFiles{}, "", grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(64<<20)))
	_, err := echo(t.Context(), conn, string(make([]byte, 9<<20)))
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
}

// A stream without an end must not hold up the stop, and its client must learn to go elsewhere.
func TestDrainEndsOpenStreams(t *testing.T) {
	h := serving(t, &handlers{watch: func(ctx context.Context, send func(string) error) error {
		if err := send("first"); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}}, func(o *host.Options) { o.DrainTimeout = time.Minute })
	stream := watch(t.Context(), t, dial(t, h, host.TLSFiles{}, ""))
	var out wrapperspb.StringValue
	require.NoError(t, stream.RecvMsg(&out))

	began := time.Now()
	require.NoError(t, h.Stop(t.Context()))
	require.Less(t, time.Since(began), 5*time.Second)
	err := stream.RecvMsg(&out)
	require.Equal(t, fault.Unavailable, fault.CodeOf(err))
	require.Contains(t, err.Error(), "the service is stopping")
}

// An open call is answered during the drain; one that never ends is cut at the bound, even when it
// does not listen to its context.
func TestDrainWaitsForOpenCallsWithinItsBound(t *testing.T) {
	for name, cut := range map[string]bool{"ends": false, "hangs": true, "deaf": true} {
		t.Run(name, func(t *testing.T) {
			inHandler, leave := make(chan struct{}), make(chan struct{})
			h := serving(t, &handlers{echo: func(ctx context.Context, text string) (string, error) {
				close(inHandler)
				ended := ctx.Done()
				if name == "deaf" {
					ended = nil
				}
				select {
				case <-leave:
				case <-ended:
				}
				return text, nil
			}}, func(o *host.Options) { o.DrainTimeout = 200 * time.Millisecond })
			conn := dial(t, h, host.TLSFiles{}, "")
			called := make(chan error, 1)
			go func() {
				_, err := echo(t.Context(), conn, "x")
				called <- err
			}()
			<-inHandler
			stopped := make(chan error, 1)
			go func() { stopped <- h.Stop(t.Context()) }()
			<-h.Draining()
			if !cut {
				close(leave)
				require.NoError(t, <-stopped)
				require.NoError(t, <-called)
				return
			}
			require.ErrorContains(t, <-stopped, "open gRPC calls were cut")
			close(leave)
			require.Error(t, <-called)
		})
	}
}

// A service that comes a moment later is not an error: the call is repeated.
func TestCallIsRepeatedWhileTheServerIsUnavailable(t *testing.T) {
	var calls int
	h := serving(t, &handlers{echo: func(_ context.Context, text string) (string, error) {
		if calls++; calls < 3 {
			return "", fault.New(fault.Unavailable, "redis", "down")
		}
		return text, nil
	}})
	text, err := echo(t.Context(), dial(t, h, host.TLSFiles{}, ""), "third time")
	require.NoError(t, err)
	require.Equal(t, "third time", text)
}

func TestTokenIsNotPrintedByItsCredentials(t *testing.T) {
	_, err := host.DialGRPC("\x00bad target", host.TLSFiles{}, "hunter2")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}
