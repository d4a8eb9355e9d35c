package sshexec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ebb/sshexec"
	"ebb/sshexec/sshtest"
)

func connect(t *testing.T, o sshexec.Options, s *sshtest.Server) error {
	t.Helper()
	p := sshexec.NewPool(o)
	defer p.Close()
	_, err := p.Connect(t.Context(), s.Target("tidb"))
	return err
}

func TestKeyFiles(t *testing.T) {
	for _, kind := range []sshtest.KeyType{sshtest.ED25519, sshtest.ECDSA, sshtest.RSA} {
		dir := t.TempDir()
		path := filepath.Join(dir, "key")
		public := sshtest.NewKeyFile(t, path, kind, "")
		s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{public}})
		for name, change := range map[string]func(*sshexec.Options){
			"-i":       func(o *sshexec.Options) { o.Identities = []string{path} },
			"cluster":  func(o *sshexec.Options) { o.ClusterKey = path },
			"standard": func(o *sshexec.Options) { o.Home = home(t, "id_"+string(kind), path) },
			"config": func(o *sshexec.Options) {
				o.ConfigFiles = []string{sshtest.WriteFile(t, filepath.Join(dir, "config"), "IdentityFile "+path+"\n")}
			},
		} {
			o := options(t, s)
			o.Identities = nil
			change(&o)
			if err := connect(t, o, s); err != nil {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
	}
}

// home is a home directory with one key.
func home(t *testing.T, name, key string) string {
	t.Helper()
	dir := t.TempDir()
	content, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	sshtest.WriteFile(t, filepath.Join(dir, ".ssh", name), string(content))
	return dir
}

func TestMissingKeys(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{}})
	o := options(t, s)
	o.Identities = []string{"/nonexistent/key"}
	var auth *sshexec.AuthError
	if err := connect(t, o, s); !errors.As(err, &auth) || !errors.Is(err, os.ErrNotExist) || !errors.Is(err, sshexec.ErrNotStarted) {
		t.Errorf("-i: %v", err)
	}
	o.Identities, o.ClusterKey = nil, "/nonexistent/key"
	if err := connect(t, o, s); !errors.As(err, &auth) || len(auth.Offered) != 0 || auth.Hint() == "" {
		t.Errorf("cluster key: %v", err)
	}
}

// A host hangs up after six keys, so those that were named come first and the
// rest is left out, with a remark.
func TestSixKeys(t *testing.T) {
	socket, keys := sshtest.Agent(t, sshtest.ED25519, sshtest.ED25519, sshtest.ED25519, sshtest.ED25519, sshtest.ED25519, sshtest.ED25519, sshtest.ED25519, sshtest.ED25519)
	path := filepath.Join(t.TempDir(), "named")
	named := sshtest.NewKeyFile(t, path, sshtest.ECDSA, "")
	refusing := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{}})
	o := options(t, refusing)
	o.Agent, o.Identities = socket, []string{path}
	var auth *sshexec.AuthError
	if err := connect(t, o, refusing); !errors.As(err, &auth) || len(auth.Offered) != 6 || len(auth.Skipped) != 3 || !strings.Contains(auth.Offered[0], path) {
		t.Errorf("%v", err)
	}
	for name, key := range map[string]ssh.PublicKey{"named": named, "fifth of the agent": keys[4]} {
		s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{key}})
		o.KnownHosts = []string{sshtest.KnownHostsFile(t, s)}
		if err := connect(t, o, s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	o.KnownHosts = []string{sshtest.KnownHostsFile(t, refusing)}
	o.IdentitiesOnly = true
	if err := connect(t, o, refusing); !errors.As(err, &auth) || len(auth.Offered) != 1 {
		t.Errorf("IdentitiesOnly: %v", err)
	}
}

// A key that the agent holds and somebody named is used through the agent, also
// when only its public half is on disk.
func TestNamedKeyInAgent(t *testing.T) {
	socket, keys := sshtest.Agent(t, sshtest.ED25519, sshtest.RSA)
	public := sshtest.WriteFile(t, filepath.Join(t.TempDir(), "id.pub"), sshtest.PublicKeyText(keys[1])+"\n")
	s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{keys[1]}})
	for _, path := range []string{public, strings.TrimSuffix(public, ".pub")} {
		o := options(t, s)
		o.Agent, o.Identities, o.IdentitiesOnly = socket, []string{path}, true
		if err := connect(t, o, s); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestDeadAgent(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{}})
	o := options(t, s)
	o.Agent = "/nonexistent/agent"
	var auth *sshexec.AuthError
	if err := connect(t, o, s); !errors.As(err, &auth) || len(auth.Offered) != 1 || len(auth.Skipped) != 1 {
		t.Errorf("%v", err)
	}
}

