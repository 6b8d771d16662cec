package tnsstandin

import (
	"bufio"
	"context"
	"encoding/hex"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The message codes of the two-task protocol.
const (
	msgProtocol  = 1
	msgDataTypes = 2
	msgFunction  = 3
	msgSummary   = 4
	msgRows      = 6
	msgRow       = 7
	msgReturn    = 8
	msgStatus    = 9
	msgDescribe  = 16
	msgPiggyback = 17
	msgServerNet = 23
)

// The functions that a client calls.
const (
	callFetch     = 0x05
	callLogoff    = 0x09
	callCommit    = 0x0E
	callRollback  = 0x0F
	callVersion   = 0x3B
	callReexecute = 0x4E
	callExecute   = 0x5E
	callLogin     = 0x73
	callChallenge = 0x76
	callPing      = 0x93
)

// charsetUTF8 is AL32UTF8.
const charsetUTF8 = 873

// session is one connection of a client.
type session struct {
	server   *Server
	conn     net.Conn
	backend  *pgx.Conn
	packets  chan packet
	cursors  map[int]*cursor
	last     int // number of the newest cursor
	inTx     bool
	canceled bool
}

// read hands packets to the loop, so that a break is noticed while a statement runs.
func (c *session) read(from *bufio.Reader, done <-chan struct{}) {
	defer close(c.packets)
	for {
		p, err := readPacket(from)
		if err != nil {
			return
		}
		select {
		case c.packets <- p:
		case <-done:
			return
		}
	}
}

func (c *session) loop(ctx context.Context) error {
	for {
		p, ok := <-c.packets
		if !ok || p.kind == packetData && len(p.body) <= 2 {
			return nil // the final packet is empty
		}
		if p.kind == packetMarker {
			continue // a break that came after the answer
		}
		message := append([]byte(nil), p.body[2:]...)
		for len(p.body) >= unitSize-64-headerSize { // a full packet: the message goes on
			if p, ok = <-c.packets; !ok {
				return nil
			}
			message = append(message, p.body[2:]...)
		}
		out := &encoder{}
		c.answer(ctx, &decoder{b: message}, out)
		if c.canceled {
			c.canceled = false
			if err := c.reset(); err != nil {
				return err
			}
		}
		if err := writeData(c.conn, out.b); err != nil {
			return err
		}
	}
}

// reset is what both sides do after a break: each sends a marker before the answer goes on.
func (c *session) reset() error {
	marker := packet{packetMarker, []byte{1, 0, 2}}
	if err := writePacket(c.conn, marker); err != nil {
		return err
	}
	for p := range c.packets {
		if p.kind == packetMarker {
			return writePacket(c.conn, marker)
		}
	}
	return nil
}

func (c *session) answer(ctx context.Context, in *decoder, out *encoder) {
	switch in.raw() {
	case msgProtocol:
		protocol(out)
	case msgDataTypes:
		out.raw(msgDataTypes)
		zone := make([]byte, 11)
		zone[4], zone[5], zone[6] = 60, 60, 60
		out.raw(zone...)
		out.raw(0)
	case msgFunction:
		c.call(ctx, in, out)
	case msgPiggyback:
		c.piggyback(ctx, in, out)
	default:
		out.summary(summary{code: oraUnsupported, text: "message"})
	}
}

// piggyback closes cursors; the call that it rides on follows in the same message.
func (c *session) piggyback(ctx context.Context, in *decoder, out *encoder) {
	in.skip(3) // function, sequence, pointer
	for range in.number() {
		delete(c.cursors, in.number())
	}
	if in.at < len(in.b) {
		c.answer(ctx, in, out)
		return
	}
	out.raw(msgStatus)
}

// protocol announces an old version of the protocol, which spares most of its later extensions.
func protocol(out *encoder) {
	out.raw(msgProtocol, 6, 0)
	out.raw([]byte("Stand-in\x00")...)
	out.raw(charsetUTF8&0xFF, charsetUTF8>>8, 1, 0, 0)
	out.raw(0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x07, 0xD0) // national character set 2000
	capabilities := make([]byte, 38)
	capabilities[4], capabilities[7] = 2, 5
	out.raw(byte(len(capabilities)))
	out.raw(capabilities...)
	out.raw(7, 2, 1, 0, 0, 0, 0, 0)
}

func (c *session) call(ctx context.Context, in *decoder, out *encoder) {
	switch in.raw() {
	case callChallenge:
		c.challenge(in, out)
	case callLogin:
		login(out)
	case callVersion:
		version := "Oracle Database 19c stand-in"
		out.raw(msgReturn)
		out.number(len(version))
		out.value([]byte(version))
		out.number(0x13300000)
	case callExecute:
		c.execute(ctx, in, out)
	case callReexecute:
		in.raw()
		c.fetch(in.number(), in.number(), out)
	case callFetch:
		in.raw()
		c.fetch(in.number(), in.number(), out)
	case callCommit, callRollback:
		c.endTransaction(ctx)
		out.summary(summary{})
	case callLogoff, callPing:
		out.summary(summary{})
	default:
		out.summary(summary{code: oraUnsupported, text: "function"})
	}
}

// challenge is the first half of the password exchange, with a verifier of version 11g.
func (c *session) challenge(in *decoder, out *encoder) {
	in.skip(2)  // sequence, pointer
	in.number() // length of the user's name
	in.number() // mode
	in.skip(5)
	user := string(in.value())
	if c.server.opts.User != "" && !strings.EqualFold(user, c.server.opts.User) {
		out.summary(summary{code: 1017, text: "invalid username/password; logon denied"})
		return
	}
	out.raw(msgReturn)
	out.number(2)
	out.pair("AUTH_SESSKEY", strings.ToUpper(hex.EncodeToString(make([]byte, 48))), 0)
	out.pair("AUTH_VFR_DATA", "00112233445566778899", 6949)
	out.summary(summary{})
}

func login(out *encoder) {
	out.raw(msgReturn)
	out.number(3)
	out.pair("AUTH_SESSION_ID", "1", 0)
	out.pair("AUTH_SERIAL_NUM", "1", 0)
	out.pair("AUTH_SC_SERVICE_NAME", "STANDIN", 0)
	out.raw(msgServerNet, 5)
	out.number(0)
	out.raw(0)
	out.number(1)
	out.raw(0)
	out.pair("AUTH_NLS_LXLAN", "AMERICAN", 16)
	out.number(0)
	out.summary(summary{})
}
