package systemd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const unitFile = `[Unit]
Description=tikv service

[Service]
User=tidb
ExecStart=/bin/run "a b" c
Restart=always

RestartSec=15s

[Install]
WantedBy=multi-user.target
`

// bench is a manager whose processes are entries in a table.
type bench struct {
	*testing.T
	*Manager
	mu    sync.Mutex
	procs map[int]chan syscall.WaitStatus
	// deaf processes do not end on SIGTERM.
	deaf bool
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, procs: make(map[int]chan syscall.WaitStatus)}
	dir := t.TempDir()
	b.Manager = New(Config{
		Dir: filepath.Join(dir, "etc"), RuntimeDir: filepath.Join(dir, "run"), Target: "multi-user.target",
		MaxRestart: 20 * time.Millisecond, Launch: b.launch, Kill: b.kill,
	})
	if err := os.MkdirAll(b.cfg.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.write("tikv-20160.service", unitFile)
	return b
}

func (b *bench) write(name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.cfg.Dir, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) launch(string, Definition) (Process, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	pid := 100 + len(b.procs)
	b.procs[pid] = make(chan syscall.WaitStatus, 4)
	return Process{PID: pid, Exited: b.procs[pid]}, nil
}

func (b *bench) kill(group int, sig syscall.Signal) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if sig == syscall.SIGTERM && b.deaf {
		return
	}
	select {
	case b.procs[group] <- syscall.WaitStatus(sig):
	default:
	}
}

// run runs a command line and returns all it said, with its exit status.
func (b *bench) run(line string) string {
	out := b.Systemctl(strings.Fields(line), Caller{Root: true})
	text := strings.ReplaceAll(out.Stdout+out.Stderr, filepath.Dir(b.cfg.Dir), "")
	return fmt.Sprintf("%s%d", text, out.Code)
}

func (b *bench) want(line, want string) {
	b.Helper()
	if got := b.run(line); got != want {
		b.Errorf("systemctl %s:\n%s\nwant:\n%s", line, got, want)
	}
}

// The words and exit statuses are those of systemctl 252 on Debian 12.
func TestSystemctl(t *testing.T) {
	for name, steps := range map[string][][2]string{
		"life": {
			{"is-active tikv-20160", "inactive\n3"},
			{"start tikv-20160", "0"},
			{"start tikv-20160.service", "0"},
			{"is-active tikv-20160", "active\n0"},
			{"is-active --quiet tikv-20160", "0"},
			{"show -p ActiveState,SubState,MainPID,Result tikv-20160", "MainPID=100\nResult=success\nActiveState=active\nSubState=running\n0"},
			{"restart tikv-20160", "0"},
			{"show --value -p MainPID tikv-20160", "101\n0"},
			{"stop tikv-20160", "0"},
			{"stop tikv-20160", "0"},
			{"is-active tikv-20160 nosuch", "inactive\ninactive\n3"},
			{"show -p ActiveState -p SubState -p Result -p MainPID tikv-20160", "MainPID=0\nResult=success\nActiveState=inactive\nSubState=dead\n0"},
		},
		"unknown unit": {
			{"start nosuch", "Failed to start nosuch.service: Unit nosuch.service not found.\n5"},
			{"stop nosuch", "Failed to stop nosuch.service: Unit nosuch.service not loaded.\n5"},
			{"restart nosuch", "Failed to restart nosuch.service: Unit nosuch.service not found.\n5"},
			{"status nosuch", "Unit nosuch.service could not be found.\n4"},
			{"is-enabled nosuch", "Failed to get unit file state for nosuch.service: No such file or directory\n1"},
			{"enable nosuch", "Failed to enable unit: Unit file nosuch.service does not exist.\n1"},
			{"disable nosuch", "Failed to disable unit: Unit file nosuch.service does not exist.\n1"},
			{"show -p LoadState,ActiveState,UnitFileState,FragmentPath nosuch", "LoadState=not-found\nActiveState=inactive\nFragmentPath=\nUnitFileState=\n0"},
			{"stop nosuch tikv-20160", "Failed to stop nosuch.service: Unit nosuch.service not loaded.\n5"},
		},
		"enablement": {
			{"is-enabled tikv-20160", "disabled\n1"},
			{"enable tikv-20160", "Created symlink /etc/multi-user.target.wants/tikv-20160.service → /etc/tikv-20160.service.\n0"},
			{"enable tikv-20160", "0"},
			{"is-enabled tikv-20160", "enabled\n0"},
			{"list-unit-files --no-legend tikv*", "tikv-20160.service enabled enabled\n0"},
			{"disable --now tikv-20160", "Removed \"/etc/multi-user.target.wants/tikv-20160.service\".\n0"},
			{"disable tikv-20160", "0"},
			{"list-unit-files", "UNIT FILE          STATE    PRESET\ntikv-20160.service disabled enabled\n\n1 unit files listed.\n0"},
			{"list-unit-files zz*", "UNIT FILE STATE PRESET\n\n0 unit files listed.\n1"},
		},
		// tiup's units are where the link would go.
		"mask of a unit in /etc": {
			{"mask tikv-20160", "Failed to mask unit: File /etc/tikv-20160.service already exists.\n1"},
			{"is-enabled tikv-20160", "disabled\n1"},
			{"mask --runtime tikv-20160", "Created symlink /run/tikv-20160.service → /dev/null.\n0"},
			{"start tikv-20160", "0"},
			{"unmask --runtime tikv-20160", "Removed \"/run/tikv-20160.service\".\n0"},
		},
		"mask of an absent unit": {
			{"mask other", "Unit other.service does not exist, proceeding anyway.\nCreated symlink /etc/other.service → /dev/null.\n0"},
			{"mask other", "0"},
			{"start other", "Failed to start other.service: Unit other.service is masked.\n1"},
			{"enable other", "Failed to enable unit: Unit file /etc/other.service is masked.\n1"},
			{"is-enabled other", "masked\n1"},
			{"show -p LoadState,UnitFileState other", "LoadState=masked\nUnitFileState=masked\n0"},
			{"unmask other", "Removed \"/etc/other.service\".\n0"},
			{"unmask other", "0"},
			{"start other", "Failed to start other.service: Unit other.service not found.\n5"},
		},
		"command lines": {
			{"frob x", "Unknown command verb frob.\n1"},
			{"stop", "Too few arguments.\n1"},
			{"--frob stop x", "systemctl: unrecognized option '--frob'\n1"},
			{"stop -p", "systemctl: option requires an argument -- 'p'\n1"},
			{"--user stop tikv-20160", "Failed to connect to bus: No medium found\n1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			for _, step := range steps {
				b.want(step[0], step[1])
			}
		})
	}
}

