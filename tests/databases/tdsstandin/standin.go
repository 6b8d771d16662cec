package tdsstandin

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Options describe the server.
type Options struct {
	// Backend is the connection string of the PostgreSQL database that executes statements.
	Backend string
	// User and Password are who may log in; empty for everybody.
	User, Password string
	// Database is the only one that exists; empty for any.
	Database string
	// TLS makes the server offer encryption.
	TLS *tls.Config
	// Snapshots allows transactions that see one state.
	Snapshots bool
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
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s := &Server{opts: opts, clients: map[net.Conn]bool{}}
	s.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
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

// Statements returns what was executed so far, transactions included.
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

var (
	errMalformed = errors.New("tdsstandin: malformed message")
	errRefused   = errors.New("tdsstandin: log-in refused")
)

func (s *Server) serve(ctx context.Context, plain net.Conn) (err error) {
	defer func() {
		if recover() != nil {
			err = errMalformed
		}
	}()
	conn, err := s.prelogin(ctx, plain)
	if err != nil {
		return err
	}
	if err := s.login(conn); err != nil {
		return err
	}
	backend, err := pgx.Connect(ctx, s.opts.Backend)
	if err != nil {
		return err
	}
	defer func() { _ = backend.Close(context.WithoutCancel(ctx)) }()
	c := &session{server: s, conn: conn, backend: backend, messages: make(chan message)}
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() { c.read(done) })
	defer func() {
		close(done)
		_ = plain.Close()
		reading.Wait()
	}()
	return c.loop(ctx)
}

// Encryption as it is offered before the log-in.
const (
	encryptionUnsupported = 2
	encryptionRequired    = 3
)

// prelogin answers the first message and, with TLS, shakes hands: its records travel in packets
// of this protocol until both sides are done.
func (s *Server) prelogin(ctx context.Context, plain net.Conn) (net.Conn, error) {
	m, err := readMessage(plain)
	if err != nil {
		return nil, err
	}
	if m.kind != packetPrelogin {
		return nil, errMalformed
	}
	encryption := byte(encryptionUnsupported)
	if s.opts.TLS != nil {
		encryption = encryptionRequired
	}
	// Two options: the version at offset 11, the encryption at offset 17.
	reply := []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 15, 0, 0x10, 0x69, 0, 0, encryption}
	if err := writeMessage(plain, packetReply, reply); err != nil || s.opts.TLS == nil {
		return plain, err
	}
	config := s.opts.TLS.Clone()
	config.MaxVersion = tls.VersionTLS12 // later versions send tickets after the handshake, outside of the packets
	wrapped := &handshakeConn{Conn: plain}
	conn := tls.Server(wrapped, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	wrapped.plain = true
	return conn, nil
}

// handshakeConn carries TLS records in packets until it is switched to plain.
type handshakeConn struct {
	net.Conn

	plain   bool
	pending bytes.Reader
}

func (c *handshakeConn) Read(p []byte) (int, error) {
	if c.plain {
		return c.Conn.Read(p)
	}
	if c.pending.Len() == 0 {
		m, err := readMessage(c.Conn)
		if err != nil {
			return 0, err
		}
		c.pending.Reset(m.body)
	}
	return c.pending.Read(p)
}

func (c *handshakeConn) Write(p []byte) (int, error) {
	if c.plain {
		return c.Conn.Write(p)
	}
	return len(p), writeMessage(c.Conn, packetPrelogin, p)
}

// The places of names in the log-in record.
const (
	loginUser     = 40
	loginPassword = 44
	loginDatabase = 68
)

// login checks who is there. Numbers of refusals are those of SQL Server.
func (s *Server) login(conn io.ReadWriter) error {
	m, err := readMessage(conn)
	if err != nil {
		return err
	}
	field := func(at int) []byte {
		d := &decoder{b: m.body, at: at}
		begin, length := d.u16(), d.u16()
		return m.body[begin : begin+2*length]
	}
	password := bytes.Clone(field(loginPassword))
	for i, b := range password { // obfuscated, not encrypted
		b ^= 0xA5
		password[i] = b<<4 | b>>4
	}
	out, database := &encoder{}, decodeText(field(loginDatabase))
	switch {
	case s.opts.User != "" && (decodeText(field(loginUser)) != s.opts.User || decodeText(password) != s.opts.Password):
		out.failure(18456, "Login failed for user.")
	case s.opts.Database != "" && database != s.opts.Database:
		out.failure(4060, "Cannot open the database requested by the login.")
	default:
		out.welcome(database)
		return writeMessage(conn, packetReply, out.b)
	}
	return errors.Join(errRefused, writeMessage(conn, packetReply, out.b))
}

func (e *encoder) welcome(database string) {
	env := &encoder{}
	env.raw(1)
	env.short(database)
	env.short("master")
	e.token(tokenEnv, env)
	ack := &encoder{}
	ack.raw(1, 0x74, 0, 0, 4) // TDS 7.4
	ack.short("Microsoft SQL Server")
	ack.raw(15, 0, 0x10, 0x69)
	e.token(tokenLogin, ack)
	e.done(doneFinal, 0)
}
