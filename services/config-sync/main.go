// Command config-sync (EXCS) keeps an EX organization in step with an Engage configuration.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/app"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "plan" {
		os.Exit(plan())
	}
	host.Main(app.Service, app.Run, host.WithHTTPAddr(app.DefaultHTTPAddr))
}

// plan prints what a synchronisation would do.
func plan() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return app.Plan(ctx, os.Args[2:], os.Environ(), os.Stdout, os.Stderr)
}
