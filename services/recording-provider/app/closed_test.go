package app_test

import (
	"testing"

	"engage.connector/pkg/host/hosttest"
	"engage.connector/pkg/store/storetest"
)

// Nothing of the service's interface answers without the right credentials, whatever is added to it.
func TestTheInterfaceIsClosed(t *testing.T) {
	service := start(t, newOutside(t), storetest.StartServer(t).Addr(), "ALLOW_UNAUTHENTICATED=false", "API_TOKEN=correct horse battery")
	hosttest.Closed(t, service.Host)
}
