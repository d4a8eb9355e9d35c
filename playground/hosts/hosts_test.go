package hosts

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"ebb/playground/layout"
	"ebb/playground/loopback"
	"ebb/playground/store"
	"ebb/playground/wire"
)

// fleet stands in for the stores' thinking: it only counts their processes.
type fleet struct {
	*testing.T
	mu   sync.Mutex
	runs int
	pids int // processes that have ever reported
}

func startFleet(t *testing.T, network *loopback.Network) *fleet {
	f := &fleet{T: t}
	listener, err := wire.Listen(wire.FleetSocket(network.Host(1)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f.hear(conn)
		}
	}()
	return f
}

func (f *fleet) hear(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	line, err := reader.ReadBytes('\n')
	var hello wire.Hello
	if err != nil || json.Unmarshal(line, &hello) != nil {
		return
	}
	if hello.Status {
		if _, err := http.ReadRequest(reader); err != nil {
			return
		}
		fmt.Fprint(conn, "HTTP/1.0 200 OK\r\n\r\nstatus of "+hello.Store)
		return
	}
	f.count(1)
	defer f.count(-1)
	if json.NewEncoder(conn).Encode(wire.Welcome{}) == nil {
		io.Copy(io.Discard, reader)
	}
}

func (f *fleet) count(change int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.runs += change
	f.pids += max(0, change)
}

// await waits until so many processes run, and so many have ever run.
func (f *fleet) await(runs, pids int) {
	f.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		f.mu.Lock()
		have := [2]int{f.runs, f.pids}
		f.mu.Unlock()
		if have == [2]int{runs, pids} {
			return
		}
		if time.Now().After(deadline) {
			f.Fatalf("%d processes run and %d have run, want %d and %d", have[0], have[1], runs, pids)
		}
	}
}

// bench is one TiKV host.
type bench struct {
	*fleet
	set  *Set
	host *Host
	spec store.Spec
	dir  string
	flag string // of systemctl
}

// onBoth runs a test on a host with namespaces and on one without.
func onBoth(t *testing.T, test func(*bench)) {
	for _, isolated := range []bool{true, false} {
		t.Run(fmt.Sprintf("isolated=%t", isolated), func(t *testing.T) { test(newBench(t, isolated)) })
	}
}

func newBench(t *testing.T, isolated bool) *bench {
	t.Helper()
	network, err := loopback.HoldAny(t.Context(), map[int]int{11: layout.TiKVPort})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { network.Listener().Close() })
	// The deploy user could not pass through t.TempDir.
	dir, err := os.MkdirTemp("", "ebb-hosts-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &bench{fleet: startFleet(t, network), dir: dir}
	place, err := Survey(b.dir)
	if err != nil {
		t.Fatal(err)
	}
	if isolated && !place.Isolated {
		t.Skip("this machine allows no namespaces")
	}
	if !isolated {
		place = place.WithUserUnits()
		b.flag = "--user "
	}
	root := filepath.Join(b.dir, "hosts", network.Host(11))
	b.spec = store.Spec{
		Engine: store.TiKV, Host: network.Host(11), Port: layout.TiKVPort, StatusPort: layout.TiKVStatusPort, Hosted: true,
		DeployDir: filepath.Join(root, "deploy", "tikv-20160"), DataDir: filepath.Join(root, "data", "tikv-20160"),
	}
	b.set, err = Start(Config{
		Dir: b.dir, Place: place, Port: layout.SSHPort, Log: slog.New(slog.DiscardHandler),
		Machines: []Machine{{IP: b.spec.Host, Name: "tikv-1", Stores: []store.Spec{b.spec}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.set.Close(); err != nil {
			t.Error(err)
		}
	})
	if b.host, err = b.set.Find("tikv-1"); err != nil {
		t.Fatal(err)
	}
	b.await(1, 1)
	return b
}

// dial logs in as a user would.
func (b *bench) dial() (*ssh.Client, error) {
	b.Helper()
	text, err := os.ReadFile(b.set.KeyFile())
	if err != nil {
		b.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		b.Fatal(err)
	}
	check, err := knownhosts.New(b.set.KnownHosts())
	if err != nil {
		b.Fatal(err)
	}
	return ssh.Dial("tcp", joinPort(b.host.IP, layout.SSHPort), &ssh.ClientConfig{
		User: b.set.User(), Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: check, Timeout: 5 * time.Second,
	})
}

// login runs a command with an input and returns all it said.
func (b *bench) login(command, input string) (string, error) {
	b.Helper()
	client, err := b.dial()
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	session, err := client.NewSession()
	if err != nil {
		b.Fatal(err)
	}
	session.Stdin = strings.NewReader(input)
	out, err := session.CombinedOutput(strings.ReplaceAll(command, "systemctl ", "systemctl "+b.flag))
	return string(out), err
}

func (b *bench) want(command, want string, status int) {
	b.Helper()
	out, err := b.login(command, "")
	code := 0
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		code = exit.ExitStatus()
	} else if err != nil {
		b.Errorf("%s: %v", command, err)
	}
	if out != want || code != status {
		b.Errorf("%s: status %d\n%s\nwant %d\n%s", command, code, out, status, want)
	}
}

func TestStoreIsAUnit(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.want("systemctl is-active tikv-20160", "active\n", 0)
		b.want("tr '\\0' ' ' </proc/$(systemctl show --value -p MainPID tikv-20160)/cmdline | grep -c -- '--data-dir "+b.spec.DataDir+" '", "1\n", 0)
		b.want("cat "+b.spec.DeployDir+"/scripts/run_tikv.sh | head -1", "#!/bin/bash\n", 0)
		status, err := net.Dial("tcp", joinPort(b.spec.Host, b.spec.StatusPort))
		if err != nil {
			b.Fatal(err)
		}
		fmt.Fprint(status, "GET /status HTTP/1.0\r\n\r\n")
		if text, err := io.ReadAll(status); err != nil || !strings.HasSuffix(string(text), "status of "+b.spec.Host+":20160") {
			b.Errorf("status port: %q, %v", text, err)
		}
		b.want("sudo -n systemctl stop tikv-20160", "", 0)
		b.await(0, 1)
		b.want("systemctl is-active tikv-20160", "inactive\n", 3)
		if _, err := net.Dial("tcp", joinPort(b.spec.Host, b.spec.Port)); err == nil {
			b.Error("the port of a stopped store is open")
		}
		b.want("sudo -n systemctl start tikv-20160", "", 0)
		b.await(1, 2)
		b.want("sudo kill -9 $(systemctl show --value -p MainPID tikv-20160)", "", 0)
		b.await(1, 3)
		if err := b.set.KillStore(b.spec); err != nil {
			b.Error(err)
		}
		b.await(0, 3)
		b.want("systemctl is-active tikv-20160", "failed\n", 3)
		if err := b.set.StartStore(b.spec); err != nil {
			b.Error(err)
		}
		b.await(1, 4)
	})
}

