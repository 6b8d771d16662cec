// Package configdb reads the Engage Config DB by SQL: from PostgreSQL, Oracle, SQL Server, or
// SQLite in the lab. Each snapshot is read in one transaction, so that it never mixes two states of
// the configuration. Nothing is ever written.
package configdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/uses"
	"engage.connector/services/config-sync/configmodel"
)

// Options say which database to read and which tenant of it.
type Options struct {
	Type     string // PostgreSQL, Oracle, SQLServer or SQLite
	Host     string
	Port     int
	Name     string // database; for Oracle the service, for SQLite the path of the file
	User     string
	Password string
	SSL      string // disable, require, verify-ca or verify-full
	// SSLCAFile holds the certificates of the authorities to trust; empty for those of the system.
	SSLCAFile string
	// Schema is where the tables are, such as their owner in Oracle; empty to look for it.
	Schema string
	Tenant configmodel.DBID
	// Folders tells to read the folder tables, which only folder filtering needs.
	Folders bool
	Names   Names
	// Timeout bounds one reading; default two minutes.
	Timeout time.Duration
	// ReadTimeout bounds the wait for an answer of Oracle or SQL Server, in whole seconds; default
	// 30 seconds.
	ReadTimeout time.Duration
	Logger      *slog.Logger
	Now         func() time.Time
}

const (
	defaultTimeout     = 2 * time.Minute
	defaultReadTimeout = 30 * time.Second
)

// DB is a Config DB. Its methods may be called from any goroutine.
type DB struct {
	uses    uses.Log // of readings
	db      *sql.DB
	opts    Options
	dialect dialect
	log     *slog.Logger

	mu      sync.Mutex
	plan    *plan
	reading Reading
	// accepted are the references to nothing that were there in two readings in a row.
	accepted dangling
}

// Reading tells how the last snapshot was read.
type Reading struct {
	At       time.Time     `json:"at"`
	Took     time.Duration `json:"took"`
	Passes   int           `json:"passes"`   // more than one when the database does not let a transaction see one state
	Damaged  int           `json:"damaged"`  // texts with bytes that cannot be read
	Dangling int           `json:"dangling"` // references to objects that are not there
}

// Open prepares the connection; it does not connect. The error is fault.Invalid or, for a
// database type that is not supported, fault.Unsupported.
func Open(opts Options) (*DB, error) {
	const op = "configdb.open"
	d, ok := dialectOf(opts.Type)
	if !ok {
		return nil, fault.Newf(fault.Unsupported, op, "database type %q is not supported", opts.Type).
			WithHint("set CONFIG_DB_TYPE to postgresql, oracle or mssql")
	}
	if !ValidSchema(opts.Schema) {
		return nil, fault.Newf(fault.Invalid, op, "schema %q is no identifier", opts.Schema)
	}
	if err := opts.Names.validate(); err != nil {
		return nil, fault.Wrap(fault.Invalid, op, err)
	}
	opts.Type = strings.ToLower(opts.Type)
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	if opts.ReadTimeout < time.Second {
		opts.ReadTimeout = defaultReadTimeout
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	db, err := d.open(opts)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, op, err)
	}
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &DB{db: db, opts: opts, dialect: d, log: opts.Logger.With("component", "configdb")}, nil
}

// Close ends the connections.
func (d *DB) Close() error { return d.db.Close() }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.db.PingContext(ctx); err != nil {
		return d.failed("configdb.ping", err)
	}
	return nil
}

// LastUse is how the last reading went.
func (d *DB) LastUse() uses.Use { return d.uses.Last() }

// Probe returns what was found out about the database; false before the first reading.
func (d *DB) Probe() (Probe, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.plan == nil {
		return Probe{}, false
	}
	probe := d.plan.probe
	probe.OneState = d.plan.oneState.Load()
	return probe, true
}

// LastReading tells how the last snapshot was read; the zero value before the first.
func (d *DB) LastReading() Reading {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.reading
}

// Options reads only the transaction hybrid_integration.
func (d *DB) Options(ctx context.Context) (configmodel.Options, error) {
	var options configmodel.Options
	err := d.run(ctx, "configdb.options", func(ctx context.Context, p *plan) error {
		return d.transaction(ctx, p, func(r *reader) error {
			var err error
			options, err = r.options(d.opts.Tenant)
			return err
		})
	})
	return options, err
}

// run probes the database, unless that is done already, and bounds fn. A name that is not right
// any more has the database probed anew next time.
func (d *DB) run(ctx context.Context, op string, fn func(context.Context, *plan) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	p, err := d.planned(ctx)
	if err == nil {
		err = fn(ctx, p)
	}
	d.uses.Note(d.opts.Now(), err)
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) { // a server may call it something else
		err = fmt.Errorf("%w: %w", cause, err)
	}
	err = d.failed(op, err)
	if fault.CodeOf(err) == fault.Unsupported {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.plan = nil
	}
	return err
}

func (d *DB) planned(ctx context.Context) (*plan, error) {
	d.mu.Lock()
	p := d.plan
	d.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := d.probe(ctx)
	if err != nil {
		return nil, err
	}
	d.log.InfoContext(ctx, "database probed", "probe", p.probe)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.plan = p
	return p, nil
}

// maxAttempts is enough to get past all connections of the pool that were lost unnoticed.
const maxAttempts = 3

// transaction runs fn in one transaction that sees one state, where the database allows it. That
// it does not may show only when a table is read. A connection may have been lost since it was
// used last; reading again does no harm.
func (d *DB) transaction(ctx context.Context, p *plan, fn func(*reader) error) error {
	for number := 1; ; number++ {
		err := d.attempt(ctx, p, fn)
		switch {
		case err == nil, number == maxAttempts, ctx.Err() != nil:
			return err
		case p.oneState.Load() && snapshotRefused(err):
			p.oneState.Store(false)
		case !d.lost(err):
			return err
		}
	}
}

// lost tells whether an error means that a connection broke, not that none can be made nor that
// an answer is overdue.
func (d *DB) lost(err error) bool {
	if _, classified := errors.AsType[*fault.Error](err); classified {
		return false
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return false
	}
	if broken, ok := errors.AsType[*net.OpError](err); ok && broken.Op == "dial" {
		return false
	}
	code, _ := d.dialect.classify(err)
	return code == "" || code == fault.Unavailable
}

func (d *DB) attempt(ctx context.Context, p *plan, fn func(*reader) error) error {
	tx, err := d.dialect.start(ctx, d.db, p.oneState.Load())
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return fn(&reader{plan: p, query: func(statement string, args ...any) (*sql.Rows, error) {
		// Only checked identifiers are inserted; values are bound.
		return tx.QueryContext(ctx, p.renderer.render(statement), args...)
	}})
}

// failed classifies a driver's error.
func (d *DB) failed(op string, err error) error {
	if _, classified := errors.AsType[*fault.Error](err); classified {
		return fmt.Errorf("%s: %w", op, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.CodeOf(err), op, err)
	}
	if code, hint := d.dialect.classify(err); code != "" {
		return fault.Wrap(code, op, err).WithHint(hint)
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return fault.Wrap(fault.Timeout, op, err).WithHint("the database takes too long to answer; see CONFIG_DB_TIMEOUT and CONFIG_DB_READ_TIMEOUT")
	}
	return fault.Wrap(fault.Unavailable, op, err).WithHint("check CONFIG_DB_HOST, CONFIG_DB_PORT and CONFIG_DB_SSL")
}
