// Package app is the bootstrap command line: flags and commands, no deployment logic.
package app

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/urfave/cli/v3"
)

// Run executes the command line and returns the exit code: 0 after success, 2 for a command line
// that cannot be understood.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer, version string) int {
	if err := newCommand(stdout, stderr, version).Run(ctx, args); err != nil {
		_, _ = fmt.Fprintf(stderr, "Error: %v\nTry: bootstrap --help\n", err)
		return 2
	}
	return 0
}

func newCommand(stdout, stderr io.Writer, version string) *cli.Command {
	return &cli.Command{
		Name:      "bootstrap",
		Usage:     "deploys Engage Connector to the machines of an installation",
		Version:   version,
		Writer:    stdout,
		ErrWriter: stderr,
		// The caller owns the exit code and the streams.
		ExitErrHandler: func(context.Context, *cli.Command, error) {},
		Action: func(_ context.Context, command *cli.Command) error {
			if word := command.Args().First(); word != "" {
				return fmt.Errorf("unknown command %q", word)
			}
			return cli.ShowRootCommandHelp(command)
		},
		Commands: []*cli.Command{{
			Name:  "version",
			Usage: "prints the version of this program and of the Go that built it",
			Action: func(context.Context, *cli.Command) error {
				_, err := fmt.Fprintf(stdout, "bootstrap %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return err
			},
		}},
	}
}