// What tiup and ebb do to a store that has left.
func TestPrune(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.want("sudo -n sh -c 'systemctl stop tikv-20160 && systemctl disable --quiet tikv-20160' 2>&1 && sudo rm -rf "+
			b.spec.DeployDir+" "+b.spec.DataDir+" "+filepath.Join(b.host.inside.UnitDir(), "tikv-20160.service")+
			" && sudo systemctl daemon-reload", "", 0)
		b.await(0, 1)
		b.want("sudo systemctl stop tikv-20160", "Failed to stop tikv-20160.service: Unit tikv-20160.service not loaded.\n", 5)
		for _, gone := range []string{b.spec.DeployDir, b.spec.DataDir, filepath.Join(b.host.inside.UnitFiles(), "tikv-20160.service")} {
			if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
				b.Errorf("%s: %v", gone, err)
			}
		}
		if err := b.set.StartStore(b.spec); err == nil {
			b.Error("a store without a unit was started")
		}
	})
}

func TestHostDown(t *testing.T) {
	onBoth(t, func(b *bench) {
		before, err := b.dial()
		if err != nil {
			b.Fatal(err)
		}
		for range 2 {
			if err := b.host.Down(); err != nil {
				b.Fatal(err)
			}
		}
		b.await(0, 1)
		if err := before.Wait(); err == nil {
			b.Error("the connection ended well")
		}
		if _, err := b.dial(); err == nil {
			b.Error("logged in to a host that is down")
		}
		if err := b.host.Up(); err != nil {
			b.Fatal(err)
		}
		b.await(1, 2)
		b.want("sudo systemctl disable --quiet tikv-20160", "", 0)
		if err := errors.Join(b.host.Down(), b.host.Up()); err != nil {
			b.Fatal(err)
		}
		b.want("systemctl is-active tikv-20160", "inactive\n", 3)
		if err := b.set.Burn(b.spec); err != nil {
			b.Fatal(err)
		}
		var burnt *BurntError
		if err := b.host.Up(); !errors.As(err, &burnt) {
			b.Errorf("a burnt host: %v", err)
		}
	})
}

// A daemon that a login leaves behind ends with the host.
func TestNothingIsLeft(t *testing.T) {
	onBoth(t, func(b *bench) {
		b.want("setsid setsid sleep 4711.0815 >/dev/null 2>&1 </dev/null & sleep 0.2", "", 0)
		if err := b.set.Close(); err != nil {
			b.Fatal(err)
		}
		b.await(0, 1)
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			b.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err == nil && (strings.Contains(string(text), "4711.0815") || strings.Contains(string(text), b.spec.Host)) {
				b.Errorf("%s is left: %q", file, text)
			}
		}
		mounts, err := os.ReadFile("/proc/self/mounts")
		if err != nil || strings.Contains(string(mounts), b.dir) {
			b.Errorf("mounts are left: %v\n%s", err, mounts)
		}
	})
}
