package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// Shares of the drain time: open requests get the first half, tasks go on to three quarters, the
// clean-ups have what is left. A step that needs less leaves more to those after it.
const (
	listenersShare = 0.5
	tasksShare     = 0.75
	// requestsShare of the drain time is what a task may spend on requests that are under way.
	requestsShare = 0.5
)

// Start serves and runs the tasks. It returns at once. ctx passes values on to the tasks; its end
// does not stop the host, because a drain has an order: call Stop, or use Run.
func (h *Host) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("host: start: %w", err)
	}
	h.mu.Lock()
	if h.current != phaseBound {
		h.mu.Unlock()
		return errors.New("host: start: already started or stopped")
	}
	h.current = phaseServing
	h.began = h.now()
	h.mu.Unlock()

	h.serving.Go(h.serveHTTP)
	h.serving.Go(h.serveGRPC)
	h.tasks.start(context.WithoutCancel(ctx))
	h.announce()
	h.metrics.serving.Set(1)
	h.log.InfoContext(ctx, "listening", "http", h.HTTPAddr(), "grpc", h.GRPCAddr(),
		"mutualTLS", h.opts.TLS.Enabled(), "token", h.opts.Token != "")
	return nil
}

// serveHTTP runs until the listener is closed.
func (h *Host) serveHTTP() {
	serve := h.http.Serve
	if h.http.TLSConfig != nil {
		serve = func(l net.Listener) error { return h.http.ServeTLS(l, "", "") }
	}
	if err := serve(h.httpListener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		h.serveFailed <- fmt.Errorf("host: HTTP listener: %w", err)
	}
}

// serveGRPC runs until the server is stopped.
func (h *Host) serveGRPC() {
	if err := h.grpc.Serve(h.grpcListener); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		h.serveFailed <- fmt.Errorf("host: gRPC listener: %w", err)
	}
}

// Run starts, waits for the end of ctx (main ends it on SIGTERM and SIGINT) or for a listener to
// break, and stops within the drain time-out.
func (h *Host) Run(ctx context.Context) error {
	if err := h.Start(ctx); err != nil {
		return errors.Join(err, h.Stop(context.WithoutCancel(ctx)))
	}
	var broken error
	select {
	case <-ctx.Done():
	case broken = <-h.serveFailed:
		h.log.ErrorContext(ctx, "a listener broke", "error", broken)
	}
	return errors.Join(broken, h.Stop(context.WithoutCancel(ctx)))
}

// Stop ends the host in order: /ready says 503, the listeners close and open requests finish, the
// tasks are cancelled and awaited, the clean-ups run backwards. Every step is bounded by its share
// of the drain time-out or of ctx, whichever ends first; a step that fails is logged by name and
// does not keep the next from running. Further calls wait for the first and return its result.
func (h *Host) Stop(ctx context.Context) error {
	h.stopOnce.Do(func() { h.stopErr = h.stop(ctx) })
	return h.stopErr
}

// stop does the work of Stop.
func (h *Host) stop(ctx context.Context) error {
	began := time.Now()
	wasServing := h.enterDrain()
	budget := h.opts.DrainTimeout
	if deadline, ok := ctx.Deadline(); ok {
		budget = min(budget, time.Until(deadline))
	}
	h.log.InfoContext(ctx, "stopping", "within", budget.String())
	until := func(share float64) time.Time { return began.Add(time.Duration(share * float64(budget))) }

	var failed []error
	step := func(name string, deadline time.Time, run func(context.Context) error) {
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		if err := run(ctx); err != nil {
			h.log.ErrorContext(ctx, "stop step failed", "step", name, "error", err)
			failed = append(failed, fmt.Errorf("stop %s: %w", name, err))
		}
	}
	step("listeners", until(listenersShare), func(ctx context.Context) error {
		return h.closeListeners(ctx, wasServing)
	})
	step("tasks", until(tasksShare), h.tasks.stop)
	for _, s := range h.takeOnStop() {
		step(s.name, until(1), s.run)
	}

	h.mu.Lock()
	h.current = phaseStopped
	h.mu.Unlock()
	h.log.InfoContext(ctx, "stopped", "took", time.Since(began).String(), "failedSteps", len(failed))
	return errors.Join(failed...)
}

// enterDrain turns the health pages and tells the streams; it reports whether the host was serving.
func (h *Host) enterDrain() bool {
	h.mu.Lock()
	wasServing := h.current == phaseServing
	h.current = phaseDraining
	h.mu.Unlock()
	h.metrics.serving.Set(0)
	h.grpcHealth.Shutdown()
	h.beginDrain()
	return wasServing
}

// takeOnStop gives the clean-ups, last registered first.
func (h *Host) takeOnStop() []stopStep {
	h.mu.Lock()
	defer h.mu.Unlock()
	steps := make([]stopStep, 0, len(h.onStop))
	for _, v := range slices.Backward(h.onStop) {
		steps = append(steps, v)
	}
	h.onStop = nil
	return steps
}

// closeListeners takes no new requests, lets open ones finish until ctx ends, and then cuts them.
func (h *Host) closeListeners(ctx context.Context, wasServing bool) error {
	if !wasServing {
		h.grpc.Stop()
		return errors.Join(h.httpListener.Close(), h.grpcListener.Close())
	}
	var httpErr, grpcErr error
	var wg sync.WaitGroup
	wg.Go(func() { httpErr = h.shutdownHTTP(ctx) })
	wg.Go(func() { grpcErr = h.shutdownGRPC(ctx) })
	wg.Wait()
	h.serving.Wait()
	return errors.Join(httpErr, grpcErr)
}

// shutdownHTTP drains the HTTP server.
func (h *Host) shutdownHTTP(ctx context.Context) error {
	err := h.http.Shutdown(ctx)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("open HTTP requests were cut: %w", err), h.http.Close())
}

// shutdownGRPC drains the gRPC server.
func (h *Host) shutdownGRPC(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		h.grpc.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		h.grpc.Stop() // cancels the handlers; one that does not listen is left behind
		return fmt.Errorf("open gRPC calls were cut: %w", ctx.Err())
	}
}
