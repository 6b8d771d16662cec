package store

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// Pipeline is the storage of one way from event to cloud: the log, who was read how far, the state
// derived from the log, and the outboxes. Only the holder of a lease commits to it.
type Pipeline struct {
	s    *Store
	name string
}

// Pipeline returns the pipeline of a name, e.g. "calls"; it need not exist yet.
func (s *Store) Pipeline(name string) *Pipeline {
	return &Pipeline{s: s, name: name}
}

func (p *Pipeline) key(parts ...string) string {
	return p.s.keys.name(append([]string{"pipe", p.name}, parts...)...)
}

// Append is what one source had to say: entries in its order, and its cursor behind the last of them.
type Append struct {
	Source  string  // whose cursor this is, e.g. a link's name
	Cursor  string  // stored as it is; "" leaves the stored one alone
	Entries []Entry // at most 10,000
	// Lease makes the append a leader's: it is refused with Conflict and ErrFenced when another
	// holds the lease by now. nil is anybody's, for instance a link's.
	Lease *Lease
	// Epoch is where the source's Position was read in. The append is refused with ErrWentBack when
	// Redis was restarted or failed over since: events that the source believes to be stored may be
	// lost, and the cursor must not jump over them. "" is not checked.
	Epoch string
	// Durable makes the append return only when what it wrote is safe, see Store.Persisted.
	Durable bool
}

// Position is how far a source was read.
type Position struct {
	Cursor string // "" when it never was
	Epoch  string // of Redis, for Append.Epoch
}

// Entry is one event for the log.
type Entry struct {
	Identity string // the same for the same event, whichever way it came
	// Repeats marks an entry that is appended whenever it comes, and of which nothing is remembered.
	Repeats bool
	Payload []byte
}

// Record is one entry of the log.
type Record struct {
	ID      string // grows along the log
	Payload []byte
}

// maxEntries bounds one script's work, which holds up Redis for everybody.
const maxEntries = 10_000

// AppendOnce appends the entries whose identity was not seen within Options.SeenTTL, and stores the
// cursor, all in one step; it returns how many were appended. It may be repeated: the second time
// appends nothing. A full log refuses with RateLimited and ErrFull.
func (p *Pipeline) AppendOnce(ctx context.Context, a Append) (appended int, err error) {
	if !a.Durable {
		return p.append(ctx, a)
	}
	err = p.s.durably(ctx, func(ctx context.Context) error {
		appended, err = p.append(ctx, a)
		return err
	})
	return appended, err
}

func (p *Pipeline) append(ctx context.Context, a Append) (int, error) {
	switch {
	case len(a.Entries) > maxEntries:
		return 0, p.s.refuse(opAppend, fault.TooLarge, "%d entries in one append, at most %d", len(a.Entries), maxEntries)
	case a.Source == "" && a.Cursor != "":
		return 0, p.s.refuse(opAppend, fault.Invalid, "the cursor %q has no source", a.Cursor)
	case a.Cursor == "" && len(a.Entries) == 0 && a.Epoch == "":
		return 0, nil
	}
	var by Lease
	if a.Lease != nil {
		by = *a.Lease
	}
	keys := make([]string, 0, 3+2*len(a.Entries))
	keys = append(keys, p.key("log"), p.key("cursors"), p.s.leaseKey(by.Name))
	args := make([]any, 0, 7+2*len(a.Entries))
	args = append(args, p.s.opts.Limits.Log, p.s.opts.SeenTTL.Milliseconds(), a.Source, a.Cursor, by.Owner, by.Generation, a.Epoch)
	sets := p.key("seen") + ":"
	for i, e := range a.Entries {
		if e.Identity == "" && !e.Repeats {
			return 0, p.s.refuse(opAppend, fault.Invalid, "entry %d has no identity", i)
		}
		shard, member := shorten(e.Identity)
		set := sets + strconv.Itoa(shard)
		keys = append(keys, set+":young", set+":old")
		if e.Repeats {
			member = ""
		}
		args = append(args, member, e.Payload)
	}
	var appended int
	err := p.s.do(ctx, opAppend, func(ctx context.Context) error {
		answer, err := p.s.run(ctx, scriptAppendOnce, keys, args...).Int()
		switch {
		case err != nil:
			return err
		case answer == -2:
			return fenced("store.append", by)
		case answer == -3:
			return wentBack("store.append")
		case answer < 0:
			return full("store.append", "the log of "+p.name)
		}
		appended = answer
		return nil
	})
	return appended, err
}

// Cursor returns how far a source was read.
func (p *Pipeline) Cursor(ctx context.Context, source string) (Position, error) {
	var at Position
	err := p.s.do(ctx, opCursor, func(ctx context.Context) error {
		answer, err := p.s.run(ctx, scriptCursor, []string{p.key("cursors")}, source).StringSlice()
		if err == nil {
			at = Position{Cursor: answer[0], Epoch: answer[1]}
			p.s.epochs.seen(ctx, at.Epoch)
		}
		return err
	})
	return at, err
}

// ReadLog returns up to count records behind the id after ("" is the beginning: what was not yet
// consumed). When there is none it waits for block; then, or when ctx ends, it returns none or
// ctx's error.
func (p *Pipeline) ReadLog(ctx context.Context, after string, count int, block time.Duration) ([]Record, error) {
	messages, err := p.s.readStream(ctx, opReadLog, p.key("log"), after, count, block)
	if err != nil {
		return nil, err
	}
	records := make([]Record, len(messages))
	for i, m := range messages {
		records[i] = Record{ID: m.ID, Payload: field(m, "p")}
	}
	return records, nil
}

