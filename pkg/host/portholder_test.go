package host

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
)

func TestAPortThatIsTakenNamesItsHolder(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()

	_, err = New(Options{Service: "config-sync", Version: "1", Logger: slog.New(slog.DiscardHandler), HTTPAddr: listener.Addr().String(), GRPCAddr: "127.0.0.1:0"})
	require.ErrorContains(t, err, "HTTP_ADDR")
	require.Contains(t, fault.Hint(err), fmt.Sprintf("(process %d)", os.Getpid()))
	require.Contains(t, fault.Hint(err), "set HTTP_ADDR to another address")
}

func TestWhereTheSystemDoesNotTellNobodyIsNamed(t *testing.T) {
	require.Empty(t, portHolder(t.TempDir(), "127.0.0.1:3640"))
	require.Empty(t, portHolder("/proc", "no address"))
}
