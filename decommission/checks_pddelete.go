package decommission

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// pdDelete forecasts PD's own answer to the deletes, from what it counts: since
// 6.1 the stores whose state is Up, dead ones and, until some 9.0, TiFlash included,
// must be as many as max-replicas afterwards (RaftCluster.checkReplicaBeforeOfflineStore).
// PD is asked for one store after the other, so it may refuse half of a set.
func (c *checker) pdDelete(others []Finding) Finding {
	f := Finding{Check: "pd-delete", Result: OK}
	deletes := 0
	for _, s := range c.targets {
		if s.State == cluster.Up {
			deletes++
		}
	}
	up, tiflash, note := c.countedByPD()
	release := cluster.ParseRelease(c.snap.PDVersion)
	switch {
	case deletes == 0:
		f.Result, f.Summary = NotApplicable, "nothing is left to ask PD for: the stores are leaving already"
		return f
	case c.snap.Replication == nil:
		f.Result, f.Summary = NotApplicable, "PD's own answer is not known without max-replicas"
		return f
	case release.Known() && !release.AtLeast(6, 1):
		f.Summary = fmt.Sprintf("PD itself would let them go: %s looks at nothing", c.snap.PDVersion)
	case up < c.snap.Replication.MaxReplicas:
		f.Result, f.Fix = Refused, "add a store first"
		f.Summary = fmt.Sprintf("PD itself will refuse: it would count %s up%s, and max-replicas is %d", cluster.Plural(up, "store"), note, c.snap.Replication.MaxReplicas)
		if !release.Known() || noWayRound(others) { // it may be older than its check; or enough is said
			f.Result = Warning
		}
		return f
	case (!release.Known() || release.AtLeast(9, 0)) && up-tiflash < c.snap.Replication.MaxReplicas:
		f.Result = Warning
		f.Summary = fmt.Sprintf("PD itself may refuse: it would count %s up%s, newer ones without TiFlash, and max-replicas is %d", cluster.Plural(up, "store"), note, c.snap.Replication.MaxReplicas)
		return f
	default:
		f.Summary = fmt.Sprintf("PD itself would let them go: it would count %s up%s, and max-replicas is %d", cluster.Plural(up, "store"), note, c.snap.Replication.MaxReplicas)
	}
	if Verdict(others) != OK {
		f.Summary += "; it looks at nothing else"
	}
	return f
}

// countedByPD is how many stores PD calls up when the targets have left, and what
// it should not have counted.
func (c *checker) countedByPD() (up, tiflash int, note string) {
	dead := 0
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		if s.State != cluster.Up || c.leaving[s.ID] {
			continue
		}
		up++
		if !s.Live(c.now) {
			dead++
		}
		if s.Engine() != cluster.TiKV {
			tiflash++
		}
	}
	var notes []string
	if dead > 0 {
		notes = append(notes, fmt.Sprintf("%d dead", dead))
	}
	if tiflash > 0 {
		notes = append(notes, fmt.Sprintf("%d TiFlash", tiflash))
	}
	if len(notes) > 0 {
		note = fmt.Sprintf(" (%s among them)", strings.Join(notes, ", "))
	}
	return up, tiflash, note
}

// noWayRound reports whether a check refused that no risk overrides.
func noWayRound(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Result == Refused && f.Risk == "" })
}
