package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// evictLeaders: leaders need a live store that takes them.
func evictLeaders(v *view) []Cause {
	var causes []Cause
	evicting := func(s *cluster.Store) bool { return slices.Contains(v.snap.EvictLeader, s.ID) }
	tikv := ofEngine(v.receivers, cluster.TiKV)
	shut := keepStores(tikv, evicting)
	leaders := 0
	for _, s := range ofEngine(v.subjects, cluster.TiKV) {
		leaders += max(v.tally(s.ID).Leaders, s.LeaderCount)
	}
	switch {
	case len(shut) == 0:
		causes = append(causes, v.noNewLeader()...)
	case len(shut) == len(tikv) && leaders > 0:
		causes = append(causes, Cause{
			Severity: Problem, Certainty: Certain, Blocked: leaders, Stores: cluster.StoreIDs(shut),
			Sentence: fmt.Sprintf("%s cannot leave: every TiKV store that stays is under evict-leader", cluster.Plural(leaders, "leader")),
			Evidence: []string{"scheduler-config/evict-leader-scheduler/list: " + idList(cluster.StoreIDs(shut))},
			Next:     removeEvictions(shut), Risk: "the stores get leaders again: somebody may be restarting one",
		})
	default:
		causes = append(causes, Cause{
			Severity: Note, Certainty: Certain, Stores: cluster.StoreIDs(shut),
			Sentence: fmt.Sprintf("%d of %d TiKV stores that stay take no leaders: they are under evict-leader", len(shut), len(tikv)),
			Evidence: []string{"scheduler-config/evict-leader-scheduler/list: " + idList(cluster.StoreIDs(shut))},
			Next:     fmt.Sprintf("if nobody restarts it: pd-ctl scheduler remove evict-leader-scheduler-%d", shut[0].ID), Risk: "the store gets leaders again",
		})
	}
	var left []cluster.StoreID
	for _, id := range v.snap.EvictLeader {
		if v.stores[id].Gone() {
			left = append(left, id)
		}
	}
	if len(left) > 0 {
		causes = append(causes, Cause{
			Severity: Note, Certainty: Certain, Stores: left,
			Sentence: fmt.Sprintf("evict-leader is left behind for stores that are gone: %s", idList(left)),
			Evidence: []string{"scheduler-config/evict-leader-scheduler/list: " + idList(left)},
			Next:     fmt.Sprintf("pd-ctl scheduler remove evict-leader-scheduler-%d", left[0]), Risk: "none",
		})
	}
	return causes
}

// removeEvictions names all of them: a region is led by one of its own peers, which
// may be on any of the stores.
func removeEvictions(stores []*cluster.Store) string {
	var commands []string
	for _, s := range stores {
		commands = append(commands, fmt.Sprintf("pd-ctl scheduler remove evict-leader-scheduler-%d", s.ID))
	}
	return strings.Join(commands, "; ")
}

// noNewLeader: regions that are led from the stores, and that nobody else may
// lead, for reasons other than evict-leader.
func (v *view) noNewLeader() []Cause {
	stuck := v.inClass(TailNoNewLeader)
	if stuck.Count == 0 {
		return nil
	}
	return []Cause{{
		Severity: Problem, Certainty: Likely, Blocked: stuck.Count, Regions: stuck.Examples,
		Sentence: fmt.Sprintf("%s led from the leaving stores, and no other store may take over", cluster.Agree(stuck.Count, "region", "is", "are")),
		Evidence: []string{"regions/store, stores, config/rules: " + regionList(stuck)},
		Next:     "ebb explain " + firstID(stuck.Examples) + " CLUSTER", Risk: "none: it only looks",
	}}
}
