package sshexec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ebb/sshexec"
	"ebb/sshexec/sshtest"
)

// connectWith connects to a host with this known_hosts.
func connectWith(t *testing.T, s *sshtest.Server, known string, change func(*sshexec.Options)) (file string, err error) {
	t.Helper()
	o := options(t)
	file = o.KnownHosts[0]
	sshtest.WriteFile(t, file, known)
	if change != nil {
		change(&o)
	}
	_, err = newPool(t, o).Connect(t.Context(), s.Target("tidb"))
	return file, err
}

func severalKeys(t *testing.T) []ssh.Signer {
	return []ssh.Signer{sshtest.NewKey(t, sshtest.ED25519), sshtest.NewKey(t, sshtest.ECDSA), sshtest.NewKey(t, sshtest.RSA)}
}

// A host with several keys is asked for the one that is known.
func TestKnownKeyOfSeveral(t *testing.T) {
	keys := severalKeys(t)
	s := sshtest.NewServer(t, sshtest.Config{HostKeys: keys})
	name := fmt.Sprintf("[%s]:%d", s.Target("").Host, s.Target("").Port)
	for _, key := range keys {
		text := sshtest.PublicKeyText(key.PublicKey())
		for kind, known := range map[string]string{
			"plain":        name + " " + text + "\n",
			"hashed":       knownhosts.HashHostname(name) + " " + text,
			"several":      "other,!no," + name + " " + text + " comment\r\n",
			"wildcard":     "[127.0.0.?]:* " + text + "\n",
			"without port": "127.0.0.1 " + text + "\n",
			"capitals":     strings.ToUpper(name) + " " + text + "\n",
			"tabs":         "# comment\n\n\t" + name + "\t" + strings.Replace(text, " ", "\t", 1) + "\n",
		} {
			if _, err := connectWith(t, s, known, nil); err != nil {
				t.Errorf("%s, %s: %v", key.PublicKey().Type(), kind, err)
			}
		}
	}
}

func TestChangedKey(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	for _, kind := range []sshtest.KeyType{sshtest.ED25519, sshtest.RSA} {
		for _, policy := range []sshexec.HostKeyPolicy{sshexec.HostKeysStrict, sshexec.HostKeysAsk, sshexec.HostKeysAcceptNew} {
			known := "# one\n" + sshtest.KnownHostsLine(s.Target(""), sshtest.NewKey(t, kind).PublicKey())
			file, err := connectWith(t, s, known, func(o *sshexec.Options) {
				o.HostKeys = policy
				o.AskHostKey = func(context.Context, sshexec.UnknownHost) (bool, error) {
					t.Error("asked about a changed key")
					return true, nil
				}
			})
			var changed *sshexec.HostKeyChangedError
			if !errors.As(err, &changed) || changed.File != file || changed.Line != 2 || !errors.Is(err, sshexec.ErrNotStarted) {
				t.Errorf("policy %d: %v", policy, err)
				continue
			}
			if changed.Fingerprint != ssh.FingerprintSHA256(s.HostKey()) || !strings.Contains(err.Error(), file+":2") {
				t.Errorf("%v", err)
			}
			if now, _ := os.ReadFile(file); string(now) != known {
				t.Errorf("known_hosts was changed to %q", now)
			}
		}
	}
}

func TestRevokedKey(t *testing.T) {
	authority := sshtest.NewKey(t, sshtest.ED25519)
	plain := sshtest.NewServer(t, sshtest.Config{})
	certified := sshtest.NewServer(t, sshtest.Config{HostKeys: []ssh.Signer{
		sshtest.Certify(t, authority, sshtest.NewKey(t, sshtest.ECDSA), time.Now().Add(time.Hour), "127.0.0.1"),
	}})
	trust := "@cert-authority 127.0.0.1 " + sshtest.PublicKeyText(authority.PublicKey()) + "\n"
	for _, tt := range []struct {
		server *sshtest.Server
		known  string
		key    ssh.PublicKey
		line   int
	}{
		{plain, plain.KnownHosts(), plain.HostKey(), 2},
		{plain, "", plain.HostKey(), 1},
		{certified, trust, authority.PublicKey(), 2},
	} {
		for _, hosts := range []string{"*", "127.0.0.1", "elsewhere"} {
			known := tt.known + "@revoked " + hosts + " " + sshtest.PublicKeyText(tt.key) + "\n"
			file, err := connectWith(t, tt.server, known, func(o *sshexec.Options) { o.HostKeys = sshexec.HostKeysAcceptNew })
			var revoked *sshexec.HostKeyRevokedError
			if !errors.As(err, &revoked) || revoked.File != file || revoked.Line != tt.line {
				t.Errorf("%q: %v", hosts, err)
			}
		}
	}
}

