// Command config-sync (EXCS) keeps an EX organization in step with an Engage configuration. With
// the argument plan or clear-mapping it does that and ends.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/app"
)

func main() {
	debug.SetGCPercent(50) // a cycle of a large center leaves much behind at once: less memory for a little more work
	if code, ok := command(); ok {
		os.Exit(code)
	}
	host.Main(app.Service, app.Run, host.WithHTTPAddr(app.DefaultHTTPAddr))
}

func command() (int, bool) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return app.Command(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
}
