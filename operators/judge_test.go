package operators

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"ebb/cluster"
)

var judgeNow = time.Unix(1_790_000_000, 0)

// The stores of most of these tests. 9 and 10 are orphans': PD has no record.
const (
	unheardStore cluster.StoreID = 5 // 1 to 4 are well
	silentStore  cluster.StoreID = 7
	buriedStore  cluster.StoreID = 8
	orphanStore  cluster.StoreID = 9
)

// judgeReading is a reading of a cluster in good order whose rules PD can fulfil.
func judgeReading() SceneReading {
	well := cluster.Size{Bytes: 100 << 30, Known: true}
	snap := &cluster.Snapshot{
		ReadAt: judgeNow, PDVersion: "v8.0.0", Members: &cluster.Members{ClusterID: 42}, Unread: cluster.Unread{},
		Replication: &cluster.ReplicationConfig{MaxReplicas: 3, EnablePlacementRules: true},
		Schedule:    &cluster.ScheduleConfig{ReplicaScheduleLimit: 64, LowSpaceRatio: 0.8},
		Rules:       []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3}},
		Stores: []cluster.Store{
			{ID: unheardStore, StateName: cluster.StateDown},
			{ID: silentStore, StateName: cluster.StateDisconnected, LastHeartbeat: judgeNow.Add(-time.Minute)},
			{ID: buriedStore, State: cluster.Tombstone, StateName: cluster.StateTombstone, Address: "10.0.0.8:20160"},
		},
	}
	for id := cluster.StoreID(1); id <= 4; id++ {
		snap.Stores = append(snap.Stores, cluster.Store{
			ID: id, StateName: cluster.StateUp, LastHeartbeat: judgeNow, Capacity: well, Available: well,
		})
	}
	return SceneReading{
		Snapshot: snap, LeaderStarted: judgeNow.Add(-time.Hour), Answering: map[cluster.StoreID]string{},
		Stats: &cluster.RegionStats{Regions: 10, LeaderCount: map[cluster.StoreID]int{1: 6, 2: 4}},
	}
}

func judgeScene(t *testing.T, in SceneReading) *Scene {
	t.Helper()
	s, err := NewScene(in)
	if err != nil {
		t.Fatalf("NewScene: %v", err)
	}
	return s
}

// judgeRegion is region 100 with voters on these stores, led by the first, whose
// peer on store n is peer 1000+n.
func judgeRegion(stores ...cluster.StoreID) *cluster.Region {
	r := &cluster.Region{ID: 100, Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 3}, ApproximateSizeMiB: 96}
	for _, id := range stores {
		addPeer(r, id, cluster.Voter)
	}
	r.Leader = r.Peers[0]
	return r
}

func addPeer(r *cluster.Region, id cluster.StoreID, role cluster.PeerRole) {
	r.Peers = append(r.Peers, cluster.Peer{ID: 1000 + uint64(id), StoreID: id, Role: role})
}

// vote is one way for the votes of a region to be, and what cluster.JudgeRemoval
// says of it.
type vote struct {
	reason cluster.RemovalReason
	answer cluster.Answer
	region *cluster.Region
	store  cluster.StoreID
}

func votes() []vote {
	joint, leaderless, headless := judgeRegion(1, 2, orphanStore), judgeRegion(1, 2, orphanStore), judgeRegion(1, 2, 4, silentStore, orphanStore)
	addPeer(joint, 4, cluster.IncomingVoter)
	leaderless.Leader = cluster.Peer{}
	headless.Leader = headless.Peers[3]
	list := []vote{
		{cluster.RemovalKeepsMajority, cluster.Yes, judgeRegion(1, 2, orphanStore), orphanStore},
		{cluster.RemovalKeepsMajority, cluster.Yes, judgeRegion(1, 2, buriedStore), buriedStore},
		{cluster.RemovalNoMajority, cluster.No, judgeRegion(1, silentStore, orphanStore), orphanStore},
		{cluster.RemovalNoLeader, cluster.No, leaderless, orphanStore},
		{cluster.RemovalLeaderDead, cluster.No, headless, orphanStore},
		{cluster.RemovalIsLeader, cluster.No, judgeRegion(orphanStore, 1, 2), orphanStore},
		{cluster.RemovalJoint, cluster.No, joint, orphanStore},
		{cluster.RemovalNotHeard, cluster.CannotTell, judgeRegion(1, unheardStore, orphanStore), orphanStore},
		{cluster.RemovalMalformed, cluster.CannotTell, judgeRegion(1, 2, 2, orphanStore), orphanStore},
		{cluster.RemovalStoreKnown, cluster.No, judgeRegion(1, 2, 4), 4},
		{cluster.RemovalNoPeer, cluster.No, judgeRegion(1, 2, 4), orphanStore},
	}
	for _, v := range list {
		addPeer(v.region, 3, cluster.Learner)
		if p := v.region.PeerOn(v.store); p != nil { // as it is with dead peers
			v.region.Down = append(v.region.Down, cluster.DownPeer{Peer: *p})
		}
	}
	return list
}

