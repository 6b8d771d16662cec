package configdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

// guardedConnector bounds how long a connection may take to be ready for statements. The drivers
// of Oracle and SQL Server do not mind the context once the network connection stands, and
// Oracle's leaves a connection open whose log-in failed; closing it from below ends both.
type guardedConnector struct {
	connect func(context.Context, *closingDialer) (driver.Conn, error)
	drv     driver.Driver
}

// Connect implements driver.Connector.
func (c *guardedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	dialer := &closingDialer{}
	stop := context.AfterFunc(ctx, dialer.close)
	conn, err := c.connect(ctx, dialer)
	if stop() && err == nil {
		return conn, nil
	}
	dialer.close()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("no connection in time: %w", ctx.Err())
	}
	return nil, err
}

// Driver implements driver.Connector.
func (c *guardedConnector) Driver() driver.Driver { return c.drv }

// brittleConn is closed by the first error. An answer that came too late would otherwise be taken
// for that to the next question.
type brittleConn struct {
	net.Conn

	broken *atomic.Bool
}

// Read implements net.Conn.
func (c *brittleConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.check(err)
	return n, err
}

// Write implements net.Conn.
func (c *brittleConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.check(err)
	return n, err
}

func (c *brittleConn) check(err error) {
	if err != nil {
		c.broken.Store(true)
		_ = c.Close()
	}
}

// closingDialer remembers what it dialed and can close all of it.
type closingDialer struct {
	mu    sync.Mutex
	conns []net.Conn
	over  bool
	// broken is set once a connection has failed.
	broken atomic.Bool
}

// DialContext implements the dialers of both drivers.
func (d *closingDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: connectTimeout}
	dialed, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &brittleConn{Conn: dialed, broken: &d.broken}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		_ = conn.Close()
	}
	d.conns = append(d.conns, conn)
	return conn, nil
}

func (d *closingDialer) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	for _, conn := range d.conns {
		_ = conn.Close()
	}
}
