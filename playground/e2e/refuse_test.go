package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"ebb/playground/store"
)

// wantRefused runs a scale-in that has to be refused by a check, and shows that
// nothing at all was changed.
func (b *bench) wantRefused(check string, args ...string) finding {
	b.Helper()
	before, sent := b.picture(), len(b.proxy.writes())
	r := b.run("scale-in", append(args, "--yes", "--evict-leader")...)
	b.wantCode(r, 3)
	if writes := b.proxy.writes()[sent:]; len(writes) > 0 {
		b.Errorf("the refused scale-in wrote: %v", writes)
	}
	b.wantSame(before, b.picture())
	found, ok := r.refusals()[check]
	if !ok {
		b.Errorf("not refused by %s: %v", check, r.refusals())
	}
	if f := r.failure(b.T); f.Code != "no" || !strings.Contains(f.Message, check) {
		b.Errorf("error: %+v", f)
	}
	return found
}

// wantPDWould shows that PD itself would have begun what ebb refused, and takes
// it back.
func (b *bench) wantPDWould(id uint64) {
	b.Helper()
	if status, body := b.ask(http.MethodDelete, fmt.Sprintf("/store/%d", id), nil); status != http.StatusOK {
		b.Errorf("PD itself refuses store %d, so ebb's check adds nothing here: %d %s", id, status, body)
		return
	}
	b.tell(http.MethodPost, fmt.Sprintf("/store/%d/state?state=Up", id), nil)
}

func TestRefusedScaleInChangesNothing(t *testing.T) {
	b := newBench(t, setup{tikv: 4, tiflash: 1, zones: 3}) // zones z1 z2 z3 z1
	tikv, flash := b.tikv(), b.tiflash()[0]

	t.Run("two of four at once", func(t *testing.T) {
		b := b.in(t)
		b.wantRefused("placement", "-N", tikv[1].Address+","+tikv[2].Address)
		// One after the other, PD takes the first without a word about the second.
		b.wantPDWould(tikv[1].ID)
	})
	t.Run("last TiFlash of a table with a replica", func(t *testing.T) {
		b := b.in(t)
		b.wantRefused("tiflash-replicas", "-N", flash.Address)
		b.wantPDWould(flash.ID)
	})
	t.Run("isolation level", func(t *testing.T) {
		b := b.in(t)
		b.config(map[string]any{"replication.isolation-level": "zone"})
		defer b.config(map[string]any{"replication.isolation-level": ""})
		b.wantRefused("placement", "-N", tikv[1].Address)
		b.wantPDWould(tikv[1].ID)
		// z1 has two stores.
		b.wantCode(b.run("scale-in", "-N", tikv[0].Address, "--dry-run"), 0)
	})
	t.Run("rule with a label constraint", func(t *testing.T) {
		b := b.in(t)
		r := b.Fleet().Regions(store.RegionFilter{})[20]
		b.tell(http.MethodPost, "/config/rule", map[string]any{
			"group_id": "e2e", "id": "z2", "role": "learner", "count": 1, "start_key": r.StartKey, "end_key": r.EndKey,
			"label_constraints": []any{map[string]any{"key": "zone", "op": "in", "values": []string{"z2"}}},
		})
		defer b.tell(http.MethodDelete, "/config/rule/e2e/z2", nil)
		f := b.wantRefused("placement", "-N", tikv[1].Address)
		if !strings.Contains(f.Summary, "e2e/z2") {
			t.Errorf("the finding does not name the rule: %s", f.Summary)
		}
		b.wantPDWould(tikv[1].ID)
	})
	t.Run("halt-scheduling", func(t *testing.T) {
		b := b.in(t)
		b.config(map[string]any{"schedule.halt-scheduling": "true"})
		defer b.config(map[string]any{"schedule.halt-scheduling": "false"})
		b.wantRefused("scheduling", "-N", tikv[0].Address)
		b.wantPDWould(tikv[0].ID)
	})
	t.Run("rule checker paused", func(t *testing.T) {
		b := b.in(t)
		b.tell(http.MethodPost, "/checker/rule", map[string]any{"delay": 600})
		defer b.tell(http.MethodPost, "/checker/rule", map[string]any{"delay": 0})
		b.wantRefused("scheduling", "-N", tikv[0].Address)
		b.wantPDWould(tikv[0].ID)
	})
	t.Run("replica-schedule-limit 0", func(t *testing.T) {
		b := b.in(t)
		b.config(map[string]any{"schedule.replica-schedule-limit": 0})
		defer b.config(map[string]any{"schedule.replica-schedule-limit": 64})
		b.wantRefused("scheduling", "-N", tikv[0].Address)
		b.wantPDWould(tikv[0].ID)
	})
	t.Run("all others under evict-leader", func(t *testing.T) {
		b := b.in(t)
		for _, s := range tikv[1:] {
			b.tell(http.MethodPost, "/schedulers", map[string]any{"name": "evict-leader-scheduler", "store_id": s.ID})
		}
		defer b.tell(http.MethodDelete, "/schedulers/evict-leader-scheduler", nil)
		b.wantRefused("leader-targets", "-N", tikv[0].Address)
	})
	t.Run("nothing in the way", func(t *testing.T) {
		b := b.in(t)
		b.wantCode(b.run("scale-in", "-N", tikv[1].Address, "--dry-run"), 0)
	})
}

