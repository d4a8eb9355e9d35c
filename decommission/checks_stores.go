package decommission

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// storeState: each store is in a state from which it can leave.
func (c *checker) storeState() []Finding {
	var findings []Finding
	for _, s := range c.targets {
		findings = append(findings, c.stateOf(s))
	}
	return findings
}

func (c *checker) stateOf(s *cluster.Store) Finding {
	f := Finding{Check: "store-state", Result: OK, Stores: []cluster.StoreID{s.ID}}
	age, known := s.HeartbeatAge(c.now)
	switch {
	case s.State == cluster.Tombstone:
		f.Result = Refused
		f.Summary = storeName(s) + " has left already: it is Tombstone"
		f.Fix = "clean up its host and its record: tiup cluster prune CLUSTER"
	case s.State == cluster.Offline && s.PhysicallyDestroyed:
		f.Result = Warning
		f.Summary = storeName(s) + " is leaving already and is marked as physically destroyed: this cannot be cancelled"
	case s.State == cluster.Offline:
		f.Summary = storeName(s) + " is leaving already"
	case !known:
		f.Result = Warning
		f.Summary = storeName(s) + " has sent no heartbeat to this PD leader; its regions are rebuilt from their other copies"
	case !s.Live(c.now):
		f.Result = Warning
		f.Summary = fmt.Sprintf("%s is %s, silent for %s; its regions are rebuilt from their other copies", storeName(s), s.StateName, age.Round(1e9))
		f.Fix = "if it can be started again, start it first"
	default:
		f.Summary = fmt.Sprintf("%s is %s, heartbeat %s ago", storeName(s), s.StateName, age.Round(1e9))
	}
	return f
}

// otherLeaving: stores that leave already take part in the same scheduling, and
// do not count as receivers.
func (c *checker) otherLeaving() []Finding {
	const name = "other-leaving"
	var others []*cluster.Store
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		if s.Leaving() && !c.leaving[s.ID] {
			others = append(others, s)
		}
	}
	if len(others) == 0 {
		return []Finding{{Check: name, Result: OK, Summary: "no other store is leaving"}}
	}
	return []Finding{{
		Check: name, Result: Warning, Stores: storeIDs(others),
		Summary:  fmt.Sprintf("%s leaving at the same time; they are not counted as receivers and share the same limits", isAre(len(others), "other store")),
		Evidence: []string{storeNames(others)},
		Fix:      "let them finish first, or bring them back with ebb cancel-offline",
	}}
}

func isAre(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

// leaderTargets: the leaders need a TiKV store that stays and accepts them. PD
// refuses the delete for lack of one only since 6.1.
func (c *checker) leaderTargets() []Finding {
	const name = "leader-targets"
	if !slices.Contains(c.engines(), cluster.TiKV) {
		return []Finding{{Check: name, Result: NotApplicable, Summary: "TiFlash holds no leaders"}}
	}
	if c.snap.Unread["evict_leader"] != nil {
		return []Finding{c.unread(name, "evict_leader", "the evict-leader scheduler")}
	}
	tikv := c.receiversOf(cluster.TiKV)
	var evicting []*cluster.Store
	for _, s := range tikv {
		if slices.Contains(c.snap.EvictLeader, s.ID) {
			evicting = append(evicting, s)
		}
	}
	f := Finding{
		Check: name, Result: OK, Stores: storeIDs(evicting),
		Summary: fmt.Sprintf("%d of %s that stay accept leaders", len(tikv)-len(evicting), plural(len(tikv), "TiKV store")),
	}
	if len(evicting) > 0 {
		f.Result = Warning
		f.Evidence = []string{"under evict-leader: " + storeNames(evicting)}
		f.Fix = fmt.Sprintf("pd-ctl scheduler remove evict-leader-scheduler-%d", evicting[0].ID)
	}
	if len(evicting) == len(tikv) {
		f.Result = Refused
		f.Summary = "no TiKV store that stays accepts leaders"
	}
	return []Finding{f}
}

// space: what the leaving stores hold fits into the stores that stay, without
// pushing them over low-space-ratio, above which PD sends them nothing more.
func (c *checker) space() []Finding {
	const name = "space"
	if c.snap.Schedule == nil {
		return []Finding{c.unread(name, "schedule", "low-space-ratio")}
	}
	var findings []Finding
	for _, engine := range c.engines() {
		findings = append(findings, c.spaceOf(engine))
	}
	return findings
}

func (c *checker) spaceOf(engine cluster.Engine) Finding {
	f := Finding{Check: "space", Result: OK}
	receivers := c.receiversOf(engine)
	if len(receivers) == 0 {
		// Whether that is a problem is for the placement rules to say.
		f.Result, f.Summary = NotApplicable, fmt.Sprintf("no %s store stays that could receive anything", engine)
		return f
	}
	var need uint64
	for _, s := range c.targets {
		if s.Engine() == engine {
			need += c.bytesOn(s)
		}
	}
	var free uint64
	var silent, full []*cluster.Store
	for _, s := range receivers {
		room, known := c.roomOn(s)
		switch {
		case !known:
			silent = append(silent, s)
		case room == 0:
			full = append(full, s)
		}
		free += room
	}
	f.Summary = fmt.Sprintf("%s of %s data move, %s fit below low-space-ratio %.2g", binarySize(need), engine, binarySize(free), c.snap.Schedule.LowSpaceRatio)
	if len(full) > 0 {
		f.Result = Warning
		f.Evidence = append(f.Evidence, "low on space, PD sends them nothing: "+storeNames(full))
	}
	if len(silent) > 0 {
		f.Evidence = append(f.Evidence, "report no capacity: "+storeNames(silent))
	}
	switch {
	case need > free && len(silent) > 0:
		f.Result = Unknown
		f.Fix = "wait until these stores have sent a heartbeat, and run the command again"
	case need > free:
		f.Result, f.Risk = Refused, "low-space"
		f.Fix = fmt.Sprintf("add a %s store or free space first", engine)
	case need > free/10*8:
		f.Result = Warning
	}
	return f
}

// bytesOn is what has to move: the used disk space of a store that holds
// regions, or the sum of their sizes where the store has reported no space to
// this PD leader.
func (c *checker) bytesOn(s *cluster.Store) uint64 {
	if c.regionCount(s) == 0 {
		return 0
	}
	if s.Used.Known {
		return s.Used.AtMost()
	}
	mib := max(s.RegionSizeMiB, 0)
	if survey := c.ev.Surveys[s.ID]; survey != nil {
		mib = max(mib, survey.BytesMiB)
	}
	return uint64(mib) * cluster.MiB
}

// roomOn is how much a store can take before PD calls it low on space
// (core.StoreInfo.IsLowSpace: available/capacity < 1 - low-space-ratio).
func (c *checker) roomOn(s *cluster.Store) (bytes uint64, known bool) {
	if !s.Capacity.Known || !s.Available.Known || s.Capacity.Bytes == 0 {
		return 0, false
	}
	reserve := uint64(float64(s.Capacity.AtMost()) * (1 - c.snap.Schedule.LowSpaceRatio))
	if available := s.Available.AtLeast(); available > reserve {
		return available - reserve, true
	}
	return 0, true
}
