package e2e

import (
	"fmt"
	"math/rand/v2"
	"time"

	"ebb/cluster"
)

// generated is a made-up cluster as PD would show it, and what PD knows besides.
type generated struct {
	rand    *rand.Rand
	snap    *cluster.Snapshot
	regions []cluster.Region
	// space are the exact sizes, which PD rounds when it shows them; spent are the
	// stores whose store limit has no token left.
	space map[cluster.StoreID][2]uint64
	spent map[cluster.StoreID]bool
}

// generate makes a small cluster in which much is wrong.
func generate(seed uint64) *generated {
	g := &generated{
		rand: rand.New(rand.NewPCG(seed, 1)), space: make(map[cluster.StoreID][2]uint64), spent: make(map[cluster.StoreID]bool),
		snap: &cluster.Snapshot{ReadAt: time.Now(), PDVersion: "v8.5.0", Limits: cluster.StoreLimits{}, Unread: cluster.Unread{}},
	}
	g.snap.Schedule = &cluster.ScheduleConfig{
		ReplicaScheduleLimit: 64, MergeScheduleLimit: 8, MaxSnapshotCount: g.of(3, 64), MaxPendingPeerCount: g.of(0, 16, 64),
		MaxStoreDownTime: 30 * time.Minute, LowSpaceRatio: []float64{0.8, 0.8, 0.6}[g.rand.IntN(3)], HighSpaceRatio: 0.7,
		ReplaceOfflineReplica: !g.chance(10), MakeUpReplica: !g.chance(20), RemoveExtraReplica: !g.chance(20),
		RemoveDownReplica: !g.chance(20), LocationReplacement: !g.chance(50),
	}
	joint := !g.chance(25)
	g.snap.Schedule.EnableJointConsensus = &joint
	locations := [][]string{nil, {"host"}, {"zone", "host"}, {"zone", "rack", "host"}}[g.rand.IntN(4)]
	isolation := ""
	if len(locations) > 0 && g.chance(40) {
		isolation = append(locations, "elsewhere")[g.rand.IntN(len(locations)+1)]
	}
	g.snap.Replication = &cluster.ReplicationConfig{
		MaxReplicas: g.of(1, 2, 3, 3, 3, 5), LocationLabels: locations, IsolationLevel: isolation, EnablePlacementRules: !g.chance(25),
	}
	for id := range cluster.StoreID(3 + g.rand.IntN(8)) {
		g.addStore(id + 1)
	}
	if g.snap.Replication.EnablePlacementRules {
		g.addRules()
	}
	for id := range 24 {
		g.addRegion(id)
	}
	return g
}

func (g *generated) chance(percent int) bool { return g.rand.IntN(100) < percent }

func (g *generated) of(values ...int) int { return values[g.rand.IntN(len(values))] }

func (g *generated) word(words ...string) string { return words[g.rand.IntN(len(words))] }

func (g *generated) addStore(id cluster.StoreID) {
	s := cluster.Store{ID: id, Address: fmt.Sprintf("10.0.0.%d:20160", id), RegionCount: g.of(0, 50, 99, 100, 5000), RegionSizeMiB: int64(1000 + g.rand.IntN(9000))}
	for _, l := range []cluster.Label{
		{Key: "zone", Value: g.word("z1", "z2", "z3", "Z3", "")}, {Key: "rack", Value: g.word("r1", "r2")},
		{Key: "host", Value: fmt.Sprintf("h%d", g.rand.IntN(6))}, {Key: "disk", Value: g.word("ssd", "ssd", "hdd", "")},
	} {
		if l.Value != "" && !g.chance(10) {
			s.Labels = append(s.Labels, l)
		}
	}
	switch {
	case g.chance(15):
		s.Labels = append(s.Labels, cluster.Label{Key: "engine", Value: "tiflash"})
	case g.chance(4):
		s.Labels = append(s.Labels, cluster.Label{Key: "specialUse", Value: g.word("hotRegion", "reserved", "other")})
	case g.chance(4):
		s.Labels = append(s.Labels, cluster.Label{Key: "$mine", Value: "x"})
	}
	age := time.Duration(g.rand.IntN(12)) * time.Second
	if g.chance(10) {
		age = []time.Duration{30 * time.Second, 5 * time.Minute, 2 * time.Hour}[g.rand.IntN(3)]
	}
	s.LastHeartbeat = g.snap.ReadAt.Add(-age)
	s.NodeState, s.StateName = cluster.Serving, cluster.StateUp
	switch {
	case g.chance(30):
		s.State, s.NodeState, s.StateName = cluster.Offline, cluster.Removing, cluster.StateOffline
		s.PhysicallyDestroyed = g.chance(10)
	case g.chance(3):
		s.State, s.NodeState, s.StateName = cluster.Tombstone, cluster.Removed, cluster.StateTombstone
	case age > 30*time.Minute:
		s.StateName = cluster.StateDown
	case age > 20*time.Second:
		s.StateName = cluster.StateDisconnected
	case g.chance(10):
		s.NodeState = cluster.Preparing
	}
	s.IsBusy = g.chance(8)
	if g.chance(15) {
		s.SendingSnapCount, s.ReceivingSnapCount = g.of(0, 2, 3, 4, 65), g.of(0, 2, 3, 4, 65)
	}
	if g.chance(15) {
		s.PendingPeerCount = g.of(16, 17, 64, 65)
	}
	g.addSpace(&s)
	limit := float64(cluster.LimitUnlimited)
	if g.chance(15) {
		limit, g.spent[id] = 15, g.chance(50)
	}
	g.snap.Limits[id] = cluster.StoreLimit{AddPeer: limit, RemovePeer: limit}
	g.snap.Stores = append(g.snap.Stores, s)
}

