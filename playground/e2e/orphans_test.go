package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"ebb/playground/store"
)

// PD has no record of the stores with these ids.
const lost, lostToo, lostAlive = 997, 998, 999

// orphan is what ebb orphans says of one.
type orphan struct {
	Region  uint64 `json:"region_id"`
	Store   uint64 `json:"store_id"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// orphans runs ebb orphans.
func (b *bench) orphans(code int, args ...string) []orphan {
	b.Helper()
	r := b.runRaw(append([]string{"orphans", "-u", b.endpoints, "--jq", ".orphans[] | {region_id, store_id, verdict, reason}"}, args...)...)
	b.wantCode(r, code)
	var list []orphan
	for _, e := range r.events {
		var o orphan
		if err := json.Unmarshal([]byte(e.line), &o); err != nil {
			b.Fatalf("%v in %s", err, e.line)
		}
		list = append(list, o)
	}
	return list
}

// wound is a way to leave orphans behind in a region.
type wound struct {
	how    string
	stores []uint64 // that the orphans are on
	safe   bool     // to remove them, one after the other
	make   func(b *bench, region uint64)
}

func wounds() []wound {
	gone := func(at uint64) store.Orphan { return store.Orphan{Store: at, Replace: true} }
	more := func(at uint64) store.Orphan { return store.Orphan{Store: at} }
	give := func(list ...store.Orphan) func(b *bench, region uint64) {
		return func(b *bench, region uint64) { b.give(region, list...) }
	}
	return []wound{
		{"in the place of a voter", []uint64{lost}, true, give(gone(lost))},
		{"one voter more", []uint64{lost}, true, give(more(lost))},
		{"two voters more", []uint64{lost, lostToo}, true, give(more(lost), more(lostToo))},
		{"a learner", []uint64{lost}, true, give(store.Orphan{Store: lost, Learner: true})},
		{"a voter and a learner", []uint64{lost, lostToo}, true, give(gone(lost), store.Orphan{Store: lostToo, Learner: true})},
		{"votes still", []uint64{lostAlive}, true, give(store.Orphan{Store: lostAlive, Replace: true, Alive: true})},
		{"two of three", []uint64{lost, lostToo}, false, give(gone(lost), gone(lostToo))},
		{"two of four", []uint64{lost, lostToo}, false, give(gone(lost), more(lostToo))},
		// Its vote keeps the region up: TiKV would commit its removal, and the region
		// would be lost by it.
		{"votes still, with another that is down", []uint64{lostAlive}, false, func(b *bench, region uint64) {
			b.give(region, store.Orphan{Store: lostAlive, Replace: true, Alive: true})
			b.must(b.Fleet().DownPeer(region, b.follower(region)))
		}},
		{"with another that waits for a snapshot", []uint64{lost}, false, func(b *bench, region uint64) {
			b.give(region, more(lost))
			b.must(b.Fleet().PendingPeer(region, b.follower(region)))
		}},
		{"in a joint state", []uint64{lost}, false, func(b *bench, region uint64) {
			b.give(region, more(lost))
			b.must(b.Fleet().JointStuck(b.Context(), region))
		}},
	}
}

func (b *bench) give(region uint64, list ...store.Orphan) {
	b.Helper()
	for _, o := range list {
		o.Region = region
		_, err := b.Fleet().OrphanPeers(b.Context(), o)
		b.must(err)
	}
}

// region is the truth about one.
func (b *bench) region(id uint64) store.RegionState {
	b.Helper()
	list := b.Fleet().Regions(store.RegionFilter{ID: id})
	if len(list) != 1 {
		b.Fatalf("there are %d regions with id %d", len(list), id)
	}
	return list[0]
}

// follower is the store of a voter that is no orphan and does not lead.
func (b *bench) follower(region uint64) uint64 {
	b.Helper()
	r := b.region(region)
	i := slices.IndexFunc(r.Peers, func(p store.PeerState) bool {
		return !p.Orphan && p.Role == "Voter" && p.Store != r.LeaderStore
	})
	if i < 0 {
		b.Fatalf("region %d has no such follower: %+v", region, r.Peers)
	}
	return r.Peers[i].Store
}

// wounded is a region with orphans, as it was before ebb did anything.
type wounded struct {
	wound
	was store.RegionState
}

// inflict gives each wound to a few regions of its own and returns when PD knows
// them all as they are.
func (b *bench) inflict(list []wound) []wounded {
	b.Helper()
	const each = 3
	regions := b.Fleet().Regions(store.RegionFilter{})
	if len(regions) < 2*each*len(list) {
		b.Fatalf("%d regions are too few", len(regions))
	}
	var all []wounded
	for i, w := range list {
		for k := range each {
			id := regions[len(regions)/4+i*each+k].ID
			w.make(b, id)
			all = append(all, wounded{wound: w, was: b.region(id)})
		}
	}
	for i := range all {
		w := &all[i]
		b.await(fmt.Sprintf("PD knows region %d (%s)", w.was.ID, w.how), func() bool { return b.knows(w.was) })
	}
	return all
}

// knows reports whether PD has a region as it is, and knows of the voters that are
// not well. Orphans are none of them: TiKV calls those down much later.
func (b *bench) knows(is store.RegionState) bool {
	b.Helper()
	type peer struct {
		Store uint64 `json:"store_id"`
	}
	var r struct {
		Epoch struct {
			ConfVer uint64 `json:"conf_ver"`
			Version uint64 `json:"version"`
		} `json:"epoch"`
		Peers   []peer                `json:"peers"`
		Down    []struct{ Peer peer } `json:"down_peers"`
		Pending []peer                `json:"pending_peers"`
	}
	b.read(fmt.Sprintf("/region/id/%d", is.ID), &r)
	unwell := make(map[uint64]bool)
	for _, p := range r.Down {
		unwell[p.Peer.Store] = true
	}
	for _, p := range r.Pending {
		unwell[p.Store] = true
	}
	same := r.Epoch.ConfVer == is.ConfVer && r.Epoch.Version == is.Version && len(r.Peers) == len(is.Peers)
	return same && !slices.ContainsFunc(is.Peers, func(p store.PeerState) bool {
		return !p.Orphan && !p.Votes && p.Role != "Learner" && !unwell[p.Store]
	})
}

// epochOf is what a change of a region's peers or keys would change.
func epochOf(r store.RegionState) string {
	return fmt.Sprintf("%d peers, conf_ver %d, version %d", len(r.Peers), r.ConfVer, r.Version)
}

// wantVerdicts compares a list with what was inflicted: every orphan is there,
// none besides, and those that are not safe to remove are not called safe.
func (b *bench) wantVerdicts(list []orphan, all []wounded) {
	b.Helper()
	verdicts := make(map[[2]uint64]orphan)
	for _, o := range list {
		verdicts[[2]uint64{o.Region, o.Store}] = o
	}
	count := 0
	for _, w := range all {
		for _, s := range w.stores {
			count++
			o, ok := verdicts[[2]uint64{w.was.ID, s}]
			if !ok || (o.Verdict == "safe") != w.safe || o.Verdict == "wait" {
				b.Errorf("%s: region %d on store %d is found %v: %s (%s), want safe %v", w.how, w.was.ID, s, ok, o.Verdict, o.Reason, w.safe)
			}
		}
	}
	if len(list) != count || len(verdicts) != count {
		b.Errorf("%d orphans, want %d", len(list), count)
	}
}

// wantHealed compares the regions with what they were before the safe orphans
// were removed.
func (b *bench) wantHealed(all []wounded, before []store.RegionState) {
	b.Helper()
	for _, was := range before {
		if now := b.region(was.ID); was.Majority && !now.Majority {
			b.Errorf("region %d has lost its majority: %+v", was.ID, now.Peers)
		}
	}
	for _, w := range all {
		now := b.region(w.was.ID)
		switch {
		case !w.safe && epochOf(now) != epochOf(w.was):
			b.Errorf("%s: region %d was touched: %s, was %s", w.how, now.ID, epochOf(now), epochOf(w.was))
		case !w.safe:
		case slices.ContainsFunc(now.Peers, func(p store.PeerState) bool { return p.Orphan }):
			b.Errorf("%s: region %d still has an orphan: %+v", w.how, now.ID, now.Peers)
		case now.ConfVer != w.was.ConfVer+uint64(len(w.stores)) || len(now.Peers) != len(w.was.Peers)-len(w.stores):
			b.Errorf("%s: region %d: %s, was %s", w.how, now.ID, epochOf(now), epochOf(w.was))
		}
	}
}

// TestOrphans has PD schedule nothing, so that the regions stay as they are but
// for what ebb does. The number of regions is a multiple of 1000, over which PD's
// statistics of an open range never end.
func TestOrphans(t *testing.T) {
	const regions = 2000
	b := newBench(t, setup{regions: regions})
	if list := b.orphans(0); len(list) > 0 {
		t.Errorf("orphans in a cluster without any: %v", list)
	}
	b.config(map[string]any{"schedule.halt-scheduling": "true"})
	all := b.inflict(wounds())
	before := b.Fleet().Regions(store.RegionFilter{})
	if len(before) != regions {
		t.Fatalf("%d regions, want %d", len(before), regions)
	}
	b.wantVerdicts(b.orphans(3), all)
	b.wantVerdicts(b.orphans(3, "--full-scan"), all)
	if w := b.proxy.writes(); len(w) > 0 {
		t.Errorf("listing told PD: %v", w)
	}
	if !slices.ContainsFunc(b.proxy.made(http.MethodGet), func(c call) bool { return c.path == "/stats/region" }) {
		t.Error("nothing was asked of PD's statistics: the number of regions tests nothing")
	}

	b.wantCode(b.runRaw("orphans", "apply", "-u", b.endpoints, "--yes"), 8)
	b.wantHealed(all, before)
	left := slices.DeleteFunc(slices.Clone(all), func(w wounded) bool { return w.safe })
	b.wantVerdicts(b.orphans(3), left)
	b.wantCode(b.runRaw("orphans", "apply", "-u", b.endpoints, "--yes"), 3)
	b.wantHealed(all, before)
}

// TestOrphansBesideADeadStore has a store die after its record was heard of: the
// regions that it has a voter of are a voter short, and some have it for leader.
func TestOrphansBesideADeadStore(t *testing.T) {
	full(t)
	b := newBench(t, setup{})
	b.config(map[string]any{"schedule.halt-scheduling": "true"})
	all := b.inflict(slices.Repeat(wounds()[:2], 6))
	dead := b.tikv()[0].ID
	b.must(b.Fleet().StopStore(dead))
	b.await("PD misses the store", func() bool { return b.pdState(dead) == "Disconnected" })
	safe, led := 0, 0
	for i := range all {
		w := &all[i]
		if slices.ContainsFunc(w.was.Peers, func(p store.PeerState) bool { return p.Store == dead }) {
			w.safe = false
		} else {
			safe++
		}
		if w.was.LeaderStore == dead {
			led++
		}
	}
	if safe == 0 || safe == len(all) || led == 0 {
		t.Fatalf("%d of %d orphans are safe, the dead store led %d", safe, len(all), led)
	}
	before := b.Fleet().Regions(store.RegionFilter{})
	b.wantVerdicts(b.orphans(3), all)
	b.wantCode(b.runRaw("orphans", "apply", "-u", b.endpoints, "--yes"), 8)
	b.wantHealed(all, before)
}
