// Command bootstrap deploys the connector's services to their machines.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"engage.connector/bootstrap/app"
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return app.Run(ctx, os.Args, os.Stdout, os.Stderr, version)
}