func TestOthersMayOnlyLook(t *testing.T) {
	b := newBench(t)
	for line, want := range map[string]string{
		"stop tikv-20160":      "Failed to stop tikv-20160.service: Interactive authentication required.\nSee system logs and 'systemctl status tikv-20160.service' for details.\n",
		"disable tikv-20160":   "Failed to disable unit: Interactive authentication required.\n",
		"daemon-reload":        "Failed to reload daemon: Interactive authentication required.\n",
		"is-active tikv-20160": "",
	} {
		out := b.Systemctl(strings.Fields(line), Caller{})
		if out.Stderr != want || out.Code == 0 {
			t.Errorf("%s: %+v", line, out)
		}
	}
}

// A killed service comes back, and does not once it has been stopped.
func TestRestartAlways(t *testing.T) {
	b := newBench(t)
	b.want("start tikv-20160", "0")
	b.kill(100, syscall.SIGKILL)
	b.await("show -p MainPID,NRestarts --value tikv-20160", "101\n1\n0")
	b.cfg.MaxRestart = time.Hour
	b.kill(101, syscall.SIGKILL)
	b.await("show -p ActiveState,SubState,Result tikv-20160", "Result=signal\nActiveState=activating\nSubState=auto-restart\n0")
	b.want("is-active tikv-20160", "activating\n3")
	b.want("stop tikv-20160", "0")
	b.want("is-active tikv-20160", "inactive\n3")
	if err := b.Halt("tikv-20160.service"); err != nil {
		t.Error(err)
	}
}

func (b *bench) await(line, want string) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Second); b.run(line) != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("systemctl %s: still %s", line, b.run(line))
		}
	}
}

func TestHalt(t *testing.T) {
	b := newBench(t)
	b.want("start tikv-20160", "0")
	if err := b.Halt("tikv-20160.service"); err != nil {
		t.Fatal(err)
	}
	b.want("show -p ActiveState,Result tikv-20160", "Result=signal\nActiveState=failed\n0")
	b.want("reset-failed tikv-20160", "0")
	b.want("is-active tikv-20160", "inactive\n3")
	var refused *UnitError
	if err := b.Halt("nosuch.service"); !errors.As(err, &refused) {
		t.Error(err)
	}
}

func TestStopTimeout(t *testing.T) {
	b := newBench(t)
	b.deaf = true
	b.write("tikv-20160.service", strings.Replace(unitFile, "[Install]", "TimeoutStopSec=0.02\n[Install]", 1))
	b.want("start tikv-20160", "0")
	b.want("stop tikv-20160", "0")
	b.want("show -p ActiveState,Result tikv-20160", "Result=timeout\nActiveState=failed\n0")
}

// The manager keeps what it has read until it is told to read again.
func TestDaemonReload(t *testing.T) {
	const warning = "Warning: The unit file, source configuration file or drop-ins of tikv-20160.service changed on disk. Run 'systemctl daemon-reload' to reload units.\n"
	b := newBench(t)
	b.want("start tikv-20160", "0")
	if err := os.Remove(filepath.Join(b.cfg.Dir, "tikv-20160.service")); err != nil {
		t.Fatal(err)
	}
	b.want("show -p LoadState,NeedDaemonReload tikv-20160", "LoadState=loaded\nNeedDaemonReload=yes\n0")
	b.want("stop tikv-20160", warning+"0")
	b.want("start tikv-20160", warning+"0")
	b.want("daemon-reload", "0")
	b.want("show -p LoadState,ActiveState tikv-20160", "LoadState=not-found\nActiveState=active\n0")
	b.want("stop tikv-20160", "0")
	b.want("daemon-reload", "0")
	b.want("stop tikv-20160", "Failed to stop tikv-20160.service: Unit tikv-20160.service not loaded.\n5")
}

func TestBoot(t *testing.T) {
	b := newBench(t)
	b.want("enable --quiet tikv-20160", "0")
	b.Boot()
	b.want("is-active tikv-20160", "active\n0")
	b.want("stop tikv-20160", "0")
}

func TestBadUnit(t *testing.T) {
	b := newBench(t)
	b.write("bad.service", "[Service]\nRestart=always\n")
	b.want("start bad", "Failed to start bad.service: Unit bad.service has a bad unit file setting.\nSee system logs and 'systemctl status bad.service' for details.\n1")
}

func TestParse(t *testing.T) {
	d, err := Parse(unitFile)
	if err != nil || len(d.ExecStart) != 3 || d.ExecStart[1] != "a b" || d.RestartAfter != 15*time.Second || d.User != "tidb" || d.TimeoutStop != 90*time.Second {
		t.Errorf("parsed %+v, %v", d, err)
	}
	if _, err := Parse("[Service]\nExecStart=/bin/x 'a\n"); err == nil {
		t.Error("unbalanced quotes were accepted")
	}
}
