// Command config-sync (EXCS) keeps an EX organization in step with an Engage configuration. Its own
// commands, such as plan and clear-mapping, do one thing and end.
package main

import (
	"runtime/debug"

	"engage.connector/pkg/host"
	"engage.connector/services/config-sync/app"
)

func main() {
	debug.SetGCPercent(50) // a cycle of a large center leaves much behind at once: less memory for a little more work
	host.Main(app.Program().CommandLine(app.Commands()...))
}
