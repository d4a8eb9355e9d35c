package pdtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"

	"ebb/cluster"
)

func (pd *PD) regionRoutes() []route {
	return []route{
		{on: "GET /regions", handle: func(*request) reply { return pd.listRegions(pd.regions) }},
		{on: "GET /regions/key", query: []string{"key", "end_key", "limit"}, handle: pd.scanRegions},
		{on: "GET /regions/store/{id}", handle: pd.storeRegions},
		{on: "GET /regions/count", handle: func(*request) reply {
			return ok(map[string]any{"count": len(pd.regions), "regions": nil})
		}},
		{on: "GET /regions/check/{check}", handle: pd.checkRegions},
		{on: "GET /region/id/{id}", handle: pd.getRegion},
		{on: "GET /stats/region", query: []string{"start_key", "end_key", "count"}, handle: pd.getStats},
		{on: "POST /regions/accelerate-schedule", fields: []string{"start_key", "end_key"}, handle: func(*request) reply {
			return reply{status: http.StatusOK, raw: []byte("Accelerate regions scheduling in a given range")}
		}},
	}
}

// AddRegion registers a region, or replaces the one with its id. Regions are kept
// in the order of their keys; gaps and overlaps are the test's business.
func (pd *PD) AddRegion(r cluster.Region) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.dropRegion(r.ID)
	i := sort.Search(len(pd.regions), func(i int) bool {
		return bytes.Compare(pd.regions[i].StartKey, r.StartKey) > 0
	})
	pd.regions = slices.Insert(pd.regions, i, &r)
}

// AddRegions covers the key space with n regions of 96 MiB with ids from 1000 on.
// Region i has voters on three of the given stores, or on all if there are fewer,
// starting with store i modulo their number, which leads.
func (pd *PD) AddRegions(n int, stores ...cluster.StoreID) {
	list := make([]*cluster.Region, n)
	for i := range list {
		r := &cluster.Region{
			ID: cluster.RegionID(1000 + i), StartKey: regionKey(i), EndKey: regionKey((i + 1) % n),
			Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 10}, ApproximateSizeMiB: 96, ApproximateKeys: 960000,
		}
		for p := range min(3, len(stores)) {
			r.Peers = append(r.Peers, cluster.Peer{ID: uint64(1000000 + 3*i + p), StoreID: stores[(i+p)%len(stores)]})
		}
		r.Leader = r.Peers[0]
		list[i] = r
	}
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.regions = list
}

// regionKey is "t" and a number, nil for 0.
func regionKey(i int) []byte {
	if i == 0 {
		return nil
	}
	return append([]byte("t\x80\x00\x00\x00"), byte(i>>24), byte(i>>16), byte(i>>8), byte(i))
}

// EditRegion changes a registered region; its keys stay.
func (pd *PD) EditRegion(id cluster.RegionID, edit func(*cluster.Region)) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	edit(pd.region(id))
}

// DropRegion makes PD forget a region.
func (pd *PD) DropRegion(id cluster.RegionID) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.dropRegion(id)
}

func (pd *PD) dropRegion(id cluster.RegionID) {
	pd.regions = slices.DeleteFunc(pd.regions, func(r *cluster.Region) bool { return r.ID == id })
}

// Region returns a copy of a region.
func (pd *PD) Region(id cluster.RegionID) (cluster.Region, bool) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	r := pd.region(id)
	if r == nil {
		return cluster.Region{}, false
	}
	out := *r
	out.Peers = slices.Clone(r.Peers)
	return out, true
}

func (pd *PD) region(id cluster.RegionID) *cluster.Region {
	for _, r := range pd.regions {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func (pd *PD) listRegions(list []*cluster.Region) reply {
	wire := make([]any, len(list))
	for i, r := range list {
		wire[i] = pd.wireRegion(r)
	}
	data, err := json.Marshal(struct {
		Count   int   `json:"count"`
		Regions []any `json:"regions"`
	}{len(list), wire})
	if err != nil {
		return failed(http.StatusInternalServerError, "%v", err)
	}
	return reply{status: http.StatusOK, raw: data}
}

func (pd *PD) scanRegions(r *request) reply {
	query := r.URL.Query()
	limit := 16
	if s := query.Get("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			return failed(http.StatusBadRequest, "%v", err)
		}
		limit = min(n, 10240)
	}
	end := query.Get("end_key")
	if !pd.profile.honoursEndKey() {
		end = ""
	}
	var list []*cluster.Region
	for _, region := range pd.between(query.Get("key"), end) {
		if limit > 0 && len(list) == limit {
			break
		}
		list = append(list, region)
	}
	return pd.listRegions(list)
}

// between are the regions that overlap a key range.
func (pd *PD) between(start, end string) []*cluster.Region {
	var out []*cluster.Region
	for _, r := range pd.regions {
		if end != "" && string(r.StartKey) >= end {
			break
		}
		if len(r.EndKey) == 0 || string(r.EndKey) > start {
			out = append(out, r)
		}
	}
	return out
}

func (pd *PD) storeRegions(r *request) reply {
	id, isNumber := r.id()
	if !isNumber {
		return failed(http.StatusBadRequest, "invalid store id")
	}
	return pd.filterRegions(func(r *cluster.Region) bool { return r.PeerOn(cluster.StoreID(id)) != nil })
}

func (pd *PD) filterRegions(keep func(*cluster.Region) bool) reply {
	var list []*cluster.Region
	for _, r := range pd.regions {
		if keep(r) {
			list = append(list, r)
		}
	}
	return pd.listRegions(list)
}

// checkRegions is blind to regions without a leader, as PD is: it learns these
// things from heartbeats.
func (pd *PD) checkRegions(r *request) reply {
	want := pd.maxReplicas()
	tests := map[string]func(*cluster.Region) bool{
		"miss-peer":         func(r *cluster.Region) bool { return len(r.Peers) < want },
		"extra-peer":        func(r *cluster.Region) bool { return len(r.Peers) > want },
		"down-peer":         func(r *cluster.Region) bool { return len(r.Down) > 0 },
		"pending-peer":      func(r *cluster.Region) bool { return len(r.Pending) > 0 },
		"empty-region":      func(r *cluster.Region) bool { return r.ApproximateSizeMiB <= 1 },
		"offline-peer":      pd.onLeavingStore,
		"oversized-region":  func(r *cluster.Region) bool { return r.ApproximateSizeMiB > 144 },
		"undersized-region": func(r *cluster.Region) bool { return r.ApproximateSizeMiB <= 20 },
		"learner-peer": func(r *cluster.Region) bool {
			return slices.ContainsFunc(r.Peers, func(p cluster.Peer) bool { return p.Role == cluster.Learner })
		},
	}
	test, known := tests[r.PathValue("check")]
	since := map[string]Profile{"learner-peer": V5_0, "oversized-region": V6_1, "undersized-region": V6_1}
	if !known || pd.profile < since[r.PathValue("check")] {
		return reply{status: http.StatusNotFound, plain: "404 page not found"}
	}
	return pd.filterRegions(func(r *cluster.Region) bool { return r.HasLeader() && test(r) })
}

// onLeavingStore does not count stores that PD has no record of.
func (pd *PD) onLeavingStore(r *cluster.Region) bool {
	return slices.ContainsFunc(r.Peers, func(p cluster.Peer) bool {
		s, known := pd.stores[p.StoreID]
		return known && s.State == cluster.Offline
	})
}