// circumstance is one state of everything but the votes.
type circumstance struct {
	vote
	recovery, answers, fresh, running, unwell bool
	placement                                 string
}

var placements = []string{"places", "short", "off", "halted", "unread"}

// rulings are what may be said, the first that is true before the others.
var rulings = []struct {
	reason  Reason // "" for the reason of the votes
	verdict Verdict
	is      func(circumstance) bool
}{
	{"", Refuse, func(c circumstance) bool {
		return c.reason == cluster.RemovalStoreKnown || c.reason == cluster.RemovalNoPeer // no orphan at all
	}},
	{ReasonUnsafeRecovery, Hold, func(c circumstance) bool { return c.recovery }},
	{ReasonProcessAnswers, Refuse, func(c circumstance) bool { return c.answers }},
	{ReasonFreshLeader, Hold, func(c circumstance) bool { return c.fresh && c.reason == cluster.RemovalNoLeader }},
	{"", Refuse, func(c circumstance) bool { return c.answer == cluster.No }},
	{"", Hold, func(c circumstance) bool { return c.answer == cluster.CannotTell }},
	{ReasonFreshLeader, Hold, func(c circumstance) bool { return c.fresh }},
	{ReasonOperatorRuns, Hold, func(c circumstance) bool { return c.running }},
	{ReasonPeersUnwell, Hold, func(c circumstance) bool { return c.unwell }},
	{ReasonPlacementUnread, Hold, func(c circumstance) bool { return c.placement == "unread" }},
	{ReasonPDRepairs, Wait, func(c circumstance) bool { return c.placement == "places" }},
	{"", Safe, func(circumstance) bool { return true }},
}

// obstacles counts what stands in the way of Safe, whatever comes first.
func (c circumstance) obstacles() int {
	n := 0
	for _, b := range []bool{
		c.answer != cluster.Yes, c.recovery, c.answers, c.fresh, c.running, c.unwell,
		c.placement == "unread", c.placement == "places",
	} {
		if b {
			n++
		}
	}
	return n
}

func (c circumstance) judge(t *testing.T) Orphan {
	t.Helper()
	in := judgeReading()
	snap := in.Snapshot
	if c.recovery {
		snap.UnsafeRecovery = "Unsafe recovery enters collect report stage"
	}
	if c.answers {
		in.Answering[c.store] = "10.0.0.9:20160"
	}
	if c.fresh {
		in.LeaderStarted, in.Stats.Regions = judgeNow.Add(-time.Minute), 11
	}
	if c.running {
		in.Running = []cluster.Operator{{RegionID: c.region.ID, Desc: "add-rule-peer"}}
	}
	switch c.placement {
	case "short":
		snap.Rules[0].Count = 5
	case "off":
		snap.Replication.EnablePlacementRules = false
	case "halted":
		snap.Schedule.HaltScheduling = true
	case "unread":
		snap.Unread[cluster.FieldRules] = errors.New("timeout")
	}
	r := *c.region
	if c.unwell {
		r.Pending = append(r.Pending, *r.PeerOn(3))
	}
	// What does not concern this region or store changes nothing.
	in.Answering[10] = "10.0.0.10:20160"
	in.Running = append(in.Running, cluster.Operator{RegionID: 101, Desc: "add-rule-peer"})
	return judgeScene(t, in).Judge(&r, c.store)
}

func circumstances() []circumstance {
	var list []circumstance
	for _, v := range votes() {
		for bits := range 1 << 5 {
			for _, p := range placements {
				list = append(list, circumstance{
					vote: v, recovery: bits&1 != 0, answers: bits&2 != 0, fresh: bits&4 != 0,
					running: bits&8 != 0, unwell: bits&16 != 0, placement: p,
				})
			}
		}
	}
	return list
}

