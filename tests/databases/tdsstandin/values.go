package tdsstandin

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// The data types of the protocol.
const (
	typeNull      = 0x1F
	typeIntN      = 0x26
	typeBitN      = 0x68
	typeNumeric   = 0x6C
	typeDateTimeN = 0x6F
	typeNVarchar  = 0xE7
)

// maxLength as a length says NULL, or for a type: unlimited.
const maxLength = 0xFFFF

func integerText(b []byte) []byte {
	switch len(b) {
	case 1:
		return strconv.AppendInt(nil, int64(b[0]), 10)
	case 2:
		return strconv.AppendInt(nil, int64(int16(binary.LittleEndian.Uint16(b))), 10)
	case 4:
		return strconv.AppendInt(nil, int64(int32(binary.LittleEndian.Uint32(b))), 10)
	case 8:
		return strconv.AppendInt(nil, int64(binary.LittleEndian.Uint64(b)), 10)
	}
	return nil
}

// column is how a column of PostgreSQL is sent.
type column struct {
	name string
	kind byte
	size int // of an integer
}

func columnOf(name string, oid uint32) column {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID:
		return column{name, typeIntN, 4}
	case pgtype.Int8OID:
		return column{name, typeIntN, 8}
	case pgtype.NumericOID:
		return column{name, typeNumeric, 0}
	case pgtype.TimestampOID, pgtype.TimestamptzOID:
		return column{name, typeDateTimeN, 8}
	}
	return column{name, typeNVarchar, 0}
}

// collation is Latin1_General.
func collation() []byte { return []byte{0x09, 0x04, 0xD0, 0x00, 0x34} }

func (e *encoder) columns(columns []column) {
	e.raw(tokenColumns)
	e.u16(len(columns))
	for _, c := range columns {
		e.u32(0) // user type
		e.u16(9) // nullable, may be written
		e.raw(c.kind)
		switch c.kind {
		case typeNumeric:
			e.raw(9, 10, 0) // bytes, precision, scale
		case typeNVarchar:
			e.u16(8000)
			e.raw(collation()...)
		default:
			e.raw(byte(c.size))
		}
		e.short(c.name)
	}
}

func (e *encoder) row(columns []column, row [][]byte) {
	e.raw(tokenRow)
	for i, v := range row {
		switch c := columns[i]; {
		case v == nil && c.kind == typeNVarchar:
			e.u16(maxLength)
		case v == nil:
			e.raw(0)
		case c.kind == typeNVarchar:
			b := encodeText(string(v))
			e.u16(len(b))
			e.raw(b...)
		case c.kind == typeNumeric:
			e.numeric(string(v))
		case c.kind == typeDateTimeN:
			e.dateTime(string(v))
		default:
			n, _ := strconv.ParseInt(string(v), 10, 64)
			e.raw(byte(c.size))
			e.raw(binary.LittleEndian.AppendUint64(nil, uint64(n))[:c.size]...)
		}
	}
}

// numeric writes a sign and the digits as a little-endian number.
func (e *encoder) numeric(v string) {
	n, _ := new(big.Int).SetString(v, 10)
	sign := byte(1)
	if n.Sign() < 0 {
		sign = 0
		n.Neg(n)
	}
	e.raw(9, sign)
	e.raw(binary.LittleEndian.AppendUint64(nil, n.Uint64())...)
}

// dateTime writes days since 1900 and three-hundredths of a second since midnight.
func (e *encoder) dateTime(v string) {
	t, _ := time.Parse("2006-01-02 15:04:05", strings.NewReplacer("+00", "").Replace(v))
	since := t.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))
	e.raw(8)
	e.u32(int(since / (24 * time.Hour)))
	e.u32(int(since % (24 * time.Hour) * 300 / time.Second))
}
