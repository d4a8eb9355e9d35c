package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"ebb/playground/store"
)

// verdict is what ebb check says, by the names that scripts rely on.
type verdict struct {
	Leave struct {
		Answer   string    `json:"answer"`
		Findings []finding `json:"findings"`
		Budget   struct {
			Dimensions []struct {
				Name          string `json:"dimension"`
				Before, After struct {
					Any     string `json:"any_one_may_be_lost"`
					Domains int    `json:"domains"`
				}
			} `json:"dimensions"`
		} `json:"failure_budget"`
		Receivers []struct {
			ID uint64 `json:"store_id"`
		} `json:"receivers"`
	} `json:"leave"`
	Loss struct {
		Answer string `json:"answer"`
		Losses struct {
			Regions int `json:"regions"`
			Lost    int `json:"would_be_lost"`
			Last    struct {
				Count int `json:"count"`
			} `json:"last_tiflash"`
		} `json:"losses"`
	} `json:"loss"`
}

// check asks about stores, and shows that nothing was changed by asking.
func (b *bench) check(code int, args ...string) verdict {
	b.Helper()
	sent := len(b.proxy.writes())
	r := b.run("check", args...)
	b.wantCode(r, code)
	if writes := b.proxy.writes()[sent:]; len(writes) > 0 {
		b.Errorf("check wrote: %v", writes)
	}
	var v verdict
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		b.Fatalf("check printed no document: %v\n%s", err, r.out)
	}
	return v
}

// refusedBy are the checks that refused.
func (v *verdict) refusedBy() []string {
	var names []string
	for _, f := range v.Leave.Findings {
		if f.Result == "refused" && !slices.Contains(names, f.Check) {
			names = append(names, f.Check)
		}
	}
	return names
}

// wantHang shows that ebb says no where PD itself says yes and then never ends:
// after the delete something stays on the store while nothing more is moved.
func (b *bench) wantHang(refusedBy string, leaver store.StoreState, args ...string) {
	b.Helper()
	v := b.check(3, append(args, "-N", leaver.Address)...)
	if got := v.refusedBy(); v.Leave.Answer != "no" || !slices.Contains(got, refusedBy) {
		b.Errorf("answer %q, refused by %v, want %s: %+v", v.Leave.Answer, got, refusedBy, v.Leave.Findings)
	}
	if status, body := b.ask(http.MethodDelete, fmt.Sprintf("/store/%d", leaver.ID), nil); status != http.StatusOK {
		b.Fatalf("PD refuses as well: %d %s", status, body)
	}
	defer b.tell(http.MethodPost, fmt.Sprintf("/store/%d/state?state=Up", leaver.ID), nil)
	// Whatever can be moved is gone long before: draining a whole store takes as
	// long.
	b.wantCode(b.run("watch", "-N", leaver.Address, "--interval", "200ms", "--timeout", "10s"), 7)
	if b.regionsOn(leaver.ID) == 0 {
		b.Errorf("PD has emptied store %d after all", leaver.ID)
	}
}

