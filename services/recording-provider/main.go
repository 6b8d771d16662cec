// Command recording-provider (EXRP) injects recordings into the EX org.
package main

import (
	"engage.connector/pkg/host"
	"engage.connector/services/recording-provider/app"
)

func main() {
	host.Main(app.Program().CommandLine())
}
