package tnsstandin

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Oracle's error numbers.
const (
	oraNoDataFound   = 1403
	oraCanceled      = 1013
	oraNotFirst      = 1453
	oraUnsupported   = 3115
	oraInternal      = 600
	oraNoSuchTable   = 942
	oraNoSuchColumn  = 904
	oraNotProperlyEn = 933
)

// errorTable maps PostgreSQL's states to Oracle's numbers. Oracle does not tell a table that may
// not be read from one that does not exist.
var errorTable = map[string]int{
	"42P01": oraNoSuchTable, "3F000": oraNoSuchTable, "42501": oraNoSuchTable, "42703": oraNoSuchColumn,
	"42601": oraNotProperlyEn, "57014": oraCanceled,
}

// summary ends an answer.
type summary struct {
	code, cursor, rows int
	text               string
}

func (e *encoder) summary(s summary) {
	e.raw(msgSummary)
	e.number(s.rows)
	e.number(s.code)
	e.zeros(2)
	e.number(s.cursor)
	e.zeros(1 + 2 + 2 + 2 + 2 + 1 + 2 + 1 + 2 + 2) // position, type, flags, row id, system error, counters
	e.zeros(4)                                     // three details of the older protocol, each empty
	if s.code != 0 {
		e.value([]byte("ORA-" + leftPad(s.code) + ": " + s.text + "\n"))
	}
}

func leftPad(code int) string {
	digits := strconv.Itoa(code)
	return strings.Repeat("0", max(0, 5-len(digits))) + digits
}

// cursor holds the rows that were not fetched yet.
type cursor struct {
	columns []column
	rows    [][][]byte
	sent    int
}

type column struct {
	name string
	kind byte
}

// bindPattern finds bound values outside of texts.
var bindPattern = regexp.MustCompile(`'[^']*'|:([0-9]+)`)

// toBackend writes bound values as PostgreSQL does.
func toBackend(statement string) string {
	return bindPattern.ReplaceAllStringFunc(statement, func(found string) string {
		if number, ok := strings.CutPrefix(found, ":"); ok {
			return "$" + number
		}
		return found
	})
}

func (c *session) execute(ctx context.Context, in *decoder, out *encoder) {
	statement, args, rows := parseExecute(in)
	switch normal := strings.ToUpper(strings.TrimSpace(statement)); {
	case statement == "":
		out.summary(summary{code: oraUnsupported, text: "execution of a prepared statement"})
		return
	case normal == "SELECT SYSTIMESTAMP FROM DUAL": // the driver asks for the server's time zone
		statement = "SELECT now()::timestamptz(0) AS systimestamp"
	case normal == "SET TRANSACTION READ ONLY":
		c.server.note(statement)
		c.begin(ctx, out)
		return
	default:
		c.server.note(statement)
	}
	result, err := c.query(ctx, toBackend(statement), args)
	if err != nil {
		out.summary(failure(err))
		return
	}
	if len(result.columns) == 0 {
		out.summary(summary{rows: 1})
		return
	}
	c.last++
	c.cursors[c.last] = result
	describe(result.columns, out)
	c.fetch(c.last, rows, out)
}

// parseExecute reads the statement, its bound values and how many rows are wanted at once.
func parseExecute(in *decoder) (statement string, args [][]byte, rows int) {
	in.raw() // sequence
	options := in.number()
	in.number() // cursor
	in.raw()
	parse := options&1 != 0
	if parse {
		in.number() // length of the statement
		in.raw()
	} else {
		in.skip(2)
	}
	in.number()
	in.skip(2)
	if in.skip(1); in.b[in.at] == 0 {
		in.skip(1)
	} else {
		rows = in.number()
	}
	in.number() // how much of a large object is wanted
	count := 0
	if in.raw() == 1 {
		count = in.number()
	} else {
		in.raw()
	}
	in.skip(5)
	if in.raw() == 1 {
		in.number()
	} else {
		in.raw()
	}
	in.skip(8)
	if parse {
		statement = string(in.value())
	}
	in.numbers(13)
	return statement, parseBinds(in, count), rows
}

func parseBinds(in *decoder, count int) [][]byte {
	if count == 0 {
		return nil
	}
	kinds := make([]byte, count)
	for i := range kinds {
		kinds[i] = in.raw()
		in.skip(3)
		in.numbers(3)
		in.skip(1)
		in.numbers(2)
		in.skip(1)
		in.number()
	}
	args := make([][]byte, count)
	if in.raw() != msgRow {
		return args
	}
	for i := range args {
		v := in.value()
		if v != nil && kinds[i] == typeNumber {
			v = []byte(decodeNumber(v))
		}
		args[i] = v
	}
	return args
}

