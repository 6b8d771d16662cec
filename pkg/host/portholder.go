package host

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"engage.connector/pkg/fault"
)

// listenError says why an address cannot be listened on, and who holds a port that is taken where
// the system tells.
func listenError(variable, addr string, err error) error {
	wrapped := fmt.Errorf("%s %q: %w", variable, addr, err)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return wrapped
	}
	hint := "stop the program that listens there, or set " + variable + " to another address"
	if holder := portHolder("/proc", addr); holder != "" {
		hint = "the port is held by " + holder + ": " + hint
	}
	return fault.Wrap(fault.Unavailable, "host", wrapped).WithHint(hint)
}

// listening is the state of a socket in /proc/net/tcp that accepts connections.
const listening = "0A"

// portHolder names the process that listens on a port, such as "redis-server (process 812)". It is
// empty where /proc does not tell, for instance for another user's process.
func portHolder(proc, addr string) string {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ""
	}
	inodes := listeners(proc, port)
	links, err := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	if err != nil {
		return ""
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil || !inodes[target] {
			continue
		}
		process := filepath.Dir(filepath.Dir(link))
		name, err := os.ReadFile(filepath.Join(process, "comm")) //nolint:gosec // a path below /proc
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%s (process %s)", bytes.TrimSpace(name), filepath.Base(process))
	}
	return ""
}

// listeners are the sockets that listen on a port, in the form of the links of /proc/PID/fd.
func listeners(proc string, port uint64) map[string]bool {
	const localColumn, stateColumn, inodeColumn = 1, 3, 9
	suffix := fmt.Sprintf(":%04X", port)
	found := map[string]bool{}
	for _, table := range []string{"tcp", "tcp6"} {
		content, err := os.ReadFile(filepath.Join(proc, "net", table)) //nolint:gosec // a path below /proc
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			columns := strings.Fields(line)
			if len(columns) > inodeColumn && columns[stateColumn] == listening && strings.HasSuffix(columns[localColumn], suffix) {
				found["socket:["+columns[inodeColumn]+"]"] = true
			}
		}
	}
	return found
}
