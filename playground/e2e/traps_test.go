package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"ebb/playground/store"
)

// 200 for a DELETE means that leaving has begun.
func TestScaleInWithoutWaitClaimsNoMoreThanABeginning(t *testing.T) {
	b := newBench(t, setup{})
	leaver := b.tikv()[0]
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	r := b.runRaw("scale-in", "-t", b.Topology(), "-u", b.endpoints, "-N", leaver.Address, "--yes")
	b.wantCode(r, 0)
	if !strings.Contains(r.errs, "the stores are leaving") || !strings.Contains(r.errs, "ebb watch") {
		t.Errorf("stderr:\n%s", r.errs)
	}
	for _, claim := range []string{"removed", "finished", "has left", "is Tombstone", "complete"} {
		if strings.Contains(r.errs, claim) {
			t.Errorf("stderr claims %q:\n%s", claim, r.errs)
		}
	}
	if n := b.truth(leaver.ID).Regions; n == 0 {
		t.Error("the store is empty: the test shows nothing")
	}
}

// rewriteStore changes one store in the answer to GET /stores.
func rewriteStore(id uint64, change func(store, status map[string]any)) func(string) string {
	return func(body string) string {
		d := json.NewDecoder(strings.NewReader(body))
		d.UseNumber() // heartbeats are nanoseconds, more digits than a float64 has
		var list struct {
			Count  int `json:"count"`
			Stores []struct {
				Store  map[string]any `json:"store"`
				Status map[string]any `json:"status"`
			} `json:"stores"`
		}
		if d.Decode(&list) != nil {
			return body
		}
		for _, s := range list.Stores {
			if s.Store["id"] == json.Number(fmt.Sprint(id)) {
				change(s.Store, s.Status)
			}
		}
		changed, err := json.Marshal(list)
		if err != nil {
			return body
		}
		return string(changed)
	}
}

// PD after 8.5 buries by region size, which is 0 after a restart; the PD of the
// playground does not. So its word is changed on the way, while the regions are
// really there.
func TestTombstoneWithRegionsIsNoEnd(t *testing.T) {
	b := newBench(t, setup{})
	leaver := b.tikv()[0]
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	r := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "100ms", "--yes")
	r.awaitType("progress")
	b.proxy.edit(http.MethodGet, "/stores", rewriteStore(leaver.ID, func(store, status map[string]any) {
		store["state"], store["state_name"], store["node_state"] = 2, "Tombstone", 3
		status["region_count"], status["region_size"] = 0, 0
	}))
	end := r.wait()
	b.wantCode(end, 3)
	left := b.regionsOn(leaver.ID)
	if left == 0 {
		t.Fatal("the store is empty: the test shows nothing")
	}
	early := end.of("tombstone-with-regions")
	if len(early) != 1 || early[0].Store.Regions != left || len(end.of("tombstone")) > 0 {
		t.Errorf("%d regions are left, events:\n%s", left, end.out)
	}
	if f := end.failure(t); !strings.Contains(f.Message, fmt.Sprintf("%d regions still name it", left)) {
		t.Errorf("error: %+v", f)
	}
}

// PD's /regions/check/offline-peer lists few of the regions on leaving stores.
func TestRegionsLeftAreCountedOnTheStoreItself(t *testing.T) {
	full(t)
	b := newBench(t, setup{tikv: 6})
	leaver := b.tikv()[0]
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--yes"), 0)
	var listed struct {
		Count int `json:"count"`
	}
	b.read("/regions/check/offline-peer", &listed)
	exact := b.regionsOn(leaver.ID)
	t.Logf("PD's offline-peer lists %d regions, %d are there", listed.Count, exact)
	r := b.run("watch", "--interval", "100ms", "--timeout", "500ms")
	b.wantCode(r, 7)
	if got := r.of("progress")[0].Store.Regions; got != exact || got != b.truth(leaver.ID).Regions {
		t.Errorf("ebb counts %d regions, PD lists %d on the store, truly there are %d", got, exact, b.truth(leaver.ID).Regions)
	}
}

// Operators that were under way when a store died pin their regions until they
// time out, in minutes. Here they never end, because nobody obeys.
func TestDeadStoreWithPinnedRegionsIsReportedAsStalled(t *testing.T) {
	full(t)
	b := newBench(t, half)
	leaver := b.tikv()[0]
	r := b.start("scale-in", "-N", leaver.Address, "--wait", "--interval", "200ms", "--yes")
	r.await("progress", moved)
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	b.must(b.Fleet().StopStore(leaver.ID))
	// ebb calls it stalled after two minutes.
	stalled := r.awaitWithin(4*time.Minute, "event stalled", func(e event) bool { return e.Type == "stalled" })
	left := b.truth(leaver.ID).Regions
	if left == 0 || stalled.Store.Regions != left || stalled.Store.Phase != "leaving" {
		t.Errorf("stalled with %d regions left, truly %d: %s", stalled.Store.Regions, left, stalled.line)
	}
	if got := b.pdState(leaver.ID); got != "Offline" {
		t.Errorf("PD says %q", got)
	}
	b.must(b.Fleet().IgnoreOperators(store.Obedience{}))
	end := r.wait()
	b.wantCode(end, 0)
	if len(end.of("moving")) == 0 {
		t.Errorf("nothing says that it goes on: %s", end.out)
	}
	if got := b.pdState(leaver.ID); got != "Tombstone" {
		t.Errorf("PD says %q", got)
	}
	b.wantEmptied(leaver.ID)
}
