package pdclient_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestTLS(t *testing.T) {
	ca, other := pdtest.NewAuthority(t), pdtest.NewAuthority(t)
	pd := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ca.Server(time.Hour)))
	pd.AddStores(1)
	expired := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ca.Server(-time.Hour)))
	cert, key := ca.Issue("client", time.Hour)
	tests := []struct {
		name string
		tls  pdclient.TLSConfig
		url  string
		want string // in the error, "" for success
	}{
		{"good", pdclient.TLSConfig{CACert: ca.File, Cert: cert, Key: key}, pd.URLs()[0], ""},
		{"good, host and port", pdclient.TLSConfig{CACert: ca.File, Cert: cert, Key: key}, strings.TrimPrefix(pd.URLs()[0], "https://"), ""},
		{"wrong ca", pdclient.TLSConfig{CACert: other.File, Cert: cert, Key: key}, pd.URLs()[0], "unknown authority"},
		{"no client certificate", pdclient.TLSConfig{CACert: ca.File}, pd.URLs()[0], "certificate required"},
		{"expired server", pdclient.TLSConfig{CACert: ca.File, Cert: cert, Key: key}, expired.URLs()[0], "expired"},
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
	ca := pdtest.NewAuthority(t)
	cert, key := ca.Issue("client", time.Hour)
	_, otherKey := ca.Issue("other", time.Hour)
	missing := filepath.Join(t.TempDir(), "missing.pem")
	tests := []struct {
		name string
		tls  pdclient.TLSConfig
		file string
	}{
		{"missing ca", pdclient.TLSConfig{CACert: missing}, missing},
		{"ca without certificate", pdclient.TLSConfig{CACert: key}, key},
		{"missing certificate", pdclient.TLSConfig{CACert: ca.File, Cert: missing, Key: key}, missing},
		{"missing key", pdclient.TLSConfig{CACert: ca.File, Cert: cert, Key: missing}, missing},
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
	if _, err := pdclient.New(pdclient.Config{Endpoints: []string{"http://pd:2379"}, TLS: pdclient.TLSConfig{CACert: ca.File}}); err == nil {
		t.Error("http together with tls files was accepted")
	}
}

func TestPlainHTTPAgainstTLSServer(t *testing.T) {
	ca := pdtest.NewAuthority(t)
	pd := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ca.Server(time.Hour)))
	c := newClient(t, strings.Replace(pd.URLs()[0], "https://", "http://", 1))
	if _, _, err := c.Stores(t.Context()); err == nil {
		t.Error("no error")
	}
}
