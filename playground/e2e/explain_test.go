package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"ebb/playground/store"
)

// leftover is what ebb explain --leftover says, by the names that scripts rely on.
type leftover struct {
	Stores []struct {
		ID      uint64 `json:"store_id"`
		Regions int    `json:"regions"`
		Classes []struct {
			Class   string `json:"class"`
			Blocks  string `json:"blocks"`
			Count   int    `json:"count"`
			Regions []struct {
				ID   uint64 `json:"region_id"`
				Step struct {
					Operator string `json:"operator"`
					Removes  uint64 `json:"removes_store_id"`
				} `json:"step"`
				Candidates []struct {
					Store    uint64 `json:"store_id"`
					Eligible string `json:"eligible"`
				} `json:"candidates"`
			} `json:"regions"`
		} `json:"classes"`
	} `json:"stores"`
}

// leftovers explains every region of the stores that leave.
func (b *bench) leftovers(code int) leftover {
	b.Helper()
	r := b.runRaw("explain", "-u", b.endpoints, "--leftover", "--each", "1000", "--jq", ".")
	b.wantCode(r, code)
	var l leftover
	if err := json.Unmarshal([]byte(r.out), &l); err != nil {
		b.Fatalf("%v\n%s", err, r.out)
	}
	return l
}

// foretold is what explain says PD does to a region: which peer goes, and where to.
type foretold struct {
	removes uint64
	places  []uint64 // that explain does not exclude
}

// foretells is what explain says of each region in a class.
func (l *leftover) foretells(class string) map[uint64]foretold {
	all := make(map[uint64]foretold)
	for _, s := range l.Stores {
		for _, c := range s.Classes {
			for _, r := range c.Regions {
				if c.Class != class {
					continue
				}
				f := foretold{removes: r.Step.Removes}
				for _, candidate := range r.Candidates {
					if candidate.Eligible != "no" {
						f.places = append(f.places, candidate.Store)
					}
				}
				all[r.ID] = f
			}
		}
	}
	return all
}

// isolate makes PD keep the peers of a region in different zones.
func (b *bench) isolate() {
	b.Helper()
	b.tell(http.MethodPost, "/config/rule", map[string]any{
		"group_id": "pd", "id": "default", "role": "voter", "count": 3,
		"location_labels": []string{"zone", "host"}, "isolation_level": "zone",
	})
}

func (b *bench) leave(stores ...store.StoreState) {
	b.Helper()
	for i := range stores {
		b.tell(http.MethodDelete, fmt.Sprintf("/store/%d", stores[i].ID), nil)
	}
}

// peersOf are the stores of each region's peers.
func (b *bench) peersOf() map[uint64][]uint64 {
	b.Helper()
	var list struct {
		Regions []struct {
			ID    uint64 `json:"id"`
			Peers []struct {
				Store uint64 `json:"store_id"`
			} `json:"peers"`
		} `json:"regions"`
	}
	b.read("/regions", &list)
	peers := make(map[uint64][]uint64)
	for _, r := range list.Regions {
		for _, p := range r.Peers {
			peers[r.ID] = append(peers[r.ID], p.Store)
		}
	}
	return peers
}

// What explain calls eligible while PD is halted is where PD goes once it is not,
// and what explain calls without target stays where it is. Of three zones one
// leaves as a whole, and of another a half stays. A region of both only moves out
// of the second one if that peer comes first: PD does not get past a peer without
// target.
func TestExplainForetellsWhatPDDoes(t *testing.T) {
	b := newBench(t, setup{tikv: 6, zones: 3})
	b.config(map[string]any{"schedule.halt-scheduling": "true"})
	b.isolate()
	zones := make(map[string][]store.StoreState)
	for _, s := range b.tikv() {
		zones[s.Labels["zone"]] = append(zones[s.Labels["zone"]], s)
	}
	names := slices.Sorted(maps.Keys(zones))
	shut, half := zones[names[0]], zones[names[1]]
	leaver, sibling := half[0], half[1]
	b.leave(shut[0], shut[1], leaver)

	before := b.peersOf()
	l := b.leftovers(3)
	all := l.foretells("paused")
	moves := 0
	for region, f := range all {
		switch {
		case len(f.places) == 0:
		case f.removes != leaver.ID || !slices.Equal(f.places, []uint64{sibling.ID}):
			t.Errorf("region %d on %v: explain lets stores %v pass for the peer on %d; only %d has a place left, and only for %d", region, before[region], f.places, f.removes, sibling.ID, leaver.ID)
		default:
			moves++
		}
	}
	if moves == 0 || moves == len(all) {
		t.Fatalf("%d of %d regions are to move: the test shows nothing", moves, len(all))
	}

	b.config(map[string]any{"schedule.halt-scheduling": "false"})
	b.await("the regions to move", func() bool {
		now := b.peersOf()
		for region, f := range all {
			if len(f.places) > 0 && slices.Contains(now[region], f.removes) {
				return false
			}
		}
		return true
	})
	after := b.peersOf()
	for region, f := range all {
		switch {
		case len(f.places) > 0 && !slices.Contains(after[region], f.places[0]):
			t.Errorf("region %d is on stores %v, not on %d as explain foretold", region, after[region], f.places[0])
		case len(f.places) == 0 && !slices.Equal(slices.Sorted(slices.Values(after[region])), slices.Sorted(slices.Values(before[region]))):
			t.Errorf("region %d moved from stores %v to %v; explain saw no target", region, before[region], after[region])
		}
	}
	l = b.leftovers(3)
	for _, s := range l.Stores {
		if left := b.regionsOn(s.ID); s.Regions != left || left > 0 && (len(s.Classes) != 1 || s.Classes[0].Class != "no-target") {
			t.Errorf("store %d with %d regions: %+v", s.ID, left, s.Classes)
		}
	}
	t.Logf("%d regions moved as foretold, %d stayed", moves, len(all)-moves)
}

// One region, as a person asks for it; PD's own fit is the same as ours.
func TestExplainOneRegion(t *testing.T) {
	b := newBench(t, setup{tikv: 4, tiflash: 1})
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	leaver := b.tikv()[0]
	b.leave(leaver)
	for region, peers := range b.peersOf() {
		if !slices.Contains(peers, leaver.ID) {
			continue
		}
		r := b.runRaw("explain", "-u", b.endpoints, fmt.Sprint(region), "--jq", ".")
		b.wantCode(r, 0)
		var doc struct {
			Explanations []struct {
				Class string `json:"class"`
			} `json:"explanations"`
			Fit         *json.RawMessage `json:"pd_fit"`
			Differences []string         `json:"differences"`
			Notes       []string         `json:"notes"`
		}
		b.must(json.Unmarshal([]byte(r.out), &doc))
		if len(doc.Explanations) != 1 || !slices.Contains([]string{"waiting", "moving"}, doc.Explanations[0].Class) {
			t.Errorf("region %d: %+v", region, doc.Explanations)
		}
		if doc.Fit == nil || len(doc.Differences)+len(doc.Notes) > 0 {
			t.Errorf("region %d: PD's fit %v, differences %q, notes %q", region, doc.Fit, doc.Differences, doc.Notes)
		}
		return
	}
	t.Fatal("no region on the store")
}
