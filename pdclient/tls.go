package pdclient

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLSConfig names PEM files. PD checks client certificates whenever it has a
// cacert-path of its own, so Cert and Key normally come together with CACert.
type TLSConfig struct {
	CACert string // trusted CA; the system's when empty
	Cert   string // client certificate
	Key    string // its key
}

// TLSFileError is a TLS file that cannot be used.
type TLSFileError struct {
	Path string
	Err  error
}

func (e *TLSFileError) Error() string { return fmt.Sprintf("load tls file %q: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *TLSFileError) Unwrap() error { return e.Err }

// Load reads the files. It returns nil when none is named. Errors are
// *TLSFileError.
func (t TLSConfig) Load() (*tls.Config, error) {
	if t == (TLSConfig{}) {
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CACert != "" {
		pem, err := os.ReadFile(t.CACert)
		if err != nil {
			return nil, &TLSFileError{t.CACert, err}
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &TLSFileError{t.CACert, fmt.Errorf("no certificate in it")}
		}
	}
	switch {
	case t.Cert == "" && t.Key == "":
		return out, nil
	case t.Cert == "":
		return nil, &TLSFileError{t.Key, fmt.Errorf("a key needs its certificate")}
	case t.Key == "":
		return nil, &TLSFileError{t.Cert, fmt.Errorf("a certificate needs its key")}
	}
	certPEM, err := os.ReadFile(t.Cert)
	if err != nil {
		return nil, &TLSFileError{t.Cert, err}
	}
	keyPEM, err := os.ReadFile(t.Key)
	if err != nil {
		return nil, &TLSFileError{t.Key, err}
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, &TLSFileError{t.Cert, fmt.Errorf("with key %q: %w", t.Key, err)}
	}
	out.Certificates = []tls.Certificate{pair}
	return out, nil
}
