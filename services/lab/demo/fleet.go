package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// startLimit is how long a process may take until it answers /health.
const startLimit = 30 * time.Second

// fleet is the running processes, in the order of their start.
type fleet struct {
	processes []*Process
	dir       string
}

// start starts one program and waits until it serves.
func (f *fleet) start(ctx context.Context, p program, environ []string) error {
	process, err := startProcess(p.name, p.binary, p.args, p.environment(environ), f.dir)
	if err != nil {
		return err
	}
	f.processes = append(f.processes, process)
	return f.awaitHealth(ctx, process, p.http)
}

func (f *fleet) awaitHealth(ctx context.Context, process *Process, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	err := poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if failure := process.Failure(); failure != nil {
			return false, failure
		}
		return answersOK(ctx, "http://"+address+"/health"), nil
	})
	if err != nil {
		return fmt.Errorf("%s does not serve: %w\nits last words:\n%s", process.Name, err, process.Tail(10))
	}
	return nil
}

// stop ends the processes, the last one first, and says which had to be killed.
func (f *fleet) stop(ctx context.Context) error {
	var faults []error
	for _, process := range slices.Backward(f.processes) {
		faults = append(faults, process.Stop(ctx))
	}
	return errors.Join(faults...)
}

// failure returns the first process that cannot be kept running.
func (f *fleet) failure() error {
	for _, process := range f.processes {
		if err := process.Failure(); err != nil {
			return fmt.Errorf("%w\nits last words:\n%s", err, process.Tail(10))
		}
	}
	return nil
}

func (f *fleet) find(name string) (*Process, error) {
	for _, process := range f.processes {
		if process.Name == name {
			return process, nil
		}
	}
	return nil, fmt.Errorf("there is no process %q", name)
}

// poll calls done until it says so, at most until ctx ends.
func poll(ctx context.Context, every time.Duration, done func() (bool, error)) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

func answersOK(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// privateDir makes the folder of one run, readable by its owner only.
func privateDir() (string, error) {
	dir, err := os.MkdirTemp("", "engage-connector-demo-")
	if err != nil {
		return "", fmt.Errorf("folder of the demo: %w", err)
	}
	return dir, nil
}

// tails returns the last words of every process, for an error message.
func (f *fleet) tails() string {
	var text strings.Builder
	for _, process := range f.processes {
		text.WriteString("--- " + process.Name + "\n" + process.Tail(5) + "\n")
	}
	return text.String()
}