// addSpace gives the store a size, and shows it as rounded as PD does.
func (g *generated) addSpace(s *cluster.Store) {
	capacity := uint64(g.of(20, 500, 2000)) << 30
	available := capacity / 100 * uint64(g.of(5, 15, 19, 20, 21, 39, 41, 60, 80, 90))
	if g.chance(60) {
		available = capacity / 100 * uint64(50+g.rand.IntN(45))
	}
	if g.chance(3) {
		capacity, available = 0, 0
	}
	g.space[s.ID] = [2]uint64{capacity, available}
	shown := func(bytes uint64) cluster.Size {
		precision := bytes / 2000
		if precision == 0 {
			return cluster.Size{Bytes: bytes, Known: bytes > 0}
		}
		return cluster.Size{Bytes: bytes - precision/2 + g.rand.Uint64N(precision), Precision: precision, Known: true}
	}
	s.Capacity, s.Available = shown(capacity), shown(available)
}

// addRules adds one to three rules for all regions, and others for some.
func (g *generated) addRules() {
	locations, isolation := g.snap.Replication.LocationLabels, g.snap.Replication.IsolationLevel
	rule := func(id string, role cluster.RuleRole, count int, constraints ...cluster.LabelConstraint) {
		g.snap.Rules = append(g.snap.Rules, cluster.Rule{
			GroupID: "pd", ID: id, Index: len(g.snap.Rules), Role: role, Count: count, LabelConstraints: constraints,
			LocationLabels: locations, IsolationLevel: isolation,
		})
	}
	in := func(key, op string, values ...string) cluster.LabelConstraint {
		return cluster.LabelConstraint{Key: key, Op: op, Values: values}
	}
	switch g.rand.IntN(6) {
	case 0:
		rule("1", cluster.RoleVoter, 2, in("disk", "in", "ssd"))
		rule("2", cluster.RoleVoter, g.of(1, 2), in("disk", "notIn", "ssd"))
	case 1:
		rule("1", cluster.RoleLeader, 1, in("zone", g.word("in", "notIn"), "z1"))
		rule("2", cluster.RoleFollower, 2)
	case 2:
		rule("1", cluster.RoleVoter, 3, in("disk", g.word("exists", "notExists")))
	case 3:
		rule("1", cluster.RoleVoter, 2)
		rule("2", cluster.RoleLearner, 1, in("zone", "in", "z2", "z3"))
	default:
		rule("1", cluster.RoleVoter, g.snap.Replication.MaxReplicas)
	}
	if g.chance(40) {
		g.snap.Rules = append(g.snap.Rules, cluster.Rule{
			GroupID: "tiflash", ID: "table-1-r", Role: cluster.RoleLearner, Count: g.of(1, 2), StartKey: key(g.rand.IntN(24)), EndKey: key(30),
			LabelConstraints: []cluster.LabelConstraint{in("engine", "in", "tiflash")}, LocationLabels: []string{"host"},
		})
	}
	if g.chance(20) {
		at := key(g.rand.IntN(24))
		if g.chance(50) {
			at = append(at, 'x') // in the middle of a region
		}
		g.snap.Rules = append(g.snap.Rules, cluster.Rule{GroupID: "policy", ID: "p", Index: 1, Override: g.chance(50), Role: cluster.RoleVoter, Count: 1, StartKey: at})
		g.snap.RuleGroups = append(g.snap.RuleGroups, cluster.RuleGroup{ID: "policy", Index: g.of(0, 7), Override: g.chance(50)})
	}
}

func key(n int) []byte { return fmt.Appendf(nil, "k%03d", n) }

func (g *generated) addRegion(n int) {
	r := cluster.Region{ID: cluster.RegionID(1000 + n), StartKey: key(n), EndKey: key(n + 1), Epoch: cluster.RegionEpoch{ConfVer: 1, Version: 1}, ApproximateSizeMiB: 96, ApproximateKeys: 960000}
	stores := g.rand.Perm(len(g.snap.Stores))
	count := min(g.of(1, 2, 3, 3, 3, 3, 3, 4, 4, 5, 6), len(stores))
	for i, at := range stores[:count] {
		s := &g.snap.Stores[at]
		p := cluster.Peer{ID: uint64(100*n + g.rand.IntN(10)*10 + i + 1), StoreID: s.ID}
		if s.Engine() == cluster.TiFlash || i > 0 && g.chance(8) {
			p.Role = cluster.Learner
		}
		if g.chance(6) {
			p.StoreID = cluster.StoreID(90 + i) // PD has no record of it
		}
		r.Peers = append(r.Peers, p)
	}
	for i := range r.Peers {
		switch {
		case g.chance(8):
			r.Down = append(r.Down, cluster.DownPeer{Peer: r.Peers[i], DownSeconds: 4000})
		case g.chance(8):
			r.Pending = append(r.Pending, r.Peers[i])
		}
		if r.Peers[i].Role == cluster.Voter && (!r.HasLeader() || g.chance(30)) {
			r.Leader = r.Peers[i]
		}
	}
	if g.chance(4) && r.HasLeader() {
		if p := &r.Peers[g.rand.IntN(count)]; p.ID != r.Leader.ID && p.Role == cluster.Voter {
			p.Role = cluster.DemotingVoter
		}
	}
	g.regions = append(g.regions, r)
}
