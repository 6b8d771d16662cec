package tnsstandin

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Options describe the server.
type Options struct {
	// Backend is the connection string of the PostgreSQL database that executes statements.
	Backend string
	// User is who may log in; empty for everybody.
	User string
	// Service is the only service name that exists; empty for any.
	Service string
	// TLS makes the server speak TCPS.
	TLS *tls.Config
	// Portion is the greatest number of rows of one answer; default 100.
	Portion int
}

// Server is a running stand-in. It ends with the test.
type Server struct {
	Port int
	opts Options

	mu         sync.Mutex
	statements []string
	clients    map[net.Conn]bool
}

// Start listens on a free port of the loopback interface.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	if opts.Portion == 0 {
		opts.Portion = 100
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s := &Server{opts: opts, clients: map[net.Conn]bool{}}
	s.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	if opts.TLS != nil {
		listener = tls.NewListener(listener, opts.TLS)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.accept(ctx, listener, &running) })
	t.Cleanup(func() {
		cancel()
		require.NoError(t, listener.Close())
		running.Wait()
	})
	return s
}

// Statements returns what was executed so far, without what the driver itself asks.
func (s *Server) Statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.statements...)
}

// Disconnect closes the connections of all clients, as a restart does.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.clients {
		_ = conn.Close()
	}
}

// track remembers a client until the returned function is called.
func (s *Server) track(conn net.Conn) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[conn] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.clients, conn)
		_ = conn.Close()
	}
}

func (s *Server) note(statement string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements = append(s.statements, statement)
}

func (s *Server) accept(ctx context.Context, listener net.Listener, running *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		running.Go(func() {
			defer s.track(conn)()
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer stop()
			_ = s.serve(ctx, conn) // a client that breaks off is no failure of the test
		})
	}
}

// tlsHandshake is the first byte of a client that speaks TLS.
const tlsHandshake = 0x16

// errMalformed stands for a message that is shorter than it claims.
var errMalformed = errors.New("tnsstandin: malformed message")

func (s *Server) serve(ctx context.Context, conn net.Conn) (err error) {
	defer func() {
		if recover() != nil {
			err = errMalformed
		}
	}()
	reader := bufio.NewReader(conn)
	if ok, err := s.handshake(conn, reader); err != nil || !ok {
		return err
	}
	backend, err := pgx.Connect(ctx, s.opts.Backend)
	if err != nil {
		return err
	}
	defer func() { _ = backend.Close(context.WithoutCancel(ctx)) }()
	c := &session{server: s, conn: conn, backend: backend, packets: make(chan packet), cursors: map[int]*cursor{}}
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { c.read(reader, done) })
	defer func() {
		close(done)
		_ = conn.Close()
		reading.Wait()
	}()
	return c.loop(ctx)
}

// handshake answers the connect packet: accepted, or refused when the service is unknown.
func (s *Server) handshake(conn net.Conn, reader *bufio.Reader) (bool, error) {
	if first, err := reader.Peek(1); err != nil || first[0] == tlsHandshake {
		return false, errMalformed // a client that wants TLS here
	}
	p, err := readPacket(reader)
	if err != nil {
		return false, err
	}
	if p.kind != packetConnect {
		return false, errMalformed
	}
	descriptor := string(p.body)
	if !strings.Contains(descriptor, "(DESCRIPTION=") { // too long for the packet: it follows in one of its own
		next, err := readPacket(reader)
		if err != nil {
			return false, err
		}
		descriptor = string(next.body)
	}
	if s.opts.Service != "" && !strings.Contains(descriptor, "(SERVICE_NAME="+s.opts.Service+")") {
		text := "(DESCRIPTION=(ERR=12514)(VSNNUM=0)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))"
		return false, writePacket(conn, packet{packetRefuse, append([]byte{1, 0, 0, byte(len(text))}, text...)})
	}
	// Version 312, without large packets and without a negotiation of encryption.
	accept := make([]byte, 24)
	accept[0], accept[1] = 312>>8, 312&0xFF
	accept[4], accept[5] = unitSize>>8, unitSize&0xFF
	accept[6], accept[7] = unitSize>>8, unitSize&0xFF
	accept[13] = headerSize + byte(len(accept))
	accept[14], accept[15] = 4, 4
	return true, writePacket(conn, packet{packetAccept, accept})
}
