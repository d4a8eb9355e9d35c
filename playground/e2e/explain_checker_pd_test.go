package e2e

import (
	"context"
	"encoding/hex"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"github.com/tikv/pd/pkg/core"
	"github.com/tikv/pd/pkg/core/storelimit"
	"github.com/tikv/pd/pkg/mock/mockcluster"
	"github.com/tikv/pd/pkg/mock/mockconfig"
	"github.com/tikv/pd/pkg/schedule/checker"
	"github.com/tikv/pd/pkg/schedule/operator"
	"github.com/tikv/pd/pkg/schedule/placement"

	"ebb/cluster"
)

// realChecker is PD's own checker over a generated cluster.
type realChecker struct {
	pd      *mockcluster.Cluster
	checker *checker.Controller
}

// newRealChecker returns an error for rules that PD refuses.
func newRealChecker(ctx context.Context, g *generated) (*realChecker, error) {
	options := mockconfig.NewTestOptions()
	setOptions(options.GetScheduleConfig, options.SetScheduleConfig, func(c *scheduleConfig) {
		from := g.snap.Schedule
		c.MaxSnapshotCount, c.MaxPendingPeerCount = uint64(from.MaxSnapshotCount), uint64(from.MaxPendingPeerCount)
		c.LowSpaceRatio, c.EnableJointConsensus = from.LowSpaceRatio, *from.EnableJointConsensus
		c.EnableReplaceOfflineReplica, c.EnableMakeUpReplica = from.ReplaceOfflineReplica, from.MakeUpReplica
		c.EnableRemoveExtraReplica, c.EnableRemoveDownReplica = from.RemoveExtraReplica, from.RemoveDownReplica
		c.EnableLocationReplacement = from.LocationReplacement
	})
	setOptions(options.GetReplicationConfig, options.SetReplicationConfig, func(c *replicationConfig) {
		from := g.snap.Replication
		c.MaxReplicas, c.LocationLabels, c.IsolationLevel = uint64(from.MaxReplicas), from.LocationLabels, from.IsolationLevel
		c.EnablePlacementRules = from.EnablePlacementRules
		// A region that was found well is not looked at again until its stores
		// change; what we change below is not among what the cache looks at.
		c.EnablePlacementRulesCache = false
	})
	pd := mockcluster.NewCluster(ctx, options)
	for i := range g.snap.Stores {
		pd.PutStore(g.pdStore(&g.snap.Stores[i]))
	}
	if g.snap.Replication.EnablePlacementRules {
		if err := setPDRules(pd.RuleManager, g.snap); err != nil {
			return nil, err
		}
	}
	control := operator.NewController(ctx, pd.GetBasicCluster(), pd.GetSharedConfig(), nil)
	return &realChecker{pd: pd, checker: checker.NewController(ctx, pd, pd.GetCheckerConfig(), pd.RuleManager, pd.GetRegionLabeler(), control)}, nil
}

func setPDRules(m *placement.RuleManager, snap *cluster.Snapshot) error {
	// The default rule that PD makes by itself has the same name as none of ours.
	var todo []placement.RuleOp
	for i := range snap.Rules {
		r := &snap.Rules[i]
		rule := &placement.Rule{
			GroupID: r.GroupID, ID: r.ID, Index: r.Index, Override: r.Override, Role: placement.PeerRoleType(r.Role), Count: r.Count,
			StartKeyHex: hex.EncodeToString(r.StartKey), EndKeyHex: hex.EncodeToString(r.EndKey),
			LocationLabels: r.LocationLabels, IsolationLevel: r.IsolationLevel,
		}
		for _, c := range r.LabelConstraints {
			rule.LabelConstraints = append(rule.LabelConstraints, placement.LabelConstraint{Key: c.Key, Op: placement.LabelConstraintOp(c.Op), Values: c.Values})
		}
		todo = append(todo, placement.RuleOp{Rule: rule, Action: placement.RuleOpAdd})
	}
	todo = append(todo, placement.RuleOp{Rule: &placement.Rule{GroupID: placement.DefaultGroupID, ID: placement.DefaultRuleID}, Action: placement.RuleOpDel})
	if err := m.Batch(todo); err != nil {
		return err
	}
	for _, g := range snap.RuleGroups {
		if err := m.SetRuleGroup(&placement.RuleGroup{ID: g.ID, Index: g.Index, Override: g.Override}); err != nil {
			return err
		}
	}
	return nil
}