// TestJudge takes all votes through all circumstances. Safe needs everything to
// be right, and of several things that are wrong the first of rulings is named.
func TestJudge(t *testing.T) {
	seen := make(map[Reason]int)
	for _, c := range circumstances() {
		o := c.judge(t)
		var want Verdict
		var reason Reason
		for _, ruling := range rulings {
			if ruling.is(c) {
				want, reason = ruling.verdict, ruling.reason
				break
			}
		}
		if reason == "" {
			reason = Reason(c.reason)
		}
		seen[o.Reason]++
		if o.Verdict != want || o.Reason != reason {
			t.Errorf("%s: %v, %s; want %v, %s", c, o.Verdict, o.Reason, want, reason)
		}
		if safe := o.Verdict == Safe; safe != (c.obstacles() == 0) {
			t.Errorf("%s: safe is %v with %d obstacles", c, safe, c.obstacles())
		}
		if wait := o.Verdict == Wait; wait != (c.obstacles() == 1 && c.placement == "places") {
			t.Errorf("%s: wait is %v with %d obstacles", c, wait, c.obstacles())
		}
	}
	for reason := range reasonTexts {
		if seen[reason] == 0 {
			t.Errorf("reason %s never came up", reason)
		}
	}
}

func (c circumstance) String() string {
	return fmt.Sprintf("%s recovery=%v answers=%v fresh=%v running=%v unwell=%v placement=%s",
		c.reason, c.recovery, c.answers, c.fresh, c.running, c.unwell, c.placement)
}

func TestJudgeUnwellPeers(t *testing.T) {
	tests := []struct {
		name          string
		down, pending []cluster.StoreID
		want          Verdict
	}{
		{"all well", nil, nil, Safe},
		{"the orphan is down", []cluster.StoreID{orphanStore}, nil, Safe},
		{"the orphan is pending", nil, []cluster.StoreID{orphanStore}, Safe},
		{"another orphan is down", []cluster.StoreID{10}, nil, Safe},
		{"one on a Tombstone store is down and pending", []cluster.StoreID{buriedStore}, []cluster.StoreID{buriedStore}, Safe},
		{"another voter is down", []cluster.StoreID{4}, nil, Hold},
		{"another voter is pending", nil, []cluster.StoreID{4}, Hold},
		{"one behind the orphan is down", []cluster.StoreID{orphanStore, 4}, nil, Hold},
		{"one behind the orphan is pending", nil, []cluster.StoreID{orphanStore, 4}, Hold},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := judgeReading()
			in.Snapshot.Replication.EnablePlacementRules = false
			// Without the unwell one three of five voters are still live.
			r := judgeRegion(1, 2, 3, 4, orphanStore)
			addPeer(r, 10, cluster.Learner)
			addPeer(r, buriedStore, cluster.Learner)
			for _, id := range tt.down {
				r.Down = append(r.Down, cluster.DownPeer{Peer: *r.PeerOn(id)})
			}
			for _, id := range tt.pending {
				r.Pending = append(r.Pending, *r.PeerOn(id))
			}
			o := judgeScene(t, in).Judge(r, orphanStore)
			if o.Verdict != tt.want || tt.want == Hold && o.Reason != ReasonPeersUnwell {
				t.Errorf("verdict %v, %s; want %v", o.Verdict, o.Reason, tt.want)
			}
		})
	}
}

func TestJudgeRecord(t *testing.T) {
	in := judgeReading()
	in.Snapshot.Replication.EnablePlacementRules = false
	s := judgeScene(t, in)
	r := judgeRegion(2, 1, 3, orphanStore)
	r.StartKey = tableKey(77)
	r.Peers[3].IsWitness = true
	want := Orphan{
		RegionID: 100, StoreID: orphanStore, PeerID: 1009, Role: cluster.Voter, Witness: true, Epoch: r.Epoch,
		Leader: 2, SizeMiB: 96, TableID: 77, Verdict: Safe, Reason: "keeps-majority",
		Votes: cluster.QuorumReport{Voters: 4, Live: 3, LiveData: 3},
	}
	if got := s.Judge(r, orphanStore); got != want {
		t.Errorf("Judge() = %+v\nwant %+v", got, want)
	}
	r.Peers[3].Role = cluster.Learner
	if got := s.Judge(r, orphanStore); got.Role != cluster.Learner || got.Verdict != Safe {
		t.Errorf("Judge() of a learner = %+v", got)
	}
	want = Orphan{
		RegionID: 100, StoreID: 55, Epoch: r.Epoch, Leader: 2, SizeMiB: 96, TableID: 77, Verdict: Refuse, Reason: "no-peer",
		Votes: cluster.QuorumReport{Voters: 3, Live: 3, LiveData: 3},
	}
	if got := s.Judge(r, 55); got != want {
		t.Errorf("Judge() without the peer = %+v\nwant %+v", got, want)
	}
}

// tableKey is the region key at which a table begins.
func tableKey(id uint64) []byte {
	raw := []byte{'t'}
	for shift := 56; shift >= 0; shift -= 8 {
		raw = append(raw, byte((id^1<<63)>>shift))
	}
	key := append(append([]byte(nil), raw[:8]...), 0xff, raw[8])
	return append(key, 0, 0, 0, 0, 0, 0, 0, 0xff-7)
}
