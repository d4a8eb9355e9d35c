package sshexec_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ebb/sshexec"
	"ebb/sshexec/sshtest"
)

func TestRunOutcomes(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{Noise: "welcome!\n", SudoRefuses: ""})
	s.Expect("echo 'a b'").Prints("a b\n")
	s.Expect("false").Exits(3, "went wrong\nbecause\n")
	s.Expect("nosuch").Exits(127, "")
	s.Expect("killed").Signal("KILL")
	s.Expect("segfault").Exits(139, "")
	s.Expect("own124").Exits(124, "")
	s.Expect("tee /etc/x").Reads("\x00data")
	s.Expect("sudo -n -- systemctl stop tikv-20160.service")
	host := newPool(t, options(t, s)).Host(s.Target("tidb"))

	out, err := run(t, host, "echo", "a b")
	if err != nil || string(out.Stdout) != "a b\n" || len(out.Stderr) != 0 {
		t.Errorf("echo: %q %q %v", out.Stdout, out.Stderr, err)
	}
	var exit *sshexec.ExitError
	if _, err = run(t, host, "false"); !errors.As(err, &exit) || exit.Status != 3 || exit.NotFound() {
		t.Errorf("false: %v", err)
	}
	if want := fmt.Sprintf("run false on %s: exit status 3: because", s.Target("tidb")); err.Error() != want {
		t.Errorf("false: %q, want %q", err, want)
	}
	if _, err = run(t, host, "nosuch"); !errors.As(err, &exit) || !exit.NotFound() {
		t.Errorf("nosuch: %v", err)
	}
	var signal *sshexec.SignalError
	for command, want := range map[string]string{"killed": "KILL", "segfault": "SEGV"} {
		if _, err = run(t, host, command); !errors.As(err, &signal) || signal.Signal != want {
			t.Errorf("%s: %v", command, err)
		}
	}
	// Only the time that passed tells timeout's status from the command's own.
	if _, err = run(t, host, "own124"); !errors.As(err, &exit) || exit.Status != 124 {
		t.Errorf("own124: %v", err)
	}
	c := cmd("tee", "/etc/x")
	c.Stdin = strings.NewReader("\x00data")
	if _, err = host.Run(t.Context(), c); err != nil {
		t.Errorf("tee: %v", err)
	}
	if _, err = run(t, sshexec.Sudo(host), "systemctl", "stop", "tikv-20160.service"); err != nil {
		t.Errorf("sudo: %v", err)
	}
	if s.Connections() != 1 {
		t.Errorf("made %d connections for %d commands", s.Connections(), len(s.Ran()))
	}
}

func TestTimeoutOfHost(t *testing.T) {
	t.Parallel() // waits most of the time
	s := sshtest.NewServer(t, sshtest.Config{})
	s.Expect("slow").After(1100*time.Millisecond).Exits(124, "")
	host := newPool(t, options(t, s)).Host(s.Target("tidb"))
	c := cmd("slow")
	c.Timeout = time.Second
	_, err := host.Run(t.Context(), c)
	var timeout *sshexec.TimeoutError
	if !errors.As(err, &timeout) || !timeout.Ended || errors.Is(err, sshexec.ErrOutcomeUnknown) {
		t.Errorf("%v", err)
	}
}

func TestCancel(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	s.Expect("sleep 1000").Prints("began\n").Hangs(false)
	host := newPool(t, options(t, s)).Host(s.Target("tidb"))
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	out, err := host.Run(ctx, cmd("sleep", "1000"))
	var canceled *sshexec.CanceledError
	if !errors.As(err, &canceled) || !canceled.Ended || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sshexec.ErrOutcomeUnknown) {
		t.Errorf("%v", err)
	}
	if string(out.Stdout) != "began\n" {
		t.Errorf("output so far: %q", out.Stdout)
	}
}

func TestLostConnection(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	s.Expect("rm -rf /data").Prints("partly\n").Drops()
	s.Expect("true")
	host := newPool(t, options(t, s)).Host(s.Target("tidb"))
	out, err := run(t, host, "rm", "-rf", "/data")
	var lost *sshexec.LostError
	if !errors.As(err, &lost) || !errors.Is(err, sshexec.ErrOutcomeUnknown) || errors.Is(err, sshexec.ErrNotStarted) {
		t.Errorf("%v", err)
	}
	if string(out.Stdout) != "partly\n" {
		t.Errorf("output so far: %q", out.Stdout)
	}
	if _, err := run(t, host, "true"); err != nil {
		t.Errorf("the next command: %v", err)
	}
	if s.Connections() != 2 {
		t.Errorf("%d connections, want 2", s.Connections())
	}
}

