package hosts

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func (b *bench) breakSSH(f SSHFault) {
	b.Helper()
	if err := b.host.BreakSSH(f); err != nil {
		b.Fatal(err)
	}
}

func TestSudoPassword(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.want("sudo -n true", "", 0)
		b.want("sudo -n no-such-command", "sudo: no-such-command: command not found\n", 1)
		b.breakSSH(SSHFault{SudoPassword: new("secret")})
		b.want("sudo -n true", "sudo: a password is required\n", 1)
		if out, err := b.login("sudo -S -p ASK: cat", "secret\nrest"); err != nil || out != "ASK:rest" {
			b.Errorf("with the password: %q, %v", out, err)
		}
		if out, err := b.login("sudo -S -p ASK: cat", "wrong\n"); err == nil || out != "ASK:\nSorry, try again.\nASK:\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n" {
			b.Errorf("with a wrong password: %q, %v", out, err)
		}
		if !b.host.State().SudoAsks {
			b.Error("the state does not tell")
		}
		b.breakSSH(SSHFault{SudoPassword: new("")})
		// Without a need for it, the password is the command's.
		if out, err := b.login("sudo -S cat", "secret\n"); err != nil || out != "secret\n" {
			b.Errorf("without need: %q, %v", out, err)
		}
	})
}

func TestRootIsNeeded(t *testing.T) {
	b := newBench(t, true)
	if !b.host.inside.User.Switch {
		t.Skip("the login user is who runs the playground")
	}
	b.want("systemctl stop tikv-20160 2>/dev/null", "", 1)
	b.want("rm -f /etc/systemd/system/tikv-20160.service 2>/dev/null", "", 1)
	b.want("sudo -n id -un", "root\n", 0)
	b.want("cat /etc/hostname; hostname", "tikv-1\ntikv-1\n", 0)
}

// This machine's own /etc and /usr/bin stay as they are.
func TestChangesStayOnTheHost(t *testing.T) {
	b := newBench(t, true)
	b.want("sudo -n sh -c 'echo x >/etc/ebb-playground-test && echo x >/usr/bin/ebb-playground-test' && cat /etc/ebb-playground-test", "x\n", 0)
	for _, path := range []string{"/etc/ebb-playground-test", "/usr/bin/ebb-playground-test"} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestNewKey(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.breakSSH(SSHFault{NewKey: true})
		_, err := b.dial()
		var changed *knownhosts.KeyError
		if !errors.As(err, &changed) || len(changed.Want) != 1 {
			b.Errorf("dialled: %v", err)
		}
	})
}

func TestCut(t *testing.T) {
	onBoth(t, func(b *bench) {
		mark := filepath.Join(b.host.inside.User.Home, "done")
		b.breakSSH(SSHFault{CutNext: new(true)})
		var missing *ssh.ExitMissingError
		if _, err := b.login("touch "+mark, ""); !errors.As(err, &missing) {
			b.Errorf("cut command: %v", err)
		}
		if _, err := os.Stat(mark); err != nil {
			b.Errorf("the cut command has not run: %v", err)
		}
		b.want("true", "", 0)
		time.AfterFunc(100*time.Millisecond, func() { b.host.server.cut() })
		if _, err := b.login("sleep 0.3; rm "+mark, ""); !errors.As(err, &missing) {
			b.Errorf("cut connection: %v", err)
		}
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(mark); errors.Is(err, os.ErrNotExist) {
				break
			}
			if time.Now().After(deadline) {
				b.Fatal("the command did not go on without its connection")
			}
		}
	})
}

func TestHang(t *testing.T) {
	onBoth(t, func(b *bench) {
		client, err := b.dial()
		if err != nil {
			b.Fatal(err)
		}
		defer client.Close()
		b.breakSSH(SSHFault{Hang: new(true)})
		answered := make(chan error, 1)
		go func() {
			_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
			answered <- err
		}()
		select {
		case err := <-answered:
			b.Fatalf("a server that hangs has answered: %v", err)
		case <-time.After(200 * time.Millisecond):
		}
		b.breakSSH(SSHFault{Hang: new(false)})
		if err := <-answered; err != nil {
			b.Errorf("after the hang: %v", err)
		}
	})
}

func TestSessions(t *testing.T) {
	b := newBench(t, true)
	client, err := b.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
		t.Fatal(err)
	}
	out, err := session.CombinedOutput("stty size; tty; echo $TERM")
	if text := string(out); err != nil || !strings.HasPrefix(text, "24 80\r\n/dev/pts/") || !strings.HasSuffix(text, "xterm\r\n") {
		t.Errorf("on a terminal: %q, %v", text, err)
	}
	// The slot of the session before is given back behind its answer.
	if client.Close(); err == nil {
		client, err = b.dial()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var open []*ssh.Session
	for range maxSessions {
		one, err := client.NewSession()
		if err != nil {
			t.Fatalf("session %d: %v", len(open)+1, err)
		}
		open = append(open, one)
	}
	var refused *ssh.OpenChannelError
	if _, err := client.NewSession(); !errors.As(err, &refused) {
		t.Errorf("one session too many: %v", err)
	}
	var exit *ssh.ExitError
	if err := open[0].Run("kill -TERM $$"); !errors.As(err, &exit) || exit.Signal() != "TERM" {
		t.Errorf("killed: %v", err)
	}
	through, err := client.Dial("tcp", joinPort(b.host.IP, b.spec.Port))
	if err != nil {
		t.Fatal(err)
	}
	through.Close()
}
