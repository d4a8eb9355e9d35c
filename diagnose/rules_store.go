package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// storeRules are about the records of stores, and about PD's own state.
func storeRules() []Rule {
	return []Rule{
		{ID: "D05", Name: "duplicate-address", Title: "Two stores claim one address", look: duplicateAddresses},
		{
			ID: "D20", Name: "dead-store", Title: "A store is dead",
			wants: append([]Field{FieldRegions}, placementNeeds...), look: deadStores,
		},
		{ID: "D22", Name: "buried-early", Title: "A store is Tombstone and regions still name it", Needs: []Field{FieldRegionStats}, look: buriedEarly},
		{
			ID: "D25", Name: "tiflash-refused", Title: "PD refuses to let a TiFlash store leave for want of TiKV stores",
			Needs: []Field{FieldPDVersion, FieldReplication}, scope: noTiFlashUp, look: tiflashRefused, versions: versions{since: "6.1", before: "9.0"},
		},
		{
			ID: "D26", Name: "limit-left-unlimited", Title: "A store that stays has the limit of one that leaves",
			Needs: []Field{FieldLimits}, scope: limitsV2, look: limitsLeft,
		},
		{ID: "D27", Name: "address-reused", Title: "An address belongs to several records", look: reusedAddresses},
		{ID: "D28", Name: "restarting", Title: "A store restarts or changes its address", Needs: []Field{FieldLater}, look: restarts},
		{ID: "P23", Name: "pd-restarted", Title: "PD has just started", Needs: []Field{FieldPDStatus}, wants: []Field{FieldOperators, FieldProgress}, scope: nothingLeft, look: pdRestarted},
	}
}

// recordsByAddress groups the records that have an address in common.
func (v *view) recordsByAddress() map[string][]*cluster.Store {
	records := make(map[string][]*cluster.Store)
	for i := range v.snap.Stores {
		s := &v.snap.Stores[i]
		records[s.Address] = append(records[s.Address], s)
	}
	return records
}

// duplicateAddresses: PD refuses a new store at an address that another record
// has, unless that one is Tombstone or destroyed. So it should not happen; where
// it did, the two are taken for each other.
func duplicateAddresses(v *view) []Cause {
	var causes []Cause
	records := v.recordsByAddress()
	for _, address := range sortedKeys(records) {
		claiming := keepStores(records[address], func(s *cluster.Store) bool {
			return s.State != cluster.Tombstone && !s.PhysicallyDestroyed && !v.forced[s.ID]
		})
		if len(claiming) < 2 {
			continue
		}
		causes = append(causes, Cause{
			Severity: Problem, Certainty: Certain, Stores: cluster.StoreIDs(claiming),
			Sentence: fmt.Sprintf("stores %s have the same address %s", idList(cluster.StoreIDs(claiming)), address),
			Evidence: []string{"stores: address, state, last_heartbeat: " + ages(v, claiming)},
			Next:     "ebb display CLUSTER", Risk: "none: it only looks; act on store ids, never on the address",
		})
	}
	return causes
}

func ages(v *view, stores []*cluster.Store) string {
	var parts []string
	for _, s := range stores {
		parts = append(parts, fmt.Sprintf("%d %s, %s", s.ID, s.StateName, v.silence(s)))
	}
	return strings.Join(parts, "; ")
}

// deadStores: a store that is Up and silent takes nothing, and keeps its peers
// until max-store-down-time is over. A leaving store that is dead needs no such
// time: its regions are rebuilt from their other copies at once.
func deadStores(v *view) []Cause {
	causes := v.shortOf("D20")
	var silent, unheard []*cluster.Store
	for _, s := range v.staying {
		named := slices.ContainsFunc(causes, func(c Cause) bool { return slices.Contains(c.Stores, s.ID) })
		_, heard := s.HeartbeatAge(v.now)
		switch {
		case s.Live(v.now) || named || v.removedWithoutPD(s):
		case heard:
			silent = append(silent, s)
		default:
			unheard = append(unheard, s)
		}
	}
	if len(silent) > 0 {
		causes = append(causes, Cause{
			Severity: Problem, Certainty: Certain, Stores: cluster.StoreIDs(silent),
			Sentence: fmt.Sprintf("%s silent: PD sends nothing there, and replaces peers only after max-store-down-time", isAre(silent)),
			Evidence: []string{"stores: " + ages(v, silent)}, Next: fmt.Sprintf("start %s; if it is gone for good: ebb scale-in CLUSTER -N %d", storeNames(silent[:1]), silent[0].ID),
			Risk: "its regions are rebuilt from their other copies; ebb check tells before whether they can be",
		})
	}
	if len(unheard) > 0 {
		causes = append(causes, Cause{
			Severity: Problem, Certainty: Possible, Stores: cluster.StoreIDs(unheard),
			Sentence: fmt.Sprintf("this PD leader has no heartbeat yet of %s", storeNames(unheard)),
			Evidence: []string{"stores: " + ages(v, unheard)}, Next: "wait half a minute and look again: ebb diagnose CLUSTER", Risk: "none",
		})
	}
	for _, s := range v.subjects {
		if v.wasUp[s.ID] || s.State == cluster.Tombstone || s.Live(v.now) || v.regionsOn(s) == 0 || s.PhysicallyDestroyed {
			continue
		}
		causes = append(causes, Cause{
			Severity: Note, Certainty: Certain, Stores: []cluster.StoreID{s.ID},
			Sentence: fmt.Sprintf("%s is dead: its regions are rebuilt from their other copies, there is nothing to wait for on its host", s),
			Evidence: []string{"stores: Offline, " + v.silence(s)},
		})
	}
	return causes
}

