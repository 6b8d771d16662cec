package store

import (
	"embed"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var luaFiles embed.FS

// scriptName is a file in lua/, without its ending.
type scriptName string

const (
	scriptCheck        scriptName = "check"
	scriptEpoch        scriptName = "epoch"
	scriptCursor       scriptName = "cursor"
	scriptAppendOnce   scriptName = "append_once"
	scriptCommit       scriptName = "commit"
	scriptAckOutbox    scriptName = "ack_outbox"
	scriptPark         scriptName = "park"
	scriptRetryParked  scriptName = "retry_parked"
	scriptSetAside     scriptName = "set_aside"
	scriptHashWrite    scriptName = "hash_write"
	scriptLeaseAcquire scriptName = "lease_acquire"
	scriptLeaseRenew   scriptName = "lease_renew"
	scriptLeaseRelease scriptName = "lease_release"
	scriptJobEnqueue   scriptName = "job_enqueue"
	scriptJobClaim     scriptName = "job_claim"
	scriptJobSettle    scriptName = "job_settle"
	scriptJobUnpark    scriptName = "job_unpark"
)

// scriptParts lists each script with the shared functions that go before it.
func scriptParts() map[scriptName][]string {
	return map[scriptName][]string{
		scriptCheck:        {"_epoch"},
		scriptEpoch:        {"_epoch"},
		scriptCursor:       {"_epoch"},
		scriptAppendOnce:   {"_clock", "_epoch", "_fence"},
		scriptCommit:       {"_epoch", "_fence"},
		scriptAckOutbox:    {"_epoch", "_fence"},
		scriptPark:         {"_clock", "_epoch", "_fence"},
		scriptRetryParked:  nil,
		scriptSetAside:     {"_epoch"},
		scriptHashWrite:    {"_epoch", "_fence"},
		scriptLeaseAcquire: {"_clock", "_epoch"},
		scriptLeaseRenew:   {"_clock", "_epoch", "_fence"},
		scriptLeaseRelease: {"_epoch", "_fence"},
		scriptJobEnqueue:   {"_clock", "_jobs"},
		scriptJobClaim:     {"_clock", "_jobs"},
		scriptJobSettle:    {"_clock", "_jobs"},
		scriptJobUnpark:    {"_clock", "_jobs"},
	}
}

// loadScripts assembles the scripts; the client sends their hash, and their text when Redis does not know it.
func loadScripts() (map[scriptName]*redis.Script, error) {
	scripts := make(map[scriptName]*redis.Script)
	for name, parts := range scriptParts() {
		var source strings.Builder
		for _, part := range append(parts, string(name)) {
			text, err := luaFiles.ReadFile("lua/" + part + ".lua")
			if err != nil {
				return nil, err
			}
			source.Write(text)
		}
		scripts[name] = redis.NewScript(source.String())
	}
	return scripts, nil
}
