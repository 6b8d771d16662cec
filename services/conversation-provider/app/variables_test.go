package app_test

import (
	"flag"
	"testing"

	"engage.connector/pkg/host/hosttest"
	"engage.connector/services/conversation-provider/app"
)

var _ = flag.Bool("update", false, "write docs/variables anew")

func TestVariablesAreDocumented(t *testing.T) {
	hosttest.Variables[app.Config](t, app.Service, "../../..")
}
