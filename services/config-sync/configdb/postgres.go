package configdb

import (
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
	// The server converts texts from the encoding of the database; one in SQL_ASCII has none.
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.Password, config.ConnectTimeout, config.TLSConfig = o.Password, connectTimeout, security
	return stdlib.OpenDB(*config), nil
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
