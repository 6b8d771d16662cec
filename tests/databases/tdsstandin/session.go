package tdsstandin

import (
	"bytes"
	"context"
	"errors"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SQL Server's error numbers.
const (
	sqlInternal     = 50000
	sqlNoSnapshot   = 3952
	sqlUnsupported  = 40510
	sqlNoSuchObject = 208
	sqlNoSuchColumn = 207
	sqlForbidden    = 229
	sqlSyntax       = 102
)

// errorTable maps PostgreSQL's states to SQL Server's numbers.
var errorTable = map[string]int{
	"42P01": sqlNoSuchObject, "3F000": sqlNoSuchObject, "42703": sqlNoSuchColumn, "42501": sqlForbidden, "42601": sqlSyntax,
}

// session is one connection of a client that is logged in.
type session struct {
	server   *Server
	conn     net.Conn
	backend  *pgx.Conn
	messages chan message
	canceled bool
	// snapshotRefused is set within a transaction that may not see a snapshot: SQL Server says so
	// only when a table is read.
	snapshotRefused bool
}

// read hands messages to the loop, so that an attention is noticed while a statement runs.
func (c *session) read(done <-chan struct{}) {
	defer close(c.messages)
	for {
		m, err := readMessage(c.conn)
		if err != nil {
			return
		}
		select {
		case c.messages <- m:
		case <-done:
			return
		}
	}
}

func (c *session) loop(ctx context.Context) error {
	for m := range c.messages {
		out, in := &encoder{}, &decoder{b: m.body}
		switch m.kind {
		case packetBatch:
			in.headers()
			c.run(ctx, decodeText(in.b[in.at:]), nil, out)
		case packetRPC:
			in.headers()
			statement, args := procedure(in)
			c.run(ctx, statement, args, out)
		case packetTransaction:
			in.headers()
			c.transaction(ctx, in, out)
		case packetAttention:
			out.done(doneAttention, 0)
		default:
			return errMalformed
		}
		if c.canceled {
			c.canceled = false
			out.done(doneAttention, 0)
		}
		if err := writeMessage(c.conn, packetReply, out.b); err != nil {
			return err
		}
	}
	return nil
}

// procedure reads the call of sp_executesql: the statement, the declaration of its variables, and
// the variables by their names.
func procedure(in *decoder) (string, map[string][]byte) {
	if n := in.u16(); n == maxLength {
		in.u16() // the number of a procedure of the system
	} else {
		in.bytes(2 * n)
	}
	in.u16() // options
	var values [][]byte
	args := map[string][]byte{}
	for in.at < len(in.b) {
		name := strings.ToLower(decodeText(in.bytes(2 * in.u8())))
		in.u8() // status
		value := in.variable()
		values = append(values, value)
		if len(values) > 2 {
			if name == "" {
				name = "@p" + strconv.Itoa(len(values)-2)
			}
			args[name] = value
		}
	}
	return string(values[0]), args
}

// The requests and notices of transactions.
const (
	requestBegin    = 5
	requestCommit   = 7
	requestRollback = 8

	isolationSnapshot = 5
)

func (c *session) transaction(ctx context.Context, in *decoder, out *encoder) {
	request, statement := in.u16(), "ROLLBACK"
	notice := &encoder{}
	switch request {
	case requestBegin:
		statement = "BEGIN ISOLATION LEVEL READ COMMITTED"
		if in.u8() == isolationSnapshot {
			statement = "BEGIN ISOLATION LEVEL REPEATABLE READ"
			c.snapshotRefused = !c.server.opts.Snapshots
		}
		notice.raw(8, 8)
		notice.u64(1)
		notice.raw(0)
	case requestCommit, requestRollback:
		c.snapshotRefused = false
		notice.raw(map[int]byte{requestCommit: 9, requestRollback: 10}[request], 0, 8)
		notice.u64(1)
	default:
		out.failure(sqlUnsupported, "transaction request")
		return
	}
	c.server.note(statement)
	if _, err := c.backend.Exec(ctx, statement); err != nil {
		out.fail(err)
		return
	}
	out.token(tokenEnv, notice)
	out.done(doneFinal, 0)
}

// variablePattern finds variables outside of texts.
var variablePattern = regexp.MustCompile(`'[^']*'|@[A-Za-z0-9_]+`)

// toBackend writes variables as PostgreSQL does and returns their values in that order.
func toBackend(statement string, args map[string][]byte) (string, [][]byte) {
	var values [][]byte
	numbers := map[string]int{}
	return variablePattern.ReplaceAllStringFunc(statement, func(found string) string {
		name := strings.ToLower(found)
		value, ok := args[name]
		if !ok {
			return found
		}
		if numbers[name] == 0 {
			values = append(values, value)
			numbers[name] = len(values)
		}
		return "$" + strconv.Itoa(numbers[name])
	}), values
}

func (c *session) run(ctx context.Context, statement string, args map[string][]byte, out *encoder) {
	c.server.note(statement)
	if c.snapshotRefused {
		out.failure(sqlNoSnapshot, "Snapshot isolation transaction failed because snapshot isolation is not allowed in this database.")
		return
	}
	translated, values := toBackend(statement, args)
	finished := make(chan *encoder, 1)
	go func() { finished <- c.execute(ctx, translated, values) }()
	messages := c.messages
	for {
		select {
		case result := <-finished:
			if c.canceled {
				return // the client only waits for the attention to be confirmed
			}
			out.raw(result.b...)
			return
		case m, ok := <-messages:
			if !ok {
				messages = nil // the client is gone; the statement is of no use any more
			} else if m.kind != packetAttention {
				continue
			}
			c.canceled = ok
			_ = c.backend.PgConn().CancelRequest(ctx)
		}
	}
}

func (c *session) execute(ctx context.Context, statement string, values [][]byte) *encoder {
	out, rows := &encoder{}, 0
	reader := c.backend.PgConn().ExecParams(ctx, statement, values, nil, nil, nil)
	var columns []column
	for reader.NextRow() {
		if columns == nil {
			columns = columnsOf(reader)
			out.columns(columns)
		}
		row := make([][]byte, len(columns))
		for i, v := range reader.Values() {
			row[i] = bytes.Clone(v)
		}
		out.row(columns, row)
		rows++
	}
	if columns == nil && len(reader.FieldDescriptions()) > 0 {
		out.columns(columnsOf(reader))
	}
	if _, err := reader.Close(); err != nil {
		failed := &encoder{}
		failed.fail(err)
		return failed
	}
	out.done(doneCount, rows)
	return out
}

func columnsOf(reader *pgconn.ResultReader) []column {
	var columns []column
	for _, f := range reader.FieldDescriptions() {
		columns = append(columns, columnOf(f.Name, f.DataTypeOID))
	}
	return columns
}

func (e *encoder) fail(err error) {
	number, text := sqlInternal, err.Error()
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		text = pg.Message
		if known := errorTable[pg.Code]; known != 0 {
			number = known
		}
	}
	e.failure(number, text)
}
