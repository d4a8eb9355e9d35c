package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// limitRules are about how fast the stores may leave. None of them is a problem
// by itself.
func limitRules() []Rule {
	return []Rule{
		{
			ID: "D03", Name: "add-peer-limit", Title: "The add-peer limits of the receivers set the pace",
			Needs: []Field{FieldLimits}, scope: either(nothingLeft, limitsV2), look: addPeerLimit,
		},
		{
			ID: "P06", Name: "remove-peer-limit", Title: "The remove-peer limit of a leaving store was lowered",
			Needs: []Field{FieldLimits}, scope: either(nothingLeft, limitsV2), look: removePeerLimit,
		},
		{
			ID: "P08", Name: "old-limits", Title: "Settings from before PD 5.3 make leaving slow",
			Needs: []Field{FieldSchedule}, scope: nothingLeft, look: oldLimits,
		},
		{
			ID: "D15", Name: "leaders-on-leaving", Title: "A leaving store still leads many of its regions",
			Needs: []Field{FieldEvictLeader}, wants: []Field{FieldRegions}, scope: nothingLeft, look: leadersOnLeaving,
		},
		{
			ID: "D18", Name: "busy-targets", Title: "Stores that should receive are busy or slow",
			Needs: []Field{FieldSchedule}, scope: nothingLeft, look: busyTargets,
		},
		{
			ID: "D30", Name: "slow-patrol", Title: "PD takes long to look at every region",
			Needs: []Field{FieldSchedule, FieldRegionStats, FieldPDVersion}, scope: nothingLeft, look: slowPatrol,
		},
		{
			ID: "P24", Name: "tail-waits", Title: "The last regions wait for PD to come by",
			Needs: []Field{FieldOperators}, wants: []Field{FieldRegions}, scope: nothingLeft, look: tailWaits,
		},
	}
}

// nothingLeft is why a rule about pace does not apply.
func nothingLeft(v *view) string {
	switch {
	case len(v.subjects) == 0:
		return "no store is leaving"
	case v.remaining() == 0:
		return "no region is left on the stores"
	}
	return ""
}

// limitsV2: PD then sets the pace by the load of the stores, and has no limits to
// show (7.1 and later, experimental).
func limitsV2(v *view) string {
	if v.snap.Schedule != nil && v.snap.Schedule.StoreLimitVersion == "v2" {
		return "store-limit-version is v2: PD has no limits per minute"
	}
	return ""
}

// addPeerLimit: PD lifts the remove-peer limit of a store that leaves, so what
// counts is how many peers the others may add.
func addPeerLimit(v *view) []Cause {
	var causes []Cause
	for _, engine := range v.engines() {
		f := v.floorOf(engine)
		if f.perMinute <= 0 || f.time < time.Second {
			continue // limits this high are not felt
		}
		causes = append(causes, Cause{
			Severity: Pace, Certainty: Likely,
			Sentence: fmt.Sprintf("%s can add %.0f peers a minute together; %s take at least %s", cluster.Plural(f.receivers, string(engine)+" store"), f.perMinute, cluster.Plural(f.regions, "region"), clock(f.time)),
			Evidence: []string{fmt.Sprintf("stores/limit: add-peer of the receivers is %s a minute", f.spread())},
			Next:     "ebb tune show CLUSTER", Risk: "none: it only looks; raising limits loads the stores that answer queries",
		})
	}
	return causes
}

func removePeerLimit(v *view) []Cause {
	var causes []Cause
	for _, s := range v.subjects {
		limit, ok := v.snap.Limits[s.ID]
		if v.wasUp[s.ID] || !ok || limit.RemovePeer >= cluster.LimitUnlimited {
			continue
		}
		causes = append(causes, Cause{
			Severity: Pace, Certainty: Certain, Stores: []cluster.StoreID{s.ID},
			Sentence: fmt.Sprintf("%s may lose only %.0f peers a minute; PD had lifted that limit when it began to leave", s, limit.RemovePeer),
			Evidence: []string{fmt.Sprintf("stores/limit: remove-peer of store %d is %.0f", s.ID, limit.RemovePeer), "setting the limit of all stores does that (pd#7091)"},
			Next:     fmt.Sprintf("pd-ctl store limit %d 100000000 remove-peer", s.ID), Risk: "none: it is what PD sets itself",
		})
	}
	return causes
}

