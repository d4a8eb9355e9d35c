package decommission

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// localHost runs the commands on this machine, so that the scripts meet a real
// shell and a real /proc.
type localHost struct{ t *testing.T }

type localExit struct{ *exec.ExitError }

func (e localExit) ExitStatus() int { return e.ExitCode() }

func (h localHost) Run(ctx context.Context, c Command) (string, error) {
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Stdin = strings.NewReader(c.Stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if stderr.Len() > 0 {
		h.t.Logf("%s: %s", c.Argv[0], stderr.String())
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return stdout.String(), localExit{exit}
	}
	return stdout.String(), err
}

func TestProcessesUsing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tikv 20160 $x'") // what a shell would trip over
	sibling := dir + "0"
	child := exec.CommandContext(t.Context(), "sh", "-c", "sleep 60; :", "tikv-server", "--data-dir="+dir+"/db")
	other := exec.CommandContext(t.Context(), "sh", "-c", "sleep 60; :", "tikv-server", "--data-dir", sibling)
	for _, c := range []*exec.Cmd{child, other} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	}
	list, err := ProcessesUsing(t.Context(), localHost{t}, []string{"/nowhere", dir})
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, p := range list {
		pids = append(pids, p.PID)
	}
	if !slices.Equal(pids, []int{child.Process.Pid}) {
		t.Errorf("processes %+v, want only %d: neither that of %s nor the search itself", list, child.Process.Pid, sibling)
	}
}

func TestListeningPorts(t *testing.T) {
	var config net.ListenConfig
	l, err := config.Listen(t.Context(), "tcp", "127.0.77.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	ask := func(addresses ...string) []int {
		open, err := ListeningPorts(t.Context(), localHost{t}, addresses, []int{port, 1})
		if err != nil {
			t.Fatal(err)
		}
		return open
	}
	if got := ask("127.0.77.1"); !slices.Equal(got, []int{port}) {
		t.Errorf("at its own address: %v", got)
	}
	if got := ask("127.0.77.2"); len(got) != 0 {
		t.Errorf("at another address of the machine: %v", got)
	}
	if got := ask("0.0.0.0", "127.0.77.1"); !slices.Equal(got, []int{port}) {
		t.Errorf("at one of two addresses: %v", got)
	}
	if got := ask("127.0.77.2", "some-host-name"); !slices.Equal(got, []int{port}) {
		t.Errorf("at a name, which could be any address: %v", got)
	}
}

// A host has a hundred thousand connections, or no IPv6; and a table that cannot be
// read is not one without listeners.
func TestListListeners(t *testing.T) {
	const header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	connection := "   1: 0100007F:4E20 0100007F:0A0A 01 00000000:00000000 00:00000000 00000000     0        0 30 1 0000000000000000 20 4 30 10 -1\n"
	four := header + "   0: 0100007F:4E20 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 28 1 0000000000000000 100 0 0 10 0\n" + strings.Repeat(connection, 100_000)
	six := header + "   0: 00000000000000000000000001000000:4E21 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 29 1 0000000000000000 100 0 0 10 0\n"
	for _, tt := range []struct {
		name   string
		tables map[string]string
		want   []int
	}{
		{"both", map[string]string{"tcp": four, "tcp6": six}, []int{20000, 20001}},
		{"no IPv6", map[string]string{"tcp": four}, []int{20000}},
		{"no table", map[string]string{"tcp6": six}, nil},
		{"something else", map[string]string{"tcp": "no table\n", "tcp6": six}, nil},
		{"one of them is something else", map[string]string{"tcp": four, "tcp6": ""}, nil},
	} {
		dir := t.TempDir()
		for name, text := range tt.tables {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		h := tablesHost{localHost{t}, dir}
		open, err := ListeningPorts(t.Context(), h, nil, []int{20000, 20001, 20002})
		if !slices.Equal(open, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: %v, %v, want %v", tt.name, open, err, tt.want)
		}
	}
}

// tablesHost has its tables of connections in a directory.
type tablesHost struct {
	localHost
	dir string
}

func (h tablesHost) Run(ctx context.Context, c Command) (string, error) {
	c.Argv[2] = strings.ReplaceAll(c.Argv[2], "/proc/net/", h.dir+"/")
	out, err := h.localHost.Run(ctx, c)
	if len(out) > 10_000 {
		h.t.Errorf("%d bytes were read from the host", len(out))
	}
	return out, err
}

// The scripts that look and the scripts that delete, on real directories.
func TestScriptsOnRealDirectories(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := localHost{t}
	proof := Drained{store: 4, proven: true}
	odd := filepath.Join(root, "a b$c'd*")
	outside := filepath.Join(root, "outside")
	link := filepath.Join(root, "link")
	for _, dir := range []string{odd, outside} {
		if err := os.MkdirAll(filepath.Join(dir, "db"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "db", "sst"), make([]byte, 1<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	dirs, err := inspectDirs(t.Context(), h, []PruneDir{{odd, "data"}, {link, "log"}, {root + "/none", "deploy"}}, []string{"/", odd + "/db"})
	if err != nil {
		t.Fatal(err)
	}
	if d := dirs[0]; !d.Exists || d.Resolved != odd || d.Bytes < 1<<20 || !slices.Equal(d.Mounts, []string{odd + "/db"}) {
		t.Errorf("directory: %+v", d)
	}
	if d := dirs[1]; !d.Exists || d.Resolved != outside {
		t.Errorf("link: %+v", d)
	}
	if dirs[2].Exists {
		t.Errorf("nothing: %+v", dirs[2])
	}

	run := &pruneRun{}
	step := func(kind StepKind, path, to string) error {
		return run.onHost(t.Context(), h, proof, &PruneTarget{}, &Step{Kind: kind, StoreID: 4, Path: path, To: to})
	}
	if err := run.onHost(t.Context(), h, Drained{}, &PruneTarget{}, &Step{Kind: StepDelete, StoreID: 4, Path: odd}); err == nil {
		t.Error("deleted without a proof")
	}
	if err := step(StepDelete, link, ""); err == nil {
		t.Error("deleted through a link")
	}
	if err := step(StepRename, odd, outside); err == nil {
		t.Error("renamed onto something that exists")
	}
	if _, err := os.Stat(filepath.Join(outside, "db", "sst")); err != nil {
		t.Fatalf("what the link leads to: %v", err)
	}
	renamed := odd + ".ebb"
	if err := step(StepRename, odd, renamed); err != nil {
		t.Error(err)
	}
	if err := step(StepEmpty, renamed, ""); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(renamed); err != nil || len(entries) != 0 {
		t.Errorf("emptied: %v, %v", entries, err)
	}
	if err := step(StepDelete, renamed, ""); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(renamed); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("deleted: %v", err)
	}
}

func TestReadUnitWithoutAnAnswer(t *testing.T) {
	h := hostFunc(func(Command) (string, error) { return "", nil })
	if _, err := ReadUnit(t.Context(), h, false, "tikv-20160.service"); err == nil {
		t.Error("an empty answer was taken for a unit that does not run")
	}
}

type hostFunc func(Command) (string, error)

func (f hostFunc) Run(_ context.Context, c Command) (string, error) { return f(c) }

func FuzzListeningPorts(f *testing.F) {
	f.Add("  sl  local_address\n   0: 0100007F:1F90 00000000:0000 0A\n")
	f.Fuzz(func(t *testing.T, table string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _ = ListeningPorts(ctx, hostFunc(func(Command) (string, error) { return table, nil }), []string{"::1"}, []int{8080})
	})
}