// pdStore is the store as PD has it, with the exact sizes.
func (g *generated) pdStore(s *cluster.Store) *core.StoreInfo {
	meta := &metapb.Store{
		Id: uint64(s.ID), Address: s.Address, State: metapb.StoreState(s.State), NodeState: metapb.NodeState(s.NodeState),
		PhysicallyDestroyed: s.PhysicallyDestroyed, LastHeartbeat: s.LastHeartbeat.UnixNano(),
	}
	for _, l := range s.Labels {
		meta.Labels = append(meta.Labels, &metapb.StoreLabel{Key: l.Key, Value: l.Value})
	}
	capacity, available := g.space[s.ID][0], g.space[s.ID][1]
	limit := storelimit.NewStoreRateLimit(g.snap.Limits[s.ID].AddPeer / 60)
	if g.snap.Limits[s.ID].AddPeer >= cluster.LimitUnlimited {
		limit = storelimit.NewStoreRateLimit(storelimit.Unlimited)
	}
	if g.spent[s.ID] {
		limit.Take(1000, storelimit.AddPeer, 0)
	}
	return core.NewStoreInfo(meta,
		core.SetStoreStats(&pdpb.StoreStats{
			StoreId: uint64(s.ID), Capacity: capacity, Available: available, UsedSize: capacity - available, IsBusy: s.IsBusy,
			SendingSnapCount: uint32(s.SendingSnapCount), ReceivingSnapCount: uint32(s.ReceivingSnapCount),
		}),
		core.SetRegionCount(s.RegionCount), core.SetRegionSize(s.RegionSizeMiB), core.SetPendingPeerCount(s.PendingPeerCount),
		core.SetStoreLimit(limit),
	)
}

func pdRegion(r *cluster.Region) *core.RegionInfo {
	peer := func(p *cluster.Peer) *metapb.Peer {
		return &metapb.Peer{Id: p.ID, StoreId: uint64(p.StoreID), Role: metapb.PeerRole(p.Role), IsWitness: p.IsWitness}
	}
	meta := &metapb.Region{Id: uint64(r.ID), StartKey: r.StartKey, EndKey: r.EndKey, RegionEpoch: &metapb.RegionEpoch{ConfVer: r.Epoch.ConfVer, Version: r.Epoch.Version}}
	for i := range r.Peers {
		meta.Peers = append(meta.Peers, peer(&r.Peers[i]))
	}
	var leader *metapb.Peer
	if r.HasLeader() {
		leader = peer(&r.Leader)
	}
	var down []*pdpb.PeerStats
	for i := range r.Down {
		down = append(down, &pdpb.PeerStats{Peer: peer(&r.Down[i].Peer), DownSeconds: r.Down[i].DownSeconds})
	}
	var pending []*metapb.Peer
	for i := range r.Pending {
		pending = append(pending, peer(&r.Pending[i]))
	}
	return core.NewRegionInfo(meta, leader, core.WithDownPeers(down), core.WithPendingPeers(pending),
		core.SetApproximateSize(r.ApproximateSizeMiB), core.SetApproximateKeys(r.ApproximateKeys))
}

// move is what an operator of PD does to the stores of a region.
type move struct {
	desc          string
	adds, removes cluster.StoreID
}

// check asks PD's checker what it does about the region. With a favourite, the
// store that PD prefers above all others among those it lets pass.
func (c *realChecker) check(region *core.RegionInfo, favourite cluster.StoreID) move {
	if favourite != 0 {
		store := c.pd.GetStore(uint64(favourite))
		// PD takes the store with the lowest region score, which is divided by this.
		c.pd.PutStore(store.Clone(core.SetRegionWeight(1e15)))
		defer c.pd.PutStore(store)
	}
	ops := c.checker.CheckRegion(region)
	if len(ops) == 0 {
		return move{}
	}
	m := move{desc: ops[0].Desc()}
	for i := range ops[0].Len() {
		switch step := ops[0].Step(i).(type) {
		case operator.AddLearner:
			m.adds = cluster.StoreID(step.ToStore)
		case operator.AddPeer:
			m.adds = cluster.StoreID(step.ToStore)
		case operator.RemovePeer:
			m.removes = cluster.StoreID(step.FromStore)
		}
	}
	return m
}
