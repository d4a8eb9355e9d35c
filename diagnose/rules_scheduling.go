package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// schedulingRules are about PD not scheduling, or not these regions.
func schedulingRules() []Rule {
	return []Rule{
		{
			ID: "D13", Name: "scheduling-halted", Title: "PD's scheduling is halted", Needs: []Field{FieldSchedule, FieldUnsafeRecovery},
			versions: versions{since: "7.2"}, look: schedulingHalted,
		},
		{
			ID: "D21", Name: "unsafe-recovery", Title: "An unsafe recovery is running", Needs: []Field{FieldUnsafeRecovery},
			versions: versions{since: "5.3"}, look: unsafeRecovery,
		},
		{
			ID: "P07", Name: "replica-schedule-limit", Title: "PD may run too few operators at once",
			Needs: []Field{FieldSchedule}, wants: []Field{FieldOperators}, scope: nobodyLeaves, look: replicaLimit,
		},
		{
			ID: "P16", Name: "checker-paused", Title: "A checker of PD is paused",
			Needs: []Field{FieldPausedCheckers, FieldReplication}, versions: versions{since: "5.3"}, look: pausedCheckers,
		},
		{
			ID: "D31", Name: "replacing-off", Title: "PD may not replace replicas on leaving stores",
			Needs: []Field{FieldSchedule, FieldReplication}, skip: placementRulesOn, look: replacingOff,
		},
		{
			ID: "D32", Name: "schedule-denied", Title: "Key ranges are kept from scheduling",
			Needs: []Field{FieldRegionLabels, FieldPDVersion}, wants: []Field{FieldRegions},
			versions: versions{since: "5.3"}, look: scheduleDenied,
		},
		{
			ID: "D33", Name: "data-centre-sync", Title: "Replication across data centres is not in step",
			Needs: []Field{FieldReplicationState}, look: dataCentreSync,
		},
		{
			ID: "D12", Name: "evict-leader", Title: "Stores that stay take no leaders",
			Needs: []Field{FieldEvictLeader}, wants: []Field{FieldRegions}, look: evictLeaders,
		},
		{
			ID: "P25", Name: "other-operators", Title: "Other scheduling competes for the same stores",
			Needs: []Field{FieldOperators}, scope: nobodyLeaves, look: otherOperators,
		},
		{
			ID: "P26", Name: "paused-schedulers", Title: "Schedulers are paused for a time",
			Needs: []Field{FieldPausedSchedulers}, versions: versions{since: "6.0"}, look: pausedSchedulers,
		},
	}
}

func either(reasons ...func(*view) string) func(*view) string {
	return func(v *view) string {
		for _, reason := range reasons {
			if text := reason(v); text != "" {
				return text
			}
		}
		return ""
	}
}

func placementRulesOn(v *view) string {
	if v.snap.Replication.EnablePlacementRules {
		return "placement rules are on"
	}
	return ""
}

// stopped is a cause that stops everything.
func (v *view) stopped(sentence, evidence, next, risk string) []Cause {
	return []Cause{{
		Severity: Problem, Certainty: Certain, Blocked: v.remaining(), Sentence: sentence,
		Evidence: []string{evidence}, Next: next, Risk: risk,
	}}
}

const restartsAll = "all of PD's scheduling starts again, balancing included; ask who stopped it first"

func schedulingHalted(v *view) []Cause {
	if !v.snap.Schedule.HaltScheduling || v.snap.UnsafeRecovery != "" {
		return nil // an unsafe recovery halts it itself, and ends that itself (7.2 and later)
	}
	return v.stopped("scheduling is halted: PD moves nothing, and says nothing about it", "config/schedule: halt-scheduling is true",
		"pd-ctl config set halt-scheduling false", restartsAll)
}

// unsafeRecovery: from 6.1 on it stops all schedulers and checkers.
func unsafeRecovery(v *view) []Cause {
	if v.snap.UnsafeRecovery == "" {
		return nil
	}
	return v.stopped("an unsafe recovery is running, and PD does nothing else meanwhile",
		"admin/unsafe/remove-failed-stores/show: "+v.snap.UnsafeRecovery,
		"wait for its end: pd-ctl unsafe remove-failed-stores show", "none: it only looks")
}

// replicaLimit bounds the operators of PD's checkers that run at once, which are
// those that empty a store. region-schedule-limit does not.
func replicaLimit(v *view) []Cause {
	limit := v.snap.Schedule.ReplicaScheduleLimit
	if limit == 0 {
		return v.stopped("replica-schedule-limit is 0: PD makes no operator that would empty a store",
			"config/schedule: replica-schedule-limit is 0", "pd-ctl config set replica-schedule-limit 64",
			"regions start to move; BR or an unsafe recovery may have set it: ask first")
	}
	running := v.replicaOperators()
	if running < limit || v.remaining() == 0 {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Certain,
		Sentence: fmt.Sprintf("all %d operators that replica-schedule-limit allows are running", limit),
		Evidence: []string{fmt.Sprintf("config/schedule: replica-schedule-limit is %d", limit), fmt.Sprintf("operators: %d replace or add replicas", running)},
		Next:     "ebb tune show CLUSTER", Risk: "none: it only looks; more at once means more load on every store",
	}}
}

// replicaOperators counts the running operators of PD's checkers.
func (v *view) replicaOperators() int {
	n := 0
	for i := range v.ev.Running {
		op := &v.ev.Running[i]
		if slices.Contains(op.Kinds, "replica") || strings.HasPrefix(op.Desc, "replace-") {
			n++
		}
	}
	return n
}

