package host

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"engage.connector/pkg/access"
	"engage.connector/pkg/fault"
)

// opAccess is the operation in the errors of this file.
const opAccess = "host.access"

// howToOpen is the hint of every refusal: the variables that let a caller in.
const howToOpen = "set API_TOKEN or API_CREDENTIALS_FILE at the service and send it as a bearer token or by Basic auth, or connect with a client certificate (GRPC_TLS_CA_FILE)"

// Route is one registered HTTP route.
type Route struct {
	Pattern string      // as net/http knows it, "GET /api/v1/plan"
	Role    access.Role // what a caller needs; "" means that the route answers anybody
}

// Routes is what a package of handlers registers them at: a Router, or a plain mux in its tests.
type Routes interface {
	Handle(pattern string, handler http.Handler)
	HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request))
}

// Router takes a service's HTTP handlers. A route is closed unless it is registered as open.
type Router struct {
	host   *Host
	mux    *http.ServeMux
	routes []Route
}

// Handle registers a handler that a caller with the role access.Read may use, or access.Write when
// its method changes something.
func (r *Router) Handle(pattern string, handler http.Handler) {
	role := access.Write
	if method, _, found := strings.Cut(pattern, " "); found && (method == http.MethodGet || method == http.MethodHead) {
		role = access.Read
	}
	r.HandleAs(role, pattern, handler)
}

// HandleFunc is Handle for a function.
func (r *Router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	r.Handle(pattern, http.HandlerFunc(handler))
}

// HandleAs registers a handler for callers with a role.
func (r *Router) HandleAs(role access.Role, pattern string, handler http.Handler) {
	r.routes = append(r.routes, Route{pattern, role})
	r.mux.Handle(pattern, r.host.guard(role, pattern, handler))
}

// HandleOpen registers a handler that answers anybody. Callers who show credentials are known to it
// (access.From), so that it may tell them more.
func (r *Router) HandleOpen(pattern string, handler http.Handler) {
	r.routes = append(r.routes, Route{Pattern: pattern})
	r.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		who, _ := r.host.identify(req)
		handler.ServeHTTP(w, req.WithContext(access.With(req.Context(), who)))
	}))
}

// Routes lists what is registered.
func (r *Router) Routes() []Route { return slices.Clone(r.routes) }

// guard lets callers with a role through and writes what they change to the audit log.
func (h *Host) guard(role access.Role, pattern string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := h.identify(r)
		if err == nil && !who.May(role) {
			err = fault.Newf(fault.Forbidden, opAccess, "%s lacks the role %q", who.Name, role).
				WithHint("add the role to the line in API_CREDENTIALS_FILE")
		}
		if err != nil {
			h.metrics.refused.WithLabelValues(string(fault.CodeOf(err))).Inc()
			if fault.CodeOf(err) == fault.Unauthenticated {
				w.Header().Add("WWW-Authenticate", `Bearer realm="engage-connector"`)
				w.Header().Add("WWW-Authenticate", `Basic realm="engage-connector", charset="UTF-8"`)
			}
			h.log.WarnContext(r.Context(), "a request was refused", "route", pattern, "remote", remoteHost(r), "error", err)
			WriteError(w, r, h.log, err)
			return
		}
		r = r.WithContext(access.With(r.Context(), who))
		if role != access.Write {
			next.ServeHTTP(w, r)
			return
		}
		rec := &recorder{ResponseWriter: w}
		defer func() {
			h.audit(r.Context(), who, pattern, slog.String("path", r.URL.Path), slog.String("remote", remoteHost(r)), slog.Int("status", rec.code()))
		}()
		next.ServeHTTP(rec, r)
	})
}

// audit says who changed what, and what came of it.
func (h *Host) audit(ctx context.Context, who access.Identity, action string, more ...slog.Attr) {
	h.log.LogAttrs(ctx, slog.LevelInfo, "audit", append([]slog.Attr{slog.String("who", who.Name), slog.String("action", action)}, more...)...)
}

// everybody is who comes in while ALLOW_UNAUTHENTICATED holds.
func everybody() access.Identity { return access.Identity{Name: "anybody", Roles: access.Roles()} }

// identify finds out who a caller is. The error is an Unauthenticated fault.
func (h *Host) identify(r *http.Request) (access.Identity, error) {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return certified(r.TLS.VerifiedChains[0][0]), nil
	}
	header := r.Header.Get("Authorization")
	if token, found := cutScheme(header, "Bearer"); found {
		if who, ok := h.gate.Bearer(token); ok {
			return who, nil
		}
	}
	if name, secret, found := r.BasicAuth(); found {
		if who, ok := h.gate.Basic(name, secret); ok {
			return who, nil
		}
	}
	switch {
	case h.opts.AllowUnauthenticated:
		return everybody(), nil
	case header == "":
		return access.Identity{}, fault.New(fault.Unauthenticated, opAccess, "credentials are required").WithHint(howToOpen)
	}
	return access.Identity{}, fault.New(fault.Unauthenticated, opAccess, "the credentials are not the right ones").WithHint(howToOpen)
}

