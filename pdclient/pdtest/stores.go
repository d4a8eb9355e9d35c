package pdtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"ebb/cluster"
)

// store is what PD keeps of one store. Its counts of regions and leaders are
// those of the registered regions on top of the numbers in Store.
type store struct {
	cluster.Store
	// silentSince is when its heartbeats stopped; zero while they come.
	silentSince time.Time
	neverBeat   bool
}

// AddStores registers TiKV stores that are Up and heartbeat, with some space,
// at 10.0.1.<id>:20160, with limits of 15 a minute.
func (pd *PD) AddStores(ids ...cluster.StoreID) {
	for _, id := range ids {
		pd.SetStore(cluster.Store{
			ID: id, Address: fmt.Sprintf("10.0.1.%d:20160", id), StatusAddress: fmt.Sprintf("10.0.1.%d:20180", id),
			NodeState: cluster.Serving, Version: pd.profile.clusterVersion(),
			Capacity: cluster.Size{Bytes: 2 << 40}, Available: cluster.Size{Bytes: 1 << 40}, Used: cluster.Size{Bytes: 1 << 40},
		})
	}
}

// SetStore registers a store or replaces it. A zero LastHeartbeat means that it
// sends heartbeats; StateName is worked out. A new store gets limits of 15 a
// minute, TiFlash 30.
func (pd *PD) SetStore(s cluster.Store) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	if s.Address == "" {
		s.Address = fmt.Sprintf("10.0.1.%d:20160", s.ID)
	}
	if s.StartTime.IsZero() {
		s.StartTime = pd.now().Add(-time.Hour)
	}
	pd.stores[s.ID] = &store{Store: s, silentSince: s.LastHeartbeat}
	if _, known := pd.limits[s.ID]; !known && s.State != cluster.Tombstone {
		rate := 15.0
		if s.Engine() == cluster.TiFlash {
			rate = 30
		}
		pd.limits[s.ID] = cluster.StoreLimit{AddPeer: rate, RemovePeer: rate}
	}
}

// EditStore changes a registered store.
func (pd *PD) EditStore(id cluster.StoreID, edit func(*cluster.Store)) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	edit(&pd.mustStore(id).Store)
}

// DropStore makes PD forget a store; its peers stay.
func (pd *PD) DropStore(id cluster.StoreID) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	delete(pd.stores, id)
	delete(pd.limits, id)
}

// Silence stops the heartbeats of a store, so that the last one was age ago.
func (pd *PD) Silence(id cluster.StoreID, age time.Duration) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.mustStore(id).silentSince = pd.now().Add(-age)
}

// NeverBeat makes a store one that has not sent a heartbeat to this leader.
func (pd *PD) NeverBeat(id cluster.StoreID) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.mustStore(id).neverBeat = true
}

// Revive lets a store send heartbeats again.
func (pd *PD) Revive(id cluster.StoreID) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	s := pd.mustStore(id)
	s.silentSince, s.neverBeat = time.Time{}, false
}

// Store returns what PD would report of a store.
func (pd *PD) Store(id cluster.StoreID) (cluster.Store, bool) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	s, ok := pd.stores[id]
	if !ok {
		return cluster.Store{}, false
	}
	out := s.Store
	out.StateName = pd.stateName(s)
	out.LastHeartbeat = pd.lastHeartbeat(s)
	out.RegionCount, out.LeaderCount, out.RegionSizeMiB = pd.counts(s)
	return out, true
}

func (pd *PD) lastHeartbeat(s *store) time.Time {
	switch {
	case s.neverBeat:
		return time.Time{}
	case s.silentSince.IsZero():
		return pd.now().Add(-time.Second)
	}
	return s.silentSince
}

// stateName computes Disconnected and Down for Up stores only.
func (pd *PD) stateName(s *store) string {
	if s.State != cluster.Up {
		return s.State.String()
	}
	switch age := pd.now().Sub(pd.lastHeartbeat(s)); {
	case age > 30*time.Minute:
		return cluster.StateDown
	case age > cluster.DisconnectedAfter:
		return cluster.StateDisconnected
	}
	return cluster.StateUp
}

// counts adds the registered regions to the numbers of the store.
func (pd *PD) counts(s *store) (regions, leaders int, size int64) {
	regions, leaders, size = s.RegionCount, s.LeaderCount, s.RegionSizeMiB
	for _, r := range pd.regions {
		if r.PeerOn(s.ID) != nil {
			regions++
			size += r.ApproximateSizeMiB
		}
		if r.Leader.StoreID == s.ID {
			leaders++
		}
	}
	return regions, leaders, size
}

func (pd *PD) storeRoutes() []route {
	return []route{
		{on: "GET /stores", query: []string{"state"}, handle: pd.getStores},
		{on: "GET /store/{id}", handle: pd.getStore},
		{on: "DELETE /store/{id}", query: []string{"force"}, handle: pd.deleteStore},
		{on: "POST /store/{id}/state", query: []string{"state"}, handle: pd.setStoreState},
		{on: "DELETE /stores/remove-tombstone", handle: pd.removeTombstones},
		{on: "GET /stores/progress", query: []string{"id", "action"}, absent: !pd.profile.hasProgress(), handle: pd.getProgress},
	}
}

func (pd *PD) getStores(r *request) reply {
	accept := map[cluster.StoreState]bool{cluster.Up: true, cluster.Offline: true}
	if states, given := r.URL.Query()["state"]; given {
		clear(accept)
		for _, s := range states {
			n, err := strconv.Atoi(s)
			if err != nil || n < 0 || n > 2 {
				return failed(http.StatusInternalServerError, "unknown StoreState: %v", s)
			}
			accept[cluster.StoreState(n)] = true
		}
	}
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(pd.stores)) {
		if s := pd.stores[id]; accept[s.State] {
			list = append(list, pd.wireStore(s))
		}
	}
	return ok(map[string]any{"count": len(list), "stores": list})
}

func (pd *PD) getStore(r *request) reply {
	id, isNumber := r.id()
	if !isNumber {
		return invalid("strconv.ParseUint: parsing %q: invalid syntax", r.PathValue("id"))
	}
	s, known := pd.stores[cluster.StoreID(id)]
	if !known {
		return pd.storeNotFound(id)
	}
	return ok(pd.wireStore(s))
}

func (pd *PD) storeNotFound(id uint64) reply {
	if pd.profile < V5_0 {
		return failed(http.StatusInternalServerError, "store %d not found", id)
	}
	return failed(http.StatusNotFound, "[PD:core:ErrStoreNotFound]store %d not found", id)
}
