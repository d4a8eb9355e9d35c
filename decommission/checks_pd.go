package decommission

import (
	"fmt"

	"ebb/cluster"
)

// pd: a majority of the PD members answers and one of them leads. Without it a
// change may be lost, and nothing is scheduled.
func (c *checker) pd() []Finding {
	const name = "pd"
	switch {
	case c.snap.Members == nil:
		return []Finding{c.unread(name, cluster.FieldMembers, "the PD members")}
	case !hasLeader(c.snap):
		return []Finding{{
			Check: name, Result: Refused, Summary: "PD has no leader",
			Fix: "wait for an election; look at the PD members that are down",
		}}
	case c.snap.Unread[cluster.FieldHealth] != nil:
		return []Finding{c.unread(name, cluster.FieldHealth, "the health of the PD members")}
	}
	total, healthy := len(c.snap.Health), 0
	var down []string
	for _, m := range c.snap.Health {
		if m.Healthy {
			healthy++
		} else {
			down = append(down, m.Name)
		}
	}
	f := Finding{
		Check: name, Result: OK,
		Summary: fmt.Sprintf("%d of %d PD members answer, leader %s", healthy, total, c.snap.Members.Leader.Name),
	}
	switch {
	case healthy < cluster.Majority(total):
		f.Result = Refused
		f.Evidence = []string{fmt.Sprintf("not healthy: %v", down)}
		f.Fix = "bring the PD members back first"
	case healthy < total:
		f.Result = Warning
		f.Evidence = []string{fmt.Sprintf("not healthy: %v", down)}
	}
	return []Finding{f}
}

func hasLeader(snap *cluster.Snapshot) bool {
	return snap.Members != nil && (snap.Members.Leader.Name != "" || snap.Members.Leader.ID != 0)
}

// unsafeRecovery: while one runs, PD stops every scheduler and checker (6.1 and
// later), and the stores it was given are being written off.
func (c *checker) unsafeRecovery() []Finding {
	const name = "unsafe-recovery"
	switch {
	case c.snap.Unread[cluster.FieldUnsafeRecovery] != nil:
		return []Finding{c.unread(name, cluster.FieldUnsafeRecovery, "the state of unsafe recovery")}
	case c.snap.UnsafeRecovery != "":
		return []Finding{{
			Check: name, Result: Refused, Summary: "an unsafe recovery is running",
			Evidence: []string{c.snap.UnsafeRecovery},
			Fix:      "wait for it to end: pd-ctl unsafe remove-failed-stores show",
		}}
	}
	return []Finding{{Check: name, Result: OK, Summary: "no unsafe recovery is running"}}
}

// scheduling: PD accepts a delete while its scheduling is off, and then says
// nothing about it (4.0 to master).
func (c *checker) scheduling() []Finding {
	const name = "scheduling"
	if c.snap.Schedule == nil {
		return []Finding{c.unread(name, cluster.FieldSchedule, "the schedule configuration")}
	}
	if c.snap.Replication == nil {
		return []Finding{c.unread(name, cluster.FieldReplication, "the replication configuration")}
	}
	var findings []Finding
	refuse := func(summary, fix string) {
		findings = append(findings, Finding{Check: name, Result: Refused, Summary: summary, Fix: fix})
	}
	cfg := c.snap.Schedule
	if cfg.HaltScheduling {
		refuse("scheduling is halted (halt-scheduling = true), so nothing would move", "pd-ctl config set halt-scheduling false")
	}
	if cfg.ReplicaScheduleLimit == 0 {
		refuse("replica-schedule-limit is 0, so nothing would move", "pd-ctl config set replica-schedule-limit 64")
	}
	if !c.snap.Replication.EnablePlacementRules && !cfg.ReplaceOfflineReplica {
		refuse("enable-replace-offline-replica is false and placement rules are off, so nothing would move", "pd-ctl config set enable-replace-offline-replica true")
	}
	findings = append(findings, c.pausedCheckers()...)
	if len(findings) == 0 {
		findings = append(findings, Finding{Check: name, Result: OK, Summary: fmt.Sprintf("replica-schedule-limit is %d, no checker is paused", cfg.ReplicaScheduleLimit)})
	}
	return append(findings, c.slowLimits()...)
}

// pausedCheckers refuses when a checker that moves peers off a store is paused.
func (c *checker) pausedCheckers() []Finding {
	const name = "scheduling"
	if c.snap.Unread[cluster.FieldPausedCheckers] != nil {
		return []Finding{c.unread(name, cluster.FieldPausedCheckers, "which checkers are paused")}
	}
	mover := "replica"
	if c.snap.Replication.EnablePlacementRules {
		mover = "rule"
	}
	var findings []Finding
	for _, paused := range c.snap.PausedCheckers {
		if paused == mover || paused == "joint-state" {
			findings = append(findings, Finding{
				Check: name, Result: Refused,
				Summary: fmt.Sprintf("the %s checker is paused, so nothing would move", paused),
				Fix:     fmt.Sprintf("resume it: curl -X POST PD/pd/api/v1/checker/%s -d '{\"delay\":0}'", paused),
			})
		}
	}
	return findings
}

// slowLimits warns of the settings that clusters upgraded from before 5.3 keep.
func (c *checker) slowLimits() []Finding {
	cfg := c.snap.Schedule
	if cfg.MaxSnapshotCount > 3 && (cfg.MaxPendingPeerCount > 16 || cfg.MaxPendingPeerCount == 0) {
		return nil
	}
	return []Finding{{
		Check: "scheduling", Result: Warning,
		Summary: fmt.Sprintf("max-snapshot-count %d and max-pending-peer-count %d make leaving slow (64 and 64 are the defaults since PD 5.3)", cfg.MaxSnapshotCount, cfg.MaxPendingPeerCount),
		Fix:     "pd-ctl config set max-snapshot-count 64; pd-ctl config set max-pending-peer-count 64",
	}}
}
