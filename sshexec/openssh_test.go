package sshexec_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ebb/sshexec"
	"ebb/sshexec/sshtest"
)

// openSSH starts a real sshd that one key opens, and options that reach it.
func openSSH(t *testing.T, c sshtest.OpenSSHConfig) (*sshtest.OpenSSHServer, sshexec.Options) {
	t.Helper()
	o := options(t)
	text, err := os.ReadFile(o.Identities[0] + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	c.Authorized = append(c.Authorized, public)
	s := sshtest.OpenSSH(t, c)
	sshtest.WriteFile(t, o.KnownHosts[0], s.KnownHosts())
	return s, o
}

func TestOpenSSHHostKeys(t *testing.T) {
	s, o := openSSH(t, sshtest.OpenSSHConfig{})
	for _, kind := range []sshtest.KeyType{sshtest.ED25519, sshtest.ECDSA, sshtest.RSA} {
		known := filepath.Join(t.TempDir(), "known_hosts")
		o.KnownHosts = []string{sshtest.WriteFile(t, known, s.KnownHosts(kind))}
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if out, err := exec.Command("ssh-keygen", "-q", "-H", "-f", known).CombinedOutput(); err != nil {
			t.Fatalf("hash: %v %s", err, out)
		}
		if hashed, _ := os.ReadFile(known); !bytes.HasPrefix(hashed, []byte("|1|")) {
			t.Fatalf("not hashed: %s", hashed)
		}
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil {
			t.Errorf("%s, hashed: %v", kind, err)
		}
		other := sshtest.NewKey(t, kind).PublicKey()
		sshtest.WriteFile(t, known, sshtest.KnownHostsLine(s.Target, other))
		var changed *sshexec.HostKeyChangedError
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); !errors.As(err, &changed) || changed.Line != 1 {
			t.Errorf("%s, changed: %v", kind, err)
		}
		sshtest.WriteFile(t, known, s.KnownHosts(kind)+"@revoked * "+sshtest.PublicKeyText(s.HostKeys[kind])+"\n")
		var revoked *sshexec.HostKeyRevokedError
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); !errors.As(err, &revoked) || revoked.Line != 2 {
			t.Errorf("%s, revoked: %v", kind, err)
		}
	}
}

func TestOpenSSHHostCertificate(t *testing.T) {
	dir := t.TempDir()
	authority := sshtest.NewKeyFile(t, filepath.Join(dir, "ca"), sshtest.ED25519, "")
	sshtest.NewKeyFile(t, filepath.Join(dir, "host"), sshtest.ED25519, "")
	sign := exec.Command("ssh-keygen", "-q", "-s", filepath.Join(dir, "ca"), "-h", "-I", "host", "-n", "127.0.0.1", filepath.Join(dir, "host.pub"))
	if out, err := sign.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	s, o := openSSH(t, sshtest.OpenSSHConfig{HostKeys: []sshtest.KeyType{}, Lines: []string{
		"HostKey " + filepath.Join(dir, "host"), "HostCertificate " + filepath.Join(dir, "host-cert.pub"),
	}})
	sshtest.WriteFile(t, o.KnownHosts[0], "@cert-authority 127.0.0.* "+sshtest.PublicKeyText(authority)+"\n")
	if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil {
		t.Error(err)
	}
}

// The file that accept-new writes is one that ssh reads.
func TestOpenSSHReadsWhatWasAccepted(t *testing.T) {
	s, o := openSSH(t, sshtest.OpenSSHConfig{})
	sshtest.WriteFile(t, o.KnownHosts[0], "")
	o.HostKeys = sshexec.HostKeysAcceptNew
	if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ssh", "-F", "none", "-i", o.Identities[0], "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile="+o.KnownHosts[0], "-p", fmt.Sprint(s.Target.Port), s.Target.User+"@"+s.Target.Host, "echo", "in").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "in\n") {
		t.Errorf("ssh: %v %s", err, out)
	}
}

