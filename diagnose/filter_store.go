package diagnose

import "ebb/cluster"

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

func newStoreFacts(snap *cluster.Snapshot, s *cluster.Store, towards int) storeFacts {
	f := storeFacts{Store: s, towards: towards}
	limit, ok := snap.Limits[s.ID]
	f.limit, f.hasLimit = limit.AddPeer, ok && snap.Unread[cluster.FieldLimits] == nil
	f.mark(filterRemoved, answer(s.State == cluster.Tombstone))
	f.mark(filterRemoving, answer(s.State == cluster.Offline))
	f.mark(filterSpecialUse, answer(s.SpecialUse()))
	f.mark(filterDown, downLong(snap, s))
	f.mark(filterDisconnected, disconnected(snap, s))
	f.mark(filterBusy, answer(s.IsBusy))
	f.mark(filterLowSpace, s.LowSpace(snap.Schedule))
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
	case s.PendingPeerCount > 0 || cluster.ParseRelease(snap.PDVersion).AtLeast(8, 5):
		return cluster.No
	}
	return cluster.CannotTell
}
