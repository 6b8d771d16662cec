// Command agent-state-sync (EXAS) mirrors the states of Engage agents in the EX org.
package main

import (
	"engage.connector/pkg/host"
	"engage.connector/services/agent-state-sync/app"
)

func main() {
	host.Main(app.Program().CommandLine(app.Commands()...))
}
