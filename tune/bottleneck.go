package tune

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ebb/cluster"
)

// bottlenecks lists what limits the leaving; nothing without leaving stores.
func (v *view) bottlenecks() []Limit {
	if len(v.leaving) == 0 {
		return nil
	}
	var list []Limit
	for _, engine := range []cluster.Engine{cluster.TiKV, cluster.TiFlash} {
		if l, ok := v.addPeerLimit(engine); ok {
			list = append(list, l)
		}
	}
	for _, s := range v.leaving {
		item := Item{RemovePeer, s.ID}
		if rate, ok := v.works(item).float(); ok && v.limits && s.State == cluster.Offline && rate < cluster.LimitUnlimited {
			list = append(list, Limit{
				Setting: RemovePeer, PerMinute: &rate,
				Text: fmt.Sprintf("store %d, which leaves, is limited to %g a minute: PD lifts that when a store goes Offline, and somebody set it since", s.ID, rate),
			})
		}
	}
	list = append(list, v.operatorLimit())
	list = append(list, v.snapshotLimits()...)
	if l, ok := v.patrol(); ok {
		list = append(list, l)
	}
	bind(list)
	return list
}

// bind marks what is felt: what is reached, else the least rate.
func bind(list []Limit) {
	least := -1
	for i := range list {
		if list[i].Binding {
			return
		}
		if r := list[i].PerMinute; r != nil && *r < cluster.LimitUnlimited && (least < 0 || *r < *list[least].PerMinute) {
			least = i
		}
	}
	if least >= 0 {
		list[least].Binding = true
	}
}

func (v *view) addPeerLimit(engine cluster.Engine) (Limit, bool) {
	sum, n, lowest, highest := 0.0, 0, math.Inf(1), 0.0
	for _, s := range v.receivers {
		if rate, ok := v.works(Item{AddPeer, s.ID}).float(); ok && s.Engine() == engine {
			sum, n, lowest, highest = sum+rate, n+1, min(lowest, rate), max(highest, rate)
		}
	}
	of := slices.ContainsFunc(v.leaving, func(s *cluster.Store) bool { return s.Engine() == engine })
	if !v.limits || !of {
		return Limit{}, false
	}
	l := Limit{Setting: AddPeer, Engine: engine, PerMinute: &sum}
	switch {
	case n == 0:
		l.Text, l.Binding = fmt.Sprintf("no %s store is fit to receive regions", engine), true
	case lowest >= cluster.LimitUnlimited:
		l.Text, l.PerMinute = fmt.Sprintf("%s receivers' add-peer: no limit", engine), nil
	case lowest == highest:
		l.Text = fmt.Sprintf("%s receivers' add-peer: %g a minute x %d = %g regions a minute", engine, lowest, n, sum)
	default:
		l.Text = fmt.Sprintf("%s receivers' add-peer: %g to %g a minute, of %d together %g regions a minute", engine, lowest, highest, n, sum)
	}
	return l, true
}

// operatorLimit: replica-schedule-limit counts the operators that replace and
// make up replicas (OpReplica), of all stores together.
func (v *view) operatorLimit() Limit {
	running := 0
	for i := range v.Operators {
		if slices.Contains(v.Operators[i].Kinds, "replica") {
			running++
		}
	}
	limit, _ := v.works(Item{Setting: ReplicaScheduleLimit}).float()
	l := Limit{Setting: ReplicaScheduleLimit, Text: fmt.Sprintf("replica-schedule-limit: %d of %g operators are running", running, limit)}
	switch {
	case limit == 0:
		l.Text, l.Binding = "replica-schedule-limit is 0: PD moves nothing", true
	case v.OperatorsErr != nil:
		l.Text = fmt.Sprintf("replica-schedule-limit is %g; how many operators run could not be read: %v", limit, v.OperatorsErr)
	case float64(running) >= limit:
		l.Binding = true
	}
	return l
}

// snapshotLimits lists the stores that PD sends nothing at the moment, as they
// have too many snapshots or pending peers already.
func (v *view) snapshotLimits() []Limit {
	var list []Limit
	snapshots, _ := v.works(Item{Setting: MaxSnapshotCount}).float()
	pending, _ := v.works(Item{Setting: MaxPendingPeerCount}).float()
	for _, s := range v.receivers {
		if n := max(s.SendingSnapCount, s.ReceivingSnapCount); float64(n) > snapshots {
			list = append(list, Limit{Setting: MaxSnapshotCount, Binding: true, Text: fmt.Sprintf("store %d has %d snapshots under way, more than max-snapshot-count %g", s.ID, n, snapshots)})
		}
		if n := s.PendingPeerCount; pending > 0 && float64(n) > pending {
			list = append(list, Limit{Setting: MaxPendingPeerCount, Binding: true, Text: fmt.Sprintf("store %d has %d pending peers, more than max-pending-peer-count %g", s.ID, n, pending)})
		}
	}
	return list
}

// patrol is worth a word when one round takes long.
func (v *view) patrol() (Limit, bool) {
	peers, replicas := 0, 3
	for i := range v.Snapshot.Stores {
		if s := &v.Snapshot.Stores[i]; s.Engine() == cluster.TiKV {
			peers += s.RegionCount
		}
	}
	if r := v.Snapshot.Replication; r != nil && r.MaxReplicas > 0 {
		replicas = r.MaxReplicas
	}
	regions := peers / replicas
	ms, _ := v.works(Item{Setting: PatrolRegionInterval}).float()
	round := cluster.PatrolRound(v.release, regions, time.Duration(ms*float64(time.Millisecond)), v.Snapshot.Schedule)
	if round < time.Minute {
		return Limit{}, false
	}
	waiting := 0
	for _, s := range v.leaving {
		waiting += s.RegionCount
	}
	rate := float64(waiting) / round.Minutes()
	return Limit{
		Setting: PatrolRegionInterval, PerMinute: &rate,
		Text: fmt.Sprintf("patrol-region-interval: PD takes %s to look at all of some %d regions once", round.Round(time.Second), regions),
	}, true
}
