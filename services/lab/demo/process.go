package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxRestarts bounds how often a process that ends by itself is started again.
const maxRestarts = 10

// stopGrace is how long a process may take to end after SIGTERM before it is killed.
const stopGrace = 15 * time.Second

// Process is one program of the demo. It is started again when it ends by itself, as a container
// runtime would do, so that a kill -9 from outside is survived.
type Process struct {
	Name   string
	binary string
	args   []string
	env    []string // the whole environment: secrets travel here, never in args
	log    string   // file that takes what the program writes

	mu       sync.Mutex
	command  *exec.Cmd
	restarts int
	stopping bool
	ended    chan struct{} // closed when the supervising goroutine is done
	failure  error
}

// startProcess starts the program and keeps it running until Stop.
func startProcess(name, binary string, args, env []string, logDir string) (*Process, error) {
	process := &Process{
		Name: name, binary: binary, args: args, env: env,
		log: filepath.Join(logDir, name+".log"), ended: make(chan struct{}),
	}
	started := make(chan error, 1)
	go process.supervise(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return process, nil
}

// supervise owns the child. The kernel's "kill me when my parent dies" is bound to the thread that
// started the child, so this goroutine keeps its thread.
func (p *Process) supervise(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.ended)
	for first := true; ; first = false {
		command, err := p.spawn()
		if first {
			started <- err
		}
		if err != nil {
			p.fail(err)
			return
		}
		exit := command.Wait()
		if !p.again(exit) {
			return
		}
		time.Sleep(200 * time.Millisecond) // the pause of a restart policy
	}
}

func (p *Process) spawn() (*exec.Cmd, error) {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("log of %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	// The child outlives any context: Stop ends it in order.
	command := exec.Command(p.binary, p.args...) //nolint:gosec,noctx // our own binaries, by the path the user gave
	command.Env, command.Stdout, command.Stderr = p.env, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return nil, errors.New("stopped before it started")
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.command = command
	return command, nil
}

// again decides whether a program that ended is started anew.
func (p *Process) again(exit error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return false
	}
	p.restarts++
	var status *exec.ExitError
	// Exit code 2 is a wrong configuration: another start would say the same.
	if errors.As(exit, &status) && status.ExitCode() == 2 || p.restarts > maxRestarts {
		p.failure = fmt.Errorf("%s ended: %w", p.Name, exit)
		return false
	}
	return true
}

func (p *Process) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopping {
		p.failure = err
	}
}

// Failure tells why the process is not kept running; nil while it is.
func (p *Process) Failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// Restarts returns how often the process was started again.
func (p *Process) Restarts() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.restarts
}

// PID returns the id of the running child, 0 when there is none.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil || p.command.Process == nil {
		return 0
	}
	return p.command.Process.Pid
}

// Kill ends the child the hard way; it is started again.
func (p *Process) Kill() error { return p.signal(syscall.SIGKILL) }

func (p *Process) signal(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil || p.command.Process == nil {
		return nil
	}
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.Name, err)
	}
	return nil
}

// Stop ends the process with SIGTERM, and with SIGKILL when it takes too long. It returns an error
// when it had to be killed.
func (p *Process) Stop(ctx context.Context) error {
	p.mu.Lock()
	p.stopping = true
	p.mu.Unlock()
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-p.ended:
		return nil
	case <-grace.C:
	case <-ctx.Done():
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.ended
	return fmt.Errorf("%s did not end within %s and was killed", p.Name, stopGrace)
}

// Tail returns the last lines of the log.
func (p *Process) Tail(lines int) string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
