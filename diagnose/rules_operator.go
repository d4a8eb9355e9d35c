package diagnose

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// operatorRules are about operators that run, and those that ended.
func operatorRules() []Rule {
	return []Rule{
		{
			ID: "D16", Name: "stuck-change", Title: "A change of peers does not come to its end",
			Needs: []Field{FieldRecords}, wants: []Field{FieldRegions, FieldOperators}, scope: nobodyLeaves,
			versions: versions{since: "6.0"}, look: stuckChanges,
		},
		{
			ID: "D19", Name: "dead-target", Title: "Operators wait for a store that is dead",
			Needs: []Field{FieldOperators}, scope: nobodyLeaves, look: deadTargets,
		},
		{
			ID: "P20", Name: "slow-operators", Title: "Operators have been running for long", Needs: []Field{FieldOperators},
			scope: nobodyLeaves, look: slowOperators,
		},
	}
}

// stuckChanges: of each region PD remembers for ten minutes how its last operator
// ended, and nothing of those before (operator.records, 4.0 to master). Operators
// are cancelled in a healthy cluster, too, when a region has changed; they do not
// run into their timeouts, which are minutes.
func stuckChanges(v *view) []Cause {
	last := make(map[cluster.RegionID]*cluster.Operator)
	for i := range v.ev.Records {
		if op := &v.ev.Records[i]; op.Status == "TIMEOUT" && v.names(op) {
			last[op.RegionID] = op
		}
	}
	var stuck cluster.RegionCount
	for _, id := range sortedKeys(last) {
		stuck.Add(id)
	}
	if stuck.Count > 0 {
		op := last[stuck.Examples[0]]
		return []Cause{{
			Severity: Problem, Certainty: Likely, Blocked: stuck.Count, Regions: stuck.Examples,
			Sentence: fmt.Sprintf("%s into a timeout when PD last changed them", cluster.Agree(stuck.Count, "region", "ran", "ran")),
			Evidence: []string{fmt.Sprintf("operators/records: region %d: %s {%s} ended by timeout, at step %d of %d", op.RegionID, op.Desc, op.Brief, op.CurrentStep+1, len(op.Steps))},
			Next:     "ebb explain " + firstID(stuck.Examples) + " CLUSTER", Risk: "none",
		}}
	}
	joint := v.inClass(TailJointState)
	if joint.Count == 0 {
		return nil
	}
	// A healthy move passes through a joint state, so one look proves nothing.
	return []Cause{{
		Severity: Note, Certainty: Possible, Blocked: 0, Regions: joint.Examples,
		Sentence: fmt.Sprintf("%s in the middle of a change of peers, without an operator", cluster.Plural(joint.Count, "region")),
		Evidence: []string{"regions/store: IncomingVoter or DemotingVoter in " + regionList(joint)},
		Next:     "look again in a minute; if the same regions are named: ebb explain " + firstID(joint.Examples) + " CLUSTER", Risk: "none",
	}}
}

// names reports whether an operator moves a peer off a store that is asked about.
func (v *view) names(op *cluster.Operator) bool {
	return slices.ContainsFunc(storesIn(op.Brief), v.isSubject)
}

// deadTargets: an operator whose target is dead keeps the region from any other
// operator until it times out, minutes to half an hour later (pd#11143).
func deadTargets(v *view) []Cause {
	var stuck cluster.RegionCount
	dead := make(map[cluster.StoreID]*cluster.Store)
	var example *cluster.Operator
	for i := range v.ev.Running {
		op := &v.ev.Running[i]
		for _, id := range destinations(op) {
			if s := v.stores[id]; s != nil && !s.Live(v.now) {
				stuck.Add(op.RegionID)
				dead[id] = s
				example = op
				break
			}
		}
	}
	if stuck.Count == 0 {
		return nil
	}
	ids := sortedKeys(dead)
	var stores []*cluster.Store
	for _, id := range ids {
		stores = append(stores, dead[id])
	}
	risk := "none: PD makes a new operator with another target"
	if stuck.Count > 1 {
		risk += "; the others likewise, or start " + storeNames(stores)
	}
	return []Cause{{
		Severity: Problem, Certainty: Likely, Blocked: stuck.Count, Stores: ids, Regions: stuck.Examples,
		Sentence: fmt.Sprintf("%s for %s without heartbeats: %s", cluster.Agree(stuck.Count, "operator", "waits", "wait"), cluster.Plural(len(stores), "store"), storeNames(stores)),
		Evidence: []string{fmt.Sprintf("operators: region %d: %s {%s}", example.RegionID, example.Desc, example.Brief)},
		Next:     "pd-ctl operator remove " + firstID(stuck.Examples),
		Risk:     risk,
	}}
}

// longRun is how long the snapshot of a region of usual size takes at most on
// stores that are well.
const longRun = 5 * time.Minute

// slowOperators: the first step adds a peer, which takes as long as its snapshot
// does. TiKV's own limit on snapshots is not seen in PD.
func slowOperators(v *view) []Cause {
	var slow cluster.RegionCount
	var oldest *cluster.Operator
	for i := range v.ev.Running {
		op := &v.ev.Running[i]
		if op.StartedAt.IsZero() || v.now.Sub(op.StartedAt) < longRun || !v.names(op) {
			continue
		}
		slow.Add(op.RegionID)
		if oldest == nil || op.StartedAt.Before(oldest.StartedAt) {
			oldest = op
		}
	}
	if oldest == nil {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Likely, Regions: slow.Examples,
		Sentence: fmt.Sprintf("%s running for more than %s, the oldest for %s: snapshots are slow", cluster.Agree(slow.Count, "operator", "has been", "have been"), clock(longRun), clock(v.now.Sub(oldest.StartedAt))),
		Evidence: []string{fmt.Sprintf("operators: region %d: %s {%s}, at step %d of %d", oldest.RegionID, oldest.Desc, oldest.Brief, oldest.CurrentStep+1, len(oldest.Steps))},
		Next:     "look at disk and network of the stores that it names, and at TiKV's server.snap-io-max-bytes-per-sec", Risk: "raising it takes bandwidth from queries",
	}}
}