func TestOpenSSHKeysAndAgent(t *testing.T) {
	for _, kind := range []sshtest.KeyType{sshtest.ED25519, sshtest.ECDSA, sshtest.RSA} {
		path := filepath.Join(t.TempDir(), "key")
		public := sshtest.NewKeyFile(t, path, kind, "pass")
		s, o := openSSH(t, sshtest.OpenSSHConfig{Authorized: []ssh.PublicKey{public}})
		o.Identities = []string{path}
		asked := 0
		o.Passphrase = func(context.Context, string, bool) ([]byte, error) {
			asked++
			return []byte("pass"), nil
		}
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil || asked != 1 {
			t.Errorf("%s, encrypted: asked %d times, %v", kind, asked, err)
		}
		o.Agent = realAgent(t, path, "pass")
		o.Identities, o.Passphrase = nil, nil
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil {
			t.Errorf("%s, agent: %v", kind, err)
		}
		sshtest.WriteFile(t, filepath.Join(filepath.Dir(path), "config"), "IdentityAgent "+o.Agent+"\n")
		o.Agent, o.ConfigFiles = "", []string{filepath.Join(filepath.Dir(path), "config")}
		if _, err := newPool(t, o).Connect(t.Context(), s.Target); err != nil {
			t.Errorf("%s, agent of the configuration: %v", kind, err)
		}
	}
}

// realAgent starts OpenSSH's agent with a key in it.
func realAgent(t *testing.T, key, passphrase string) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") //nolint:usetesting // a socket has a short path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := agent.Start(); err != nil {
		t.Skipf("no ssh-agent here: %v", err)
	}
	t.Cleanup(func() {
		agent.Process.Kill()
		agent.Wait()
	})
	for range 500 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	plain := filepath.Join(dir, "plain")
	content, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	sshtest.WriteFile(t, plain, string(content))
	if out, err := exec.Command("ssh-keygen", "-q", "-p", "-P", passphrase, "-N", "", "-f", plain).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	add := exec.Command("ssh-add", "-q", plain)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	return socket
}

