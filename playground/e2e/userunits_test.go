package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"ebb/playground/store"
)

// userUnitsOf is where a user's units lie on the host of a store. The home is not
// below /home, as root's never is and those of many a company are not.
func (b *bench) userUnitsOf(s store.StoreState) string {
	return filepath.Join(s.Host, "home", b.Hosts().User(), ".config/systemd/user")
}

// TestPruneOfUserUnits: the units are those of the deploy user (tiup's systemd_mode:
// user), as on all hosts of a machine without namespaces.
func TestPruneOfUserUnits(t *testing.T) {
	b := newHostedBench(t, setup{tikv: 4, userUnits: true})
	leaver := b.tikv()[0]
	disks := b.tree()
	b.retire(leaver)
	b.wantCode(b.overSSH("prune", "--yes"), 0)
	b.wantDead(leaver)
	unit := fmt.Sprintf("tikv-%d.service", leaver.Port)
	gone := []string{
		fmt.Sprintf("%s/deploy/tikv-%d", leaver.Host, leaver.Port), fmt.Sprintf("%s/data/tikv-%d", leaver.Host, leaver.Port),
		filepath.Join(b.userUnitsOf(leaver), unit), filepath.Join(b.userUnitsOf(leaver), "default.target.wants", unit),
	}
	b.wantGone(disks, b.tree(), gone)
}

func TestFenceOfUserUnits(t *testing.T) {
	full(t)
	b := newHostedBench(t, setup{tikv: 4, userUnits: true})
	dead := b.tikv()[0]
	before := b.tree()
	b.must(b.Fleet().StopStore(dead.ID))
	b.awaitSilent(dead)
	r := b.overSSH("fence", "-N", dead.Address, "--observe", "20s", "--yes")
	b.wantCode(r, 0)
	if got := r.of("fence"); len(got) != 1 || got[0].Fence.Verdict != "FENCED" {
		t.Errorf("fencing: %s", r.out)
	}
	file := filepath.Join(b.userUnitsOf(dead), fmt.Sprintf("tikv-%d.service", dead.Port))
	now := b.tree()
	if now[file] != "-> /dev/null" || now[file+".ebb-fenced"] != before[file] {
		t.Errorf("unit file: %q, and aside %q", now[file], now[file+".ebb-fenced"])
	}
	if err := b.Fleet().StartStore(dead.ID); err == nil {
		t.Error("its unit could be started")
	}
	if again := b.overSSH("fence", "-N", dead.Address, "--observe", "20s", "--yes"); again.code != 0 || strings.Contains(again.out, `"changed":true`) {
		t.Errorf("fencing what is fenced ends with %d:\n%s%s", again.code, again.out, again.errs)
	}
}
