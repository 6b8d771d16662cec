package store

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// OutboxEntry is something to be sent.
type OutboxEntry struct {
	Key     string // entries of one key must keep their order, e.g. a conversation id
	Payload []byte
}

// OutboxRecord is an entry of an outbox that was not acknowledged yet.
type OutboxRecord struct {
	ID      string // grows along the outbox
	Key     string
	Payload []byte
}

// Parked names an outbox entry to give up, and why.
type Parked struct {
	ID     string // of the OutboxRecord
	Reason string
}

// ParkedRecord is an entry that was given up; an operator may have it retried.
type ParkedRecord struct {
	ID       string // for RetryParked
	OutboxID string // the OutboxRecord's id
	Key      string
	Payload  []byte
	Reason   string
	At       time.Time
}

// maxReason bounds the text kept with parked things.
const maxReason = 1024

// ReadOutbox returns up to count entries behind the id after ("" is the beginning: the oldest not
// yet acknowledged). It waits like ReadLog.
func (p *Pipeline) ReadOutbox(ctx context.Context, outbox, after string, count int, block time.Duration) ([]OutboxRecord, error) {
	messages, err := p.s.readStream(ctx, opReadOutbox, p.key("out", outbox), after, count, block)
	if err != nil {
		return nil, err
	}
	records := make([]OutboxRecord, len(messages))
	for i, m := range messages {
		records[i] = OutboxRecord{ID: m.ID, Key: string(field(m, "k")), Payload: field(m, "v")}
	}
	return records, nil
}

// AckOutbox removes entries that were sent; ids that are gone already are no error. A lost lease is
// Conflict with ErrFenced.
func (p *Pipeline) AckOutbox(ctx context.Context, lease Lease, outbox string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	args := []any{lease.Owner, lease.Generation}
	for _, id := range ids {
		args = append(args, id)
	}
	return p.s.do(ctx, opAckOutbox, func(ctx context.Context) error {
		removed, err := p.s.run(ctx, scriptAckOutbox, []string{p.s.leaseKey(lease.Name), p.key("out", outbox), p.key("back", outbox)}, args...).Int()
		if err == nil && removed < 0 {
			return fenced("store.ack_outbox", lease)
		}
		return err
	})
}

// Park moves entries from the outbox to the parked ones, all or none. Entries that are gone already
// are passed over; above Limits.Parked the oldest parked ones are dropped. A lost lease is Conflict
// with ErrFenced.
func (p *Pipeline) Park(ctx context.Context, lease Lease, outbox string, items []Parked) error {
	if len(items) == 0 {
		return nil
	}
	keys := []string{p.s.leaseKey(lease.Name), p.key("out", outbox), p.key("parked", outbox), p.key("back", outbox)}
	args := []any{lease.Owner, lease.Generation, p.s.scriptTime(), p.s.opts.Limits.Parked}
	for _, item := range items {
		args = append(args, item.ID, clip(item.Reason))
	}
	return p.s.do(ctx, opPark, func(ctx context.Context) error {
		answer, err := p.s.run(ctx, scriptPark, keys, args...).Int64Slice()
		if err != nil {
			return err
		}
		if answer[0] < 0 {
			return fenced("store.park", lease)
		}
		p.s.dropped(ctx, listParked, p.name, answer[1])
		return nil
	})
}

// Parked returns up to limit parked entries of an outbox, oldest first.
func (p *Pipeline) Parked(ctx context.Context, outbox string, limit int) ([]ParkedRecord, error) {
	var messages []redis.XMessage
	err := p.s.do(ctx, opParked, func(ctx context.Context) error {
		var err error
		messages, err = p.s.redis().XRangeN(ctx, p.key("parked", outbox), "-", "+", int64(limit)).Result()
		return err
	})
	if err != nil {
		return nil, err
	}
	records := make([]ParkedRecord, len(messages))
	for i, m := range messages {
		at, err := strconv.ParseInt(string(field(m, "a")), 10, 64)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, "store.parked", err)
		}
		records[i] = ParkedRecord{
			ID: m.ID, OutboxID: string(field(m, "o")), Key: string(field(m, "k")), Payload: field(m, "v"),
			Reason: string(field(m, "r")), At: time.UnixMilli(at),
		}
	}
	return records, nil
}

// streamIDPattern is an id of a Redis stream; anything else would end the script half way.
var streamIDPattern = regexp.MustCompile(`^[0-9]{1,20}(-[0-9]{1,20})?$`)

// maxReturned bounds how many retried entries wait beside an outbox.
const maxReturned = 1000

// RetryParked puts parked entries back and returns how many there were; unknown ones are passed
// over, and above 1,000 that wait already the rest stays parked. They keep their ids, and with them
// their place before the later entries of their keys that were not sent yet. Invalid when an id
// cannot be one. An operator calls it on any instance, so it needs no lease.
func (p *Pipeline) RetryParked(ctx context.Context, outbox string, ids []string) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	args := make([]any, 0, 1+len(ids))
	args = append(args, maxReturned)
	for _, id := range ids {
		if !streamIDPattern.MatchString(id) {
			return 0, p.s.refuse(opRetryParked, fault.Invalid, "%q is not the id of a parked entry", id)
		}
		args = append(args, id)
	}
	var moved int
	err := p.s.do(ctx, opRetryParked, func(ctx context.Context) error {
		var err error
		moved, err = p.s.run(ctx, scriptRetryParked, []string{p.key("back", outbox), p.key("parked", outbox)}, args...).Int()
		return err
	})
	return moved, err
}