func TestOpenSSHCommands(t *testing.T) {
	s, o := openSSH(t, sshtest.OpenSSHConfig{})
	host := newPool(t, o).Host(s.Target)
	nasty := []string{"", "a b", "it's", "$HOME `id` $(id)", "\n", `\`, "*", "~", "\x80\xff", "é", "!", "-n"}
	out, err := run(t, host, append([]string{"printf", `%s\0`}, nasty...)...)
	if err != nil || string(out.Stdout) != strings.Join(nasty, "\x00")+"\x00" {
		t.Errorf("arguments: %q, %v", out.Stdout, err)
	}
	c := cmd("sh", "-c", "cat; echo err >&2; exit 9")
	data := bytes.Repeat([]byte("\x00\xff\n"), 200_000)
	c.Stdin = bytes.NewReader(data)
	out, err = host.Run(t.Context(), c)
	var exit *sshexec.ExitError
	if !errors.As(err, &exit) || exit.Status != 9 || string(exit.Stderr) != "err\n" || !bytes.Equal(out.Stdout, data) {
		t.Errorf("input and status: %d bytes came back, %v", len(out.Stdout), err)
	}
	var signal *sshexec.SignalError
	if _, err = run(t, host, "sh", "-c", "kill -KILL $$"); !errors.As(err, &signal) || signal.Signal != "KILL" {
		t.Errorf("signal: %v", err)
	}
	if _, err = run(t, host, "no-such-program"); !errors.As(err, &exit) || !exit.NotFound() {
		t.Errorf("not found: %v", err)
	}
	out, err = run(t, host, "head", "-c", fmt.Sprint(sshexec.MaxOutput+100), "/dev/zero")
	if err != nil || !out.Truncated || len(out.Stdout) > sshexec.MaxOutput {
		t.Errorf("much output: %d bytes, %v", len(out.Stdout), err)
	}
	out, err = run(t, host, "sh", "-c", "readlink /proc/self/fd/0; ls /proc/self/fd | wc -l; echo $LC_ALL")
	if err != nil || string(out.Stdout) != "/dev/null\n4\nC\n" {
		t.Errorf("surroundings: %q, %v", out.Stdout, err)
	}
}

// running reports whether a process with this argument exists.
func running(t *testing.T, argument string) bool {
	t.Helper()
	return exec.Command("pgrep", "-f", argument).Run() == nil
}

func awaitEnd(t *testing.T, argument string) {
	t.Helper()
	for range 200 {
		if !running(t, argument) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s is still running", argument)
}

func TestOpenSSHHungCommand(t *testing.T) {
	t.Parallel() // waits most of the time
	s, o := openSSH(t, sshtest.OpenSSHConfig{})
	p := newPool(t, o)
	host := p.Host(s.Target)

	c := cmd("sleep", "98701")
	c.Timeout = time.Second
	_, err := host.Run(t.Context(), c)
	var timeout *sshexec.TimeoutError
	if !errors.As(err, &timeout) || !timeout.Ended {
		t.Errorf("timeout: %v", err)
	}
	awaitEnd(t, "sleep 98701")

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = host.Run(ctx, cmd("sh", "-c", "sleep 98702; sleep 98703"))
	var canceled *sshexec.CanceledError
	if !errors.As(err, &canceled) || !canceled.Ended {
		t.Errorf("cancel: %v", err)
	}
	awaitEnd(t, "sleep 9870[23]")

	// One that does not care is killed.
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = host.Run(ctx, cmd("sh", "-c", "trap '' TERM; sleep 98704; sleep 98705"))
	if !errors.As(err, &canceled) || !canceled.Ended {
		t.Errorf("stubborn: %v", err)
	}
	awaitEnd(t, "sleep 9870[45]")
	if _, err := run(t, host, "true"); err != nil {
		t.Errorf("the connection afterwards: %v", err)
	}
}

func TestOpenSSHConnectionCut(t *testing.T) {
	t.Parallel() // waits most of the time
	s, o := openSSH(t, sshtest.OpenSSHConfig{})
	host := newPool(t, o).Host(s.Target)
	if _, err := run(t, host, "true"); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, s.Cut)
	_, err := run(t, host, "sleep", "98706")
	var lost *sshexec.LostError
	if !errors.As(err, &lost) || !errors.Is(err, sshexec.ErrOutcomeUnknown) {
		t.Errorf("%v", err)
	}
	awaitEnd(t, "sleep 98706")
	if _, err := run(t, host, "true"); err != nil {
		t.Errorf("the next command: %v", err)
	}
}

func TestOpenSSHJump(t *testing.T) {
	first, o := openSSH(t, sshtest.OpenSSHConfig{Address: "127.0.2.1"})
	text, _ := os.ReadFile(o.Identities[0] + ".pub")
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		t.Fatal(err)
	}
	known := first.KnownHosts()
	var others []*sshtest.OpenSSHServer
	for _, address := range []string{"127.0.2.2", "127.0.2.3"} {
		s := sshtest.OpenSSH(t, sshtest.OpenSSHConfig{Address: address, Authorized: []ssh.PublicKey{public}})
		known += s.KnownHosts()
		others = append(others, s)
	}
	sshtest.WriteFile(t, o.KnownHosts[0], known)
	o.Jump = first.Target.String() + "," + others[0].Target.String()
	out, err := run(t, newPool(t, o).Host(others[1].Target), "sh", "-c", "echo $SSH_CONNECTION")
	if err != nil || !strings.Contains(string(out.Stdout), "127.0.2.3") {
		t.Errorf("%s, %v", out.Stdout, err)
	}
}

func TestOpenSSHNoisyShells(t *testing.T) {
	for _, shell := range []string{"/bin/bash", "/bin/sh", "/usr/bin/fish", "/usr/bin/tcsh", "/usr/bin/zsh"} {
		if _, err := os.Stat(shell); err != nil {
			continue
		}
		t.Run(filepath.Base(shell), func(t *testing.T) {
			a := sshtest.NewAccount(t, shell)
			s, o := openSSH(t, sshtest.OpenSSHConfig{User: a.Name})
			if err := os.WriteFile(filepath.Join(a.Home, ".bashrc"), []byte("echo NOISE; echo ERR >&2; printf 'no newline'\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			out, err := run(t, newPool(t, o).Host(s.Target), "echo", "it's", "me")
			if err != nil || string(out.Stdout) != "it's me\n" || len(out.Stderr) != 0 {
				t.Errorf("%q %q %v", out.Stdout, out.Stderr, err)
			}
		})
	}
}

func TestOpenSSHNoShell(t *testing.T) {
	a := sshtest.NewAccount(t, "/usr/sbin/nologin")
	s, o := openSSH(t, sshtest.OpenSSHConfig{User: a.Name})
	_, err := run(t, newPool(t, o).Host(s.Target), "true")
	var shell *sshexec.ShellError
	if !errors.As(err, &shell) || !errors.Is(err, sshexec.ErrNotStarted) || shell.Output == "" {
		t.Errorf("%v", err)
	}
}

func TestOpenSSHSudo(t *testing.T) {
	t.Parallel() // waits most of the time
	for _, tt := range []struct {
		name, rule string
		want       sshexec.SudoReason // "" when it works
	}{
		{"NOPASSWD", "ALL=(ALL) NOPASSWD: ALL", ""},
		{"password", "ALL=(ALL) ALL", sshexec.SudoPassword},
		{"one command only", "ALL=(ALL) NOPASSWD: /bin/systemctl", sshexec.SudoPassword},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := sshtest.NewAccount(t, "/bin/bash")
			a.AllowSudo(t, tt.rule)
			s, o := openSSH(t, sshtest.OpenSSHConfig{User: a.Name})
			host := newPool(t, o).Host(s.Target)
			root := sshexec.Sudo(host)
			out, err := run(t, root, "id", "-u") // hangs for good if it waits for a password
			if tt.want != "" {
				var refused *sshexec.SudoError
				if !errors.As(err, &refused) || refused.Reason != tt.want || !strings.Contains(refused.Hint(), "NOPASSWD") {
					t.Error(err)
				}
				return
			}
			if err != nil || string(out.Stdout) != "0\n" || len(out.Stderr) != 0 {
				t.Fatalf("%q %q %v", out.Stdout, out.Stderr, err)
			}
			sudoCommands(t, root)
		})
	}
}

// sudoCommands checks that under sudo all is as without.
func sudoCommands(t *testing.T, root sshexec.Runner) {
	c := cmd("sh", "-c", "cat; echo err >&2; exit 9")
	data := bytes.Repeat([]byte("\x00\xff\n'"), 100_000)
	c.Stdin = bytes.NewReader(data)
	out, err := root.Run(t.Context(), c)
	var exit *sshexec.ExitError
	if !errors.As(err, &exit) || exit.Status != 9 || string(exit.Stderr) != "err\n" || !bytes.Equal(out.Stdout, data) {
		t.Errorf("input and status: %d bytes came back, %v", len(out.Stdout), err)
	}
	if _, err := run(t, root, "no-such-program"); !errors.As(err, &exit) || !exit.NotFound() {
		t.Errorf("not found: %v", err)
	}
	var signal *sshexec.SignalError
	if _, err := run(t, root, "sh", "-c", "kill -KILL $$"); !errors.As(err, &signal) || signal.Signal != "KILL" {
		t.Errorf("signal: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err = root.Run(ctx, cmd("sh", "-c", "sleep 98707; sleep 98708"))
	var canceled *sshexec.CanceledError
	if !errors.As(err, &canceled) || !canceled.Ended {
		t.Errorf("cancel: %v", err)
	}
	awaitEnd(t, "sleep 9870[78]")
}

// Without a rule of any kind.
func TestOpenSSHSudoNotAllowed(t *testing.T) {
	a := sshtest.NewAccount(t, "/bin/bash")
	if _, err := exec.LookPath("sudo"); err != nil {
		t.Skip("no sudo here: run make deps")
	}
	s, o := openSSH(t, sshtest.OpenSSHConfig{User: a.Name})
	_, err := run(t, sshexec.Sudo(newPool(t, o).Host(s.Target)), "true")
	var refused *sshexec.SudoError
	if !errors.As(err, &refused) || refused.Reason != sshexec.SudoPassword && refused.Reason != sshexec.SudoNotAllowed {
		t.Errorf("%v", err)
	}
}
