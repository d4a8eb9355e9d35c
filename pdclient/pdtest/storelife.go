package pdtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"ebb/cluster"
)

func (pd *PD) deleteStore(r *request) reply {
	n, isNumber := r.id()
	if !isNumber {
		return invalid("strconv.ParseUint: parsing %q: invalid syntax", r.PathValue("id"))
	}
	id := cluster.StoreID(n)
	_, force := r.URL.Query()["force"]
	s, known := pd.stores[id]
	switch {
	case !known:
		return failed(http.StatusNotFound, "[PD:core:ErrStoreNotFound]store %d not found", id)
	case s.State == cluster.Tombstone:
		return failed(http.StatusGone, "[PD:core:ErrStoreRemoved]store %d has been removed", id)
	case force && !pd.profile.hasPhysicallyDestroyed():
		s.State = cluster.Tombstone // 4.0, whatever is on it
		delete(pd.limits, id)
		return pd.done("The store is set as Tombstone.")
	case s.State == cluster.Offline && s.PhysicallyDestroyed == force:
		return pd.done("The store is set as Offline.")
	case s.PhysicallyDestroyed:
		return failed(http.StatusBadRequest, "[PD:core:ErrStoreDestroyed]store %d has been physically destroyed", id)
	case !force && pd.profile.checksStoreCount() && s.State == cluster.Up:
		if refusal := pd.refuseOffline(id); refusal != nil {
			return *refusal
		}
	}
	s.State = cluster.Offline
	s.PhysicallyDestroyed = force
	pd.goOffline(id)
	return pd.done("The store is set as Offline.")
}

// goOffline lifts the remove-peer limit and starts a progress, which for a while
// claims to be about something else.
func (pd *PD) goOffline(id cluster.StoreID) {
	limit := pd.limits[id]
	if _, saved := pd.previous[id]; !saved && pd.profile.remembersLimits() {
		pd.previous[id] = limit.RemovePeer
	}
	limit.RemovePeer = cluster.LimitUnlimited
	pd.limits[id] = limit
	if pd.profile.hasProgress() {
		_, _, size := pd.counts(pd.stores[id])
		pd.progress[id] = &progress{action: "preparing", fraction: 1.1027777777777779, total: size}
	}
}

// refuseOffline is PD's own check (6.1 and later): stores by state, however dead.
func (pd *PD) refuseOffline(id cluster.StoreID) *reply {
	up, leaders := 0, 0
	for other, s := range pd.stores {
		if other == id || s.State != cluster.Up || s.Engine() != cluster.TiKV && !pd.profile.countsTiFlashAsUp() {
			continue
		}
		up++
		if !pd.evicting[other] {
			leaders++
		}
	}
	need := pd.maxReplicas()
	var r reply
	switch {
	case up < need:
		r = failed(http.StatusBadRequest, "[PD:core:ErrStoresNotEnough]can not remove store %d since the number of up stores would be %d while need %d", id, up, need)
	case leaders == 0:
		r = failed(http.StatusBadRequest, "[PD:core:ErrNoStoreForRegionLeader]can not remove store %d since there are no extra up store to store the leader", id)
	default:
		return nil
	}
	return &r
}

func (pd *PD) setStoreState(r *request) reply {
	n, isNumber := r.id()
	if !isNumber {
		return invalid("strconv.ParseUint: parsing %q: invalid syntax", r.PathValue("id"))
	}
	id := cluster.StoreID(n)
	s, known := pd.stores[id]
	want := r.URL.Query().Get("state")
	up := want == "Up" || pd.profile > V4_0_16 && strings.EqualFold(want, "up")
	switch {
	case !up:
		return failed(http.StatusBadRequest, "invalid state %v", want)
	case !known:
		return pd.storeNotFound(n)
	case s.State == cluster.Tombstone:
		return failed(http.StatusGone, "[PD:core:ErrStoreRemoved]store %d has been removed", id)
	case s.PhysicallyDestroyed:
		return failed(http.StatusBadRequest, "[PD:core:ErrStoreDestroyed]store %d has been physically destroyed", id)
	}
	s.State = cluster.Up
	if rate, remembered := pd.previous[id]; remembered {
		limit := pd.limits[id]
		limit.RemovePeer = rate
		pd.limits[id] = limit
		delete(pd.previous, id)
	}
	delete(pd.progress, id)
	return pd.done("The store's state is updated.")
}

func (pd *PD) removeTombstones(*request) reply {
	var kept []string
	for _, id := range slices.Sorted(maps.Keys(pd.stores)) {
		s := pd.stores[id]
		if s.State != cluster.Tombstone {
			continue
		}
		if regions, _, _ := pd.counts(s); regions > 0 {
			kept = append(kept, id.String())
			continue
		}
		delete(pd.stores, id)
		delete(pd.limits, id)
	}
	if len(kept) > 0 && pd.profile.failsKeptTombstones() {
		return failed(http.StatusInternalServerError, "failed stores: %s", strings.Join(kept, ", "))
	}
	return pd.done("Remove tombstone successfully.")
}

// Bury is PD's ten-second job: Offline stores without regions become Tombstone
// and lose their limits. From 9.0 on PD goes by the size of the regions, which is
// 0 for regions that have not been heard of since a restart. It returns the
// stores that were buried.
func (pd *PD) Bury() []cluster.StoreID {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	var buried []cluster.StoreID
	for _, id := range slices.Sorted(maps.Keys(pd.stores)) {
		s := pd.stores[id]
		regions, _, size := pd.counts(s)
		if s.State != cluster.Offline || !pd.profile.buriesBySize() && regions > 0 || pd.profile.buriesBySize() && size > 0 {
			continue
		}
		s.State = cluster.Tombstone
		delete(pd.limits, id)
		delete(pd.previous, id)
		delete(pd.progress, id)
		buried = append(buried, id)
	}
	return buried
}

// MoveRegions takes up to n peers off a store: each goes to the Up store with the
// fewest regions that has none of its region yet. Without registered regions the
// store's own count goes down. It returns how many it moved.
func (pd *PD) MoveRegions(id cluster.StoreID, n int) int {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	moved := 0
	for _, r := range pd.regions {
		if moved == n {
			return moved
		}
		p := r.PeerOn(id)
		if p == nil {
			continue
		}
		target, found := pd.emptiestStore(r)
		if !found {
			continue
		}
		if r.Leader.StoreID == id {
			r.Leader.StoreID = target
		}
		p.StoreID = target
		r.Epoch.ConfVer += 2
		moved++
	}
	s := pd.mustStore(id)
	if left := min(n-moved, s.RegionCount); left > 0 {
		s.RegionSizeMiB -= s.RegionSizeMiB * int64(left) / int64(s.RegionCount)
		s.RegionCount -= left
		s.LeaderCount = min(s.LeaderCount, s.RegionCount)
		moved += left
	}
	return moved
}

func (pd *PD) emptiestStore(r *cluster.Region) (best cluster.StoreID, found bool) {
	least := 0
	for _, id := range slices.Sorted(maps.Keys(pd.stores)) {
		s := pd.stores[id]
		if s.State != cluster.Up || r.PeerOn(id) != nil {
			continue
		}
		if regions, _, _ := pd.counts(s); !found || regions < least {
			best, least, found = id, regions, true
		}
	}
	return best, found
}

func (pd *PD) mustStore(id cluster.StoreID) *store {
	s, known := pd.stores[id]
	if !known {
		panic(fmt.Sprintf("pdtest: store %d is not registered", id))
	}
	return s
}
