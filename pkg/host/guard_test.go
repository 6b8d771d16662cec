package host_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/access"
	"engage.connector/pkg/host"
	"engage.connector/pkg/host/hosttest"
)

const secretToken = "correct horse battery"

// guarded starts a host with a route of each kind.
func guarded(t *testing.T, change func(*host.Options)) *host.Host {
	t.Helper()
	h := hosttest.New(t, func(o *host.Options) {
		o.AllowUnauthenticated = false
		change(o)
	})
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host.WriteOK(w, r, access.From(r.Context()).Name, nil)
	})
	h.Mux().Handle("GET /api/v1/things", answer)
	h.Mux().Handle("POST /api/v1/things/{id}/retry", answer)
	h.Mux().AllowFrom([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, access.Metadata, "POST /v1/recording", answer)
	h.Mux().AllowFrom([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, access.Metadata, "POST /v1/far", answer)
	require.NoError(t, h.Start(t.Context()))
	return h
}

func ask(t *testing.T, client *http.Client, method, url string, authorize func(*http.Request)) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	if authorize != nil {
		authorize(r)
	}
	answer, err := client.Do(r)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode, string(body)
}

func bearer(token string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "bearer "+token) }
}

func TestEverythingIsClosedUntilItIsOpened(t *testing.T) {
	h := hosttest.New(t, func(o *host.Options) { o.AllowUnauthenticated = false })
	h.Mux().HandleFunc("GET /api/v1/things", func(http.ResponseWriter, *http.Request) { t.Error("answered") })
	h.Mux().HandleFunc("POST /api/v1/things/{id}/retry", func(http.ResponseWriter, *http.Request) { t.Error("answered") })
	require.NoError(t, h.Start(t.Context()))
	hosttest.Closed(t, h)
}

func TestCredentialsOpenWhatTheirRolesSay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	require.NoError(t, os.WriteFile(path, []byte("console read secret-number-0001\nmcp metadata secret-number-0002\n"), 0o600))
	h := guarded(t, func(o *host.Options) { o.APIToken, o.APICredentialsFile = secretToken, path })
	base := "http://" + h.HTTPAddr()
	basic := func(name, secret string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(name, secret) }
	}
	for _, row := range []struct {
		name, method, path string
		authorize          func(*http.Request)
		status             int
		says               string
	}{
		{"the token reads", "GET", "/api/v1/things", bearer(secretToken), 200, "token"},
		{"the token writes", "POST", "/api/v1/things/7/retry", bearer(secretToken), 200, "token"},
		{"a reader reads", "GET", "/api/v1/things", basic("console", "secret-number-0001"), 200, "console"},
		{"a reader does not write", "POST", "/api/v1/things/7/retry", basic("console", "secret-number-0001"), 403, `console lacks the role \"write\"`},
		{"MCP does not read", "GET", "/api/v1/things", bearer("secret-number-0002"), 403, "mcp lacks the role"},
		{"MCP posts metadata", "POST", "/v1/far", basic("mcp", "secret-number-0002"), 200, "mcp"},
		{"another network posts nothing", "POST", "/v1/far", nil, 401, "credentials are required"},
		{"the allowed network posts metadata", "POST", "/v1/recording", nil, 200, "network 127.0.0.1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			status, body := ask(t, http.DefaultClient, row.method, base+row.path, row.authorize)
			require.Equal(t, row.status, status, body)
			require.Contains(t, body, row.says)
		})
	}
}

func TestChangesAreAudited(t *testing.T) {
	var log bytes.Buffer
	h := guarded(t, func(o *host.Options) {
		o.APIToken, o.Logger = secretToken, slog.New(slog.NewJSONHandler(&log, nil))
	})
	ask(t, http.DefaultClient, "GET", "http://"+h.HTTPAddr()+"/api/v1/things", bearer(secretToken))
	ask(t, http.DefaultClient, "POST", "http://"+h.HTTPAddr()+"/api/v1/things/7/retry", bearer(secretToken))
	require.NoError(t, h.Stop(t.Context()))
	var audits []map[string]any
	for line := range strings.Lines(log.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		if entry["msg"] == "audit" {
			audits = append(audits, entry)
		}
	}
	require.Len(t, audits, 1)
	for key, want := range map[string]any{
		"who": "token", "action": "POST /api/v1/things/{id}/retry", "path": "/api/v1/things/7/retry", "status": 200.0, "remote": "127.0.0.1",
	} {
		require.Equal(t, want, audits[0][key], key)
	}
	require.NotContains(t, log.String(), secretToken)
}

func TestALetInEverybodyIsWarnedOfAtEveryStart(t *testing.T) {
	var log bytes.Buffer
	h := guarded(t, func(o *host.Options) {
		o.AllowUnauthenticated, o.Logger = true, slog.New(slog.NewJSONHandler(&log, nil))
	})
	status, _ := ask(t, http.DefaultClient, "POST", "http://"+h.HTTPAddr()+"/api/v1/things/7/retry", nil)
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, h.Stop(t.Context()))
	require.Contains(t, log.String(), "ALLOW_UNAUTHENTICATED is set")
}

func TestTheSameFilesEncryptHTTP(t *testing.T) {
	authority := hosttest.NewAuthority(t)
	files := authority.Issue(t, "config-sync")
	h := guarded(t, func(o *host.Options) { o.TLS = files })
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(files.CAFile)
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(pem))
	client := func(certificates ...tls.Certificate) *http.Client {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: certificates, MinVersion: tls.VersionTLS12}}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}
	}
	url := "https://" + h.HTTPAddr()
	status, _ := ask(t, client(), "GET", url+"/health", nil)
	require.Equal(t, http.StatusOK, status, "load balancers have no certificate")
	status, _ = ask(t, client(), "GET", url+"/api/v1/things", nil)
	require.Equal(t, http.StatusUnauthorized, status)
	own, err := tls.LoadX509KeyPair(files.CertFile, files.KeyFile)
	require.NoError(t, err)
	status, body := ask(t, client(own), "GET", url+"/api/v1/things", nil)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "certificate config-sync")
	require.NoError(t, host.Healthcheck(t.Context(), h.HTTPAddr(), true))

	plain := guarded(t, func(o *host.Options) { o.TLS, o.PlainHTTP = files, true })
	status, _ = ask(t, http.DefaultClient, "GET", "http://"+plain.HTTPAddr()+"/health", nil)
	require.Equal(t, http.StatusOK, status)
}

func TestNetworksAreReadFromAVariable(t *testing.T) {
	var networks host.Networks
	require.NoError(t, networks.UnmarshalText([]byte("10.1.2.3/16, 192.168.0.7,::1,2001:db8::/32")))
	require.Equal(t, "[10.1.0.0/16 192.168.0.7/32 ::1/128 2001:db8::/32]", join(networks))
	require.ErrorContains(t, networks.UnmarshalText([]byte("10.1.2.3/16,office")), `"office" is neither a network`)
}

func join(networks host.Networks) string {
	texts := make([]string, len(networks))
	for i, n := range networks {
		texts[i] = n.String()
	}
	return "[" + strings.Join(texts, " ") + "]"
}
