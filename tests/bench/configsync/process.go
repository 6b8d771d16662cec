package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopGrace is how long a process may take to end before it is killed.
const stopGrace = 15 * time.Second

// program is what a process needs to start.
type program struct {
	name   string
	binary string
	args   []string
	env    []string
	dir    string              // working folder
	log    string              // folder of its log
	user   *syscall.Credential // nil for our own
	stop   syscall.Signal      // what ends it in order
}

// process is a child that ends with the bench, whatever becomes of the bench.
type process struct {
	program

	cmd   *exec.Cmd
	ended chan struct{}
}

// start starts a program. The kernel's "end when the parent dies" is bound to the thread that started the child, so
// the goroutine that waits for it keeps its thread.
func start(p program) (*process, error) {
	c := &process{program: p, ended: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(c.ended)
		err := c.spawn()
		started <- err
		if err == nil {
			_ = c.cmd.Wait() // how it ended matters only while it is needed, and then its log says more
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	return c, nil
}

func (p *process) spawn() error {
	log, err := os.Create(p.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()        // the child has its own copy
	p.cmd = exec.Command(p.binary, p.args...) //nolint:gosec,noctx // our own programs; quit ends them in order
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.env, p.dir, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: p.user, Setpgid: true}
	return p.cmd.Start()
}

func (p *process) logFile() string { return filepath.Join(p.log, p.name+".log") }

// quit ends the process, by force when it does not end in time.
func (p *process) quit() error {
	_ = p.cmd.Process.Signal(p.stop) // it may have ended already
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopGrace):
	}
	_ = p.cmd.Process.Kill()
	<-p.ended
	return fmt.Errorf("%s did not end within %s and was killed", p.name, stopGrace)
}

// await waits until ready says so and fails when the process ends before.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	const limit, every = 30 * time.Second, 20 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended early", p.name)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.name, errors.Join(ctx.Err(), err))
		case <-time.After(every):
		}
	}
}

// peakMemory is the largest resident memory that the process had so far, in bytes.
func (p *process) peakMemory() (int64, error) {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		return 0, fmt.Errorf("memory of %s: %w", p.name, err)
	}
	return highWater(string(status))
}

// highWater reads VmHWM out of /proc/<pid>/status.
func highWater(status string) (int64, error) {
	for line := range strings.Lines(status) {
		fields := strings.Fields(line)
		if len(fields) == 3 && fields[0] == "VmHWM:" && fields[2] == "kB" {
			kib, err := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("no VmHWM: the memory of a process is measured on Linux only")
}

// cpuTime is the processor time that the process has used so far. Unlike the time on the clock, other programs on the
// machine change it little.
func (p *process) cpuTime() (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	if err != nil {
		return 0, fmt.Errorf("processor time of %s: %w", p.name, err)
	}
	return usedTime(string(stat))
}

// usedTime reads utime and stime, the 14th and 15th field of /proc/<pid>/stat. The second one is the program's name in
// parentheses and can hold anything.
func usedTime(stat string) (time.Duration, error) {
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every architecture that Go runs on
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, errors.New("no processor time in the status of the process")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// tail returns the last lines of the log.
func (p *process) tail(lines int) string {
	content, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// freePorts returns loopback addresses that were free a moment ago.
func freePorts(ctx context.Context, n int) ([]string, error) {
	var config net.ListenConfig
	var addresses []string
	for range n {
		listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }() // all at the end, so that no port is given out twice
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}

// portOf returns the port of an address that freePorts gave out.
func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
