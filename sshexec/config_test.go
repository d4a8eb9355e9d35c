package sshexec

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func resolveWith(t *testing.T, config string, o Options, target Target) (*route, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	o.ConfigFiles = []string{file}
	if o.Home == "" {
		o.Home = "/home/me"
	}
	o = o.withDefaults()
	return resolve(t.Context(), o, newConfiguration(o), target, o.Jump)
}

const exampleConfig = `
Host db1
  HostName 10.0.1.1
  Port 2222
  User tidb
  IdentityFile ~/.ssh/%r_%n_%h_%p
  IdentityFile "%d/second"
  IdentitiesOnly yes
  ProxyJump hop1,me@hop2:2200
  UserKnownHostsFile ~/.ssh/known_db /tmp/x
  StrictHostKeyChecking accept-new
  ConnectTimeout 3
  IdentityAgent ~/agent.sock
  HostKeyAlias db-alias
Host direct
  ProxyJump none
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  IdentityAgent none
Host loose !db1
  StrictHostKeyChecking=off
Host strict
  StrictHostKeyChecking yes
Host command
  ProxyCommand nc %h %p
Host suffix
  HostName %h.example.com
Host badtoken
  IdentityFile ~/%Q
Host badport
  Port ssh
Host hop1
  User jumper
Host *
  ProxyCommand none
  GlobalKnownHostsFile /etc/none
`

func TestResolve(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "/run/agent")
	standard := []string{"/home/me/.ssh/known_hosts", "/home/me/.ssh/known_hosts2", "/etc/none"}
	me := localUser()
	for _, tt := range []struct {
		target Target
		want   route
	}{
		{Target{Host: "db1"}, route{
			target: Target{"10.0.1.1", 2222, "tidb"}, keyName: "db-alias", policy: HostKeysAcceptNew,
			knownHosts: []string{"/home/me/.ssh/known_db", "/tmp/x", "/etc/none"},
			identities: []string{"/home/me/.ssh/tidb_db1_10.0.1.1_2222", "/home/me/second"}, identitiesOnly: true,
			agent: "/home/me/agent.sock", connectTimeout: 3 * time.Second,
			jump: &Target{"hop2", 2200, "me"}, jumpRest: "hop1",
		}},
		{Target{Host: "direct", Port: 22, User: "root"}, route{
			target: Target{"direct", 22, "root"}, keyName: "direct", policy: HostKeysAcceptNew, knownHosts: []string{"/etc/none"},
		}},
		{Target{Host: "loose"}, route{target: Target{"loose", 22, me}, policy: HostKeysAcceptNew, knownHosts: standard, agent: "/run/agent"}},
		{Target{Host: "strict"}, route{target: Target{"strict", 22, me}, policy: HostKeysStrict, knownHosts: standard, agent: "/run/agent"}},
		{Target{Host: "suffix"}, route{target: Target{"suffix.example.com", 22, me}, policy: HostKeysAsk, knownHosts: standard, agent: "/run/agent"}},
		{Target{Host: "fe80::1", Port: 2200}, route{target: Target{"fe80::1", 2200, me}, policy: HostKeysAsk, knownHosts: standard, agent: "/run/agent"}},
	} {
		got, err := resolveWith(t, exampleConfig, Options{}, tt.target)
		if err != nil {
			t.Errorf("%s: %v", tt.target, err)
			continue
		}
		if tt.want.keyName == "" {
			tt.want.keyName = tt.want.target.Host
		}
		if tt.want.connectTimeout == 0 {
			tt.want.connectTimeout = DefaultConnectTimeout
		}
		if diff := cmp.Diff(&tt.want, got, cmp.AllowUnexported(route{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.target, diff)
		}
	}
}