func TestKeepAlive(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	s.Expect("sleep 1000").Hangs(false)
	o := options(t, s)
	o.KeepAlive = 200 * time.Millisecond
	host := newPool(t, o).Host(s.Target("tidb"))
	time.AfterFunc(500*time.Millisecond, s.Freeze)
	_, err := run(t, host, "sleep", "1000") // hangs for good without
	var lost *sshexec.LostError
	if !errors.As(err, &lost) || !strings.Contains(err.Error(), "stopped answering") {
		t.Error(err)
	}
}

func TestRetriesBeforeLogin(t *testing.T) {
	t.Parallel() // waits most of the time
	s := sshtest.NewServer(t, sshtest.Config{HangUps: 2})
	s.Expect("true")
	if _, err := run(t, newPool(t, options(t, s)).Host(s.Target("tidb")), "true"); err != nil || s.Connections() != 3 {
		t.Errorf("%d connections: %v", s.Connections(), err)
	}
	always := sshtest.NewServer(t, sshtest.Config{HangUps: 100})
	_, err := run(t, newPool(t, options(t, always)).Host(always.Target("tidb")), "true")
	if !errors.Is(err, sshexec.ErrUnreachable) || !errors.Is(err, sshexec.ErrNotStarted) || always.Connections() != 3 {
		t.Errorf("%d connections: %v", always.Connections(), err)
	}
}

func TestConnectDeadline(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{Mute: true})
	o := options(t, s)
	o.ConnectTimeout = 300 * time.Millisecond
	_, err := run(t, newPool(t, o).Host(s.Target("tidb")), "true") // hangs for good without
	if !errors.Is(err, sshexec.ErrUnreachable) {
		t.Error(err)
	}
}

func TestFewSessions(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{MaxSessions: 3})
	s.Expect("true").After(20 * time.Millisecond).Times(30)
	host := newPool(t, options(t, s)).Host(s.Target("tidb"))
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := run(t, host, "true"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.Connections() != 1 {
		t.Errorf("%d connections, want 1", s.Connections())
	}
}

func TestGate(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	s.Expect("sudo -n -- rm -rf '/data/it'\\''s'")
	s.Expect("mysql -psecret")
	o := options(t, s)
	var seen []string
	veto := errors.New("journal is full")
	o.Gate = func(_ context.Context, _ sshexec.Target, command string) error {
		seen = append(seen, command)
		if command == "reboot" {
			return veto
		}
		return nil
	}
	host := newPool(t, o).Host(s.Target("tidb"))
	if _, err := run(t, sshexec.Sudo(host), "rm", "-rf", "/data/it's"); err != nil {
		t.Error(err)
	}
	if _, err := host.Run(t.Context(), sshexec.Cmd{Argv: []string{"mysql", "-psecret"}, Sensitive: true}); err != nil {
		t.Error(err)
	}
	if _, err := run(t, host, "reboot"); !errors.Is(err, veto) || !errors.Is(err, sshexec.ErrNotStarted) {
		t.Errorf("%v", err)
	}
	want := []string{`sudo -n -- rm -rf '/data/it'\''s'`, "mysql [arguments hidden: 1]", "reboot"}
	if !slices.Equal(seen, want) {
		t.Errorf("gate saw %q, want %q", seen, want)
	}
}

func TestSudoRefused(t *testing.T) {
	for said, want := range map[string]sshexec.SudoReason{
		"sudo: a password is required":                                           sshexec.SudoPassword,
		"tidb is not in the sudoers file.":                                       sshexec.SudoNotAllowed,
		"sudo: sorry, you must have a tty to run sudo":                           sshexec.SudoTerminal,
		"sudo: unable to open /run/sudo: No space left":                          sshexec.SudoFailed,
		"sudo: unable to resolve host h: Name\r\nsudo: a password is required\r": sshexec.SudoPassword,
	} {
		s := sshtest.NewServer(t, sshtest.Config{SudoRefuses: said, Noise: "hello\n"})
		_, err := run(t, sshexec.Sudo(newPool(t, options(t, s)).Host(s.Target("tidb"))), "true")
		var refused *sshexec.SudoError
		if !errors.As(err, &refused) || refused.Reason != want || refused.Hint() == "" || !errors.Is(err, sshexec.ErrNotStarted) {
			t.Errorf("%q: %v", said, err)
		}
	}
}

func TestInputTooLong(t *testing.T) {
	c := cmd("cat")
	c.Stdin = strings.NewReader(strings.Repeat("x", sshexec.MaxStdin+1))
	_, err := newPool(t, options(t)).Host(sshexec.Target{Host: "127.0.0.1", Port: 1}).Run(t.Context(), c)
	if !errors.Is(err, sshexec.ErrStdinTooLong) {
		t.Errorf("%v", err)
	}
}

