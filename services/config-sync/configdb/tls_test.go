package configdb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/services/config-sync/configdb"
	"engage.connector/tests/databases/tdsstandin"
	"engage.connector/tests/databases/tnsstandin"
)

// authority issues certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	a := authority{cert: cert, key: key, file: filepath.Join(t.TempDir(), "ca.pem")}
	require.NoError(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	return a
}

// issue returns a server's certificate and key in PEM form.
func (a authority) issue(t *testing.T, template x509.Certificate) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.SerialNumber, template.NotAfter = big.NewInt(2), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &template, a.cert, &private.PublicKey, a.key)
	require.NoError(t, err)
	pkcs, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs})
}

// The same settings mean the same for every driver.
//
// ledger: E-EXCS-109
func TestTLS(t *testing.T) {
	trusted, stranger := newAuthority(t), newAuthority(t)
	// The certificate is for localhost, so that 127.0.0.1 is the wrong name.
	cert, key := trusted.issue(t, x509.Certificate{DNSNames: []string{"localhost"}})
	pair, err := tls.X509KeyPair(cert, key)
	require.NoError(t, err)
	server := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}

	backend := startBackend(t, func(dir string) string {
		certFile, keyFile := filepath.Join(dir, "server.pem"), filepath.Join(dir, "server.key")
		require.NoError(t, os.WriteFile(certFile, cert, 0o600))
		require.NoError(t, os.WriteFile(keyFile, key, 0o600))
		return "-c ssl=on -c ssl_cert_file=" + certFile + " -c ssl_key_file=" + keyFile
	})
	load(t, backend, "tls_pg", "public", asIs())
	load(t, backend, "tls_ora", "ccadmin", asIs(), tnsstandin.Catalogue()...)
	load(t, backend, "tls_ms", "dbo", asIs(), tdsstandin.Catalogue(true)...)
	sites := map[string]configdb.Options{
		configdb.PostgreSQL: postgresOptions(backend, "tls_pg"),
		configdb.Oracle:     oracleOptions(tnsstandin.Start(t, tnsstandin.Options{Backend: readerURL(backend, "tls_ora"), TLS: server})),
		configdb.SQLServer:  sqlServerOptions(tdsstandin.Start(t, tdsstandin.Options{Backend: readerURL(backend, "tls_ms"), TLS: server, Snapshots: true})),
	}
	tests := []struct {
		name, host, ssl, ca string
		ok                  bool
	}{
		{"encrypted, whoever it is", "127.0.0.1", "require", "", true},
		{"encrypted, with an authority to ask", "127.0.0.1", "require", trusted.file, true},
		{"encrypted, with an authority that does not know it", "127.0.0.1", "require", stranger.file, false},
		{"known, with another name", "127.0.0.1", "verify-ca", trusted.file, true},
		{"unknown", "127.0.0.1", "verify-ca", stranger.file, false},
		{"unknown to the system", "localhost", "verify-full", "", false},
		{"known, with its name", "localhost", "verify-full", trusted.file, true},
		{"known, with another name that matters", "127.0.0.1", "verify-full", trusted.file, false},
	}
	for dbType, o := range sites {
		for _, tt := range tests {
			t.Run(dbType+" "+tt.name, func(t *testing.T) {
				o := o
				o.Host, o.SSL, o.SSLCAFile = tt.host, tt.ssl, tt.ca
				snap, err := open(t, o).Snapshot(t.Context())
				if !tt.ok {
					require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
					require.ErrorContains(t, err, "x509")
					require.Contains(t, fault.Hint(err), "CONFIG_DB_SSL")
					return
				}
				require.NoError(t, err)
				require.Equal(t, expected(), snap)
			})
		}
	}
}

func TestTLSSettingsThatCannotBe(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, edit := range map[string]func(*configdb.Options){
		"a CA without TLS":       func(o *configdb.Options) { o.SSLCAFile = newAuthority(t).file },
		"a CA that is not there": func(o *configdb.Options) { o.SSL, o.SSLCAFile = "verify-ca", "/nowhere/ca.pem" },
		"a CA that is none":      func(o *configdb.Options) { o.SSL, o.SSLCAFile = "verify-ca", empty },
		"an unknown mode":        func(o *configdb.Options) { o.SSL = "prefer" },
	} {
		for _, k := range kinds()[1:] {
			t.Run(k.name+" "+name, func(t *testing.T) {
				o := options(k.name)
				o.Host, o.Port, o.Name, o.User = "localhost", 1, "x", "reader"
				edit(&o)
				_, err := configdb.Open(o)
				require.Equal(t, fault.Invalid, fault.CodeOf(err))
			})
		}
	}
}

// Names and hosts with characters of a connection string stay what they are, and an instance can
// be named instead of a service.
func TestConnectionSettingsAreQuoted(t *testing.T) {
	for _, k := range kinds()[1:] {
		for _, name := range []string{"a b&c=d?e/f", "sid:ORCL", "SID:ORCL", "ünï"} {
			o := options(k.name)
			o.Host, o.Port, o.Name, o.User, o.Password = "::1", 1, name, "DOMAIN\\us er@x", password
			db := open(t, o)
			err := db.Ping(t.Context())
			require.Equal(t, fault.Unavailable, fault.CodeOf(err), "%v", err)
			require.NotContains(t, err.Error(), password)
			require.ErrorContains(t, err, net.JoinHostPort("::1", "1"))
		}
	}
}
