package sshexec_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"ebb/sshexec"
	"ebb/sshexec/sshtest"
)

// Whatever a pool and a server started ends with them.
func TestMain(m *testing.M) {
	os.Unsetenv("SSH_AUTH_SOCK")
	goleak.VerifyTestMain(m)
}

// options reach hosts without looking at the machine of whoever runs the tests.
func options(t *testing.T, servers ...*sshtest.Server) sshexec.Options {
	t.Helper()
	home := t.TempDir()
	key := filepath.Join(home, "key")
	sshtest.NewKeyFile(t, key, sshtest.ED25519, "")
	return sshexec.Options{
		Home: home, ConfigFiles: []string{}, Identities: []string{key}, Agent: "none",
		KnownHosts: []string{sshtest.KnownHostsFile(t, servers...)}, HostKeys: sshexec.HostKeysStrict,
		ConnectTimeout: 5 * time.Second,
		Warn:           func(s string) { t.Errorf("unexpected warning: %s", s) },
	}
}

func newPool(t *testing.T, o sshexec.Options) *sshexec.Pool {
	t.Helper()
	p := sshexec.NewPool(o)
	t.Cleanup(p.Close)
	return p
}

func cmd(argv ...string) sshexec.Cmd { return sshexec.Cmd{Argv: argv} }

func run(t *testing.T, r sshexec.Runner, argv ...string) (sshexec.Output, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return r.Run(ctx, cmd(argv...))
}
