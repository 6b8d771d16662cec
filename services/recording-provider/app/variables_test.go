package app_test

import (
	"flag"
	"testing"

	"engage.connector/pkg/host/hosttest"
	"engage.connector/services/recording-provider/app"
)

var _ = flag.Bool("update", false, "write docs/variables anew")

func TestVariablesAreDocumented(t *testing.T) {
	hosttest.Variables[app.Config](t, app.Service, "../../..")
}
