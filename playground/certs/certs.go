// Package certs makes the certificates of a playground whose PD speaks TLS, under
// the names that tiup gives them.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity is longer than any playground runs.
const validity = 30 * 24 * time.Hour

// Files are an authority, and a certificate with its key that serves PD, the
// stores and a client alike.
type Files struct {
	CA   string `json:"cacert"`
	Cert string `json:"cert"`
	Key  string `json:"key"`
}

// Make makes the files in a new directory, for servers at these addresses.
func Make(dir string, hosts []string) (*Files, error) {
	f := &Files{
		CA: filepath.Join(dir, "ca.crt"), Cert: filepath.Join(dir, "client.crt"), Key: filepath.Join(dir, "client.pem"),
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	authority, authorityKey, err := issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "playground CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	if err != nil {
		return nil, err
	}
	parent, err := x509.ParseCertificate(authority)
	if err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "playground"}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(host))
	}
	cert, key, err := issue(template, parent, authorityKey)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	for path, block := range map[string]*pem.Block{
		f.CA:   {Type: "CERTIFICATE", Bytes: authority},
		f.Cert: {Type: "CERTIFICATE", Bytes: cert},
		f.Key:  {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			return nil, fmt.Errorf("make certificates: %w", err)
		}
	}
	return f, nil
}

// issue signs a certificate with the parent's key, or, without one, with its own.
func issue(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificates: %w", err)
	}
	now := time.Now()
	template.SerialNumber = big.NewInt(now.UnixNano())
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(validity)
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificates: %w", err)
	}
	return der, key, nil
}

// Config is what a client or a server needs that asks the other side for a
// certificate of the authority. nil Files have none: there is no TLS.
func (f *Files) Config() (*tls.Config, error) {
	if f == nil {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	authority, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, fmt.Errorf("read certificates: %s: no certificate in it", f.CA)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12,
	}, nil
}
