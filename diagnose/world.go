package diagnose

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// World is what PD's checkers look at when they decide whether a region moves
// and where to, read once. It answers as PD would: the checks, their order and
// their arithmetic are those of PD's rule checker and replica checker
// (pkg/schedule/checker and pkg/schedule/filter, read at 2024-04, PD 7.5 to 8.5).
// What PD does not show, such as the tokens left in a store limit, is unknown
// here and never counts as a pass. Two things are left out: the label schedule=deny
// of regions, which held up the rule checker too in 6.0 to 6.5.2 and 7.0, and
// witnesses as a fast way out, which nothing shows to be enabled. A World does not
// change once it is made, so it may be used from several goroutines.
type World struct {
	snap     *cluster.Snapshot
	now      time.Time
	known    cluster.Stores
	stores   []storeFacts // all that PD knows, by id
	position map[cluster.StoreID]int

	// index is nil where placement rules are off, or could not be read.
	index *cluster.RuleIndex
	rules map[ruleName]*ruleFacts
	// replica is what the replica checker goes by; nil where placement rules are on.
	replica *ruleFacts

	running map[cluster.RegionID]*cluster.Operator
	evict   map[cluster.StoreID]bool
	// stopped says why PD's checkers do nothing at all, "" when they work, as far
	// as unsure does not say that it could not be read.
	stopped string
	unsure  string
}

type ruleName struct{ group, id string }

// NewWorld prepares the answers of one reading of PD. running are the operators
// that PD runs now.
func NewWorld(snap *cluster.Snapshot, running []cluster.Operator) *World {
	w := &World{
		snap: snap, now: snap.ReadAt, known: cluster.IndexStores(snap.Stores),
		position: make(map[cluster.StoreID]int, len(snap.Stores)),
		rules:    make(map[ruleName]*ruleFacts),
		running:  make(map[cluster.RegionID]*cluster.Operator, len(running)),
		evict:    make(map[cluster.StoreID]bool),
	}
	towards := make(map[cluster.StoreID]int)
	for i := range running {
		w.running[running[i].RegionID] = &running[i]
		for _, id := range targetsOf(&running[i]) {
			towards[id]++
		}
	}
	for _, id := range snap.EvictLeader {
		w.evict[id] = true
	}
	for i := range snap.Stores {
		w.stores = append(w.stores, newStoreFacts(snap, &snap.Stores[i], towards[snap.Stores[i].ID]))
	}
	slices.SortFunc(w.stores, func(a, b storeFacts) int { return int(a.ID) - int(b.ID) })
	for i := range w.stores {
		w.position[w.stores[i].ID] = i
	}
	w.stopped, w.unsure = checkersStopped(snap)
	w.indexRules()
	return w
}

// indexRules works out once which stores each rule accepts.
func (w *World) indexRules() {
	conf := w.snap.Replication
	switch {
	case conf == nil:
		w.unsure = "the replication settings could not be read"
	case !conf.EnablePlacementRules:
		rule := conf.DefaultRule()
		w.replica = newRuleFacts(&rule, w.stores)
		w.replica.anyLabels = true
	case w.snap.Unread[cluster.FieldRules] != nil || w.snap.Unread[cluster.FieldRuleGroups] != nil:
		w.unsure = "the placement rules could not be read"
	default:
		w.index = cluster.NewRuleIndex(w.snap.Rules, w.snap.RuleGroups)
		shared := make(map[string]*ruleFacts) // TiFlash has a rule for each table, all alike
		for i := range w.snap.Rules {
			r := &w.snap.Rules[i]
			like := fmt.Sprintf("%q %q %q", r.LabelConstraints, r.LocationLabels, r.IsolationLevel)
			if shared[like] == nil {
				shared[like] = newRuleFacts(r, w.stores)
			}
			w.rules[ruleName{r.GroupID, r.ID}] = shared[like]
		}
	}
}

// checkersStopped says why no checker of PD does anything, or that nobody knows.
func checkersStopped(snap *cluster.Snapshot) (stopped, unsure string) {
	checker := "rule"
	if snap.Replication != nil && !snap.Replication.EnablePlacementRules {
		checker = "replica"
	}
	switch {
	case snap.UnsafeRecovery != "":
		return "an unsafe recovery is running: " + snap.UnsafeRecovery, ""
	case snap.Schedule != nil && snap.Schedule.HaltScheduling:
		return "halt-scheduling is true", ""
	case slices.Contains(snap.PausedCheckers, checker):
		return "the " + checker + " checker is paused", ""
	case snap.Schedule != nil && snap.Schedule.ReplicaScheduleLimit == 0:
		return "replica-schedule-limit is 0", ""
	case snap.Schedule != nil && checker == "replica" && !snap.Schedule.ReplaceOfflineReplica:
		return "enable-replace-offline-replica is false (it counts where placement rules are off)", ""
	case snap.Schedule == nil:
		return "", "the schedule settings could not be read"
	case snap.Unread[cluster.FieldPausedCheckers] != nil:
		return "", "PD did not say whether its checkers are paused"
	case snap.Unread[cluster.FieldUnsafeRecovery] != nil:
		return "", "PD did not say whether an unsafe recovery is running"
	}
	return "", ""
}

// rulesAt are the rules of a region with their facts. ok is false where it
// crosses a rule boundary or no rule applies.
func (w *World) rulesAt(r *cluster.Region) (rules []cluster.Rule, ok bool) {
	if w.index == nil {
		return nil, false
	}
	rules = w.index.At(r)
	return rules, len(rules) > 0
}

func (w *World) factsOf(r *cluster.Rule) *ruleFacts { return w.rules[ruleName{r.GroupID, r.ID}] }

// at is the position of a store, -1 when PD does not know it.
func (w *World) at(id cluster.StoreID) int {
	if i, ok := w.position[id]; ok {
		return i
	}
	return -1
}

// leaving reports whether PD wants the peers of the store elsewhere: its node
// state is Removing or Removed.
func (w *World) leaving(id cluster.StoreID) bool {
	s := w.known[id]
	return s != nil && s.State != cluster.Up
}

// lost reports whether PD replaces the peer although its store is Up: the leader
// says it is down, and the store is silent for max-store-down-time.
func (w *World) lost(r *cluster.Region, p *cluster.Peer) bool {
	i := w.at(p.StoreID)
	return i >= 0 && r.IsDown(p.ID) && w.stores[i].fails.has(filterDown)
}
