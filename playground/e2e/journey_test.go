package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"ebb/playground/store"
)

// displayed is the document of ebb display.
type displayed struct {
	Nodes []struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		Offline bool   `json:"offline"`
		Store   *struct {
			ID      uint64 `json:"id"`
			Leaving *struct {
				Fraction *float64 `json:"fraction"`
			} `json:"leaving"`
		} `json:"store"`
	} `json:"nodes"`
}

func (b *bench) display() displayed {
	b.Helper()
	r := b.run("display")
	b.wantCode(r, 0)
	var d displayed
	b.must(json.Unmarshal([]byte(r.out), &d))
	return d
}

// statusOf is the status that display gives a node.
func (d *displayed) statusOf(id string) string {
	for _, n := range d.Nodes {
		if n.ID == id {
			return n.Status
		}
	}
	return "not listed"
}

// TestWholeJourney goes through every verb and looks at what was sent on the way;
// the proxy itself fails it over requests that must never be sent.
func TestWholeJourney(t *testing.T) {
	b := newBench(t, setup{tikv: 5, tiflash: 1})
	leaver := b.tikv()[0]
	path := fmt.Sprintf("/store/%d", leaver.ID)
	deletes := func() []call { return b.proxy.made(http.MethodDelete) }

	if d := b.display(); d.statusOf(leaver.Address) != "Up" {
		t.Errorf("display: %s", d.statusOf(leaver.Address))
	}
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--evict-leader", "--dry-run"), 0)
	if writes := b.proxy.writes(); len(writes) > 0 {
		t.Fatalf("the dry run wrote: %v", writes)
	}
	// Nobody obeys, so that the store stays Offline for as long as we look at it.
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--evict-leader", "--yes"), 0)
	if sent := deletes(); len(sent) != 1 || sent[0].path != path || sent[0].rawQuery != "" {
		t.Fatalf("deletes: %v", sent)
	}
	if d := b.display(); !strings.Contains(d.statusOf(leaver.Address), "Offline") {
		t.Errorf("display: %s", d.statusOf(leaver.Address))
	}
	b.wantCode(b.run("watch", "--interval", "200ms", "--timeout", "1s"), 7)

	t.Run("a second scale-in says already", func(t *testing.T) {
		b := b.in(t)
		// PD itself would answer 200 once more.
		b.tell(http.MethodDelete, path, nil)
		r := b.run("scale-in", "-N", leaver.Address, "--evict-leader", "--yes")
		b.wantCode(r, 0)
		if len(deletes()) != 1 || len(r.of("step")) != 0 {
			t.Errorf("something was done again: %v\n%s", deletes(), r.out)
		}
		for _, s := range r.events[0].Plan.Steps {
			if !s.Done {
				t.Errorf("step %s is not already done", s.Kind)
			}
		}
		text := b.runRaw("scale-in", "-t", b.Topology(), "-u", b.endpoints, "-N", leaver.Address, "--yes")
		b.wantCode(text, 0)
		if !strings.Contains(text.out+text.errs, "already") {
			t.Errorf("nothing says already:\n%s%s", text.out, text.errs)
		}
	})

	b.wantCode(b.run("cancel-offline", "-N", leaver.Address, "--yes"), 0)
	b.must(b.Fleet().IgnoreOperators(store.Obedience{}))
	b.wantCode(b.run("scale-in", "-N", leaver.Address, "--evict-leader", "--wait", "--interval", "200ms", "--yes"), 0)
	b.wantEmptied(leaver.ID)

	t.Run("Tombstone is hidden and Up unsaid", func(t *testing.T) { b.in(t).hiddenStates(leaver) })
	for _, verb := range []string{"scale-in", "cancel-offline"} {
		r := b.run(verb, "-N", leaver.Address, "--yes")
		b.wantCode(r, 3)
		if _, refused := r.refusals()["store-state"]; !refused {
			t.Errorf("%s of a Tombstone: %v", verb, r.refusals())
		}
	}
	stores := slices.DeleteFunc(deletes(), func(c call) bool { return !strings.HasPrefix(c.path, "/store/") })
	if len(stores) != 2 {
		t.Errorf("%d deletes of stores, want one for each leaving: %v", len(stores), stores)
	}
	for _, c := range b.proxy.made("") {
		if strings.HasPrefix(c.path, "/regions/check/") || c.path == "/regions" {
			t.Errorf("%s: PD's statistics undercount, and the dump of all regions is too large", c)
		}
	}
}

// hiddenStates shows two habits of PD that hide stores, and that ebb knows them.
func (b *bench) hiddenStates(tombstone store.StoreState) {
	b.Helper()
	_, usual := b.ask(http.MethodGet, "/stores", nil)
	if strings.Contains(usual, `"Tombstone"`) {
		b.Error("PD lists the Tombstone by default: the test shows nothing")
	}
	for id, s := range b.stores() {
		if omitted := s.Store.State == nil; omitted != (id != tombstone.ID) {
			b.Errorf("PD has state %v for store %d: the test shows nothing", s.Store.State, id)
		}
	}
	d := b.display()
	for _, n := range d.Nodes {
		if n.Store == nil {
			continue
		}
		want := "Up"
		if n.Store.ID == tombstone.ID {
			want = "Tombstone"
		}
		if n.Status != want {
			b.Errorf("display says %q of store %d, want %q", n.Status, n.Store.ID, want)
		}
	}
}