// begin starts a transaction that sees one state, which Oracle allows as the first statement only.
func (c *session) begin(ctx context.Context, out *encoder) {
	if c.inTx {
		out.summary(summary{code: oraNotFirst, text: "SET TRANSACTION must be first statement of transaction"})
		return
	}
	if _, err := c.backend.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		out.summary(failure(err))
		return
	}
	c.inTx = true
	out.summary(summary{})
}

func (c *session) endTransaction(ctx context.Context) {
	if c.inTx {
		_, _ = c.backend.Exec(ctx, "ROLLBACK") // nothing was written
	}
	c.inTx = false
}

// query runs the statement; a break from the client cancels it.
func (c *session) query(ctx context.Context, statement string, args [][]byte) (*cursor, error) {
	type outcome struct {
		cursor *cursor
		err    error
	}
	finished := make(chan outcome, 1)
	go func() {
		result, err := c.run(ctx, statement, args)
		finished <- outcome{result, err}
	}()
	packets := c.packets
	for {
		select {
		case o := <-finished:
			return o.cursor, o.err
		case p, ok := <-packets:
			if !ok {
				packets = nil // the client is gone; the statement is of no use any more
			} else if p.kind != packetMarker {
				continue
			}
			c.canceled = ok
			_ = c.backend.PgConn().CancelRequest(ctx)
		}
	}
}

func (c *session) run(ctx context.Context, statement string, args [][]byte) (*cursor, error) {
	reader := c.backend.PgConn().ExecParams(ctx, statement, args, nil, nil, nil)
	result := &cursor{}
	for reader.NextRow() {
		row := make([][]byte, len(reader.Values()))
		for i, v := range reader.Values() {
			row[i] = bytes.Clone(v)
		}
		result.rows = append(result.rows, row)
	}
	for _, field := range reader.FieldDescriptions() {
		result.columns = append(result.columns, column{name: strings.ToUpper(field.Name), kind: kindOf(field.DataTypeOID)})
	}
	_, err := reader.Close()
	return result, err
}

func kindOf(oid uint32) byte {
	switch {
	case slices.Contains([]uint32{pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID}, oid):
		return typeNumber
	case oid == pgtype.TimestampOID:
		return typeDate
	case oid == pgtype.TimestamptzOID:
		return typeTimestampTZ
	}
	return typeVarchar
}

func failure(err error) summary {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return summary{code: oraInternal, text: err.Error()}
	}
	code, ok := errorTable[pg.Code]
	if !ok {
		code = oraInternal
	}
	return summary{code: code, text: pg.Message}
}

func describe(columns []column, out *encoder) {
	out.raw(msgDescribe, 0)
	out.number(4000)
	out.number(len(columns))
	out.raw(0)
	for _, col := range columns {
		out.raw(col.kind, 0)
		size := 4000
		switch col.kind {
		case typeNumber:
			out.raw(10)
			out.number(0)
			size = 22
		case typeTimestampTZ:
			out.raw(0)
			out.number(0)
			size = 13
		default:
			out.raw(0, 0)
		}
		out.number(size)
		out.zeros(4)
		if col.kind == typeVarchar {
			out.number(charsetUTF8)
			out.raw(1)
			out.number(4000)
		} else {
			out.zeros(3)
		}
		out.raw(1, 0)
		out.described(col.name)
		out.zeros(3)
	}
	out.zeros(6)
}

// fetch sends the next rows of a cursor; the end of the data is an error number of its own.
func (c *session) fetch(number, wanted int, out *encoder) {
	result, ok := c.cursors[number]
	if !ok {
		out.summary(summary{code: 1001, text: "invalid cursor"})
		return
	}
	rows := result.rows[:min(len(result.rows), c.server.opts.Portion, max(wanted, 1))]
	result.rows = result.rows[len(rows):]
	result.sent += len(rows)
	out.raw(msgRows, 0)
	out.number(len(result.columns))
	out.number(0)
	out.number(len(rows))
	out.zeros(3)
	for _, row := range rows {
		out.raw(msgRow)
		for i, v := range row {
			out.value(encodeColumn(result.columns[i].kind, v))
		}
	}
	if len(result.rows) > 0 {
		out.summary(summary{cursor: number, rows: result.sent})
		return
	}
	delete(c.cursors, number)
	out.summary(summary{code: oraNoDataFound, cursor: number, rows: result.sent, text: "no data found"})
}

// encodeColumn writes a value as Oracle does; an empty text is NULL.
func encodeColumn(kind byte, v []byte) []byte {
	switch {
	case len(v) == 0:
		return nil
	case kind == typeNumber:
		return encodeNumber(string(v))
	case kind == typeDate:
		t, _ := time.Parse("2006-01-02 15:04:05", strings.SplitN(string(v), ".", 2)[0])
		return encodeDate(t)
	case kind == typeTimestampTZ:
		t, _ := time.Parse("2006-01-02 15:04:05-07", string(v))
		return encodeTimestampTZ(t)
	}
	return v
}
