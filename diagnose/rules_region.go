package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// regionRules are about the regions that are left on the stores.
func regionRules() []Rule {
	return []Rule{
		{
			ID: "D02", Name: "no-leader-or-majority", Title: "Regions without a leader or a live majority",
			wants: []Field{FieldRegions}, scope: nobodyLeaves, look: deadRegions, blind: unjudged,
		},
		{
			ID: "D06", Name: "forced-too-early", Title: "A store was deleted by force while regions still needed it",
			wants: []Field{FieldRegions}, scope: nobodyLeaves, look: forcedRegions,
		},
		{
			ID: "D07", Name: "orphan-peers", Title: "Regions name a store that PD has no record of",
			Needs: []Field{FieldRegionStats}, wants: []Field{FieldRegions}, look: orphanPeers,
		},
		{
			ID: "D17", Name: "big-regions", Title: "Regions are so big that moving them takes long",
			wants: []Field{FieldRegions}, scope: nobodyLeaves, look: bigRegions,
		},
		{
			ID: "P12", Name: "down-peers", Title: "Regions have peers that are down",
			wants: []Field{FieldRegions}, scope: nobodyLeaves, look: downPeers,
		},
	}
}

// deadRegions: PD moves a peer only where a leader asks it to, and a change of
// peers needs a majority to commit.
func deadRegions(v *view) []Cause {
	leaderless, minority := v.inClass(TailNoLeader), v.inClass(TailNoMajority)
	both := leaderless.Plus(minority)
	if both.Count == 0 {
		return nil
	}
	c := Cause{
		Severity: Problem, Certainty: Likely, Blocked: both.Count, Regions: both.Examples,
		Sentence: fmt.Sprintf("%s cannot change: %d without a leader on a live store, %d without a live majority", cluster.Plural(both.Count, "region"), leaderless.Count, minority.Count),
		Evidence: []string{fmt.Sprintf("regions/store: leader, peers, down_peers, pending_peers of %s", regionList(both))},
		Next:     "ebb explain " + firstID(both.Examples) + " CLUSTER",
		Risk:     "none; where the other peers are lost for good, only an unsafe recovery helps, and it may lose data",
	}
	var dead []*cluster.Store
	for i := range v.snap.Stores {
		if s := &v.snap.Stores[i]; s.State != cluster.Tombstone && !s.Live(v.now) && s.Engine() == cluster.TiKV {
			dead = append(dead, s)
		}
	}
	if len(dead) > 0 {
		c.Stores = cluster.StoreIDs(dead)
		c.Evidence = append(c.Evidence, "stores: not live are "+storeNames(dead))
		c.Next = "start " + storeNames(dead) + "; then look at one region: " + c.Next
	}
	return []Cause{c}
}

// unjudged: there are regions of which PD did not show enough.
func unjudged(v *view) string {
	unknown := v.inClass(TailUnknown)
	if unknown.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%s cannot be judged by what PD shows; look at one with ebb explain %d", cluster.Plural(unknown.Count, "region"), unknown.Examples[0])
}

// regionList names regions; as many as fit may not be all.
func regionList(c cluster.RegionCount) string {
	var ids []string
	for _, id := range c.Examples {
		ids = append(ids, id.String())
	}
	if c.Count > len(c.Examples) {
		ids = append(ids, "...")
	}
	return "region " + strings.Join(ids, ", ")
}

// forcedRegions: a forced delete skips PD's checks, and what the store alone had
// is not on its way to anybody.
func forcedRegions(v *view) []Cause {
	var causes []Cause
	for _, s := range v.subjects {
		alive := v.forced[s.ID]
		if !s.PhysicallyDestroyed && !alive {
			continue
		}
		one := []*cluster.Store{s}
		stuck := v.inClassOf(one, TailNoLeader, TailNoMajority)
		if stuck.Count == 0 && !alive {
			continue
		}
		c := Cause{
			Severity: Problem, Certainty: Certain, Blocked: stuck.Count, Stores: cluster.StoreIDs(one), Regions: stuck.Examples,
			Sentence: fmt.Sprintf("%s was deleted by force, which cannot be taken back, and %s cannot go on without it", s, cluster.Plural(stuck.Count, "region")),
			Evidence: []string{"stores: physically_destroyed is true; " + v.silence(s)},
			Next:     fmt.Sprintf("keep its data; start it again if you can; see what is lost: ebb force-remove CLUSTER -N %d --dry-run", s.ID),
			Risk:     "none: a dry run changes nothing",
		}
		if alive {
			c.Sentence = fmt.Sprintf("%s was deleted by force but still sends heartbeats", s)
			c.Next = fmt.Sprintf("let it run until its regions have left: ebb watch CLUSTER -N %d", s.ID)
			c.Risk = "stopping it now turns its regions into lost copies"
		}
		causes = append(causes, c)
	}
	return causes
}

