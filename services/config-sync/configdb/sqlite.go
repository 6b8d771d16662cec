package configdb

import (
	"database/sql"
	"errors"
	"net/url"
	"strings"

	"modernc.org/sqlite"

	"engage.connector/pkg/fault"
)

func openSQLite(o Options) (*sql.DB, error) {
	u := url.URL{Scheme: "file", Opaque: url.PathEscape(o.Name), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}
	return sql.Open("sqlite", strings.ReplaceAll(u.String(), "%2F", "/"))
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
		return fault.Unsupported, otherNameHint
	case e.Code()&0xff == sqliteCantOpen:
		return fault.Unavailable, "CONFIG_DB_NAME must be the path of a readable file"
	}
	return fault.Unavailable, ""
}
