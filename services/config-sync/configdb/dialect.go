package configdb

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"

	"engage.connector/pkg/fault"
)

// The database types.
const (
	PostgreSQL = "postgresql"
	SQLite     = "sqlite"
)

// dialect is what differs between the databases.
type dialect struct {
	open        func(Options) (*sql.DB, error)
	placeholder string
	// begin opens a transaction in which all statements see one state.
	begin *sql.TxOptions
	// classify tells what kind of error the driver reports; empty when it does not know.
	classify func(error) (fault.Code, string)
}

var dialectTable = map[string]dialect{
	PostgreSQL: {
		open: openPostgreSQL, placeholder: "$1", classify: classifyPostgreSQL,
		begin: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	},
	SQLite: {
		// A transaction of SQLite sees the state of its first statement; the file is opened for
		// reading only.
		open: openSQLite, placeholder: "?1", classify: classifySQLite, begin: &sql.TxOptions{},
	},
}

// connectTimeout bounds the connection set-up.
const connectTimeout = 10 * time.Second

// sslModeTable are the values of CONFIG_DB_SSL. The guide only names the setting, so the plain words
// are accepted as well.
var sslModeTable = map[string]string{
	"": "disable", "disable": "disable", "false": "disable", "require": "require", "true": "require",
	"verify-ca": "verify-ca", "verify-full": "verify-full",
}

// ValidSSL tells whether the value of CONFIG_DB_SSL is known.
func ValidSSL(mode string) bool {
	_, ok := sslModeTable[strings.ToLower(mode)]
	return ok
}

func openPostgreSQL(o Options) (*sql.DB, error) {
	mode, ok := sslModeTable[strings.ToLower(o.SSL)]
	if !ok {
		return nil, fmt.Errorf("ssl mode %q is not known", o.SSL)
	}
	// The password is set on the parsed configuration: errors of the parser quote their input.
	u := url.URL{Scheme: "postgres", User: url.User(o.User), Host: net.JoinHostPort(o.Host, strconv.Itoa(o.Port)), Path: "/" + o.Name}
	u.RawQuery = url.Values{"sslmode": {mode}, "application_name": {"engage-connector config-sync"}}.Encode()
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	config.Password, config.ConnectTimeout = o.Password, connectTimeout
	return stdlib.OpenDB(*config), nil
}

func openSQLite(o Options) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: url.PathEscape(o.Name), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}
	return sql.Open("sqlite", strings.ReplaceAll(u.String(), "%2F", "/"))
}

func classifyPostgreSQL(err error) (fault.Code, string) {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(pg.Code) < 2 {
		return "", ""
	}
	switch pg.Code[:2] {
	case "28":
		return fault.Unauthenticated, "check CONFIG_DB_USER and CONFIG_DB_PASSWORD"
	case "3D":
		return fault.NotFound, "check CONFIG_DB_NAME"
	case "42":
		if pg.Code == "42501" {
			return fault.Forbidden, "the database user needs SELECT on the cfg_ tables"
		}
		return fault.Unsupported, "a table or column has another name in this database"
	}
	return fault.Unavailable, ""
}

// The result codes of SQLite that say something about the set-up.
const (
	sqliteError    = 1
	sqliteCantOpen = 14
)

func classifySQLite(err error) (fault.Code, string) {
	e, ok := errors.AsType[*sqlite.Error](err)
	switch {
	case !ok:
		return "", ""
	case e.Code()&0xff == sqliteError:
		return fault.Unsupported, "a table or column has another name in this database"
	case e.Code()&0xff == sqliteCantOpen:
		return fault.Unavailable, "CONFIG_DB_NAME must be the path of a readable file"
	}
	return fault.Unavailable, ""
}
