package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ebb/playground/store"
)

// runbook runs a script of examples/ in a directory of its own, with nobody at a
// terminal, and returns its exit status and all that it said.
func (b *bench) runbook(file string, args ...string) (int, string) {
	b.Helper()
	dir := filepath.Join(b.state, "at-work")
	b.must(os.MkdirAll(dir, 0o755))
	cmd := b.bash(dir, append([]string{file, "-t", b.Topology()}, args...)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// wantRunbook fails the test unless a script ends with a status and says the texts.
func (b *bench) wantRunbook(code int, says []string, file string, args ...string) {
	b.Helper()
	got, out := b.runbook(file, args...)
	for _, text := range says {
		if !strings.Contains(out, text) {
			b.Errorf("%s %q does not say %q", filepath.Base(file), args, text)
		}
	}
	if got != code || b.Failed() {
		b.Fatalf("%s %q ended with %d, want %d\n%s", filepath.Base(file), args, got, code, out)
	}
}

func (b *bench) login() []string {
	return []string{"-i", b.Hosts().KeyFile(), "-k", b.Hosts().KnownHosts()}
}

func TestExampleRollingReplacement(t *testing.T) {
	file := exampleFile(t, "runbooks/rolling-replacement.sh")
	b := newHostedBench(t, setup{tikv: 6, direct: true})
	first, second, third := b.tikv()[5], b.tikv()[4], b.tikv()[3]
	pair := []string{first.Address, second.Address}
	before, disks := b.picture(), b.tree()
	b.wantRunbook(0, []string{"Nothing was changed"}, file, slices.Concat(b.login(), []string{"-n"}, pair)...)
	// Four of six leave no place for three replicas.
	b.wantRunbook(3, []string{"STOPPED", "refused"}, file, slices.Concat([]string{"-y"}, pair, []string{third.Address, b.tikv()[2].Address})...)
	b.wantRunbook(4, []string{"no such tiup id"}, file, "-y", "127.0.0.1:1")
	b.wantSame(before, b.picture())

	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	b.wantRunbook(7, []string{"STOPPED", "goes on leaving"}, file, slices.Concat(b.login(), []string{"-y", "-w", "1s"}, pair)...)
	if b.pdState(first.ID) != "Offline" || b.pdState(second.ID) != "Up" {
		t.Fatalf("store %d is %s, store %d is %s", first.ID, b.pdState(first.ID), second.ID, b.pdState(second.ID))
	}
	b.wantTree(disks)
	b.must(b.Fleet().IgnoreOperators(store.Obedience{}))
	b.wantRunbook(0, []string{"All done"}, file, slices.Concat(b.login(), []string{"-y"}, pair)...)
	b.wantEmptied(first.ID, second.ID)
	b.wantGone(disks, b.tree(), slices.Concat(places(first, true), places(second, true)))
	for _, s := range []store.StoreState{first, second} {
		b.wantDead(s)
		if state := b.pdState(s.ID); state != "" {
			t.Errorf("PD still calls store %d %s", s.ID, state)
		}
	}

	// Cut off between two stores: the one that is gone is passed over.
	b.must(os.WriteFile(filepath.Join(b.state, "at-work", "rolling-replacement.begun"), []byte(first.Address+"\n"), 0o600))
	b.wantRunbook(0, []string{"gone already", "Nothing was changed"}, file, "-n", first.Address, third.Address)
	if testing.Short() {
		return // PD takes its time to miss a store
	}
	b.must(b.Fleet().StopStore(third.ID))
	b.awaitSilent(third)
	b.wantRunbook(3, []string{"dead-host.sh"}, file, "-y", third.Address)
}

func TestExampleDeadHost(t *testing.T) {
	file := exampleFile(t, "runbooks/dead-host.sh")
	b := newHostedBench(t, setup{tikv: 5, direct: true})
	dead, alive := b.tikv()[4], b.tikv()[0]
	before := b.picture()
	b.wantRunbook(3, []string{"STOPPED", "ebb scale-in"}, file, append(b.login(), "-C", "1", alive.Address)...)
	b.wantRunbook(3, []string{"STOPPED", "regions would be lost"}, file, append(b.login(), "-n", alive.Address, dead.Address, b.tikv()[1].Address)...)
	b.wantSame(before, b.picture())
	if testing.Short() {
		return // what follows watches a dead store for minutes
	}

	b.must(b.Fleet().ForgetStore(dead.ID))
	b.awaitSilent(dead)
	before = b.picture()
	b.wantRunbook(4, []string{"no terminal"}, file, append(b.login(), dead.Address)...)
	var cluster struct {
		ID uint64 `json:"id"`
	}
	b.read("/cluster", &cluster)
	sure := append(b.login(), "-C", strconv.FormatUint(cluster.ID, 10), dead.Address)
	// Nobody can tell whether it is off, and nobody has said so.
	b.wantRunbook(5, []string{"STOPPED", "-U"}, file, sure...)
	b.wantSame(before, b.picture())
	b.wantRunbook(0, []string{"Done"}, file, append([]string{"-U"}, sure...)...)
	b.wantEmptied(dead.ID)
	if strings.Contains(b.topologyText(), dead.Host) {
		t.Error("the topology still has the store")
	}
}

func TestExampleCleanOrphans(t *testing.T) {
	file := exampleFile(t, "runbooks/clean-orphans.sh")
	b := newBench(t, setup{direct: true})
	b.config(map[string]any{"schedule.halt-scheduling": "true"})
	b.wantRunbook(0, []string{"Nothing to do"}, file, "-y")
	regions := b.Fleet().Regions(store.RegionFilter{})
	for _, r := range regions[:3] {
		b.give(r.ID, store.Orphan{Store: lost, Replace: true})
	}
	b.awaitOrphans(3)
	b.wantRunbook(0, []string{"Nothing was changed"}, file, "-n", "-o", "removals.sh")
	if out, err := exec.Command("bash", "-n", filepath.Join(b.state, "at-work", "removals.sh")).CombinedOutput(); err != nil {
		t.Errorf("the script: %v %s", err, out)
	}
	b.awaitOrphans(3)
	// One that may not go: two of the three voters are lost.
	b.give(regions[3].ID, store.Orphan{Store: lost, Replace: true}, store.Orphan{Store: lostToo, Replace: true})
	b.awaitOrphans(5)
	b.wantRunbook(8, []string{"STOPPED", "refuse"}, file, "-y", "-o", "removals.sh")
	b.awaitOrphans(2)
	b.wantRunbook(3, []string{"none is safe to remove"}, file, "-y", "-o", "removals.sh")
	b.must(b.Fleet().HealRegion(regions[3].ID))
}

// awaitOrphans waits until PD knows of so many peers on stores that it does not know.
func (b *bench) awaitOrphans(count int) {
	b.Helper()
	b.await("PD knows of the orphans", func() bool {
		found := 0
		for _, r := range b.pdRegions() {
			for _, id := range r.stores() {
				if id >= lost {
					found++
				}
			}
		}
		return found == count
	})
}

// TestExampleSmokeTest runs it on a playground program that is built for it, and then
// on an ebb that says yes to everything.
func TestExampleSmokeTest(t *testing.T) {
	file := exampleFile(t, "runbooks/smoke-test.sh")
	t.Parallel()
	dir, err := os.MkdirTemp("", "ebb-e2e-smoke-") //nolint:usetesting // the users of the hosts could not pass through t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "ebb-playground"), "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build ebb-playground: %v\n%s", err, out)
	}
	ebb := filepath.Join(dir, "ebb")
	if err := os.Symlink(program, ebb); err != nil {
		t.Fatal(err)
	}
	smoke := func(args ...string) (string, error) {
		cmd := exec.Command(file, args...)
		cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := smoke("-n"); err != nil || !strings.Contains(out, "nothing was run") {
		t.Errorf("dry run: %v\n%s", err, out)
	}
	if out, err := smoke(); err != nil || !strings.Contains(out, "passed") {
		t.Errorf("%v\n%s", err, out)
	}
	if err := os.Remove(ebb); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(ebb, []byte("#!/bin/sh\n[ \"$1\" != playground ] || exec "+program+" \"$@\"\necho yes\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if out, err := smoke(); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(out, "FAILED") {
		t.Errorf("with an ebb that says yes to everything: %v\n%s", err, out)
	}
}

// TestExampleScripts has every script read by shellcheck, asks each runbook for its
// usage, and makes it a mistake.
func TestExampleScripts(t *testing.T) {
	shellcheck, err := exec.LookPath("shellcheck")
	if err != nil {
		t.Skip(err)
	}
	for _, name := range exampleFiles(t) {
		if filepath.Ext(name) != ".sh" {
			continue
		}
		path := filepath.Join(examples, name)
		if out, err := exec.Command(shellcheck, path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if filepath.Dir(name) != "runbooks" {
			continue
		}
		if out, err := exec.Command(path, "-h").Output(); err != nil || !strings.HasPrefix(string(out), "usage: "+filepath.Base(name)) {
			t.Errorf("%s -h: %v\n%s", name, err, out)
		}
		var exit *exec.ExitError
		if err := exec.Command(path, "-Z").Run(); !errors.As(err, &exit) || exit.ExitCode() != 4 {
			t.Errorf("%s -Z: %v, want exit status 4", name, err)
		}
	}
}