func TestResolveOptionsGoFirst(t *testing.T) {
	r, err := resolveWith(t, exampleConfig, Options{
		KnownHosts: []string{"/k"}, HostKeys: HostKeysStrict, Jump: "none", Agent: "/a", ConnectTimeout: time.Second,
	}, Target{Host: "db1", User: "other", Port: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := Target{"10.0.1.1", 1, "other"}
	if r.target != want || r.policy != HostKeysStrict || r.jump != nil || r.agent != "/a" || r.knownHosts[0] != "/k" || r.connectTimeout != time.Second {
		t.Errorf("%+v", r)
	}
}

func TestResolveRefuses(t *testing.T) {
	for host, want := range map[string]string{
		"command":  "ProxyCommand is not supported",
		"badtoken": "%Q is not supported",
		"badport":  `port "ssh" is not a port`,
	} {
		_, err := resolveWith(t, exampleConfig, Options{}, Target{Host: host})
		var config *ConfigError
		if !errors.As(err, &config) || !errors.Is(err, ErrNotStarted) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if _, err := resolveWith(t, exampleConfig, Options{Jump: "hop"}, Target{Host: "command"}); err != nil {
		t.Errorf("a jump host replaces ProxyCommand: %v", err)
	}
	o := Options{ConfigFiles: []string{"/nonexistent"}}.withDefaults()
	if _, err := resolve(t.Context(), o, newConfiguration(o), Target{Host: "x"}, ""); err == nil {
		t.Error("a file that was named and is not there was ignored")
	}
}

// What only ssh can decide is decided by ssh, also in a file that is included.
func TestMatchAsksSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("no ssh here: run make deps")
	}
	match := "Match host db9 exec \"test %p = 2022\"\n  User bob\n  ProxyJump hop\n  IdentityFile /keys/%h\n  StrictHostKeyChecking yes\nHost *\n  User alice\n"
	included := filepath.Join(t.TempDir(), "more")
	if err := os.WriteFile(included, []byte(match), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, config := range []string{match, "Include " + included + "\n"} {
		r, err := resolveWith(t, config, Options{}, Target{Host: "db9", Port: 2022})
		if err != nil {
			t.Fatal(err)
		}
		if r.target != (Target{"db9", 2022, "bob"}) || r.jump == nil || r.identities[0] != "/keys/db9" || r.policy != HostKeysStrict {
			t.Errorf("%+v", r)
		}
		r, err = resolveWith(t, config, Options{}, Target{Host: "db9", Port: 22})
		if err != nil || r.target.User != "alice" || r.jump != nil || r.policy != HostKeysAsk {
			t.Errorf("%+v, %v", r, err)
		}
	}
	t.Setenv("PATH", "/nonexistent")
	_, err := resolveWith(t, match, Options{}, Target{Host: "db9"})
	var refused *ConfigError
	if !errors.As(err, &refused) || refused.Hint() == "" || !strings.Contains(err.Error(), `config:1: "Match"`) {
		t.Errorf("without ssh: %v", err)
	}
}

// The parser and ssh agree about a file that both can read.
func TestParserAgreesWithSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip("no ssh here: run make deps")
	}
	home, err := os.UserHomeDir() // ssh knows no other
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"db1", "direct", "loose", "strict", "suffix", "hop1", "unheard"} {
		config := exampleConfig
		ours, err := resolveWith(t, config, Options{Home: home}, Target{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := resolveWith(t, config+"Match user nobody-at-all\n  Port 1\n", Options{Home: home}, Target{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		if len(ours.identities) == 0 {
			theirs.identities = nil // ssh lists its standard keys
		}
		if diff := cmp.Diff(theirs, ours, cmp.AllowUnexported(route{})); diff != "" {
			t.Errorf("%s (-ssh +ours):\n%s", host, diff)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for text, want := range map[string]Target{
		"db1": {Host: "db1"}, "u@db1": {Host: "db1", User: "u"}, "u@d@db1:22": {Host: "db1", User: "u@d", Port: 22},
		"[fe80::1%eth0]:2222": {Host: "fe80::1%eth0", Port: 2222}, "::1": {Host: "::1"}, "[::1]": {Host: "::1"},
		"ssh://u@db1:2222": {Host: "db1", User: "u", Port: 2222}, "ssh://db1/": {Host: "db1"},
	} {
		if got, err := ParseTarget(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "u@", "db1:0", "db1:x", "db1:70000", "[::1", "[::1]x", "-oProxyCommand=x", "a b", "db1:"} {
		if got, err := ParseTarget(text); err == nil && text != "db1:" {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

func TestJumpLoops(t *testing.T) {
	o := Options{Home: t.TempDir(), Agent: "none"}
	file := filepath.Join(o.Home, "config")
	if err := os.WriteFile(file, []byte("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\nHost c\n  ProxyJump c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.ConfigFiles = []string{file}
	p := NewPool(o)
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := p.Connect(ctx, Target{Host: "a"}); !errors.Is(err, errJumpLoop) {
		t.Errorf("%v", err)
	}
	r, err := p.route(ctx, Target{Host: "c"})
	if err != nil || r.jump != nil {
		t.Errorf("own jump host: %+v, %v", r, err)
	}
}