func TestCheckSaysNoWherePDWouldHang(t *testing.T) {
	full(t)
	b := newBench(t, setup{tikv: 5, tiflash: 1, zones: 3}) // zones z1 z2 z3 z1 z2
	tikv, flash := b.tikv(), b.tiflash()[0]

	t.Run("the only TiFlash", func(t *testing.T) {
		b.in(t).wantHang("tiflash-replicas", flash)
	})
	t.Run("a rule with a label constraint", func(t *testing.T) {
		b := b.in(t)
		r := b.Fleet().Regions(store.RegionFilter{})[20]
		b.withRule(map[string]any{
			"group_id": "e2e", "id": "z3", "role": "learner", "count": 1, "start_key": r.StartKey, "end_key": r.EndKey,
			"label_constraints": []any{map[string]any{"key": "zone", "op": "in", "values": []string{"z3"}}},
		}, func(store.RegionState) { b.wantHang("placement", tikv[2]) })
	})
	// PD finds no place for the only peer of a rule with an isolation level, wherever
	// there is room: only the way of the peers themselves shows it.
	t.Run("the only peer of an isolated rule", func(t *testing.T) {
		b := b.in(t)
		r := b.Fleet().Regions(store.RegionFilter{})[20]
		b.withRule(map[string]any{
			"group_id": "e2e", "id": "one", "role": "learner", "count": 1, "start_key": r.StartKey, "end_key": r.EndKey,
			"location_labels": []string{"zone"}, "isolation_level": "zone",
			"label_constraints": []any{map[string]any{"key": "zone", "op": "in", "values": []string{"z1", "z2", "z3"}}},
		}, func(region store.RegionState) {
			for _, p := range region.Peers {
				if p.Role == "Learner" {
					b.wantHang("relocation", b.truth(p.Store))
					return
				}
			}
			b.Errorf("region %d has no learner", region.ID)
		})
	})
	t.Run("the only store of a zone", func(t *testing.T) {
		b := b.in(t)
		b.config(map[string]any{"replication.isolation-level": "zone"})
		defer b.config(map[string]any{"replication.isolation-level": ""})
		b.await("every region has a peer in each zone", func() bool { return b.truth(tikv[2].ID).Regions == len(b.Fleet().Regions(store.RegionFilter{})) })
		b.wantHang("placement", tikv[2])
		if v := b.check(3, "--zone", "zone=z3"); v.Leave.Answer != "no" {
			t.Errorf("the whole zone: %+v", v.Leave)
		}
	})
	// Where check says yes, the drain ends, and the cluster bears what was foretold.
	t.Run("a store that may leave", func(t *testing.T) {
		b := b.in(t)
		v := b.check(0, "-N", tikv[0].Address)
		if v.Leave.Answer != "yes" || len(v.Leave.Receivers) != 4 {
			t.Errorf("answer %+v", v.Leave)
		}
		b.wantCode(b.run("scale-in", "-N", tikv[0].Address, "--wait", "--interval", "200ms", "--yes"), 0)
		b.wantEmptied(tikv[0].ID)
	})
}

// withRule sets a rule for one region until use has returned, which gets the region
// as it is when PD has placed what the rule asks for.
func (b *bench) withRule(rule map[string]any, use func(store.RegionState)) {
	b.Helper()
	b.tell(http.MethodPost, "/config/rule", rule)
	defer b.tell(http.MethodDelete, fmt.Sprintf("/config/rule/%s/%s", rule["group_id"], rule["id"]), nil)
	var placed store.RegionState
	b.await("PD meets the rule", func() bool {
		for _, r := range b.Fleet().Regions(store.RegionFilter{}) {
			if r.StartKey == rule["start_key"] {
				learners := 0
				for _, p := range r.Peers {
					if p.Role == "Learner" && !p.Pending && b.truth(p.Store).Engine != store.TiFlash {
						learners++
					}
				}
				placed = r
				return learners == 1 && !r.Joint
			}
		}
		return false
	})
	use(placed)
}

// A dead store is up for PD for as long as nobody deletes it.
func TestCheckDoesNotCountTheDead(t *testing.T) {
	full(t)
	b := newBench(t, setup{tikv: 4})
	tikv := b.tikv()
	b.must(b.Fleet().StopStore(tikv[3].ID))
	b.await("PD calls the dead store Disconnected", func() bool { return b.pdState(tikv[3].ID) == "Disconnected" })
	b.wantHang("placement", tikv[0])
}

// What would be lost is counted by the truth about the regions.
func TestCheckForetellsALoss(t *testing.T) {
	b := newBench(t, setup{tikv: 5, tiflash: 1})
	tikv := b.tikv()
	gone := map[uint64]bool{tikv[1].ID: true, tikv[2].ID: true, b.tiflash()[0].ID: true}
	with, lost, flash := 0, 0, 0
	for _, r := range b.Fleet().Regions(store.RegionFilter{}) {
		voters, voting, touched := 0, 0, false
		for _, p := range r.Peers {
			touched = touched || gone[p.Store]
			if p.Role == "Learner" {
				flash++
				continue
			}
			voters++
			if !gone[p.Store] {
				voting++
			}
		}
		if touched {
			with++
		}
		if 2*voting <= voters {
			lost++
		}
	}
	if lost == 0 || flash == 0 {
		t.Fatal("no region would be lost: the test would show nothing")
	}
	v := b.check(3, "--lost", "-N", fmt.Sprintf("%s,%s,%s", tikv[1].Address, tikv[2].Address, b.tiflash()[0].Address))
	if got := v.Loss.Losses; v.Loss.Answer != "no" || got.Regions != with || got.Lost != lost || got.Last.Count != flash {
		t.Errorf("loss %+v, want %d of %d regions, and %d without TiFlash", v.Loss, lost, with, flash)
	}
	if v := b.check(0, "--lost", "-N", tikv[1].Address); v.Loss.Answer != "yes" {
		t.Errorf("one store: %+v", v.Loss)
	}
}