func TestCertificates(t *testing.T) {
	authority, other := sshtest.NewKey(t, sshtest.ED25519), sshtest.NewKey(t, sshtest.ED25519)
	key := sshtest.NewKey(t, sshtest.RSA)
	hour := time.Now().Add(time.Hour)
	trust := "@cert-authority 127.0.0.* " + sshtest.PublicKeyText(authority.PublicKey()) + "\n"
	var failed *sshexec.HostKeyError
	var unknown *sshexec.HostKeyUnknownError
	for _, tt := range []struct {
		name string
		keys []ssh.Signer
		want any // pointer for errors.As; nil when it is accepted
	}{
		{"signed", []ssh.Signer{key, sshtest.Certify(t, authority, key, hour, "127.0.0.1")}, nil},
		{"expired", []ssh.Signer{sshtest.Certify(t, authority, key, time.Now().Add(-time.Hour), "127.0.0.1")}, &failed},
		{"other name", []ssh.Signer{sshtest.Certify(t, authority, key, hour, "db1")}, &failed},
		{"other authority", []ssh.Signer{sshtest.Certify(t, other, key, hour, "127.0.0.1")}, &unknown},
		{"plain key only", []ssh.Signer{key}, &unknown},
	} {
		s := sshtest.NewServer(t, sshtest.Config{HostKeys: tt.keys})
		_, err := connectWith(t, s, trust, nil)
		if tt.want == nil && err != nil || tt.want != nil && !errors.As(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	// The plain key of a host whose certificate comes from elsewhere is a key like any other.
	s := sshtest.NewServer(t, sshtest.Config{HostKeys: []ssh.Signer{sshtest.Certify(t, other, key, hour, "127.0.0.1")}})
	trust = strings.Replace(trust, "127.0.0.*", "[127.0.0.*]:*", 1)
	if _, err := connectWith(t, s, trust+s.KnownHosts(), nil); err != nil {
		t.Errorf("known key in a certificate of a stranger: %v", err)
	}
}

func TestUnknownKey(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	var asked []sshexec.UnknownHost
	answer := func(yes bool, err error) func(*sshexec.Options) {
		return func(o *sshexec.Options) {
			o.HostKeys = sshexec.HostKeysAsk
			o.AskHostKey = func(_ context.Context, q sshexec.UnknownHost) (bool, error) {
				asked = append(asked, q)
				return yes, err
			}
		}
	}
	noTerminal := errors.New("no terminal")
	for name, tt := range map[string]struct {
		change   func(*sshexec.Options)
		accepted bool
		asks     int
		check    func(*sshexec.HostKeyUnknownError) bool
	}{
		"strict":       {nil, false, 0, func(e *sshexec.HostKeyUnknownError) bool { return !e.Declined }},
		"nobody there": {func(o *sshexec.Options) { o.HostKeys = sshexec.HostKeysAsk }, false, 0, nil},
		"from config":  {func(o *sshexec.Options) { o.HostKeys = sshexec.HostKeysFromConfig }, false, 0, nil},
		"yes":          {answer(true, nil), true, 1, nil},
		"no":           {answer(false, nil), false, 1, func(e *sshexec.HostKeyUnknownError) bool { return e.Declined }},
		"error":        {answer(false, noTerminal), false, 1, func(e *sshexec.HostKeyUnknownError) bool { return errors.Is(e, noTerminal) }},
		"accept-new":   {func(o *sshexec.Options) { o.HostKeys = sshexec.HostKeysAcceptNew }, true, 0, nil},
	} {
		asked = nil
		file, err := connectWith(t, s, "other ssh-ed25519 "+strings.Fields(s.KnownHosts())[2], tt.change)
		content, _ := os.ReadFile(file)
		remembered := strings.HasSuffix(string(content), "\n"+s.KnownHosts())
		var unknown *sshexec.HostKeyUnknownError
		switch {
		case tt.accepted != (err == nil) || remembered != tt.accepted || len(asked) != tt.asks:
			t.Errorf("%s: %v, asked %d times, known_hosts %q", name, err, len(asked), content)
		case err != nil && (!errors.As(err, &unknown) || unknown.Fingerprint != ssh.FingerprintSHA256(s.HostKey())):
			t.Errorf("%s: %v", name, err)
		case tt.check != nil && !tt.check(unknown):
			t.Errorf("%s: %+v", name, unknown)
		case tt.asks > 0 && (asked[0].Type != "ssh-ed25519" || asked[0].File != file || asked[0].Host != s.Target("tidb")):
			t.Errorf("%s: asked %+v", name, asked[0])
		}
	}
}

// Many unknown hosts at once: one question at a time, one line each, and the
// clock of those who wait stands still.
func TestManyUnknownHosts(t *testing.T) {
	hosts := sshtest.Fleet(t, 30, sshtest.Config{})
	o := options(t)
	o.KnownHosts = []string{filepath.Join(t.TempDir(), "new", "known_hosts")}
	o.HostKeys = sshexec.HostKeysAsk
	o.ConnectTimeout = 400 * time.Millisecond
	var open atomic.Int32
	o.AskHostKey = func(context.Context, sshexec.UnknownHost) (bool, error) {
		if open.Add(1) != 1 {
			t.Error("two questions at once")
		}
		time.Sleep(40 * time.Millisecond)
		open.Add(-1)
		return true, nil
	}
	p := newPool(t, o)
	for _, r := range each(t.Context(), p, targets(hosts), func(ctx context.Context, host sshexec.Target, _ sshexec.Runner) (sshexec.Target, error) {
		return p.Connect(ctx, host)
	}) {
		if r.err != nil {
			t.Error(r.err)
		}
	}
	info, err := os.Stat(o.KnownHosts[0])
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", info, err)
	}
	content, _ := os.ReadFile(o.KnownHosts[0])
	for _, h := range hosts {
		if strings.Count(string(content), h.KnownHosts()) != 1 {
			t.Errorf("%s is not there once:\n%s", h.Target(""), content)
		}
	}
}

func TestBrokenLines(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	name := strings.Fields(s.KnownHosts())[0]
	known := "garbage\n" + name + " ssh-ed25519 !!!\n" + name + " ssh-dss AAAA\n@future * " + strings.Fields(s.KnownHosts())[1] + " " +
		strings.Fields(s.KnownHosts())[2] + "\n|1|x " + strings.Join(strings.Fields(s.KnownHosts())[1:], " ") + "\n" + s.KnownHosts()
	var mu sync.Mutex
	var warned []string
	file, err := connectWith(t, s, known, func(o *sshexec.Options) {
		o.Warn = func(text string) {
			mu.Lock()
			defer mu.Unlock()
			warned = append(warned, text)
		}
	})
	if err != nil {
		t.Error(err)
	}
	for i, text := range warned {
		if !strings.Contains(text, fmt.Sprintf("%s:%d: ", file, i+1)) {
			t.Errorf("warning %d: %s", i, text)
		}
	}
	if len(warned) != 4 {
		t.Errorf("warned %q", warned)
	}
}

func TestUnreadableKnownHosts(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	_, err := connectWith(t, s, "", func(o *sshexec.Options) { o.KnownHosts = []string{t.TempDir()} })
	if _, ok := errors.AsType[*sshexec.HostKeyError](err); !ok {
		t.Errorf("%v", err)
	}
}
