package pd

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tikv/pd/server"
	"github.com/tikv/pd/server/api"

	"ebb/playground/runstate"
)

// These environment variables turn the test binary into another program.
const (
	// asServer makes it a pd-server, so that Cluster is tested with processes
	// that really are PD.
	asServer = "EBB_TEST_AS_PD_SERVER"
	// asParent makes it a program that starts a pd-server in the directory that
	// is the variable's value, and waits to be killed.
	asParent = "EBB_TEST_AS_PARENT"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asParent) != "":
		dir := os.Getenv(asParent)
		os.Unsetenv(asParent)
		os.Setenv(asServer, "1")
		runParent(dir)
	case os.Getenv(asServer) != "":
		if err := runServer(); err != nil {
			panic(err)
		}
	default:
		os.Exit(m.Run())
	}
}

func runServer() error {
	flags := flag.NewFlagSet("pd-server", flag.ContinueOnError)
	file := flags.String("config", "", "")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	cfg, err := embeddedConfig(endpoint{name: "test", configFile: *file})
	if err != nil {
		return err
	}
	srv, err := server.CreateServer(context.Background(), cfg, nil, api.NewHandler)
	if err != nil {
		return err
	}
	if err := srv.Run(); err != nil {
		return err
	}
	select {}
}

func runParent(dir string) {
	_, err := Start(context.Background(), Config{
		Members: 1, Hosts: []string{"127.250.7.1"}, Dir: dir, ServerBinary: os.Args[0],
	})
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString("ready")
	os.Stdout.Close()
	select {}
}

func TestServerProcesses(t *testing.T) {
	t.Setenv(asServer, "1")
	cluster, err := Start(t.Context(), Config{
		Members: 3, Hosts: []string{"127.250.8.1", "127.250.8.2", "127.250.8.3"}, Dir: t.TempDir(), ServerBinary: os.Args[0],
	})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	first, err := cluster.Leader(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.StopMember(ctx, first); err != nil {
		t.Fatal(err)
	}
	if err := cluster.api.awaitLeader(ctx, func(name string) bool { return name != first }); err != nil {
		t.Fatal(err)
	}
	if err := cluster.StartMember(ctx, first); err != nil {
		t.Fatal(err)
	}

	// A member that dies by itself can be started again.
	died := cluster.running[first].(*process)
	if err := syscall.Kill(died.cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-died.exited
	if err := cluster.StartMember(ctx, first); err != nil {
		t.Fatal(err)
	}

	began := time.Now()
	running := cluster.running
	if err := cluster.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("close took %v", took)
	}
	for name, m := range running {
		if m.alive() {
			t.Errorf("member %q is alive after Close", name)
		}
	}
}

// TestServerDiesWithParent kills a program that runs a pd-server without giving
// it a chance to clean up.
func TestServerDiesWithParent(t *testing.T) {
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), asParent+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len("ready"))
	if _, err := out.Read(ready); err != nil || string(ready) != "ready" {
		t.Fatalf("parent said %q (%v)", ready, err)
	}
	children := childrenOf(t, parent.Process.Pid)
	if len(children) == 0 {
		t.Fatal("the parent has no pd-server")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	parent.Wait()
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range children {
		for stillRuns(pid) {
			if time.Now().After(deadline) {
				syscall.Kill(pid, syscall.SIGKILL)
				t.Fatalf("pd-server %d outlived its parent", pid)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// stillRuns is false for a zombie, which a container without an init keeps.
func stillRuns(pid int) bool {
	_, err := runstate.ProcessStart(pid)
	return err == nil
}

func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*", "children"))
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread is gone
		}
		for field := range strings.FieldsSeq(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

func TestServerBinaryThatFails(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "pd-server")
	script := "#!/bin/sh\necho \"unknown flag $1\" >&2\nexit 3\n"
	if err := os.WriteFile(binary, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := Start(t.Context(), Config{Members: 1, Hosts: []string{"127.250.6.1"}, Dir: dir, ServerBinary: binary})
	var exited *ExitedError
	if !errors.As(err, &exited) {
		t.Fatalf("start of a binary that fails: %v", err)
	}
	want := "unknown flag --config=" + filepath.Join(dir, "pd-1.toml")
	if exited.LastOutput != want || exited.Member != "pd-1" {
		t.Errorf("got %+v, want last output %q", exited, want)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v to notice", took)
	}
}

func TestServerBinaryMissing(t *testing.T) {
	_, err := Start(t.Context(), Config{
		Members: 1, Hosts: []string{"127.250.6.1"}, Dir: t.TempDir(), ServerBinary: "/nonexistent/pd-server",
	})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start without a binary: %v", err)
	}
}
