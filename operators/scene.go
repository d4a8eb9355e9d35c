package operators

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"ebb/cluster"
)

// Scene is what an orphan is judged by, beside its region. It is read once for
// many regions, and again before changes.
type Scene struct {
	ClusterID uint64
	PDVersion string
	ReadAt    time.Time // PD's clock
	Stores    cluster.Stores
	// Running are the operators under way, by region.
	Running map[cluster.RegionID]cluster.Operator
	// Answering maps stores that are gone to the address at which their process
	// still answers.
	Answering map[cluster.StoreID]string
	// UnsafeRecovery is PD's word on a recovery that has not ended, "" without one.
	UnsafeRecovery string
	// Fresh is set while PD's leader has not heard of the leaders of all regions
	// since it was started.
	Fresh bool

	placement *placement
}

// placement says whether PD would repair a region by itself.
type placement struct {
	unread bool // the settings could not be read
	// rules is nil where PD does not repair: placement rules are off (its replica
	// checker gives up on regions with a peer on an unknown store), or its checkers
	// are stopped.
	rules *cluster.RuleIndex
	// spares are the stores that PD may add a peer to, as far as can be seen for
	// all regions together.
	spares []*cluster.Store
	// full remembers per set of rules whether the spares suffice.
	full map[*cluster.Rule]bool
	mu   sync.Mutex // of full
}

// SceneReading is what a scene is made of.
type SceneReading struct {
	Snapshot *cluster.Snapshot
	Running  []cluster.Operator
	// Stats may be nil; nothing is then called fresh that has leaders.
	Stats *cluster.RegionStats
	// LeaderStarted is when the process of PD's leader was started, zero when that
	// is not known.
	LeaderStarted time.Time
	Answering     map[cluster.StoreID]string
}

// UnreadError says what of PD could not be read, so that nobody can judge.
type UnreadError struct {
	Field cluster.Field
	Err   error
}

func (e *UnreadError) Error() string {
	return fmt.Sprintf("judge orphan peers: read %s: %v", e.Field, e.Err)
}

func (e *UnreadError) Unwrap() error { return e.Err }

// NewScene makes a scene. It fails with *UnreadError when the members or the state
// of unsafe recovery could not be read.
func NewScene(in SceneReading) (*Scene, error) {
	snap := in.Snapshot
	for _, field := range []cluster.Field{cluster.FieldMembers, cluster.FieldUnsafeRecovery} {
		if err := snap.Unread[field]; err != nil {
			return nil, &UnreadError{Field: field, Err: err}
		}
	}
	s := &Scene{
		PDVersion: snap.PDVersion, ReadAt: snap.ReadAt, Stores: cluster.IndexStores(snap.Stores),
		Running:   make(map[cluster.RegionID]cluster.Operator, len(in.Running)),
		Answering: in.Answering, UnsafeRecovery: snap.UnsafeRecovery,
		placement: newPlacement(snap),
	}
	if snap.Members != nil {
		s.ClusterID = snap.Members.ClusterID
	}
	for _, op := range in.Running {
		s.Running[op.RegionID] = op
	}
	s.Fresh = fresh(in)
	return s, nil
}

// Settling reports whether PD's leader was started so lately that it may not have
// heard of all regions. SceneReading.Stats tell; later they do not matter.
func Settling(leaderStarted, now time.Time) bool {
	return !leaderStarted.IsZero() && now.Sub(leaderStarted) < cluster.CollectTimeout
}

// fresh: a PD that has just been started knows the regions from its disk, without
// leaders, until they have sent a heartbeat.
func fresh(in SceneReading) bool {
	if in.Stats == nil || !Settling(in.LeaderStarted, in.Snapshot.ReadAt) {
		return false
	}
	return in.Stats.Leaders() < in.Stats.Regions
}

func newPlacement(snap *cluster.Snapshot) *placement {
	for _, field := range []cluster.Field{cluster.FieldReplication, cluster.FieldSchedule, cluster.FieldRules, cluster.FieldRuleGroups, cluster.FieldPausedCheckers} {
		if snap.Unread[field] != nil {
			return &placement{unread: true}
		}
	}
	if snap.Replication == nil || snap.Schedule == nil {
		return &placement{unread: true}
	}
	stopped := snap.Schedule.HaltScheduling || snap.Schedule.ReplicaScheduleLimit == 0 || slices.Contains(snap.PausedCheckers, "rule")
	if stopped || !snap.Replication.EnablePlacementRules {
		return &placement{}
	}
	p := &placement{rules: cluster.NewRuleIndex(snap.Rules, snap.RuleGroups), full: make(map[*cluster.Rule]bool)}
	for i := range snap.Stores {
		s := &snap.Stores[i]
		if s.State == cluster.Up && s.Live(snap.ReadAt) && !s.SpecialUse() && s.LowSpace(snap.Schedule) != cluster.Yes {
			p.spares = append(p.spares, s)
		}
	}
	return p
}

// repairs reports whether PD, left alone, finds a place for every peer that the
// rules of the region ask for; it then removes the orphan as one too many (rule
// checker, 5.0 to master). Labels and isolation are looked at, passing states are
// not: what is full or busy now may not be so in a minute.
func (p *placement) repairs(r *cluster.Region) bool {
	if p.rules == nil {
		return false
	}
	rules := p.rules.At(r)
	if len(rules) == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	full, known := p.full[&rules[0]]
	if !known {
		set := cluster.RuleSet{Rules: rules}
		full = !slices.ContainsFunc(set.Fit(p.spares), func(f cluster.RuleFit) bool { return f.Short() > 0 })
		p.full[&rules[0]] = full
	}
	return full
}
