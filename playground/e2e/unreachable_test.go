package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"ebb/playground/hosts"
	"ebb/playground/store"
)

// breakSSH makes something wrong with the login to the host of a store.
func (b *bench) breakSSH(s store.StoreState, how hosts.SSHFault) {
	b.Helper()
	b.must(b.hostOf(s).BreakSSH(how))
}

// wantNothingPruned runs a prune that must end with a code and change nothing, and
// returns all that it said.
func (b *bench) wantNothingPruned(code int, disks tree, args ...string) string {
	b.Helper()
	before, writes := b.picture(), len(b.proxy.writes())
	r := b.overSSH("prune", append(args, "--yes")...)
	b.wantCode(r, code)
	if now := b.proxy.writes(); len(now) > writes {
		b.Errorf("PD was told: %v", now[writes:])
	}
	b.wantSame(before, b.picture())
	b.wantTree(disks)
	return r.out + r.errs
}

// TestPruneOfUnreachableHosts has a host that is down, one that shows another key,
// and one whose sudo asks for a password. No other is touched over it.
func TestPruneOfUnreachableHosts(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 5})
	well, ill := b.tikv()[0], b.tikv()[1]
	leavers := []store.StoreState{well, ill}
	disks := b.tree()
	b.retire(leavers...)
	text := b.topologyText()

	b.breakSSH(ill, hosts.SSHFault{SudoPassword: new("secret")})
	if said := b.wantNothingPruned(5, disks); !strings.Contains(said, "password is required") || !strings.Contains(said, ill.Host) {
		t.Errorf("of sudo and its password it says:\n%s", said)
	}
	b.breakSSH(ill, hosts.SSHFault{SudoPassword: new("")})

	b.must(b.hostOf(ill).Down())
	if said := b.wantNothingPruned(5, disks); !strings.Contains(said, "--skip-unreachable") {
		t.Errorf("of the host that is down it says:\n%s", said)
	}

	// Left for later: no longer in the topology, still in the journal, and Tombstone
	// in PD, or PD would take the store back when its host boots.
	b.wantCode(b.overSSH("prune", "--skip-unreachable", "--yes"), 0)
	b.wantGone(disks, b.tree(), places(well, true))
	if got, want := b.topologyText(), without(text, leavers...); got != want {
		t.Errorf("topology:\n%s", differences(want, got))
	}
	if !slices.ContainsFunc(records(b.journalFile(), 0), func(r record) bool { return r.Step == fmt.Sprintf("clean-later/%d", ill.ID) }) {
		t.Error("the journal does not say what is left")
	}

	// The host boots with its unit enabled.
	b.must(b.hostOf(ill).Up())
	for _, s := range leavers {
		if got := b.pdState(s.ID); got != "Tombstone" {
			t.Errorf("PD says %q of store %d", got, s.ID)
		}
	}
	b.wantCode(b.overSSH("prune", "--yes"), 0)
	b.wantPruned(disks, text, leavers)
	again := b.runRaw("prune", "-t", b.Topology(), "-u", b.endpoints, "--yes")
	b.wantCode(again, 0)
	if !strings.Contains(again.errs, "nothing to prune") {
		t.Errorf("the last run says:\n%s%s", again.out, again.errs)
	}
}

// TestPruneOfAHostWithAnotherKey: somebody else may answer at the address.
func TestPruneOfAHostWithAnotherKey(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	leaver := b.tikv()[3]
	disks := b.tree()
	b.retire(leaver)
	b.breakSSH(leaver, hosts.SSHFault{NewKey: true})

	file := b.Hosts().KnownHosts()
	known, err := os.ReadFile(file)
	b.must(err)
	line := 0
	for i, text := range strings.Split(string(known), "\n") {
		if strings.Contains(text, "["+leaver.Host+"]:") {
			line = i + 1
		}
	}
	for _, more := range [][]string{nil, {"--accept-new-host-keys"}} {
		said := b.wantNothingPruned(5, disks, more...)
		if !strings.Contains(said, fmt.Sprintf("%s:%d", file, line)) {
			t.Errorf("it does not name line %d of %s:\n%s", line, file, said)
		}
		if now, err := os.ReadFile(file); err != nil || string(now) != string(known) {
			t.Errorf("known_hosts has changed (%v)", err)
		}
	}
}

// TestPruneWithABrokenConnection cuts the connection of one command in the middle
// of the deletion: the command is made, and nobody hears how it ended.
func TestPruneWithABrokenConnection(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4})
	leaver := b.tikv()[3]
	disks := b.tree()
	b.retire(leaver)
	text := b.topologyText()

	run := b.startOverSSH("prune", "--yes")
	run.await("the unit file to go", func(e event) bool { return e.Type == "step" && e.Step.Step.Kind == "remove-unit-file" })
	b.breakSSH(leaver, hosts.SSHFault{CutNext: new(true)})
	r := run.wait()
	b.wantCode(r, 8)
	unknown := 0
	for _, e := range r.of("step") {
		if e.Step.Result == "unknown" {
			unknown++
		}
	}
	if unknown != 1 {
		t.Errorf("%d steps with an unknown outcome, want 1:\n%s", unknown, r.out)
	}
	if got := b.topologyText(); got != text {
		t.Errorf("the topology was edited over a host that is not clean:\n%s", differences(text, got))
	}
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	b.wantCode(b.overSSH("prune", "--yes"), 0)
	b.wantPruned(disks, text, []store.StoreState{leaver})
}
