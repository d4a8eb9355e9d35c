package pdclient_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// authority signs certificates and keeps them as files.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.file, _, a.cert, a.key = a.issue(t, name, time.Hour, true)
	return a
}

// issue makes a certificate for 127.0.0.1 and returns its files.
func (a *authority) issue(t *testing.T, name string, life time.Duration, ca bool) (certFile, keyFile string, cert *x509.Certificate, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: ca, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if ca {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile = writePEM(t, filepath.Join(a.dir, name+".crt"), "CERTIFICATE", der)
	keyFile = writePEM(t, filepath.Join(a.dir, name+".key"), "EC PRIVATE KEY", keyDER)
	if cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile, cert, key
}

func writePEM(t *testing.T, path, kind string, der []byte) string {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// server is a configuration that asks for client certificates of this authority.
func (a *authority) server(t *testing.T, life time.Duration) *tls.Config {
	t.Helper()
	certFile, keyFile, _, _ := a.issue(t, "pd", life, false)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

func TestTLS(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	pd := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ca.server(t, time.Hour)))
	pd.AddStores(1)
	expired := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ca.server(t, -time.Hour)))
	cert, key, _, _ := ca.issue(t, "client", time.Hour, false)
	tests := []struct {
		name string
		tls  pdclient.TLSConfig
		url  string
		want string // in the error, "" for success
	}{
		{"good", pdclient.TLSConfig{CACert: ca.file, Cert: cert, Key: key}, pd.URLs()[0], ""},
		{"good, host and port", pdclient.TLSConfig{CACert: ca.file, Cert: cert, Key: key}, strings.TrimPrefix(pd.URLs()[0], "https://"), ""},
		{"wrong ca", pdclient.TLSConfig{CACert: other.file, Cert: cert, Key: key}, pd.URLs()[0], "unknown authority"},
		{"no client certificate", pdclient.TLSConfig{CACert: ca.file}, pd.URLs()[0], "certificate required"},
		{"expired server", pdclient.TLSConfig{CACert: ca.file, Cert: cert, Key: key}, expired.URLs()[0], "expired"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := pdclient.New(pdclient.Config{Endpoints: []string{tt.url}, TLS: tt.tls, Sleep: quickly})
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = c.Stores(t.Context())
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, pdclient.ErrUnreachable) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want unreachable: %s", err, tt.want)
			}
			// Nothing was sent, so there is no doubt about a write either.
			if err := c.DeleteStore(t.Context(), 1); errors.Is(err, pdclient.ErrOutcomeUnknown) {
				t.Errorf("write: %v", err)
			}
		})
	}
	pd.ExpectWrites(t)
}

func TestTLSFiles(t *testing.T) {
	ca := newAuthority(t, "ca")
	cert, key, _, _ := ca.issue(t, "client", time.Hour, false)
	_, otherKey, _, _ := ca.issue(t, "other", time.Hour, false)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	tests := []struct {
		name string
		tls  pdclient.TLSConfig
		file string
	}{
		{"missing ca", pdclient.TLSConfig{CACert: missing}, missing},
		{"ca without certificate", pdclient.TLSConfig{CACert: key}, key},
		{"missing certificate", pdclient.TLSConfig{CACert: ca.file, Cert: missing, Key: key}, missing},
		{"missing key", pdclient.TLSConfig{CACert: ca.file, Cert: cert, Key: missing}, missing},
		{"certificate without key", pdclient.TLSConfig{Cert: cert}, cert},
		{"key without certificate", pdclient.TLSConfig{Key: key}, key},
		{"key of another", pdclient.TLSConfig{Cert: cert, Key: otherKey}, cert},
	}
	for _, tt := range tests {
		_, err := pdclient.New(pdclient.Config{Endpoints: []string{"pd:2379"}, TLS: tt.tls})
		var file *pdclient.TLSFileError
		if !errors.As(err, &file) || file.Path != tt.file {
			t.Errorf("%s: got %v, want a *TLSFileError for %s", tt.name, err, tt.file)
		}
	}
	if _, err := pdclient.New(pdclient.Config{Endpoints: []string{"http://pd:2379"}, TLS: pdclient.TLSConfig{CACert: ca.file}}); err == nil {
		t.Error("http together with tls files was accepted")
	}
}

func TestPlainHTTPAgainstTLSServer(t *testing.T) {
	ca := newAuthority(t, "ca")
	pd := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ca.server(t, time.Hour)))
	c := newClient(t, strings.Replace(pd.URLs()[0], "https://", "http://", 1))
	if _, _, err := c.Stores(t.Context()); err == nil {
		t.Error("no error")
	}
}