// ReadReturned returns the entries that RetryParked has put back and that were not acknowledged or
// parked since, in no order.
func (p *Pipeline) ReadReturned(ctx context.Context, outbox string) ([]OutboxRecord, error) {
	var records []OutboxRecord
	err := p.s.do(ctx, opReadReturned, func(ctx context.Context) error {
		found, err := p.s.redis().HGetAll(ctx, p.key("back", outbox)).Result()
		if err != nil {
			return err
		}
		records = make([]OutboxRecord, 0, len(found))
		for id, text := range found {
			length, rest, _ := strings.Cut(text, ":")
			n, err := strconv.Atoi(length)
			if err != nil || n < 0 || n > len(rest) {
				p.s.log.ErrorContext(ctx, "a retried entry beside an outbox cannot be read and stays there", "outbox", outbox, "id", id)
				continue
			}
			records = append(records, OutboxRecord{ID: id, Key: rest[:n], Payload: []byte(rest[n:])})
		}
		return nil
	})
	return records, err
}

// Aside is a piece of input that could not be understood.
type Aside struct {
	Source string    `json:"source"`
	Cursor string    `json:"cursor,omitempty"`
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
	Item   []byte    `json:"item,omitempty"` // its first 4 KiB
}

// maxAside bounds what is kept of a malformed item.
const maxAside = 4 << 10

// SetAside keeps malformed input for a person to look at, and moves the source's cursor behind it, in
// one step. Above Limits.SetAside the oldest are dropped. The position is the one behind the item, its
// epoch is checked like Append.Epoch.
func (p *Pipeline) SetAside(ctx context.Context, source string, item []byte, at Position, reason string) error {
	text, err := p.asideText(opSetAside, Aside{Source: source, Cursor: at.Cursor, Reason: reason, Item: item})
	if err != nil {
		return err
	}
	return p.s.do(ctx, opSetAside, func(ctx context.Context) error {
		over, err := p.s.run(ctx, scriptSetAside, []string{p.key("aside"), p.key("cursors")},
			p.s.opts.Limits.SetAside, source, at.Cursor, text, at.Epoch).Int64()
		if err == nil && over == -3 {
			return wentBack("store.set_aside")
		}
		p.s.dropped(ctx, listSetAside, p.name, over)
		return err
	})
}

// asideText is what is kept of a piece of input, as of now.
func (p *Pipeline) asideText(op operation, a Aside) ([]byte, error) {
	a.Reason, a.At, a.Item = clip(a.Reason), p.s.opts.Now().UTC(), a.Item[:min(len(a.Item), maxAside)]
	text, err := json.Marshal(a)
	if err != nil {
		return nil, p.s.refuse(op, fault.Invalid, "%w", err)
	}
	return text, nil
}

// Aside returns up to limit pieces of malformed input, newest first.
func (p *Pipeline) Aside(ctx context.Context, limit int) ([]Aside, error) {
	var items []Aside
	err := p.s.do(ctx, opAside, func(ctx context.Context) error {
		texts, err := p.s.redis().LRange(ctx, p.key("aside"), 0, int64(limit)-1).Result()
		if err != nil {
			return err
		}
		items = make([]Aside, len(texts))
		for i, text := range texts {
			if err := json.Unmarshal([]byte(text), &items[i]); err != nil {
				return fault.Wrap(fault.Internal, "store.aside", err)
			}
		}
		return nil
	})
	return items, err
}

// Depth is how much there is of everything in a pipeline.
type Depth struct {
	Log      int64            // records not yet consumed
	Outboxes map[string]int64 // entries not yet acknowledged, by outbox
	Parked   map[string]int64 // entries given up, by outbox
	SetAside int64            // malformed input
}

// Depth counts; an outbox appears once something was put into it.
func (p *Pipeline) Depth(ctx context.Context) (Depth, error) {
	depth := Depth{Outboxes: make(map[string]int64), Parked: make(map[string]int64)}
	err := p.s.do(ctx, opDepth, func(ctx context.Context) error {
		names, err := p.s.redis().SMembers(ctx, p.key("outboxes")).Result()
		if err != nil {
			return err
		}
		batch := p.s.redis().Pipeline()
		log, aside := batch.XLen(ctx, p.key("log")), batch.LLen(ctx, p.key("aside"))
		out, parked, back := make([]*redis.IntCmd, len(names)), make([]*redis.IntCmd, len(names)), make([]*redis.IntCmd, len(names))
		for i, name := range names {
			out[i], parked[i] = batch.XLen(ctx, p.key("out", name)), batch.XLen(ctx, p.key("parked", name))
			back[i] = batch.HLen(ctx, p.key("back", name))
		}
		if _, err := batch.Exec(ctx); err != nil {
			return err
		}
		depth.Log, depth.SetAside = log.Val(), aside.Val()
		for i, name := range names {
			depth.Outboxes[name], depth.Parked[name] = out[i].Val()+back[i].Val(), parked[i].Val()
		}
		return nil
	})
	return depth, err
}

// dropped reports what a bounded list has lost.
func (s *Store) dropped(ctx context.Context, list, pipeline string, n int64) {
	if n <= 0 {
		return
	}
	s.metrics.dropped.WithLabelValues(list).Add(float64(n))
	s.log.WarnContext(ctx, "a list has reached its bound, oldest items dropped", "list", list, "pipeline", pipeline, "dropped", n)
}

// clip bounds a reason and makes it valid text.
func clip(reason string) string {
	return strings.ToValidUTF8(reason[:min(len(reason), maxReason)], "")
}
