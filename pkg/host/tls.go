package host

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLSFiles are the PEM files for mutual TLS between the services: all three, or none for plaintext.
type TLSFiles struct {
	CertFile string `env:"GRPC_TLS_CERT_FILE" help:"the PEM file of this service's certificate"`
	KeyFile  string `env:"GRPC_TLS_KEY_FILE" help:"the PEM file of this service's private key"`
	CAFile   string `env:"GRPC_TLS_CA_FILE" help:"the PEM file of the authority that signs the services' certificates"`
}

// Enabled reports whether TLS is configured, even if incompletely.
func (f TLSFiles) Enabled() bool { return f != TLSFiles{} }

// Validate reports every file that is missing while others are set, and files that do not load.
func (f *TLSFiles) Validate() []error {
	if !f.Enabled() {
		return nil
	}
	var faults faultList
	for _, part := range []struct{ variable, value string }{
		{"GRPC_TLS_CERT_FILE", f.CertFile}, {"GRPC_TLS_KEY_FILE", f.KeyFile}, {"GRPC_TLS_CA_FILE", f.CAFile},
	} {
		if part.value == "" {
			faults.add(BadVariable(part.variable, "not set, while other GRPC_TLS files are",
				"set all three for mutual TLS, or none for plaintext"))
		}
	}
	if len(faults.faults) > 0 {
		return faults.faults
	}
	if _, err := tls.LoadX509KeyPair(f.CertFile, f.KeyFile); err != nil {
		faults.add(BadVariable("GRPC_TLS_CERT_FILE", "does not load together with GRPC_TLS_KEY_FILE: "+err.Error(),
			"point both to readable PEM files that belong together"))
	}
	if _, err := certPool(f.CAFile); err != nil {
		faults.add(BadVariable("GRPC_TLS_CA_FILE", err.Error(), "point it to a readable PEM file"))
	}
	return faults.faults
}

// server is the configuration of a listener that accepts only clients our authority knows.
func (f TLSFiles) server() (*tls.Config, error) {
	cert, pool, err := f.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{cert},
		ClientCAs:    pool,
		ClientAuth:   tls.RequireAndVerifyClientCert,
	}, nil
}

// web is the configuration of a listener for operators, load balancers and Prometheus: a client
// certificate is checked when there is one, and not asked of everybody.
func (f TLSFiles) web() (*tls.Config, error) {
	cfg, err := f.server()
	if err != nil {
		return nil, err
	}
	cfg.ClientAuth = tls.VerifyClientCertIfGiven
	cfg.NextProtos = []string{"h2", "http/1.1"}
	return cfg, nil
}

// client is the configuration of a connection to a service that our authority knows.
func (f TLSFiles) client() (*tls.Config, error) {
	cert, pool, err := f.load()
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, RootCAs: pool}, nil
}

// load reads the three files; a partial set is an error, never a silent fall back to plaintext.
func (f TLSFiles) load() (tls.Certificate, *x509.CertPool, error) {
	if faults := f.Validate(); len(faults) > 0 {
		return tls.Certificate{}, nil, &ConfigError{Faults: faults}
	}
	cert, err := tls.LoadX509KeyPair(f.CertFile, f.KeyFile)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("load certificate: %w", err)
	}
	pool, err := certPool(f.CAFile)
	return cert, pool, err
}

// certPool reads a PEM file of certificate authorities.
func certPool(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("the file %s holds no PEM certificate", path)
	}
	return pool, nil
}