// buriedEarly: 9.0-beta.2 and later bury by size, which is 0 after a restart;
// PD's own GC of Tombstone records looks at no region at all (6.5 and later).
func buriedEarly(v *view) []Cause {
	var causes []Cause
	for i := range v.snap.Stores {
		s := &v.snap.Stores[i]
		peers := v.ev.RegionStats.PeerCount[s.ID]
		if s.State != cluster.Tombstone || peers == 0 {
			continue
		}
		causes = append(causes, Cause{
			Severity: Problem, Certainty: Certain, Blocked: peers, Stores: []cluster.StoreID{s.ID},
			Sentence: fmt.Sprintf("PD calls %s Tombstone, but %s it", s, cluster.Agree(peers, "region", "still names", "still name")),
			Evidence: []string{fmt.Sprintf("stats/region: store_peer_count of store %d is %d", s.ID, peers)},
			Next:     fmt.Sprintf("keep its data and its record, and look at them: pd-ctl region store %d", s.ID),
			Risk:     "none: it only looks; deleting the data or the record may lose the last copy",
		})
	}
	return causes
}

// noTiFlashUp is why D25 does not apply.
func noTiFlashUp(v *view) string {
	if len(keepStores(ofEngine(v.subjects, cluster.TiFlash), func(s *cluster.Store) bool { return v.wasUp[s.ID] })) == 0 {
		return "no TiFlash store that is Up was asked about"
	}
	return ""
}

// tiflashRefused: up to 8.5 PD compares the Up stores of every kind, less the one
// that leaves, with max-replicas, also when that one is TiFlash (pd#9933).
func tiflashRefused(v *view) []Cause {
	up := len(v.staying) + len(v.wasUp)
	need := v.snap.Replication.MaxReplicas
	if up-1 >= need {
		return nil
	}
	return []Cause{{
		Severity: Problem, Certainty: Likely,
		Sentence: fmt.Sprintf("PD %s refuses the delete: %d Up stores would be left and max-replicas is %d, although TiFlash counts for nothing there", v.snap.PDVersion, up-1, need),
		Evidence: []string{fmt.Sprintf("stores: %d are Up", up), fmt.Sprintf("config/replicate: max-replicas is %d", need)},
		Next:     "add a TiKV store first", Risk: "none",
	}}
}

// unlimitedFrom is a limit that only PD sets, for stores that leave.
const unlimitedFrom = 1e6

// limitsLeft: PD puts the old limit back only if the same leader took it away.
func limitsLeft(v *view) []Cause {
	left := keepStores(v.staying, func(s *cluster.Store) bool { return v.snap.Limits[s.ID].RemovePeer >= unlimitedFrom })
	if len(left) == 0 {
		return nil
	}
	return []Cause{{
		Severity: Note, Certainty: Likely, Stores: cluster.StoreIDs(left),
		Sentence: fmt.Sprintf("%s may lose any number of peers a minute, as if leaving: a leaving that was cancelled forgets to set that back", storeNames(left)),
		Evidence: []string{fmt.Sprintf("stores/limit: remove-peer of store %d is %.0f", left[0].ID, v.snap.Limits[left[0].ID].RemovePeer)},
		Next:     fmt.Sprintf("pd-ctl store limit %d 15 remove-peer", left[0].ID), Risk: "balancing away from the store gets slower",
	}}
}

// reusedAddresses: whoever names a store by its address may mean the other one.
func reusedAddresses(v *view) []Cause {
	var causes []Cause
	records := v.recordsByAddress()
	for _, s := range v.subjects {
		same := records[s.Address]
		if len(same) < 2 {
			continue
		}
		causes = append(causes, Cause{
			Severity: Note, Certainty: Certain, Stores: cluster.StoreIDs(same),
			Sentence: fmt.Sprintf("the address of %s is also in other records: name the store by its id", s),
			Evidence: []string{"stores: " + ages(v, same)}, Next: "ebb display CLUSTER", Risk: "none: it only looks",
		})
	}
	return causes
}

// restarts: a process that starts over and over moves nothing, and two processes
// with one store id take turns (a data directory that was cloned).
func restarts(v *view) []Cause {
	var causes []Cause
	for _, id := range sortedKeys(v.ev.Later.Stores) {
		later, s := v.ev.Later.Stores[id], v.stores[id]
		if s.Gone() {
			continue
		}
		c := Cause{
			Severity: Problem, Certainty: Certain, Stores: []cluster.StoreID{id},
			Evidence: []string{fmt.Sprintf("stores: start_timestamp %s, then %s", stamp(s.StartTime), stamp(later.StartTime))},
			Next:     "look at the log of " + s.String(), Risk: "none",
		}
		switch {
		case s.Address != later.Address:
			c.Sentence = fmt.Sprintf("store %d moved from %s to %s within %s: two processes may share its data", id, s.Address, later.Address, clock(v.ev.Later.After))
			c.Risk = "stop neither before you know which one has the data"
		case !s.StartTime.Equal(later.StartTime):
			c.Sentence = fmt.Sprintf("%s restarted within %s", s, clock(v.ev.Later.After))
		default:
			continue
		}
		causes = append(causes, c)
	}
	return causes
}

func stamp(t time.Time) string { return t.UTC().Format("15:04:05Z") }
