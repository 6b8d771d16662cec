package host

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"engage.connector/pkg/fault"
)

const (
	dialMinTimeout = 5 * time.Second  // how long one attempt to connect may at least take
	dialBackoff    = time.Second / 4  // first wait between attempts
	dialMaxBackoff = 10 * time.Second // longest wait: a service that is back is found soon
)

// callPolicy repeats calls that found no server, within about three seconds. UNAVAILABLE may also
// mean that the answer was lost; therefore all services' calls are idempotent.
const callPolicy = `{"methodConfig":[{"name":[{}],"retryPolicy":{"maxAttempts":4,
	"initialBackoff":"0.2s","maxBackoff":"2s","backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}]}`

// DialGRPC prepares a connection to another service; it does not wait for it. With TLS files both
// sides prove who they are, and token is sent with every call when it is set. A caller's
// correlation id goes along. The environment's HTTP proxy is not used: services are neighbours.
func DialGRPC(target string, tls TLSFiles, token string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if tls.Enabled() {
		tlsConfig, err := tls.client()
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, "host.dial", err)
		}
		transport = credentials.NewTLS(tlsConfig)
	}
	all := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithNoProxy(),
		grpc.WithUserAgent("engage-connector"),
		grpc.WithDefaultServiceConfig(callPolicy),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: grpcPingAfter, Timeout: grpcPingTimeout, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: dialBackoff, Multiplier: 1.6, Jitter: 0.2, MaxDelay: dialMaxBackoff},
			MinConnectTimeout: dialMinTimeout,
		}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxGRPCMessage), grpc.MaxCallSendMsgSize(maxGRPCMessage)),
		grpc.WithChainUnaryInterceptor(sendCorrelationUnary),
		grpc.WithChainStreamInterceptor(sendCorrelationStream),
	}
	if token != "" {
		all = append(all, grpc.WithPerRPCCredentials(tokenCredentials(token)))
	}
	conn, err := grpc.NewClient(target, append(all, opts...)...)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, "host.dial", fmt.Errorf("target %q: %w", target, err))
	}
	return conn, nil
}

// tokenCredentials sends the shared token with every call.
type tokenCredentials Secret

// GetRequestMetadata gives the header to gRPC.
func (t tokenCredentials) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": bearer(string(t))}, nil
}

// RequireTransportSecurity is false: whether the network is trusted enough for plaintext is the
// operator's choice, made by the TLS files.
func (t tokenCredentials) RequireTransportSecurity() bool { return false }

// String keeps the token out of logs.
func (t tokenCredentials) String() string { return Secret(t).String() }

// sendCorrelationUnary passes the correlation id of the current request on.
func sendCorrelationUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn,
	invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	return invoker(withOutgoingCorrelation(ctx), method, req, reply, cc, opts...)
}

// sendCorrelationStream passes the correlation id of the current request on.
func sendCorrelationStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string,
	streamer grpc.Streamer, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return streamer(withOutgoingCorrelation(ctx), desc, cc, method, opts...)
}

// withOutgoingCorrelation adds the id to what is sent, when there is one.
func withOutgoingCorrelation(ctx context.Context) context.Context {
	if id := CorrelationID(ctx); id != "" {
		return metadata.AppendToOutgoingContext(ctx, correlationMetadata, id)
	}
	return ctx
}
