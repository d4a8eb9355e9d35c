package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"ebb/playground/runstate"
)

// asPlayground turns the test binary into ebb-playground, because a playground's
// promises are about processes: what ends them, and what is left afterwards.
const asPlayground = "EBB_TEST_AS_PLAYGROUND"

func TestMain(m *testing.M) {
	if os.Getenv(asPlayground) != "" {
		main()
	}
	os.Exit(m.Run())
}

// bench is a place of its own for the playgrounds of one test.
type bench struct {
	*testing.T
	state, temp string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, state: t.TempDir(), temp: t.TempDir()}
	t.Cleanup(func() {
		b.run("stop", "--all")
		b.nothingLeft()
	})
	return b
}

func (b *bench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asPlayground+"=1", "XDG_STATE_HOME="+b.state, "TMPDIR="+b.temp)
	return cmd
}

// run runs a command to its end.
func (b *bench) run(args ...string) (stdout, stderr string, code int) {
	b.Helper()
	cmd := b.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// background starts a playground that outlives the command.
func (b *bench) background(args ...string) announcement {
	b.Helper()
	args = append([]string{"--background", "-o", "json", "--regions", "60"}, args...)
	out, errs, code := b.run(args...)
	var ready announcement
	if code != exitDone || json.Unmarshal([]byte(out), &ready) != nil {
		b.Fatalf("%q: exit code %d\n%s%s", args, code, out, errs)
	}
	return ready
}

func (b *bench) list() []runstate.Record {
	b.Helper()
	out, errs, code := b.run("list", "-o", "json")
	var records []runstate.Record
	if code != exitDone || json.Unmarshal([]byte(out), &records) != nil {
		b.Fatalf("list: exit code %d\n%s%s", code, out, errs)
	}
	return records
}

func (b *bench) nothingLeft() {
	b.Helper()
	for _, dir := range []string{b.temp, filepath.Join(b.state, "ebb", "playground")} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			b.Fatal(err)
		}
		for _, entry := range entries {
			b.Errorf("left behind: %s", filepath.Join(dir, entry.Name()))
		}
	}
}

func unreachable(t *testing.T, urls ...string) {
	t.Helper()
	for _, url := range urls {
		if response, err := http.Get(url); err == nil {
			response.Body.Close()
			t.Errorf("%s still answers", url)
		}
	}
}

func TestForegroundUntilInterrupt(t *testing.T) {
	b := newBench(t)
	cmd := b.command("-o", "json", "--regions", "60", "--stores", "4")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var ready announcement
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if records := b.list(); len(records) != 1 || !records[0].Ready || records[0].PID != cmd.Process.Pid {
		t.Errorf("list: %+v", records)
	}
	text, err := os.ReadFile(ready.Topology)
	if err != nil {
		t.Fatal(err)
	}
	var topology struct {
		TiKV []struct{ Host string } `yaml:"tikv_servers"`
	}
	if err := yaml.Unmarshal(text, &topology); err != nil || len(topology.TiKV) != 4 {
		t.Errorf("topology: %v\n%s", err, text)
	}
	var stores struct{ Count int }
	response, err := http.Get(ready.PD[0] + "/pd/api/v1/stores")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&stores); err != nil || stores.Count != 5 {
		t.Errorf("PD knows %d stores (%v), want 5", stores.Count, err)
	}

	began := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(out); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after an interrupt: %v\n%s", err, errs.String())
	}
	t.Logf("ready after %.2f s, ended after %v", ready.Seconds, time.Since(began).Round(time.Millisecond))
	b.nothingLeft()
	unreachable(t, ready.PD[0], ready.Control, "http://"+ready.Leaving())
	for line := range strings.Lines(errs.String()) {
		if !strings.HasPrefix(line, "starting ") && !strings.HasPrefix(line, "stopping ") {
			t.Errorf("unexpected line on stderr: %s", line)
		}
	}
}

