package storetest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/stretchr/testify/require"
)

// Written is how much the server has handed to the system for its append-only file by now.
func (r *Redis) Written() int64 {
	r.t.Helper()
	info, err := os.Stat(r.appendFile())
	require.NoError(r.t, err)
	return info.Size()
}

// KillAndLose ends the process without warning and takes its append-only file back to what it held at
// a moment before, as if the machine had lost power between two syncs; Restart goes on from there. The
// cut is between two commands, and never within a transaction.
func (r *Redis) KillAndLose(written int64) {
	r.t.Helper()
	r.Kill()
	text, err := os.ReadFile(r.appendFile())
	require.NoError(r.t, err)
	require.NoError(r.t, os.Truncate(r.appendFile(), lastWhole(text, written)))
}

// appendFile is the part of the append-only file that grows.
func (r *Redis) appendFile() string {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(r.dir, "appendonlydir", "*.incr.aof"))
	require.NoError(r.t, err)
	require.NotEmpty(r.t, found, "the server keeps no append-only file")
	return found[len(found)-1]
}

// lastWhole is the last offset up to limit where neither a command nor a transaction is under way.
func lastWhole(text []byte, limit int64) int64 {
	whole, at, inside := int64(0), int64(0), false
	for at < int64(len(text)) {
		next, name := skipCommand(text, at)
		if next < 0 || next > limit {
			break
		}
		at = next
		switch strings.ToUpper(name) {
		case "MULTI":
			inside = true
		case "EXEC":
			inside = false
		}
		if !inside {
			whole = at
		}
	}
	return whole
}

// skipCommand returns where the command at an offset ends, and its name; -1 when it has no end.
func skipCommand(text []byte, at int64) (next int64, name string) {
	count, at := number(text, at, '*')
	for i := range count {
		var size int64
		if size, at = number(text, at, '$'); at < 0 || at+size+2 > int64(len(text)) {
			return -1, ""
		}
		if i == 0 {
			name = string(text[at : at+size])
		}
		at += size + 2
	}
	return at, name
}

// number reads a line like "*3" and returns the number and where the next line begins.
func number(text []byte, at int64, mark byte) (n, next int64) {
	if at < 0 || at >= int64(len(text)) || text[at] != mark {
		return 0, -1
	}
	end := bytes.IndexByte(text[at:], '\n')
	if end < 2 {
		return 0, -1
	}
	n, err := strconv.ParseInt(string(text[at+1:at+int64(end)-1]), 10, 64)
	if err != nil {
		return 0, -1
	}
	return n, at + int64(end) + 1
}