// One passphrase for many hosts, and none for hosts that do not accept the key.
func TestPassphraseIsAskedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	public := sshtest.NewKeyFile(t, path, sshtest.RSA, "open sesame")
	hosts := sshtest.Fleet(t, 20, sshtest.Config{Authorized: []ssh.PublicKey{public}})
	refusing := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{}})
	o := options(t, append(hosts, refusing)...)
	o.Identities = []string{path}
	o.ConnectTimeout = 500 * time.Millisecond
	var asked atomic.Int32
	o.Passphrase = func(_ context.Context, file string, again bool) ([]byte, error) {
		n := asked.Add(1)
		if file != path || again != (n > 1) {
			t.Errorf("asked for %s, again %v", file, again)
		}
		time.Sleep(700 * time.Millisecond) // longer than the deadline
		if n == 1 {
			return []byte("wrong"), nil
		}
		return []byte("open sesame"), nil
	}
	p := newPool(t, o)
	if _, err := p.Connect(t.Context(), refusing.Target("tidb")); err == nil || asked.Load() != 0 {
		t.Errorf("refusing host: asked %d times, %v", asked.Load(), err)
	}
	for _, r := range each(t.Context(), p, targets(hosts), func(ctx context.Context, host sshexec.Target, _ sshexec.Runner) (sshexec.Target, error) {
		return p.Connect(ctx, host)
	}) {
		if r.err != nil {
			t.Error(r.err)
		}
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times, want 2", asked.Load())
	}
}

func TestPassphraseRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	public := sshtest.NewKeyFile(t, path, sshtest.ED25519, "open sesame")
	hosts := sshtest.Fleet(t, 5, sshtest.Config{Authorized: []ssh.PublicKey{public}})
	no := errors.New("no terminal")
	for name, tt := range map[string]struct {
		ask  func(context.Context, string, bool) ([]byte, error)
		most int32
	}{
		"error":        {func(context.Context, string, bool) ([]byte, error) { return nil, no }, 1},
		"always wrong": {func(context.Context, string, bool) ([]byte, error) { return []byte("wrong"), nil }, 3},
		"nobody":       {nil, 0},
	} {
		o := options(t, hosts...)
		o.Identities = []string{path}
		var asked atomic.Int32
		if tt.ask != nil {
			o.Passphrase = func(ctx context.Context, file string, again bool) ([]byte, error) {
				asked.Add(1)
				return tt.ask(ctx, file, again)
			}
		}
		p := newPool(t, o)
		for _, r := range each(t.Context(), p, targets(hosts), func(ctx context.Context, host sshexec.Target, _ sshexec.Runner) (sshexec.Target, error) {
			return p.Connect(ctx, host)
		}) {
			if _, ok := errors.AsType[*sshexec.AuthError](r.err); !ok {
				t.Errorf("%s: %v", name, r.err)
			}
		}
		if asked.Load() != tt.most {
			t.Errorf("%s: asked %d times, want %d", name, asked.Load(), tt.most)
		}
	}
}

func TestOldEncryptedFormat(t *testing.T) {
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("no ssh-keygen here: run make deps")
	}
	path := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "passphrase", "-f", path).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	text, err := os.ReadFile(path + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{public}})
	o := options(t, s)
	o.Identities = []string{path}
	o.Passphrase = func(context.Context, string, bool) ([]byte, error) { return []byte("passphrase"), nil }
	if err := connect(t, o, s); err != nil {
		t.Error(err)
	}
	os.Remove(path + ".pub")
	if err := connect(t, o, s); err == nil || !strings.Contains(err.Error(), ".pub") {
		t.Errorf("without the public half: %v", err)
	}
}

func TestPassword(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{Authorized: []ssh.PublicKey{}, Password: "right"})
	var mu sync.Mutex
	var asked []string
	o := options(t, s)
	answer := "right"
	o.Password = func(_ context.Context, host sshexec.Target, prompt string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, fmt.Sprint(host, " ", prompt))
		return answer, nil
	}
	if err := connect(t, o, s); err != nil || len(asked) != 1 {
		t.Errorf("asked %q: %v", asked, err)
	}
	answer = "wrong"
	asked = nil
	p := newPool(t, o)
	for range 3 { // also by those who come right after
		var auth *sshexec.AuthError
		if _, err := p.Connect(t.Context(), s.Target("tidb")); !errors.As(err, &auth) || len(asked) != 1 {
			t.Errorf("asked %q: %v", asked, err)
		}
	}
}
