package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/pdclient/pdtest"
)

func TestTLS(t *testing.T) {
	ours, other := pdtest.NewAuthority(t), pdtest.NewAuthority(t)
	pd := pdtest.New(t, pdtest.V8_5, pdtest.TLS(ours.Server(time.Hour)))
	pd.AddStores(1, 2, 3)
	clientCert, clientKey := ours.Issue("client", time.Hour)
	strangerCert, strangerKey := other.Issue("stranger", time.Hour)
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
		{"right", []string{"--cacert", ours.File, "--cert", clientCert, "--key", clientKey}, ExitDone, ""},
		{"wrong authority", []string{"--cacert", other.File, "--cert", clientCert, "--key", clientKey}, ExitUnreachable, "certificate"},
		{"a stranger", []string{"--cacert", ours.File, "--cert", strangerCert, "--key", strangerKey}, ExitUnreachable, "tls"},
		{"no client certificate", []string{"--cacert", ours.File}, ExitUnreachable, "tls"},
		{"no authority", nil, ExitUnreachable, "certificate"},
		{"missing file", []string{"--cacert", "nosuch.crt"}, ExitUsage, "nosuch.crt"},
		{"broken file", []string{"--cacert", broken}, ExitUsage, "broken.crt"},
		{"certificate without key", []string{"--cacert", ours.File, "--cert", clientCert}, ExitUsage, "key"},
		{"key of another", []string{"--cacert", ours.File, "--cert", clientCert, "--key", strangerKey}, ExitUsage, "client.crt"},
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
