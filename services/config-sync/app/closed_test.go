package app_test

import (
	"testing"

	"engage.connector/pkg/host/hosttest"
)

// Nothing of the service's interface answers without the right credentials, whatever is added to it.
func TestTheInterfaceIsClosed(t *testing.T) {
	s := newSite(t)
	s.env["ALLOW_UNAUTHENTICATED"], s.env["API_TOKEN"] = "false", "correct horse battery"
	hosttest.Closed(t, s.start(t).Host)
}