func TestInterruptedStart(t *testing.T) {
	b := newBench(t)
	cmd := b.command("--pd-count", "3")
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(errs)
	for _, want := range []string{"starting 9 hosts\n", "starting PD\n"} {
		if line, err := lines.ReadString('\n'); err != nil || line != want {
			t.Fatalf("line: %q (%v), want %q", line, err, want)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(string(rest), "interrupted") {
		t.Errorf("exit code %d\n%s", code, rest)
	}
	b.nothingLeft()
}

func TestDirIsKept(t *testing.T) {
	b := newBench(t)
	dir := filepath.Join(t.TempDir(), "kept")
	ready := b.background("--dir", dir, "--tiflash", "0")
	if ready.Dir != dir {
		t.Errorf("directory is %s, want %s", ready.Dir, dir)
	}
	if _, errs, code := b.run("stop", "--dir", dir); code != exitDone {
		t.Errorf("stop: exit code %d\n%s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "topology.yaml")); err != nil {
		t.Error(err)
	}
	unreachable(t, ready.PD[0], ready.Control)
	if _, errs, code := b.run("--dir", dir); code != exitFailed || !strings.Contains(errs, "hint: ") {
		t.Errorf("using the directory again: exit code %d\n%s", code, errs)
	}
}

func TestKilledPlaygroundIsNoticed(t *testing.T) {
	b := newBench(t)
	ready := b.background("--name", "victim")
	if err := syscall.Kill(ready.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := runstate.ProcessStart(ready.PID); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the playground survived SIGKILL")
		}
	}
	if records := b.list(); len(records) != 0 {
		t.Errorf("list: %+v", records)
	}
	b.nothingLeft()
	b.background("--name", "victim")
}

func TestSideBySide(t *testing.T) {
	b := newBench(t)
	first := b.background()
	second := b.background("--stores", "2", "--replicas", "1", "--tiflash", "0", "--pd", first.PD[0])
	if first.Name != "playground" || second.Name != "playground-2" || first.Network == second.Network {
		t.Errorf("started %+v and %+v", first, second)
	}
	if _, errs, code := b.run("stop"); code != exitUsage || !strings.Contains(errs, "playground, playground-2") {
		t.Errorf("stop without saying which: exit code %d\n%s", code, errs)
	}
	if _, errs, code := b.run("--name", "playground"); code != exitFailed || !strings.Contains(errs, "hint: choose another --name") {
		t.Errorf("taking a name: exit code %d\n%s", code, errs)
	}
	if _, errs, code := b.run("--net", first.Network); code != exitFailed || !strings.Contains(errs, "is in use") {
		t.Errorf("taking a network: exit code %d\n%s", code, errs)
	}
	var stores struct{ Count int }
	response, err := http.Get(first.PD[0] + "/pd/api/v1/stores")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&stores); err != nil || stores.Count != 8 {
		t.Errorf("PD knows %d stores (%v), want 8", stores.Count, err)
	}
}

func TestFaults(t *testing.T) {
	b := newBench(t)
	ready := b.background("--pd-count", "3")
	for _, step := range []struct{ args, says string }{
		{"fault stop " + ready.Leaving(), "stopped store "},
		{"fault slow 2 --factor 3 --busy", "3 times as slow"},
		{"fault fill 3 0.85", "85 % full"},
		{"fault ignore-operators " + ready.Neighbour(), "ignore PD's operators"},
		{"fault orphan --count 2 --store 99", "a peer on store 99: regions "},
		{"fault lose-majority 1", "without a majority: regions "},
		{"fault pd-stop pd-2", `stopped PD member "pd-2"`},
		{"fault pd-start pd-2", `started PD member "pd-2"`},
		{"fault pd-leader pd-3", `PD's leader is "pd-3"`},
	} {
		if _, errs, code := b.run(strings.Fields(step.args)...); code != exitDone || !strings.Contains(errs, step.says) {
			t.Errorf("%s: exit code %d\n%s", step.args, code, errs)
		}
	}
	out, errs, code := b.run("status")
	for _, want := range []string{"stopped", "3 times as slow, busy", "ignores operators", "PD leader: pd-3", "regions without a majority: "} {
		if code != exitDone || !strings.Contains(out+errs, want) {
			t.Errorf("status lacks %q: exit code %d\n%s%s", want, code, out, errs)
		}
	}
}