func TestJump(t *testing.T) {
	jump := sshtest.NewServer(t, sshtest.Config{Forward: true})
	hosts := sshtest.Fleet(t, 20, sshtest.Config{})
	for _, h := range hosts {
		h.Expect("true")
	}
	o := options(t, append(hosts, jump)...)
	o.Jump = jump.Target("hop").String()
	p := newPool(t, o)
	for _, r := range each(t.Context(), p, targets(hosts), func(ctx context.Context, _ sshexec.Target, r sshexec.Runner) (sshexec.Output, error) {
		return r.Run(ctx, cmd("true"))
	}) {
		if r.err != nil {
			t.Error(r.err)
		}
	}
	if jump.Connections() != 1 {
		t.Errorf("%d connections to the jump host, want 1", jump.Connections())
	}
}

func TestJumpRefuses(t *testing.T) {
	jump := sshtest.NewServer(t, sshtest.Config{})
	s := sshtest.NewServer(t, sshtest.Config{})
	o := options(t, s, jump)
	o.Jump = jump.Target("hop").String()
	_, err := run(t, newPool(t, o).Host(s.Target("tidb")), "true")
	var connect *sshexec.ConnectError
	if !errors.As(err, &connect) || connect.Via != o.Jump {
		t.Errorf("%v", err)
	}
	jump.Close()
	_, err = run(t, newPool(t, o).Host(s.Target("tidb")), "true")
	if !errors.As(err, &connect) || connect.Via != o.Jump {
		t.Errorf("%v", err)
	}
}

func targets(servers []*sshtest.Server) []sshexec.Target {
	all := make([]sshexec.Target, len(servers))
	for i, s := range servers {
		all[i] = s.Target("tidb")
	}
	return all
}

func TestTwoHundredHosts(t *testing.T) {
	const n = 200
	hosts := sshtest.Fleet(t, n, sshtest.Config{})
	o := options(t, hosts...)
	bad := map[int]bool{3: true, 77: true, 199: true}
	for i, h := range hosts {
		if bad[i] {
			h.Close()
		} else {
			h.Expect("hostname").Prints(fmt.Sprint(i)).Times(3)
		}
	}
	p := newPool(t, o)
	start := time.Now()
	results := each(t.Context(), p, targets(hosts), func(ctx context.Context, _ sshexec.Target, r sshexec.Runner) (string, error) {
		var out sshexec.Output
		var err error
		for range 3 {
			if out, err = r.Run(ctx, cmd("hostname")); err != nil {
				return "", err
			}
		}
		return string(out.Stdout), nil
	})
	most := runtime.NumGoroutine()
	t.Logf("%d hosts, 3 commands each: %s, %d goroutines with the servers'", n, time.Since(start), most)
	for i, r := range results {
		switch {
		case r.target != hosts[i].Target("tidb"):
			t.Errorf("result %d is of %s", i, r.target)
		case bad[i] && !errors.Is(r.err, sshexec.ErrUnreachable):
			t.Errorf("host %d is down: %v", i, r.err)
		case !bad[i] && (r.err != nil || r.value != fmt.Sprint(i)):
			t.Errorf("host %d: %q, %v", i, r.value, r.err)
		}
	}
}

func TestClosedPool(t *testing.T) {
	s := sshtest.NewServer(t, sshtest.Config{})
	p := newPool(t, options(t, s))
	if _, err := p.Connect(t.Context(), s.Target("tidb")); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if _, err := run(t, p.Host(s.Target("tidb")), "true"); !errors.Is(err, sshexec.ErrUnreachable) {
		t.Errorf("%v", err)
	}
}

// quiet collects what a test would have failed with.
type quiet struct {
	testing.TB
	mu     sync.Mutex
	failed []string
}

func (q *quiet) Helper() {}
func (q *quiet) Errorf(format string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.failed = append(q.failed, fmt.Sprintf(format, args...))
}

func TestServerIsStrict(t *testing.T) {
	q := &quiet{TB: t}
	t.Run("host", func(t *testing.T) {
		q.TB = t
		s := sshtest.NewServer(q, sshtest.Config{HostKeys: []ssh.Signer{sshtest.NewKey(t, sshtest.ECDSA)}})
		s.Expect("never")
		if _, err := run(t, newPool(t, options(t, s)).Host(s.Target("tidb")), "surprise"); err == nil {
			t.Error("an unexpected command succeeded")
		}
	})
	if all := strings.Join(q.failed, "\n"); len(q.failed) != 2 || !strings.Contains(all, `unexpected command "surprise"`) || !strings.Contains(all, `"never" came 0 times`) {
		t.Errorf("failed with:\n%s", all)
	}
}