// oldLimits are defaults that clusters which were upgraded from before 5.3 keep.
func oldLimits(v *view) []Cause {
	cfg := v.snap.Schedule
	var evidence []string
	if cfg.MaxSnapshotCount > 0 && cfg.MaxSnapshotCount <= 3 {
		evidence = append(evidence, fmt.Sprintf("config/schedule: max-snapshot-count is %d, the default is 64", cfg.MaxSnapshotCount))
	}
	if cfg.MaxPendingPeerCount > 0 && cfg.MaxPendingPeerCount <= 16 {
		evidence = append(evidence, fmt.Sprintf("config/schedule: max-pending-peer-count is %d, the default is 64", cfg.MaxPendingPeerCount))
	}
	if cfg.PatrolRegionInterval >= 100*time.Millisecond {
		evidence = append(evidence, fmt.Sprintf("config/schedule: patrol-region-interval is %s, the default is 10ms", cfg.PatrolRegionInterval))
	}
	if len(evidence) == 0 {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Certain, Sentence: "settings from before PD 5.3 are still in force and make leaving slow",
		Evidence: evidence, Next: "pd-ctl config set max-snapshot-count 64; pd-ctl config set max-pending-peer-count 64; pd-ctl config set patrol-region-interval 10ms",
		Risk: "more snapshots at once on stores that answer queries",
	}}
}

// leadersOnLeaving: the leader makes the snapshots, so a store that leads its
// regions has to read and send all that leaves it.
func leadersOnLeaving(v *view) []Cause {
	var causes []Cause
	for _, s := range ofEngine(v.subjects, cluster.TiKV) {
		leaders := v.tally(s.ID).Leaders
		if v.wasUp[s.ID] || !s.Live(v.now) || leaders == 0 || slices.Contains(v.snap.EvictLeader, s.ID) {
			continue
		}
		causes = append(causes, Cause{
			Severity: Pace, Certainty: Possible, Stores: []cluster.StoreID{s.ID},
			Sentence: fmt.Sprintf("%s leads %d of its %s, and makes the snapshots of those itself", s, leaders, cluster.Plural(v.regionsOn(s), "region")),
			Evidence: []string{fmt.Sprintf("stores: leader_count %d, sending_snap_count %d", s.LeaderCount, s.SendingSnapCount)},
			Next:     fmt.Sprintf("ebb scale-in CLUSTER -N %d --evict-leader", s.ID), Risk: "its leaders move at once to the other stores",
		})
	}
	return causes
}

func busyTargets(v *view) []Cause {
	cfg := v.snap.Schedule
	var lines []string
	var busy []*cluster.Store
	for _, s := range v.receivers {
		var why []string
		if s.IsBusy {
			why = append(why, "is_busy")
		}
		if s.SlowScore >= cluster.SlowStoreScore {
			why = append(why, fmt.Sprintf("slow_score %d", s.SlowScore))
		}
		if snaps := s.ReceivingSnapCount + s.ApplyingSnapCount; cfg.MaxSnapshotCount > 0 && max(snaps, s.SendingSnapCount) > cfg.MaxSnapshotCount {
			why = append(why, fmt.Sprintf("%d snapshots coming in, %d going out (max-snapshot-count %d)", snaps, s.SendingSnapCount, cfg.MaxSnapshotCount))
		}
		if cfg.MaxPendingPeerCount > 0 && s.PendingPeerCount > cfg.MaxPendingPeerCount {
			why = append(why, fmt.Sprintf("%d pending peers (max-pending-peer-count %d)", s.PendingPeerCount, cfg.MaxPendingPeerCount))
		}
		if len(why) > 0 {
			busy = append(busy, s)
			lines = append(lines, fmt.Sprintf("stores: %s: %s", s, strings.Join(why, ", ")))
		}
	}
	if len(busy) == 0 {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Certain, Stores: cluster.StoreIDs(busy), Blocked: v.inClass(TailTargetBusy).Count,
		Sentence: fmt.Sprintf("%d of %s that stay are busy or slow, PD waits for them", len(busy), cluster.Plural(len(v.receivers), "store")),
		Evidence: lines[:min(len(lines), 4)], Next: "look at disk and CPU of " + storeNames(busy[:1]), Risk: "none",
	}}
}
