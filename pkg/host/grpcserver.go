package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	middleware "github.com/grpc-ecosystem/go-grpc-middleware/v2"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"engage.connector/pkg/access"
	"engage.connector/pkg/fault"
)

const (
	maxGRPCMessage    = 8 << 20          // bytes, both ways
	maxGRPCStreams    = 1000             // per connection
	grpcHandshake     = 10 * time.Second // from the connection to the end of the handshakes
	grpcPingAfter     = 30 * time.Second // idle time after which a peer is asked whether it lives
	grpcPingTimeout   = 10 * time.Second // and how long it has to answer
	grpcMinPingPeriod = 10 * time.Second // clients that ping more often are cut off
)

// healthService begins the methods that need no token, because load balancers and containers ask.
const healthService = "/grpc.health.v1.Health/"

// errDraining ends long-lived streams when the service goes; clients reconnect to the twin.
var errDraining = fault.New(fault.Unavailable, "host.grpc", "the service is stopping").
	WithHint("connect to the other instance")

// newGRPCServer builds the server with everything around the handlers. Outermost are the metrics,
// so that they count what recovery and authentication answer.
func (h *Host) newGRPCServer() (*grpc.Server, error) {
	h.grpcMetrics = grpcprom.NewServerMetrics(grpcprom.WithServerHandlingTimeHistogram(
		grpcprom.WithHistogramBuckets([]float64{.005, .025, .1, .5, 2.5, 10}),
	))
	if err := h.opts.Registry.Register(h.grpcMetrics); err != nil {
		return nil, fmt.Errorf("register gRPC metrics: %w", err)
	}
	onPanic := recovery.WithRecoveryHandlerContext(h.grpcPanic)
	opts := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxGRPCMessage),
		grpc.MaxSendMsgSize(maxGRPCMessage),
		grpc.MaxConcurrentStreams(maxGRPCStreams),
		grpc.ConnectionTimeout(grpcHandshake),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: grpcPingAfter, Timeout: grpcPingTimeout}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: grpcMinPingPeriod, PermitWithoutStream: true}),
		grpc.ChainUnaryInterceptor(h.grpcMetrics.UnaryServerInterceptor(), h.unaryCall,
			recovery.UnaryServerInterceptor(onPanic)),
		grpc.ChainStreamInterceptor(h.grpcMetrics.StreamServerInterceptor(), h.streamCall,
			recovery.StreamServerInterceptor(onPanic)),
	}
	if h.opts.TLS.Enabled() {
		tlsConfig, err := h.opts.TLS.server()
		if err != nil {
			return nil, err
		}
		opts = append(opts, grpc.Creds(credentials.NewTLS(tlsConfig)))
	}

	server := grpc.NewServer(opts...)
	h.grpcHealth = health.NewServer()
	h.grpcHealth.SetServingStatus("", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(server, h.grpcHealth)
	reflection.Register(server)
	return server, nil
}

// announce initialises the series of all registered methods and declares the services healthy.
func (h *Host) announce() {
	h.grpcMetrics.InitializeMetrics(h.grpc)
	h.grpcHealth.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	for name := range h.grpc.GetServiceInfo() {
		h.grpcHealth.SetServingStatus(name, healthpb.HealthCheckResponse_SERVING)
	}
}

// unaryCall surrounds a handler: correlation id, token, and the answer's error.
func (h *Host) unaryCall(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx = correlateGRPC(ctx)
	who, err := h.authorize(ctx, info.FullMethod)
	if err != nil {
		return nil, h.grpcError(ctx, info.FullMethod, err)
	}
	resp, err := handler(access.With(ctx, who), req)
	if grpcRole(info.FullMethod) == access.Write && !strings.HasPrefix(info.FullMethod, healthService) {
		h.audit(ctx, who, info.FullMethod, slog.String("status", status.Code(fault.GRPCError(err)).String()))
	}
	if err != nil {
		return nil, h.grpcError(ctx, info.FullMethod, err)
	}
	return resp, nil
}

// streamCall does for streams what unaryCall does for calls. A stream on which only the server
// talks has no end of its own: the drain ends it, or it would hold up the stop to its limit.
func (h *Host) streamCall(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	ctx := correlateGRPC(ss.Context())
	who, err := h.authorize(ctx, info.FullMethod)
	if err != nil {
		return h.grpcError(ctx, info.FullMethod, err)
	}
	ctx = access.With(ctx, who)
	if info.IsServerStream && !info.IsClientStream {
		watched, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		defer context.AfterFunc(h.draining, func() { cancel(errDraining) })()
		ctx = watched
	}
	wrapped := middleware.WrapServerStream(ss)
	wrapped.WrappedContext = ctx
	err = handler(srv, wrapped)
	if errors.Is(context.Cause(ctx), errDraining) {
		err = errDraining
	}
	if err != nil {
		return h.grpcError(ctx, info.FullMethod, err)
	}
	return nil
}

// grpcError is the one place where a handler's error becomes a gRPC status; what the handler made
// a status itself passes as it is.
func (h *Host) grpcError(ctx context.Context, method string, err error) error {
	code := fault.CodeOf(err)
	h.log.Log(ctx, errorLevel(err), "call failed", "error", err, "code", string(code), "method", method)
	if _, isStatus := err.(interface{ GRPCStatus() *status.Status }); isStatus {
		return err
	}
	return fault.GRPCError(err)
}

// grpcPanic logs a panic with its stack, counts it and answers Internal.
func (h *Host) grpcPanic(ctx context.Context, p any) error {
	h.metrics.panics.WithLabelValues(panicInGRPC).Inc()
	method, _ := grpc.Method(ctx)
	h.log.ErrorContext(ctx, "panic in a gRPC handler", "panic", fmt.Sprint(p), "method", method,
		"stack", string(debug.Stack()))
	return fault.Newf(fault.Internal, "host.grpc", "panic: %v", p)
}

// bearer is the value of the authorization header (RFC 6750, section 2.1).
func bearer(token string) string { return "Bearer " + token }

// correlateGRPC takes over the caller's correlation id or makes one.
func correlateGRPC(ctx context.Context) context.Context {
	var given string
	if values := metadata.ValueFromIncomingContext(ctx, correlationMetadata); len(values) > 0 {
		given = values[0]
	}
	return WithCorrelationID(ctx, acceptCorrelation(given))
}
