package configdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"engage.connector/pkg/fault"
)

// program names the client in the server's lists of sessions.
const program = "engage-connector config-sync"

func openPostgreSQL(o Options) (*sql.DB, error) {
	security, err := tlsConfig(o)
	if err != nil {
		return nil, err
	}
	// The password is set on the parsed configuration: errors of the parser quote their input.
	u := url.URL{Scheme: "postgres", User: url.User(o.User), Host: net.JoinHostPort(o.Host, strconv.Itoa(o.Port)), Path: "/" + o.Name}
	u.RawQuery = url.Values{"sslmode": {"disable"}, "application_name": {program}}.Encode()
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	// A pooler in transaction mode gives every transaction another connection, which does not know
	// statements that were prepared on the last one.
	config.DefaultQueryExecMode, config.StatementCacheCapacity, config.DescriptionCacheCapacity = pgx.QueryExecModeExec, 0, 0
	config.Password, config.ConnectTimeout, config.TLSConfig = o.Password, connectTimeout, security
	return stdlib.OpenDB(*config, stdlib.OptionAfterConnect(speakUTF8)), nil
}

// speakUTF8 has the server convert texts from the encoding of its database. One in SQL_ASCII has no
// encoding: it would refuse texts that are not UTF-8, which are to be read as far as they can be.
func speakUTF8(ctx context.Context, conn *pgx.Conn) error {
	if encoding := conn.PgConn().ParameterStatus("server_encoding"); encoding == "SQL_ASCII" || encoding == "UTF8" {
		return nil
	}
	if _, err := conn.Exec(ctx, "SET client_encoding TO 'UTF8'"); err != nil {
		return fmt.Errorf("client encoding: %w", err)
	}
	return nil
}

func classifyPostgreSQL(err error) (fault.Code, string) {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(pg.Code) < 2 {
		return "", ""
	}
	switch pg.Code[:2] {
	case "28":
		return fault.Unauthenticated, loginHint
	case "3D":
		return fault.NotFound, "check CONFIG_DB_NAME"
	case "3F":
		return fault.Unsupported, otherNameHint
	case "42":
		if pg.Code == "42501" {
			return fault.Forbidden, forbiddenHint
		}
		return fault.Unsupported, otherNameHint
	}
	return fault.Unavailable, ""
}
