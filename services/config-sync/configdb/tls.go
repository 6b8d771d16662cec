package configdb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
)

// The values of CONFIG_DB_SSL.
const (
	sslDisable    = "disable"
	sslRequire    = "require"
	sslVerifyCA   = "verify-ca"
	sslVerifyFull = "verify-full"
)

// sslModeOf returns the mode of a value of CONFIG_DB_SSL. The guide only names the setting, so the
// plain words are accepted as well.
func sslModeOf(value string) (string, bool) {
	mode, ok := map[string]string{
		"": sslDisable, "disable": sslDisable, "false": sslDisable, "require": sslRequire, "true": sslRequire,
		"verify-ca": sslVerifyCA, "verify-full": sslVerifyFull,
	}[strings.ToLower(value)]
	return mode, ok
}

// ValidSSL tells whether the value of CONFIG_DB_SSL is known.
func ValidSSL(mode string) bool {
	_, ok := sslModeOf(mode)
	return ok
}

// tlsConfig is the same for every driver: nil for disable; require encrypts without asking who the
// server is, unless there is a CA to ask; verify-ca checks the chain, verify-full also the name.
func tlsConfig(o Options) (*tls.Config, error) {
	mode, ok := sslModeOf(o.SSL)
	if !ok {
		return nil, fmt.Errorf("ssl mode %q is not known", o.SSL)
	}
	if mode == sslDisable {
		if o.SSLCAFile != "" {
			return nil, errors.New("a CA file is of no use without TLS: set CONFIG_DB_SSL to verify-full or unset CONFIG_DB_SSL_CA_FILE")
		}
		return nil, nil //nolint:nilnil // no TLS is no configuration
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.Host}
	if o.SSLCAFile != "" {
		pem, err := os.ReadFile(o.SSLCAFile)
		if err != nil {
			return nil, fmt.Errorf("CONFIG_DB_SSL_CA_FILE: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("CONFIG_DB_SSL_CA_FILE: no certificate in PEM form")
		}
	}
	if mode == sslVerifyFull {
		return config, nil
	}
	config.InsecureSkipVerify = true // of the name; the chain is checked below
	if mode == sslVerifyCA || o.SSLCAFile != "" {
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, config.RootCAs) }
	}
	return config, nil
}

// verifyChain checks who issued the server's certificate, not whom it names.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(options)
	return err
}
