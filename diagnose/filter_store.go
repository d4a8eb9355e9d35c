package diagnose

import (
	"slices"

	"ebb/cluster"
)

// storeFacts is what the filters say of a store whatever the region.
type storeFacts struct {
	*cluster.Store
	verdict
	// limit is the store's add-peer limit a minute; hasLimit is false when PD did
	// not show it.
	limit    float64
	hasLimit bool
	// towards is the number of running operators that add a peer to the store.
	towards int
}

// fewRegions is the number of regions below which PD does not call a store full
// that has minSpace left (core.InitClusterRegionThreshold, initialMinSpace).
const (
	fewRegions = 100
	minSpace   = 8 << 30
)

// specialUseKey keeps ordinary regions off a store (filter.SpecialUseKey).
const specialUseKey = "specialUse"

func newStoreFacts(snap *cluster.Snapshot, s *cluster.Store, towards int) storeFacts {
	f := storeFacts{Store: s, towards: towards}
	limit, ok := snap.Limits[s.ID]
	f.limit, f.hasLimit = limit.AddPeer, ok && snap.Unread["limits"] == nil
	f.mark(filterRemoved, answer(s.State == cluster.Tombstone))
	f.mark(filterRemoving, answer(s.State == cluster.Offline))
	f.mark(filterSpecialUse, answer(slices.Contains([]string{"hotRegion", "reserved"}, s.Label(specialUseKey))))
	f.mark(filterDown, downLong(snap, s))
	f.mark(filterDisconnected, disconnected(snap, s))
	f.mark(filterBusy, answer(s.IsBusy))
	f.mark(filterLowSpace, lowSpace(snap.Schedule, s))
	f.mark(filterSnapshots, manySnapshots(snap.Schedule, s))
	f.mark(filterPending, manyPending(snap, s))
	if !f.hasLimit || f.limit < cluster.LimitUnlimited {
		f.unknown.add(filterAddLimit) // nothing shows the tokens that are left
	}
	return f
}

// mark notes the answer to "does the filter keep the store out?".
func (f *storeFacts) mark(which filter, out cluster.Answer) {
	switch out {
	case cluster.Yes:
		f.fails.add(which)
	case cluster.CannotTell:
		f.unknown.add(which)
	}
}

func answer(yes bool) cluster.Answer {
	if yes {
		return cluster.Yes
	}
	return cluster.No
}

// disconnected: PD's own word for an Up store; for an Offline one, which PD never
// calls Disconnected, the age of its last heartbeat.
func disconnected(snap *cluster.Snapshot, s *cluster.Store) cluster.Answer {
	switch {
	case s.StateName == cluster.StateDisconnected || s.StateName == cluster.StateDown:
		return cluster.Yes
	case s.StateName == cluster.StateUp:
		return cluster.No
	case s.LastHeartbeat.IsZero():
		return cluster.Yes // PD counts from 1970
	}
	age, ok := s.HeartbeatAge(snap.ReadAt)
	if !ok {
		return cluster.CannotTell
	}
	return answer(age > cluster.DisconnectedAfter)
}

// downLong: silent for longer than max-store-down-time.
func downLong(snap *cluster.Snapshot, s *cluster.Store) cluster.Answer {
	switch {
	case s.StateName == cluster.StateDown:
		return cluster.Yes
	case s.State == cluster.Up && s.StateName != "":
		return cluster.No
	case s.LastHeartbeat.IsZero():
		return cluster.Yes
	}
	age, ok := s.HeartbeatAge(snap.ReadAt)
	if !ok || snap.Schedule == nil {
		return cluster.CannotTell
	}
	return answer(age > snap.Schedule.MaxStoreDownTime)
}

// lowSpace is StoreInfo.IsLowSpace on sizes that PD has rounded: near the
// threshold nobody can tell. PD lets a store pass whose capacity it has not
// heard; that is no knowledge either.
func lowSpace(conf *cluster.ScheduleConfig, s *cluster.Store) cluster.Answer {
	if !s.Capacity.Known || s.Capacity.Bytes == 0 || !s.Available.Known {
		return cluster.CannotTell
	}
	if s.RegionCount < fewRegions && s.Available.AtLeast() > minSpace {
		return cluster.No
	}
	if conf == nil {
		return cluster.CannotTell
	}
	free := 1 - conf.LowSpaceRatio
	surelyFull := float64(s.Available.AtMost()) < free*float64(s.Capacity.AtLeast())
	maybeFull := float64(s.Available.AtLeast()) < free*float64(s.Capacity.AtMost())
	excused := s.RegionCount < fewRegions && s.Available.AtMost() > minSpace
	switch {
	case surelyFull && !excused:
		return cluster.Yes
	case maybeFull:
		return cluster.CannotTell
	}
	return cluster.No
}

func manySnapshots(conf *cluster.ScheduleConfig, s *cluster.Store) cluster.Answer {
	most := max(s.SendingSnapCount, s.ReceivingSnapCount)
	switch {
	case most == 0:
		return cluster.No
	case conf == nil:
		return cluster.CannotTell
	}
	return answer(most > conf.MaxSnapshotCount)
}

// manyPending: PD shows the count since 8.5 and leaves a 0 out.
func manyPending(snap *cluster.Snapshot, s *cluster.Store) cluster.Answer {
	switch {
	case snap.Schedule == nil:
		return cluster.CannotTell
	case snap.Schedule.MaxPendingPeerCount == 0:
		return cluster.No
	case s.PendingPeerCount > snap.Schedule.MaxPendingPeerCount:
		return cluster.Yes
	case s.PendingPeerCount > 0 || showsPending(snap.PDVersion):
		return cluster.No
	}
	return cluster.CannotTell
}

// showsPending reports whether a PD of this version shows pending_peer_count.
func showsPending(version string) bool {
	r := parseRelease(version)
	return r.known() && !r.less(release{8, 5, 0})
}
