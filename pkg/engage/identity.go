package engage

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"
)

// Identity is the event's semantic key: the same event has the same identity
// over whichever instance, edge or server of the HA pair it came, and two
// events have different ones. pair names the HA pair (or the link, when both
// instances use the same link names). The sequence number is left out,
// because it is not publicly documented whether it counts per server or per
// connection.
//
// Two edges may lose their own connections at the same time, so the edge's
// own messages count per edge: their cursor is part of the key.
func (e Event) Identity(pair string) string {
	parts := []string{
		pair,
		e.Message,
		strconv.FormatInt(e.Time.UnixMicro(), 10),
		firstOf(e.CallUUID(), e.ConnID()),
		firstOf(e.PartyUUID(), e.ThisDN(), e.DN()),
		e.stateKey(),
		e.RefCallUUID(),
		e.NewCallUUID(),
		e.Attributes.Text("statistic"),
	}
	if e.IsFeed() {
		parts = append(parts, e.Server.Name, e.Cursor)
	}
	h := sha256.New()
	var size [8]byte
	for _, part := range parts {
		// The length before each part keeps "ab","c" apart from "a","bc".
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	const bytesKept = 16
	sum := h.Sum(nil)[:bytesKept]
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum))
}

// stateKey joins the states that a message may carry, as numbers where the
// names are known, because one edge may write names and the other numbers.
func (e Event) stateKey() string {
	keys := []string{
		enumKey(e.Attributes["PartyState"], int(e.PartyState()), int(PartyStateUnknown)),
		enumKey(e.Attributes["CallState"], int(e.CallState()), int(CallStateUnknown)),
		enumKey(e.Attributes["AgentWorkMode"], int(e.WorkMode()), int(WorkModeUnknown)),
		enumKey(e.Attributes["status"], int(e.status()), int(StatusUnknown)),
	}
	if since, ok := e.Attributes.Time("since"); ok {
		keys = append(keys, strconv.FormatInt(since.UnixMicro(), 10))
	}
	return strings.Join(keys, "/")
}

func enumKey(raw any, value, unknown int) string {
	switch {
	case raw == nil:
		return ""
	case value == unknown:
		return strings.ToLower(text(raw))
	default:
		return strconv.Itoa(value)
	}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