// orphanPeers: ids that PD counts peers of and has no record of. With placement
// rules PD repairs such regions by itself as soon as it finds a store for the
// copy; without, it skips them for ever (replica_checker.go, 4.0 to master).
func orphanPeers(v *view) []Cause {
	var unknown []cluster.StoreID
	peers := 0
	for id, n := range v.ev.RegionStats.PeerCount {
		if v.stores[id] == nil && n > 0 {
			unknown = append(unknown, id)
			peers += n
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	here := v.heading(func(t *Tally) cluster.RegionCount { return t.Unknown })
	c := Cause{
		Severity: Problem, Certainty: Certain, Blocked: v.inClass(TailOrphan).Count, Stores: unknown, Regions: here.Examples,
		Sentence: fmt.Sprintf("%s on %s that PD has no record of", cluster.Plural(peers, "peer"), cluster.Plural(len(unknown), "store")),
		Evidence: []string{fmt.Sprintf("stats/region: store_peer_count has ids %s, stores does not", idList(unknown))},
		Next:     "ebb orphans CLUSTER",
		Risk:     "none: it only looks; removing one is judged region by region",
	}
	if rules := v.snap.Replication; rules != nil && !rules.EnablePlacementRules {
		c.Blocked = max(c.Blocked, here.Count)
		c.Evidence = append(c.Evidence, "config/replicate: enable-placement-rules is false, so PD skips such regions")
	}
	return []Cause{c}
}

// bigRegions: PD gives a step six seconds for each MiB, ten minutes at least
// (6.1.4 and later), so a big region takes hours and is done over when it fails.
func bigRegions(v *view) []Cause {
	big := v.inClass(TailBig)
	if big.Count == 0 {
		return nil
	}
	var largest int64
	var id cluster.RegionID
	for _, s := range v.subjects {
		if t := v.tally(s.ID); t.LargestMiB > largest {
			largest, id = t.LargestMiB, t.Largest
		}
	}
	return []Cause{{
		Severity: Pace, Certainty: Likely, Blocked: big.Count, Regions: big.Examples,
		Sentence: fmt.Sprintf("%s far bigger than usual, the largest of %s", cluster.Plural(big.Count, "region"), cluster.FormatBytes(uint64(max(largest, 0))<<20)),
		Evidence: []string{fmt.Sprintf("regions/store: approximate_size of region %d is %d MiB", id, largest)},
		Next:     fmt.Sprintf("split it first: pd-ctl operator add split-region %d --policy=scan", id),
		Risk:     "reads the whole region once to find the middle",
	}}
}

// downPeers: a region with a down peer is one failure from losing its majority,
// and a down peer on a store that is Up is never replaced (pd#10778).
func downPeers(v *view) []Cause {
	held := v.inClass(TailPendingReplica, TailDownReplica)
	if held.Count > 0 {
		c := Cause{
			Severity: Problem, Certainty: Likely, Blocked: held.Count, Regions: held.Examples,
			Sentence: fmt.Sprintf("%s for a peer that is down or pending: PD drops none before that one is back", cluster.Agree(held.Count, "region", "waits", "wait")),
			Evidence: []string{"regions/store: down_peers, pending_peers of " + regionList(held)},
			Next:     "ebb explain " + firstID(held.Examples) + " CLUSTER", Risk: "none",
		}
		if rules := v.snap.Replication; rules != nil && !rules.EnablePlacementRules {
			c.Evidence = append(c.Evidence, "config/replicate: enable-placement-rules is false, so PD passes over regions with a learner that is not well")
		}
		return []Cause{c}
	}
	fragile := v.heading(func(t *Tally) cluster.RegionCount { return t.Fragile })
	if fragile.Count == 0 {
		return nil
	}
	c := Cause{
		Severity: Note, Certainty: Certain, Regions: fragile.Examples,
		Sentence: fmt.Sprintf("%s a down peer on another store; bring that back before another store stops", cluster.Agree(fragile.Count, "region", "has", "have")),
		Evidence: []string{"regions/store: down_peers of " + regionList(fragile)},
		Next:     "ebb explain " + firstID(fragile.Examples) + " CLUSTER", Risk: "none",
	}
	if live := v.heading(func(t *Tally) cluster.RegionCount { return t.DownOnLive }); live.Count > 0 {
		c.Evidence = append(c.Evidence, fmt.Sprintf("in %d of them the down peer is on a store that is Up, and PD never replaces it (pd#10778)", live.Count))
	}
	return []Cause{c}
}
