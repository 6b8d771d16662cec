package cms_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
	"github.com/stretchr/testify/require"

	"engage.connector/services/lab/org/cms"
)

// recipient makes a key and a self-signed certificate, which the writers need to name the recipient.
func recipient(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "org"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		SubjectKeyId: []byte{1, 2, 3, 4},
		KeyUsage:     x509.KeyUsageKeyEncipherment | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return key, cert
}

func smallstep(t testing.TB, cert *x509.Certificate, cipher int, content []byte) []byte {
	t.Helper()
	pkcs7.ContentEncryptionAlgorithm = cipher
	out, err := pkcs7.Encrypt(content, []*x509.Certificate{cert})
	require.NoError(t, err)
	return out
}

func openssl(t testing.TB, cert *x509.Certificate, content []byte, args ...string) []byte {
	t.Helper()
	path, err := exec.LookPath("openssl")
	require.NoError(t, err, "openssl is missing, install it: make setup")
	dir := t.TempDir()
	certFile, inFile, outFile := filepath.Join(dir, "c.pem"), filepath.Join(dir, "in"), filepath.Join(dir, "out")
	pemBytes := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	require.NoError(t, os.WriteFile(certFile, pemBytes, 0o600))
	require.NoError(t, os.WriteFile(inFile, content, 0o600))
	full := []string{"cms", "-encrypt", "-binary", "-in", inFile, "-out", outFile, "-outform", "DER", "-recip", certFile}
	full = append(full, args...)
	output, err := exec.CommandContext(t.Context(), path, full...).CombinedOutput()
	require.NoError(t, err, string(output))
	out, err := os.ReadFile(outFile)
	require.NoError(t, err)
	return out
}

func TestDecryptsWhatOtherWritersEncrypt(t *testing.T) {
	key, cert := recipient(t)
	other, _ := recipient(t)
	content := bytes.Repeat([]byte("OggS recording "), 40_000)
	writers := map[string]struct {
		oaep  bool
		bits  int
		write func() []byte
	}{
		"smallstep AES-256":  {bits: 256, write: func() []byte { return smallstep(t, cert, pkcs7.EncryptionAlgorithmAES256CBC, content) }},
		"smallstep AES-128":  {bits: 128, write: func() []byte { return smallstep(t, cert, pkcs7.EncryptionAlgorithmAES128CBC, content) }},
		"openssl DER":        {bits: 256, write: func() []byte { return openssl(t, cert, content, "-aes-256-cbc") }},
		"openssl BER stream": {bits: 256, write: func() []byte { return openssl(t, cert, content, "-aes-256-cbc", "-stream") }},
		"openssl AES-128":    {bits: 128, write: func() []byte { return openssl(t, cert, content, "-aes-128-cbc") }},
		"openssl key id":     {bits: 256, write: func() []byte { return openssl(t, cert, content, "-aes-256-cbc", "-keyid") }},
		"openssl OAEP": {bits: 256, oaep: true, write: func() []byte {
			return openssl(t, cert, content, "-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep")
		}},
		"openssl OAEP stream": {bits: 256, oaep: true, write: func() []byte {
			return openssl(t, cert, content, "-aes-256-cbc", "-stream", "-keyopt", "rsa_padding_mode:oaep")
		}},
	}
	for name, w := range writers {
		t.Run(name, func(t *testing.T) {
			env, err := cms.Parse(w.write())
			require.NoError(t, err)
			require.Equal(t, w.bits, env.KeyBits)
			require.Equal(t, w.oaep, env.OAEP)
			plain, err := env.Decrypt(key)
			require.NoError(t, err)
			require.True(t, bytes.Equal(content, plain))
			_, err = env.Decrypt(other)
			require.ErrorIs(t, err, cms.ErrDecrypt)
		})
	}
}

func TestRefusesOtherEnvelopes(t *testing.T) {
	_, cert := recipient(t)
	_, second := recipient(t)
	content := []byte("secret")
	two, err := pkcs7.Encrypt(content, []*x509.Certificate{cert, second})
	require.NoError(t, err)
	rows := map[string]struct {
		message []byte
		want    error
	}{
		"empty":          {nil, cms.ErrNotEnveloped},
		"text":           {[]byte("OggS this is not encrypted"), cms.ErrNotEnveloped},
		"truncated":      {smallstep(t, cert, pkcs7.EncryptionAlgorithmAES256CBC, content)[:100], cms.ErrNotEnveloped},
		"trailing bytes": {append(smallstep(t, cert, pkcs7.EncryptionAlgorithmAES256CBC, content), 0), cms.ErrNotEnveloped},
		"two recipients": {two, cms.ErrRecipients},
		"weak cipher":    {smallstep(t, cert, pkcs7.EncryptionAlgorithmDESCBC, content), cms.ErrCipher},
		"OAEP SHA-256": {openssl(t, cert, content, "-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
			cms.ErrKeyAlgorithm},
		"authenticated": {openssl(t, cert, content, "-aes-256-gcm"), cms.ErrNotEnveloped},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			_, err := cms.Parse(row.message)
			require.ErrorIs(t, err, row.want)
		})
	}
}

func FuzzParse(f *testing.F) {
	key, cert := recipient(f)
	f.Add(smallstep(f, cert, pkcs7.EncryptionAlgorithmAES256CBC, []byte("seed")))
	f.Add(openssl(f, cert, []byte("seed"), "-aes-256-cbc", "-stream"))
	f.Add(openssl(f, cert, []byte("seed"), "-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep"))
	f.Add([]byte{0x30, 0x80, 0x00, 0x00})
	f.Fuzz(func(t *testing.T, message []byte) {
		env, err := cms.Parse(message)
		if err != nil {
			return
		}
		_, _ = env.Decrypt(key) // must not panic
	})
}
