package store

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"engage.connector/pkg/fault"
)

// scriptCalls finds the commands of a script.
var scriptCalls = regexp.MustCompile(`redis\.p?call\('(\w+)'`)

// ownCommands are what this package sends itself, each with as many arguments as a server must see
// before it looks at the user; K stands for a key.
func ownCommands() []string {
	return []string{
		"evalsha x 0", "eval x 0", // the scripts
		"hget K f", "hgetall K", "hmget K f", "hscan K 0", "hsetnx K f v", "llen K", "lrange K 0 1", "smembers K", "xlen K", "xrange K - +",
		"xread STREAMS K 0", "zcard K", "zrange K 0 1", "zrevrange K 0 1", "zscore K m",
		"incr K", "wait 0 1", "info", // whether what was written is safe
		"multi", "exec", // what is read together
	}
}

// scriptArguments complete the commands of the scripts whose arguments are not one key.
func scriptArguments() map[string]string {
	return map[string]string{
		"hdel": "K f", "hexists": "K f", "hget": "K f", "hmget": "K f", "hset": "K f v", "info": "", "lpush": "K v", "ltrim": "K 0 1",
		"pexpire": "K 1000", "rename": "K K", "sadd": "K m", "set": "K 1", "sismember": "K m", "time": "",
		"xadd": "K * f v", "xdel": "K 1-1", "xrange": "K - +",
		"zadd": "K 1 m", "zrange": "K 0 1", "zrangebyscore": "K 0 1", "zrem": "K m",
	}
}

// Commands lists what an ACL user must be allowed, sorted: what the scripts call, which is read from
// their text, and what this package sends itself.
func Commands() ([]string, error) {
	calls, err := commandCalls()
	return slices.Sorted(maps.Keys(calls)), err
}

// commandCalls has an example of each needed command.
func commandCalls() (map[string][]string, error) {
	calls := make(map[string][]string)
	for _, text := range ownCommands() {
		words := strings.Fields(text)
		calls[words[0]] = words
	}
	files, err := luaFiles.ReadDir("lua")
	if err != nil {
		return nil, err
	}
	arguments := scriptArguments()
	for _, file := range files {
		text, err := luaFiles.ReadFile("lua/" + file.Name())
		if err != nil {
			return nil, err
		}
		for _, call := range scriptCalls.FindAllStringSubmatch(string(text), -1) {
			name := strings.ToLower(call[1])
			rest, known := arguments[name]
			if !known {
				rest = "K"
			}
			calls[name] = append([]string{name}, strings.Fields(rest)...)
		}
	}
	return calls, nil
}

// DemoCommands are needed by DeleteAll only.
func DemoCommands() []string { return []string{"scan", "unlink"} }

// permission remembers what was found out about the user's rights.
type permission struct {
	mu      sync.Mutex
	epoch   string // in which the user was allowed everything; a failover leads to a server with users of its own
	missing string // when it was last looked
}

// Ping asks Redis whether it could work now: the server that has this tenant's keys, by a write, and
// once after each restart whether the user may use all commands. Those that it may not use are named.
func (s *Store) Ping(ctx context.Context) error {
	return s.do(ctx, opPing, func(ctx context.Context) error {
		epoch, err := s.run(ctx, scriptCheck, []string{s.keys.name("check")}).Text()
		switch {
		case err != nil && fault.CodeOf(classify(ctx, opPing, err)) != fault.Forbidden:
			return err
		case err == nil:
			s.epochs.seen(ctx, epoch)
			if epoch == imitation || s.permission.complete(epoch) {
				return nil
			}
		}
		missing, lookErr := s.lacking(ctx)
		if lookErr != nil {
			return errors.Join(err, lookErr)
		}
		if refused := s.note(ctx, missing); refused != nil {
			return refused
		}
		if err == nil {
			s.permission.mu.Lock()
			s.permission.epoch = epoch
			s.permission.mu.Unlock()
		}
		return err
	})
}

// imitation is the epoch of a server that is no real Redis, see lua/_epoch.lua.
const imitation = "imitation"

func (p *permission) complete(epoch string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epoch == epoch
}

// lacking asks which of the needed commands the user may not use. A server looks at the user's rights
// when it queues a command of a transaction; this one is never executed, because its connection, which
// nobody else uses, is closed first.
func (s *Store) lacking(ctx context.Context) ([]string, error) {
	node, err := s.node(ctx)
	if err != nil {
		return nil, err
	}
	opts := *node.Options()
	opts.MaxRetries, opts.PoolSize, opts.MaxActiveConns, opts.MinIdleConns = -1, 1, 1, 0
	client := redis.NewClient(&opts)
	defer func() { _ = client.Close() }()
	conn := client.Conn()
	defer func() { _ = conn.Close() }()
	for _, command := range []string{"multi", "exec", "multi"} {
		if err := conn.Do(ctx, command).Err(); denied(err) {
			return []string{command}, nil // without it the others would be executed
		} else if err != nil {
			return nil, err
		}
	}
	batch, names := conn.Pipeline(), slices.Sorted(maps.Keys(s.commands))
	var asked []string
	for _, name := range names {
		if name == "multi" || name == "exec" {
			continue
		}
		args := make([]any, 0, len(s.commands[name]))
		for _, word := range s.commands[name] {
			if word == "K" {
				word = s.keys.name("check")
			}
			args = append(args, word)
		}
		asked = append(asked, name)
		batch.Do(ctx, args...)
	}
	answers, _ := batch.Exec(ctx) // its error is the first of the answers'
	var missing []string
	for i, answer := range answers {
		if err := answer.Err(); denied(err) {
			missing = append(missing, asked[i])
		} else if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// denied says that the user may not use the command, or not on this key, which this does not ask.
func denied(err error) bool {
	reply, ok := errors.AsType[redis.Error](err)
	return ok && strings.Contains(reply.Error(), "NOPERM") && strings.Contains(reply.Error(), "command")
}

// note says once what is missing, and once that it is there.
func (s *Store) note(ctx context.Context, missing []string) error {
	list := strings.Join(missing, ", ")
	s.permission.mu.Lock()
	before := s.permission.missing
	s.permission.missing = list
	s.permission.mu.Unlock()
	if list == "" {
		if before != "" {
			s.log.InfoContext(ctx, "the user of Redis may use all commands now")
		}
		return nil
	}
	grant := "+" + strings.Join(missing, " +")
	if list != before {
		s.log.ErrorContext(ctx, "the user of Redis may not use commands that are needed", "missing", list, "hint", "ACL SETUSER <user> "+grant)
	}
	return fault.Newf(fault.Forbidden, "store.ping", "the user of Redis may not use %s", list).
		WithHint("allow the ACL user the commands of docs/redis.md: " + grant)
}
