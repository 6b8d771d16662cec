// Command conversation-provider (EXCP) injects every Engage call as an EX conversation and hands
// its recordings to recording-provider.
package main

import (
	"runtime/debug"

	"engage.connector/pkg/host"
	"engage.connector/services/conversation-provider/app"
)

func main() {
	debug.SetGCPercent(app.GCPercent)
	host.Main(app.Program().CommandLine())
}
