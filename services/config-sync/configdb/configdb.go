// Package configdb reads the Engage Config DB by SQL. Each snapshot is read in one transaction, so
// that it never mixes two states of the configuration. Nothing is ever written.
package configdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configmodel"
)

// Options say which database to read and which tenant of it.
type Options struct {
	Type     string // PostgreSQL or SQLite
	Host     string
	Port     int
	Name     string // database; for SQLite the path of the file
	User     string
	Password string
	SSL      string // disable, require, verify-ca or verify-full
	Tenant   configmodel.DBID
	// Folders tells to read the folder tables, which only folder filtering needs.
	Folders bool
	Names   Names
	// Timeout bounds one reading; default two minutes.
	Timeout time.Duration
	Logger  *slog.Logger
}

const defaultTimeout = 2 * time.Minute

// DB is a Config DB. Its methods may be called from any goroutine.
type DB struct {
	db      *sql.DB
	opts    Options
	dialect dialect
	rewrite *strings.Replacer
	log     *slog.Logger
}

// Supported tells whether the database type can be read.
func Supported(dbType string) bool {
	_, ok := dialectTable[strings.ToLower(dbType)]
	return ok
}

// Open prepares the connection; it does not connect. The error is fault.Invalid or, for a
// database type that is not supported, fault.Unsupported.
func Open(opts Options) (*DB, error) {
	const op = "configdb.open"
	d, ok := dialectTable[strings.ToLower(opts.Type)]
	if !ok {
		return nil, fault.Newf(fault.Unsupported, op, "database type %q is not supported", opts.Type).
			WithHint("set CONFIG_DB_TYPE to postgresql or sqlite")
	}
	names, err := opts.Names.resolved()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, op, err)
	}
	if opts.Timeout <= 0 {
		opts.Timeout = defaultTimeout
	}
	db, err := d.open(opts)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, op, err)
	}
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &DB{
		db: db, opts: opts, dialect: d, rewrite: replacements(names, d.placeholder),
		log: opts.Logger.With("component", "configdb"),
	}, nil
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

// Snapshot reads the tenant's configuration. Errors are faults: NotFound when the tenant does not
// exist, Unsupported when a table is not as expected, Unavailable when the database is not there.
func (d *DB) Snapshot(ctx context.Context) (configmodel.Snapshot, error) {
	var snap configmodel.Snapshot
	err := d.transaction(ctx, "configdb.snapshot", func(r *reader) error {
		var err error
		snap, err = r.snapshot(d.opts.Tenant, d.opts.Folders)
		return err
	})
	if err != nil {
		return configmodel.Snapshot{}, err
	}
	d.log.DebugContext(ctx, "snapshot read", "persons", len(snap.Persons),
		"skills", len(snap.Skills), "dns", len(snap.DNs), "groups", len(snap.Groups))
	return snap, nil
}

// Options reads only the transaction hybrid_integration.
func (d *DB) Options(ctx context.Context) (configmodel.Options, error) {
	var options configmodel.Options
	err := d.transaction(ctx, "configdb.options", func(r *reader) error {
		var err error
		options, err = r.options(d.opts.Tenant)
		return err
	})
	return options, err
}

// transaction runs fn in one transaction that sees one state.
func (d *DB) transaction(ctx context.Context, op string, fn func(*reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	tx, err := d.db.BeginTx(ctx, d.dialect.begin)
	if err != nil {
		return d.failed(op, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	r := &reader{query: func(statement string, args ...any) (*sql.Rows, error) {
		// Only checked identifiers are inserted; values are bound.
		return tx.QueryContext(ctx, d.rewrite.Replace(statement), args...)
	}}
	if err := fn(r); err != nil {
		return d.failed(op, err)
	}
	return nil
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
	return fault.Wrap(fault.Unavailable, op, err).WithHint("check CONFIG_DB_HOST and CONFIG_DB_PORT")
}