// Until 9.0 PD counts TiFlash stores as places for TiKV's replicas.
func TestRefusedWhenTooFewStoresStay(t *testing.T) {
	b := newBench(t, setup{tikv: 3, tiflash: 1})
	b.wantRefused("placement", "-N", b.tikv()[0].Address)
	b.wantPDWould(b.tikv()[0].ID)
}

// PD counts a store as up for as long as nobody deletes it.
func TestRefusedWhenOnlyADeadStoreWouldMakeUpTheNumber(t *testing.T) {
	b := newBench(t, setup{tikv: 4})
	tikv := b.tikv()
	b.must(b.Fleet().StopStore(tikv[3].ID))
	b.await("PD calls the dead store Disconnected", func() bool { return b.pdState(tikv[3].ID) == "Disconnected" })
	b.wantRefused("placement", "-N", tikv[0].Address)
	b.wantPDWould(tikv[0].ID)
	// The dead store itself may go: its regions are rebuilt on the others.
	b.wantCode(b.run("scale-in", "-N", tikv[3].Address, "--dry-run"), 0)
}

func TestLeaderlessRegionRefusesUntilTheRiskIsAccepted(t *testing.T) {
	b := newBench(t, setup{tikv: 5})
	leaver := b.tikv()[0]
	lost, err := b.Fleet().LoseMajority(store.Loss{Store: leaver.ID, Count: 1})
	b.must(err)
	b.await("the region falls silent", func() bool {
		return b.Fleet().Regions(store.RegionFilter{ID: lost[0]})[0].LeaderStore == 0
	})
	// PD learns of regions from their leaders, so it remembers the last one until
	// it is restarted.
	b.restartPD()
	b.await("PD knows no leader of the region", func() bool {
		var r struct {
			ID     uint64 `json:"id"`
			Leader struct {
				Store uint64 `json:"store_id"`
			} `json:"leader"`
		}
		b.read(fmt.Sprintf("/region/id/%d", lost[0]), &r)
		return r.ID == lost[0] && r.Leader.Store == 0
	})
	b.awaitHeartbeats()

	f := b.wantRefused("regions", "-N", leaver.Address)
	if f.Risk != "stuck-regions" || !slices.Contains(f.Regions, lost[0]) {
		t.Errorf("finding: %+v, want the risk stuck-regions and region %d", f, lost[0])
	}
	wrong := b.run("scale-in", "-N", leaver.Address, "--yes", "--accept-risk=low-space")
	b.wantCode(wrong, 3)
	r := b.run("scale-in", "-N", leaver.Address, "--yes", "--accept-risk=stuck-regions")
	b.wantCode(r, 0)
	if got := b.pdState(leaver.ID); got != "Offline" {
		t.Errorf("PD says %q", got)
	}
	// The risk is real: everything leaves but that region.
	b.await("only the stuck region is left", func() bool { return b.regionsOn(leaver.ID) == 1 })
	wait := b.run("watch", "-N", leaver.Address, "--interval", "200ms", "--timeout", "2s")
	b.wantCode(wait, 7)
}

// awaitHeartbeats waits until PD has heard of every running store and knows the
// leader of every region that has one.
func (b *bench) awaitHeartbeats() {
	b.Helper()
	b.await("PD has heard of every store and region", func() bool {
		leaders, known := 0, 0
		for _, s := range b.Fleet().Stores() {
			leaders += s.Leaders
		}
		for _, s := range b.stores() {
			known += s.Status.Leaders
		}
		return known == leaders
	})
}
