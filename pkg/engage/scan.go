package engage

import (
	"encoding/json"
	"time"
)

// scanner reads the JSON of an event in the form in which edges and Encode write it, many times faster than
// encoding/json. It understands nothing else: what it does not know, from a name in other letters to a broken
// line, is left to encoding/json, whose results its own never differ from.
type scanner struct {
	data  []byte
	at    int
	texts *texts
	other bool // it is something else
}

// scan reads an event; false leaves it to encoding/json.
func scan(data []byte, texts *texts) (Event, bool) {
	s := scanner{data: data, texts: texts}
	var e Event
	s.event(&e)
	s.space()
	return e, !s.other && s.at == len(s.data)
}

// Members of an event and of a server, as bits: each comes once.
const (
	memberCursor = 1 << iota
	memberReceived
	memberServer
	memberSequence
	memberMessage
	memberNumber
	memberTime
	memberAttributes
	memberLink
	memberName
	memberRole
	memberStart
)

func (s *scanner) event(e *Event) {
	s.expect('{')
	for n, found := 0, 0; s.more(n, '}'); n++ {
		member := 0
		switch string(s.name()) {
		case "cursor":
			member, e.Cursor = memberCursor, string(s.plain())
		case "receivedAt":
			member, e.ReceivedAt = memberReceived, s.time()
		case "server":
			member = memberServer
			s.server(&e.Server)
		case "sequence":
			member, e.Sequence = memberSequence, s.integer()
		case "message":
			member, e.Message = memberMessage, s.text()
		case "number":
			member, e.Number = memberNumber, int(s.integer())
		case "time":
			member, e.Time = memberTime, s.time()
		case "attributes":
			member, e.Attributes = memberAttributes, s.object(0)
		case "link":
			member, e.Link = memberLink, s.text()
		}
		found = s.once(found, member)
	}
}

func (s *scanner) server(server *Server) {
	s.expect('{')
	for n, found := 0, 0; s.more(n, '}'); n++ {
		member := 0
		switch string(s.name()) {
		case "name":
			member, server.Name = memberName, s.text()
		case "role":
			member, server.Role = memberRole, s.text()
		case "startTime":
			member, server.StartTime = memberStart, s.integer()
		}
		found = s.once(found, member)
	}
}

// once adds a member to those that were found. An unknown one may be known to encoding/json, and one that
// comes again replaces the one before.
func (s *scanner) once(found, member int) int {
	if member == 0 || found&member != 0 {
		s.fail()
	}
	return found | member
}

// object reads a key-value list, and what is in it.
func (s *scanner) object(depth int) map[string]any {
	const deepest = 32
	if depth > deepest {
		s.fail()
	}
	s.expect('{')
	all := map[string]any{}
	for n := 0; s.more(n, '}'); n++ {
		key := s.texts.text(s.name())
		all[key] = s.value(depth)
	}
	return all
}

func (s *scanner) list(depth int) []any {
	s.expect('[')
	all := []any{}
	for n := 0; s.more(n, ']'); n++ {
		all = append(all, s.value(depth))
	}
	return all
}

func (s *scanner) value(depth int) any {
	switch c := s.peek(); {
	case c == '"':
		start := s.at
		if raw, plain := s.quoted(); plain {
			return s.texts.value(raw)
		}
		return s.unquote(start)
	case c == '{':
		return s.object(depth + 1)
	case c == '[':
		return s.list(depth + 1)
	case c == 't' && s.word("true"):
		return true
	case c == 'f' && s.word("false"):
		return false
	case c == 'n' && s.word("null"):
		return nil
	default:
		return s.texts.number(s.number())
	}
}

// fail leaves the event to encoding/json: nothing more is read.
func (s *scanner) fail() { s.other, s.at = true, len(s.data) }

