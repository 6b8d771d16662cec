package demo

import (
	"fmt"
	"net"
)

// freePorts returns n loopback addresses that were free a moment ago. They are fixed for the whole
// demo, because a service that is killed and restarted must be found where it was.
func freePorts(n int) ([]string, error) {
	listeners := make([]net.Listener, 0, n)
	defer func() {
		for _, listener := range listeners {
			_ = listener.Close()
		}
	}()
	addresses := make([]string, 0, n)
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // immediate
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		listeners = append(listeners, listener)
		addresses = append(addresses, listener.Addr().String())
	}
	return addresses, nil
}

// isFree tells whether an address can be listened on.
func isFree(address string) bool {
	listener, err := net.Listen("tcp", address) //nolint:noctx // immediate
	if err != nil {
		return false
	}
	return listener.Close() == nil
}
