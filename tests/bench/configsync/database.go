package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// postgres is a server of our own.
type postgres struct {
	*process

	port string
	dir  string
}

const missingPostgres = "PostgreSQL is missing; install it: make setup"

// startPostgres makes a cluster in a folder of its own and starts it. The server refuses to run as root, which
// therefore hands it to the user postgres.
func startPostgres(ctx context.Context, logs string) (*postgres, error) {
	bin, err := postgresFolder()
	if err != nil {
		return nil, err
	}
	owner, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "config-sync-bench-pg-")
	if err != nil {
		return nil, fmt.Errorf("folder of PostgreSQL: %w", err)
	}
	p := &postgres{dir: dir}
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return p, fmt.Errorf("folder of PostgreSQL: %w", err)
		}
	}
	data := filepath.Join(dir, "data")
	if err := p.initialise(ctx, filepath.Join(bin, "initdb"), data, owner); err != nil {
		return p, err
	}
	ports, err := freePorts(ctx, 1)
	if err != nil {
		return p, err
	}
	p.port = portOf(ports[0])
	p.process, err = start(program{
		name: "postgres", binary: filepath.Join(bin, "postgres"), dir: dir, log: logs, user: owner, stop: syscall.SIGQUIT,
		args: []string{"-D", data, "-h", "127.0.0.1", "-p", p.port, "-c", "unix_socket_directories=", "-c", "fsync=off"},
	})
	if err != nil {
		return p, err
	}
	return p, p.await(ctx, func(ctx context.Context) error { return p.exec(ctx, "postgres", "SELECT 1") })
}

// postgresFolder finds the server's programs, which Debian keeps out of PATH.
func postgresFolder() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New(missingPostgres)
	}
	return filepath.Dir(path), nil
}

// unprivileged is the user that the server runs as; nil for our own.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nil is what os/exec takes for no change
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%s (%w)", missingPostgres, err)
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func (p *postgres) initialise(ctx context.Context, initdb, data string, owner *syscall.Credential) error {
	cmd := exec.CommandContext(ctx, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync") //nolint:gosec // found above
	cmd.Dir, cmd.SysProcAttr = p.dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (p *postgres) url(database string) string {
	return "postgres://postgres@127.0.0.1:" + p.port + "/" + database + "?sslmode=disable"
}

// with calls fn with a connection of its own.
func (p *postgres) with(ctx context.Context, database string, fn func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, p.url(database))
	if err != nil {
		return err
	}
	return errors.Join(fn(conn), conn.Close(ctx))
}

func (p *postgres) exec(ctx context.Context, database, statement string, args ...any) error {
	return p.with(ctx, database, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, args...)
		return err
	})
}

// fill makes a database of a center. It is analysed, as every database that is in use.
func (p *postgres) fill(ctx context.Context, database, schema string, tables []table) error {
	if err := p.exec(ctx, "postgres", "CREATE DATABASE "+database); err != nil {
		return fmt.Errorf("database %s: %w", database, err)
	}
	return p.with(ctx, database, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, schema); err != nil {
			return fmt.Errorf("tables of %s: %w", database, err)
		}
		for _, t := range tables {
			rows := pgx.CopyFromSlice(t.len, func(i int) ([]any, error) { return t.row(i), nil })
			if _, err := conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, rows); err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
		_, err := conn.Exec(ctx, "ANALYZE")
		return err
	})
}

// close ends the server and removes its files.
func (p *postgres) close() error {
	var err error
	if p.process != nil {
		err = p.quit()
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}