// LoadState returns the model's state as the last commit left it.
func (p *Pipeline) LoadState(ctx context.Context) (map[string][]byte, error) {
	state := make(map[string][]byte)
	err := p.s.do(ctx, opLoadState, func(ctx context.Context) error {
		return p.s.scanHash(ctx, p.key("state"), func(name, value string) error {
			state[name] = []byte(value)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return state, nil
}

// maxStateKeys bounds one question for parts of the state.
const maxStateKeys = 1000

// LoadStateKeys returns those of the names, at most 1,000, that the state has, as one commit left
// them: for whoever wants little of a large state.
func (p *Pipeline) LoadStateKeys(ctx context.Context, names ...string) (map[string][]byte, error) {
	switch {
	case len(names) > maxStateKeys:
		return nil, p.s.refuse(opLoadKeys, fault.TooLarge, "%d names in one question, at most %d", len(names), maxStateKeys)
	case len(names) == 0:
		return map[string][]byte{}, nil
	}
	state := make(map[string][]byte, len(names))
	err := p.s.do(ctx, opLoadKeys, func(ctx context.Context) error {
		values, err := p.s.redis().HMGet(ctx, p.key("state"), names...).Result()
		for i, value := range values {
			if text, ok := value.(string); ok {
				state[names[i]] = []byte(text)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return state, nil
}

// Commit is the outcome of a batch of log records.
type Commit struct {
	Consumed []string                 // ids of log records, removed from the log
	State    map[string][]byte        // changed state; nil deletes
	Outbox   map[string][]OutboxEntry // new entries by the outbox's name, in order
	Aside    []Aside                  // records that could not be applied, kept for a person; At is set here
}

// Commit writes a batch's outcome, all or nothing. It is refused with Conflict and ErrFenced when
// the lease has another holder, with RateLimited and ErrFull when an outbox is full. After any other
// error it may have happened or not: LoadState and ReadLog from the beginning tell, and are consistent.
func (p *Pipeline) Commit(ctx context.Context, lease Lease, c Commit) error {
	keys, args, outboxes, err := p.commitArgs(lease, c)
	if err != nil {
		return err
	}
	return p.s.do(ctx, opCommit, func(ctx context.Context) error {
		answer, err := p.s.run(ctx, scriptCommit, keys, args...).Int64Slice()
		switch {
		case err != nil:
			return err
		case answer[0] == 0:
			return fenced("store.commit", lease)
		case answer[0] < 0:
			return full("store.commit", "the outbox "+outboxes[answer[1]-1]+" of "+p.name)
		}
		p.s.dropped(ctx, listSetAside, p.name, answer[1])
		return nil
	})
}

// commitArgs lays a commit out as the script reads it.
func (p *Pipeline) commitArgs(lease Lease, c Commit) (keys []string, args []any, outboxes []string, err error) {
	keys = []string{p.s.leaseKey(lease.Name), p.key("log"), p.key("state"), p.key("marks"), p.key("outboxes"), p.key("aside")}
	args = []any{lease.Owner, lease.Generation, rand.Text(), p.s.opts.Limits.Outbox, len(c.Consumed)}
	for _, id := range c.Consumed {
		args = append(args, id)
	}
	var set, del []any
	for name, value := range c.State {
		if value == nil {
			del = append(del, name)
		} else {
			set = append(set, name, value)
		}
	}
	args = append(append(args, len(set)/2), set...)
	args = append(append(args, len(del)), del...)
	args = append(args, p.s.opts.Limits.SetAside, len(c.Aside))
	for _, a := range c.Aside {
		text, err := p.asideText(opCommit, a)
		if err != nil {
			return nil, nil, nil, err
		}
		args = append(args, text)
	}
	for name, entries := range c.Outbox {
		if len(entries) == 0 {
			continue
		}
		outboxes = append(outboxes, name)
		keys = append(keys, p.key("out", name))
		args = append(args, name, len(entries))
		for _, e := range entries {
			args = append(args, e.Key, e.Payload)
		}
	}
	return keys, args, outboxes, nil
}

// readStream reads behind an id, at first without waiting; then in short slices until block is over,
// so that the end of ctx is noticed and no connection is kept for long.
func (s *Store) readStream(ctx context.Context, op operation, key, after string, count int, block time.Duration) ([]redis.XMessage, error) {
	if after == "" {
		after = "0-0"
	}
	var found []redis.XMessage
	read := func(slice time.Duration) func(context.Context) error {
		return func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, max(slice, 0)+s.opts.OpTimeout)
			defer cancel()
			streams, err := s.redis().XRead(ctx, &redis.XReadArgs{
				Streams: []string{key, after}, Count: int64(count), Block: slice,
			}).Result()
			if errors.Is(err, redis.Nil) {
				return nil
			}
			if err == nil && len(streams) > 0 {
				found = streams[0].Messages
			}
			return err
		}
	}
	const noBlock = -1
	err := s.do(ctx, op, read(noBlock))
	for begin := time.Now(); err == nil && len(found) == 0; {
		left := block - time.Since(begin)
		if left < time.Millisecond {
			return nil, nil
		}
		if err = ctx.Err(); err == nil {
			err = read(min(left, poll))(ctx)
		}
		err = classify(ctx, op, err)
		s.metrics.failed(op, err)
	}
	return found, err
}

// field returns one value of a stream entry.
func field(m redis.XMessage, name string) []byte {
	text, _ := m.Values[name].(string)
	return []byte(text)
}