// pausedCheckers: only those matter that move peers off a store, or end a change
// that is half done.
func pausedCheckers(v *view) []Cause {
	mover := "replica"
	if v.snap.Replication.EnablePlacementRules {
		mover = "rule"
	}
	var causes []Cause
	for _, name := range v.snap.PausedCheckers {
		if name != mover && name != "joint-state" {
			continue
		}
		c := v.stopped(fmt.Sprintf("the %s checker is paused", name), fmt.Sprintf("checker/%s: paused is true", name),
			fmt.Sprintf("curl -X POST PD/pd/api/v1/checker/%s -d '{\"delay\":0}'", name), "PD starts to repair regions again; ask who paused it first")
		if name == "joint-state" {
			c[0].Sentence += ": changes of peers that are half done stay so"
			c[0].Blocked = v.heading(func(t *Tally) cluster.RegionCount { return t.Joint }).Count
		} else {
			c[0].Sentence += ": it is the one that moves peers off leaving stores"
		}
		causes = append(causes, c...)
	}
	return causes
}

// replacingOff: PD's replica checker looks at these switches, the rule checker
// does not (4.0 to master).
func replacingOff(v *view) []Cause {
	if v.snap.Schedule.ReplaceOfflineReplica {
		return nil
	}
	return v.stopped("enable-replace-offline-replica is false, and placement rules are off: PD leaves replicas where they are",
		"config/schedule: enable-replace-offline-replica is false; config/replicate: enable-placement-rules is false",
		"pd-ctl config set enable-replace-offline-replica true", "regions of every leaving store start to move")
}

// denyBlocks are the releases in which the label also keeps the rule checker
// away (pd#6426): 6.0 to 6.5.2, and 7.0.
var denyBlocks = []versions{{"6.0", "6.5.3"}, {"7.0", "7.1"}}

func scheduleDenied(v *view) []Cause {
	var ids []string
	for i := range v.ev.LabelRules {
		if v.ev.LabelRules[i].DeniesScheduling() {
			ids = append(ids, v.ev.LabelRules[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	denied := v.heading(func(t *Tally) cluster.RegionCount { return t.Denied })
	c := Cause{
		Severity: Note, Certainty: Certain, Regions: denied.Examples,
		Sentence: fmt.Sprintf("%s with schedule=deny: no merging or balancing there; backups and imports set it for a while", cluster.Plural(len(ids), "key range rule")),
		Evidence: []string{"config/region-label/rules: " + ids[0]},
		Next:     "leave it to the tool that set it; or, left behind: curl -X DELETE PD/pd/api/v1/config/region-label/rule/" + strings.ReplaceAll(ids[0], "/", "%2F"), Risk: "an import that still runs slows down or fails",
	}
	if v.release.Known() && slices.ContainsFunc(denyBlocks, func(r versions) bool { return r.has(v.release) }) && denied.Count > 0 {
		c.Severity, c.Certainty, c.Blocked = Problem, Likely, denied.Count
		c.Sentence = fmt.Sprintf("%s in key ranges with schedule=deny, which keeps PD %s from moving them at all", cluster.Agree(denied.Count, "region", "lies", "lie"), v.snap.PDVersion)
	}
	return []Cause{c}
}

// dataCentreSync: while dr-auto-sync is not in sync, taking stores out may wait
// (tikv#16465).
func dataCentreSync(v *view) []Cause {
	r := v.ev.Replication
	if r.Mode != "dr-auto-sync" || r.State == "sync" {
		return nil
	}
	return []Cause{{
		Severity: Note, Certainty: Possible,
		Sentence: fmt.Sprintf("dr-auto-sync is in state %s: one data centre does not hold all data", r.State),
		Evidence: []string{"replication_mode/status: state is " + r.State + ", label " + r.LabelKey},
		Next:     "bring the other data centre back first", Risk: "none",
	}}
}

// otherOperators: merges and hot-region moves use up the same store limits, and
// a region can have one operator only.
func otherOperators(v *view) []Cause {
	const many = 32
	other := 0
	for i := range v.ev.Running {
		op := &v.ev.Running[i]
		if strings.Contains(op.Desc, "merge") || strings.Contains(op.Desc, "hot-") || slices.Contains(op.Kinds, "merge") || slices.Contains(op.Kinds, "hot-region") {
			other++
		}
	}
	if other < many || other < v.replicaOperators() {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Possible,
		Sentence: fmt.Sprintf("%d merges and hot-region moves run beside %d operators that replace replicas", other, v.replicaOperators()),
		Evidence: []string{fmt.Sprintf("operators: %d in all", len(v.ev.Running))},
		Next:     "pd-ctl config set merge-schedule-limit 0 for the time being", Risk: "regions stay small and many until it is set back to 8",
	}}
}

// pausedSchedulers: BR and Lightning pause schedulers while they work and may
// die before they resume them. What they set with a time to live PD does not show.
func pausedSchedulers(v *view) []Cause {
	if len(v.ev.PausedSchedulers) == 0 {
		return nil
	}
	return []Cause{{
		Severity: Note, Certainty: Certain,
		Sentence: fmt.Sprintf("%s paused: a backup or an import may be running, or has died", cluster.Agree(len(v.ev.PausedSchedulers), "scheduler", "is", "are")),
		Evidence: []string{"schedulers?status=paused: " + strings.Join(v.ev.PausedSchedulers[:min(len(v.ev.PausedSchedulers), 4)], ", "), "limits that it set with ttlSecond cannot be seen in PD"},
		Next:     "wait until they resume by themselves; or: pd-ctl scheduler resume " + v.ev.PausedSchedulers[0], Risk: "a running backup or import slows down",
	}}
}