func cutScheme(header, scheme string) (rest string, found bool) {
	given, rest, found := strings.Cut(header, " ")
	return strings.TrimSpace(rest), found && strings.EqualFold(given, scheme)
}

// certified is a caller whose certificate our authority signed: one of the services, or an
// administrator.
func certified(cert *x509.Certificate) access.Identity {
	return access.Identity{Name: "certificate " + cert.Subject.CommonName, Roles: access.Roles()}
}

func remoteHost(r *http.Request) string {
	hostname, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return hostname
}

// AllowFrom lets callers of some networks through to a handler without credentials, as MCP needs it,
// and all others to the guarded one.
func (r *Router) AllowFrom(networks []netip.Prefix, role access.Role, pattern string, handler http.Handler) {
	r.routes = append(r.routes, Route{pattern, role})
	guarded := r.host.guard(role, pattern, handler)
	r.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		from, err := netip.ParseAddr(remoteHost(req))
		if err == nil && slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(from.Unmap()) }) {
			who := access.Identity{Name: "network " + from.Unmap().String(), Roles: []access.Role{role}}
			handler.ServeHTTP(w, req.WithContext(access.With(req.Context(), who)))
			return
		}
		guarded.ServeHTTP(w, req)
	}))
}

// readMethods begin the names of gRPC methods that change nothing; all others need access.Write.
func readMethods() []string {
	return []string{"Get", "List", "Watch", "Resolve", "ServerReflectionInfo"}
}

// grpcRole is what a caller of a method needs.
func grpcRole(fullMethod string) access.Role {
	name := fullMethod[strings.LastIndexByte(fullMethod, '/')+1:]
	if slices.ContainsFunc(readMethods(), func(verb string) bool { return strings.HasPrefix(name, verb) }) {
		return access.Read
	}
	return access.Write
}

// authorize finds out who calls a gRPC method, and whether that is allowed. Health answers anybody.
func (h *Host) authorize(ctx context.Context, method string) (access.Identity, error) {
	if strings.HasPrefix(method, healthService) {
		return access.Identity{}, nil
	}
	who, err := h.identifyGRPC(ctx)
	role := grpcRole(method)
	if err == nil && !who.May(role) {
		err = fault.Newf(fault.Forbidden, opAccess, "%s lacks the role %q", who.Name, role).
			WithHint("add the role to the line in API_CREDENTIALS_FILE")
	}
	if err != nil {
		h.metrics.refused.WithLabelValues(string(fault.CodeOf(err))).Inc()
	}
	return who, err
}

func (h *Host) identifyGRPC(ctx context.Context) (access.Identity, error) {
	const hint = "set GRPC_TOKEN to the same value on both sides, or GRPC_TLS_CERT_FILE, GRPC_TLS_KEY_FILE and GRPC_TLS_CA_FILE for mutual TLS"
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) == 1 {
		token, _ := cutScheme(values[0], "Bearer")
		if who, ok := h.services.Bearer(token); ok {
			return who, nil
		}
		if who, ok := h.gate.Bearer(token); ok {
			return who, nil
		}
	}
	// Where a token is configured, a certificate alone is not enough: both were asked for.
	if caller, ok := peer.FromContext(ctx); ok && h.opts.Token == "" {
		if info, ok := caller.AuthInfo.(credentials.TLSInfo); ok && len(info.State.VerifiedChains) > 0 {
			return certified(info.State.VerifiedChains[0][0]), nil
		}
	}
	switch {
	case h.opts.AllowUnauthenticated && h.opts.Token == "":
		return everybody(), nil
	case len(values) == 0:
		return access.Identity{}, fault.New(fault.Unauthenticated, opAccess, "a bearer token or a client certificate is required").WithHint(hint)
	}
	return access.Identity{}, fault.New(fault.Unauthenticated, opAccess, "the bearer token is not the right one").WithHint(hint)
}

// openGates reads the credentials.
func (h *Host) openGates() error {
	failed := func(err error) {
		h.log.Error("credentials cannot be read again; those read before stay in force", "error", err)
	}
	var err error
	if h.gate, err = access.New(access.Options{Token: h.opts.APIToken, File: h.opts.APICredentialsFile, Now: h.now, Failed: failed}); err != nil {
		return &ConfigError{Faults: []error{BadVariable("API_CREDENTIALS_FILE", err.Error(), "write a line NAME ROLE,ROLE SECRET for each caller")}}
	}
	h.services, err = access.New(access.Options{Token: h.opts.Token})
	if h.opts.AllowUnauthenticated {
		h.log.Warn("ALLOW_UNAUTHENTICATED is set: anybody who reaches this service may read and change everything")
	}
	return errors.Join(err)
}