// peek returns the next byte; 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for s.at < len(s.data) && s.data[s.at] <= ' ' {
		switch s.data[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// expect reads a byte, and the space around it.
func (s *scanner) expect(c byte) {
	s.space()
	if s.peek() != c {
		s.fail()
		return
	}
	s.at++
	s.space()
}

// more tells whether another member of an object or list follows those that were read, and reads the comma
// before it, or the end.
func (s *scanner) more(read int, end byte) bool {
	s.space()
	switch {
	case s.peek() == end:
		s.at++
		return false
	case read > 0:
		s.expect(',')
	}
	return !s.other
}

// name reads the name of a member.
func (s *scanner) name() []byte {
	name := s.plain()
	s.expect(':')
	return name
}

// plain reads a text that stands for itself.
func (s *scanner) plain() []byte {
	raw, plain := s.quoted()
	if !plain {
		s.fail()
		return nil
	}
	return raw
}

func (s *scanner) text() string { return s.texts.text(s.plain()) }

// quoted reads up to the end of a text and tells whether it stands for itself: ASCII without escapes.
func (s *scanner) quoted() (raw []byte, plain bool) {
	if s.peek() != '"' {
		s.fail()
		return nil, false
	}
	s.at++
	start := s.at
	plain = true
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return s.data[start : s.at-1], plain
		case c == '\\':
			s.at++ // and what it escapes
			plain = false
		case c < ' ' || c > '~':
			plain = false
		}
		s.at++
	}
	s.fail()
	return nil, false
}

// unquote returns a text, from the quote before it on, that does not stand for itself.
func (s *scanner) unquote(start int) any {
	var text string
	if s.other || json.Unmarshal(s.data[start:s.at], &text) != nil {
		s.fail()
	}
	return text
}

func (s *scanner) word(word string) bool {
	if len(s.data)-s.at < len(word) || string(s.data[s.at:s.at+len(word)]) != word {
		return false
	}
	s.at += len(word)
	return true
}

// digits reads digits and returns how many there were.
func (s *scanner) digits() int {
	start := s.at
	for s.at < len(s.data) && s.data[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at - start
}

// number reads a number of any form.
func (s *scanner) number() []byte {
	start := s.at
	s.whole()
	if s.peek() == '.' {
		s.at++
		s.some()
	}
	if s.peek()|0x20 == 'e' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		s.some()
	}
	if s.other {
		return nil
	}
	return s.data[start:s.at]
}

// whole reads the whole part of a number.
func (s *scanner) whole() {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
		return
	}
	s.some()
}

func (s *scanner) some() {
	if s.digits() == 0 {
		s.fail()
	}
}

// integer reads a whole number that is not too large.
func (s *scanner) integer() int64 {
	const most = 18 // digits
	raw := s.number()
	n, sign := int64(0), int64(1)
	for i, c := range raw {
		switch {
		case i == 0 && c == '-':
			sign = -1
		case c-'0' > 9 || i >= most:
			s.fail()
			return 0
		default:
			n = 10*n + int64(c-'0')
		}
	}
	return sign * n
}

// time reads a time in UTC as RFC 3339 has it.
func (s *scanner) time() time.Time {
	raw := s.plain()
	const seconds = len("2006-01-02T15:04:05")
	if len(raw) <= seconds || raw[4] != '-' || raw[7] != '-' || raw[10] != 'T' || raw[13] != ':' || raw[16] != ':' || raw[len(raw)-1] != 'Z' {
		s.fail()
		return time.Time{}
	}
	year, month, day := s.part(raw[:4]), s.part(raw[5:7]), s.part(raw[8:10])
	hour, minute, second := s.part(raw[11:13]), s.part(raw[14:16]), s.part(raw[17:seconds])
	nanos := s.fraction(raw[seconds : len(raw)-1])
	at := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	if at.Day() != day || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 {
		s.fail()
	}
	return at
}

// part reads a number of a time.
func (s *scanner) part(raw []byte) int {
	n := 0
	for _, c := range raw {
		if c-'0' > 9 {
			s.fail()
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// fraction reads the part of a second, in nanoseconds.
func (s *scanner) fraction(raw []byte) int {
	const digits = 9
	if len(raw) == 0 {
		return 0
	}
	if len(raw) == 1 || len(raw) > 1+digits || raw[0] != '.' {
		s.fail()
		return 0
	}
	nanos := s.part(raw[1:])
	for range digits - len(raw[1:]) {
		nanos *= 10
	}
	return nanos
}
