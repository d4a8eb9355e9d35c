package pdtest

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
)

// Authority is a certificate authority made for one test, for a PD that speaks TLS
// and those who ask it.
type Authority struct {
	// File is its certificate, in PEM.
	File string

	tb   testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority of its own.
func NewAuthority(tb testing.TB) *Authority {
	tb.Helper()
	a := &Authority{tb: tb, dir: tb.TempDir()}
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	key, der := a.sign(template, time.Hour)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	a.cert, a.key, a.File = cert, key, a.write("ca.crt", "CERTIFICATE", der)
	return a
}

// Issue makes a certificate for a server or a client on 127.0.0.1, and its key, as
// files in PEM. It expires after life, which may be negative.
func (a *Authority) Issue(name string, life time.Duration) (certFile, keyFile string) {
	a.tb.Helper()
	key, der := a.sign(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, life)
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.tb.Fatal(err)
	}
	return a.write(name+".crt", "CERTIFICATE", der), a.write(name+".key", "EC PRIVATE KEY", keyDER)
}

// Server is what a server needs that asks its clients for a certificate of the
// authority. Its own expires after life.
func (a *Authority) Server(life time.Duration) *tls.Config {
	a.tb.Helper()
	pair, err := tls.LoadX509KeyPair(a.Issue("pd", life))
	if err != nil {
		a.tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
}

// sign signs with the authority or, while there is none, with the new key itself.
func (a *Authority) sign(template *x509.Certificate, life time.Duration) (key *ecdsa.PrivateKey, der []byte) {
	a.tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.tb.Fatal(err)
	}
	now := time.Now()
	template.SerialNumber, template.Subject = big.NewInt(now.UnixNano()), pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = now.Add(-2*time.Hour), now.Add(life)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	if der, err = x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer); err != nil {
		a.tb.Fatal(err)
	}
	return key, der
}

func (a *Authority) write(name, kind string, der []byte) string {
	a.tb.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.tb.Fatal(err)
	}
	return path
}
