package cmd

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
	"strings"
	"testing"
	"time"

	"ebb/pdclient/pdtest"
)

// authority is a certificate authority made for one test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	var der []byte
	der, a.key = a.make(&x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, a.file = cert, a.write("ca.crt", "CERTIFICATE", der)
	return a
}

// make signs a certificate with the authority, or, while there is none, with
// its own key.
func (a *authority) make(template, parent *x509.Certificate) (der []byte, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.Subject = pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	signer := a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err = x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// issue makes a certificate for a server or a client on this machine.
func (a *authority) issue(name string) (certFile, keyFile string) {
	der, key := a.make(&x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert)
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".crt", "CERTIFICATE", der), a.write(name+".key", "EC PRIVATE KEY", keyDER)
}

func TestTLS(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	serverCert, serverKey := ours.issue("server")
	pair, err := tls.LoadX509KeyPair(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	pd := pdtest.New(t, pdtest.V8_5, pdtest.TLS(&tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
	}))
	pd.AddStores(1, 2, 3)
	clientCert, clientKey := ours.issue("client")
	strangerCert, strangerKey := other.issue("stranger")
	broken := filepath.Join(t.TempDir(), "broken.crt")
	if err := os.WriteFile(broken, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		args []string
		want ExitCode
		says string
	}{
		{"right", []string{"--cacert", ours.file, "--cert", clientCert, "--key", clientKey}, ExitDone, ""},
		{"wrong authority", []string{"--cacert", other.file, "--cert", clientCert, "--key", clientKey}, ExitUnreachable, "certificate"},
		{"a stranger", []string{"--cacert", ours.file, "--cert", strangerCert, "--key", strangerKey}, ExitUnreachable, "tls"},
		{"no client certificate", []string{"--cacert", ours.file}, ExitUnreachable, "tls"},
		{"no authority", nil, ExitUnreachable, "certificate"},
		{"missing file", []string{"--cacert", "nosuch.crt"}, ExitUsage, "nosuch.crt"},
		{"broken file", []string{"--cacert", broken}, ExitUsage, "broken.crt"},
		{"certificate without key", []string{"--cacert", ours.file, "--cert", clientCert}, ExitUsage, "key"},
		{"key of another", []string{"--cacert", ours.file, "--cert", clientCert, "--key", strangerKey}, ExitUsage, "client.crt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"display", "--no-headers", "--pd-timeout", "500ms", "-u", pd.URLs()[0]}, tt.args...)
			stdout, stderr, code := ebb(t, args...)
			if code != tt.want || !strings.Contains(stderr, tt.says) {
				t.Errorf("exit code %d, want %d and %q; stderr:\n%s", code, tt.want, tt.says, stderr)
			}
			if (code == ExitDone) != (strings.Count(stdout, "\tUp\t") == 3) {
				t.Errorf("stdout:\n%s", stdout)
			}
		})
	}
	// A PD that wants TLS, asked without.
	_, stderr, code := ebb(t, "display", "--pd-timeout", "500ms", "-u", strings.Replace(pd.URLs()[0], "https:", "http:", 1))
	if code == ExitDone || !strings.Contains(stderr, "HTTP") {
		t.Errorf("http to a TLS port: exit code %d, stderr:\n%s", code, stderr)
	}
}
