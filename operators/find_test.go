package operators

import (
	"context"
	"errors"
	"iter"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

// regionList is a PD whose regions are in memory.
type regionList struct {
	regions []cluster.Region
	fail    map[cluster.StoreID]error // after the regions of that store
}

func (l regionList) all() iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for _, r := range l.regions {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (l regionList) RegionsOfStore(_ context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for r := range l.all() {
			if r.PeerOn(id) != nil && !yield(r, nil) {
				return
			}
		}
		if err := l.fail[id]; err != nil {
			yield(cluster.Region{}, err)
		}
	}
}

// stats is what PD counts of the regions.
func (l regionList) stats() *cluster.RegionStats {
	s := &cluster.RegionStats{PeerCount: make(map[cluster.StoreID]int), LeaderCount: make(map[cluster.StoreID]int)}
	for r := range l.all() {
		s.Regions++
		if r.HasLeader() {
			s.LeaderCount[r.Leader.StoreID]++
		}
		for _, p := range r.Peers {
			s.PeerCount[p.StoreID]++
		}
	}
	return s
}

func numbered(id cluster.RegionID, r *cluster.Region) cluster.Region {
	r.ID = id
	return *r
}

func judgeRegions() regionList {
	return regionList{regions: []cluster.Region{
		numbered(12, judgeRegion(1, 2, orphanStore)),
		numbered(11, judgeRegion(1, orphanStore, buriedStore)),
		numbered(13, judgeRegion(1, 2, 3)),
		numbered(10, judgeRegion(2, 1, 3, buriedStore)),
		numbered(14, judgeRegion(unheardStore, 1)),
	}}
}

func TestGoneStores(t *testing.T) {
	stats := &cluster.RegionStats{PeerCount: map[cluster.StoreID]int{
		0: 3, 1: 9, silentStore: 4, unheardStore: 1, buriedStore: 2, orphanStore: 7, 10: 0, 6: 5,
	}}
	stores := cluster.IndexStores(judgeReading().Snapshot.Stores)
	unknown := func(id cluster.StoreID, peers int) GoneStore {
		return GoneStore{ID: id, State: StateUnknown, Peers: peers}
	}
	buried := GoneStore{ID: buriedStore, State: cluster.StateTombstone, Address: "10.0.0.8:20160", Peers: 2}
	tests := []struct {
		name  string
		asked []cluster.StoreID
		want  []GoneStore
	}{
		{"all", nil, []GoneStore{unknown(6, 5), buried, unknown(orphanStore, 7)}},
		{"asked for one", []cluster.StoreID{orphanStore}, []GoneStore{unknown(orphanStore, 7)}},
		{"asked twice, unsorted", []cluster.StoreID{orphanStore, 6, orphanStore}, []GoneStore{unknown(6, 5), unknown(orphanStore, 7)}},
		{"asked for one without peers", []cluster.StoreID{77}, []GoneStore{unknown(77, 0)}},
		{"asked for one that is well", []cluster.StoreID{1}, []GoneStore{{ID: 1, State: cluster.StateUp, Peers: 9}}},
	}
	for _, tt := range tests {
		asked := slices.Clone(tt.asked)
		if got := GoneStores(stats, stores, tt.asked); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		if !slices.Equal(asked, tt.asked) {
			t.Errorf("%s: the question was changed to %v", tt.name, tt.asked)
		}
	}
	if got := GoneStores(&cluster.RegionStats{}, stores, nil); len(got) != 0 {
		t.Errorf("without regions: %+v", got)
	}
}

// brief is what a test compares of an orphan.
type brief struct {
	region  cluster.RegionID
	store   cluster.StoreID
	verdict Verdict
}

func briefs(list []Orphan) []brief {
	var out []brief
	for _, o := range list {
		out = append(out, brief{o.RegionID, o.StoreID, o.Verdict})
	}
	return out
}

func TestFind(t *testing.T) {
	s := judgeScene(t, judgeReading())
	regions := judgeRegions()
	found, err := s.Find(t.Context(), regions, []GoneStore{{ID: orphanStore}, {ID: buriedStore}})
	want := []brief{{10, buriedStore, Wait}, {11, buriedStore, Refuse}, {11, orphanStore, Refuse}, {12, orphanStore, Wait}}
	if err != nil || !slices.Equal(briefs(found), want) {
		t.Errorf("Find() = %v, %v; want %v", briefs(found), err, want)
	}
	if found, err = s.Find(t.Context(), regions, nil); err != nil || len(found) != 0 {
		t.Errorf("Find() of no stores = %v, %v", found, err)
	}
	if found, err = s.Find(t.Context(), regions, []GoneStore{{ID: 1}}); err != nil || len(found) != 5 || found[0].Verdict != Refuse {
		t.Errorf("Find() of a live store = %v, %v", briefs(found), err)
	}

	cause := errors.New("reset by peer")
	regions.fail = map[cluster.StoreID]error{buriedStore: cause}
	found, err = s.Find(t.Context(), regions, []GoneStore{{ID: orphanStore}, {ID: buriedStore}})
	if found != nil || !errors.Is(err, cause) || !strings.Contains(err.Error(), "store 8") {
		t.Errorf("Find() with a failure = %v, %v", briefs(found), err)
	}

	// A reader that answers for a region whose peer has left since.
	moved := regionList{regions: []cluster.Region{numbered(12, judgeRegion(1, 2, 3))}}
	if found, err = s.Find(t.Context(), everywhere{moved}, []GoneStore{{ID: orphanStore}}); err != nil || len(found) != 0 {
		t.Errorf("Find() of a peer that has left = %v, %v", briefs(found), err)
	}
}

// everywhere claims that every region has a peer on every store.
type everywhere struct{ regionList }

func (e everywhere) RegionsOfStore(context.Context, cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return e.all()
}

func TestScan(t *testing.T) {
	s := judgeScene(t, judgeReading())
	regions := judgeRegions()
	joint := judgeRegion(1, 2, 3)
	addPeer(joint, 4, cluster.IncomingVoter)
	regions.regions = append(regions.regions, numbered(15, joint))
	for id := range cluster.RegionID(6) {
		regions.regions = append(regions.regions, numbered(20+id, judgeRegion(1, silentStore)))
	}
	found, tally, err := s.Scan(regions.all(), nil)
	want := []brief{{10, buriedStore, Wait}, {11, buriedStore, Refuse}, {11, orphanStore, Refuse}, {12, orphanStore, Wait}}
	if err != nil || !slices.Equal(briefs(found), want) {
		t.Errorf("Scan() = %v, %v; want %v", briefs(found), err, want)
	}
	wantTally := Tally{
		Regions: 12, Majority: 4,
		NoMajority: cluster.RegionCount{Count: 7, Examples: []cluster.RegionID{11, 20, 21, 22, 23}},
		CannotTell: cluster.RegionCount{Count: 1, Examples: []cluster.RegionID{14}},
		Joint:      cluster.RegionCount{Count: 1, Examples: []cluster.RegionID{15}},
		Peers:      map[cluster.StoreID]int{1: 12, 2: 4, 3: 3, 4: 1, unheardStore: 1, silentStore: 6, buriedStore: 2, orphanStore: 2},
	}
	if !reflect.DeepEqual(tally, wantTally) {
		t.Errorf("tally = %+v\nwant    %+v", tally, wantTally)
	}
	found, _, err = s.Scan(regions.all(), []cluster.StoreID{buriedStore, 2})
	want = []brief{{10, 2, Refuse}, {10, buriedStore, Wait}, {11, buriedStore, Refuse}, {12, 2, Refuse}, {13, 2, Refuse}, {15, 2, Refuse}}
	if err != nil || !slices.Equal(briefs(found), want) {
		t.Errorf("Scan() of asked stores = %v, %v; want %v", briefs(found), err, want)
	}
	cause := errors.New("no leader")
	found, _, err = s.Scan(func(yield func(cluster.Region, error) bool) {
		if yield(regions.regions[0], nil) {
			yield(cluster.Region{}, cause)
		}
	}, nil)
	if found != nil || !errors.Is(err, cause) {
		t.Errorf("Scan() with a failure = %v, %v", briefs(found), err)
	}
}

func TestDifferences(t *testing.T) {
	stores := cluster.IndexStores(judgeReading().Snapshot.Stores)
	tally := &Tally{Peers: map[cluster.StoreID]int{1: 10, orphanStore: 3, buriedStore: 2, 10: 1}}
	stats := &cluster.RegionStats{PeerCount: map[cluster.StoreID]int{1: 11, 2: 4, orphanStore: 3, buriedStore: 1, 20: 5}}
	want := []string{
		"store 10: the scan found 1 peers, PD counted 0",
		"store 20: the scan found 0 peers, PD counted 5",
		"store 8: the scan found 2 peers, PD counted 1",
	}
	if got := tally.Differences(stats, stores); !slices.Equal(got, want) {
		t.Errorf("Differences() = %q, want %q", got, want)
	}
	if got := tally.Differences(&cluster.RegionStats{PeerCount: tally.Peers}, stores); len(got) != 0 {
		t.Errorf("Differences() of equals = %q", got)
	}
}

// TestFindAgreesWithScan: the quick way and the thorough way find the same peers
// and judge them alike, in any cluster.
func TestFindAgreesWithScan(t *testing.T) {
	verdicts := make(map[Verdict]int)
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		in, regions := randomCluster(rnd)
		s := judgeScene(t, in)
		var asked []cluster.StoreID
		for id := range cluster.StoreID(12) {
			if seed%4 == 0 && rnd.IntN(4) == 0 {
				asked = append(asked, id+1)
			}
		}
		found, err := s.Find(t.Context(), regions, GoneStores(in.Stats, s.Stores, asked))
		scanned, tally, scanErr := s.Scan(regions.all(), asked)
		if err != nil || scanErr != nil || !slices.Equal(found, scanned) {
			t.Fatalf("seed %d: Find() = %v, %v; Scan() = %v, %v", seed, briefs(found), err, briefs(scanned), scanErr)
		}
		if n := tally.Majority + tally.NoMajority.Count + tally.CannotTell.Count; n != tally.Regions || n != len(regions.regions) {
			t.Errorf("seed %d: %d regions in the tally %+v of %d", seed, n, tally, len(regions.regions))
		}
		if !maps.Equal(tally.Peers, in.Stats.PeerCount) || len(tally.Differences(in.Stats, s.Stores)) != 0 {
			t.Errorf("seed %d: peers %v, PD counts %v", seed, tally.Peers, in.Stats.PeerCount)
		}
		if !slices.IsSortedFunc(found, Orphan.compare) {
			t.Errorf("seed %d: out of order: %v", seed, briefs(found))
		}
		sum := Summarize(found)
		if sum.Total() != len(found) {
			t.Errorf("seed %d: the summary has %d orphans of %d", seed, sum.Total(), len(found))
		}
		for i := range found {
			verdicts[found[i].Verdict]++
		}
	}
	for _, v := range allVerdicts {
		if verdicts[v] == 0 {
			t.Errorf("verdict %v never came up", v)
		}
	}
}

// randomCluster has stores 1 to 12 in any state, some of them unknown.
func randomCluster(rnd *rand.Rand) (SceneReading, regionList) {
	in := judgeReading()
	in.Snapshot.Stores = nil
	for id := cluster.StoreID(1); id <= 12; id++ {
		s := cluster.Store{ID: id, StateName: cluster.StateUp, LastHeartbeat: judgeNow}
		switch rnd.IntN(12) {
		case 0, 1, 2:
			continue
		case 3:
			s.State, s.StateName = cluster.Tombstone, cluster.StateTombstone
		case 4:
			s.StateName, s.LastHeartbeat = cluster.StateDisconnected, judgeNow.Add(-time.Minute)
		case 5:
			s.StateName, s.LastHeartbeat = cluster.StateDown, time.Time{}
		case 6:
			s.State, s.StateName = cluster.Offline, cluster.StateOffline
		}
		in.Snapshot.Stores = append(in.Snapshot.Stores, s)
	}
	in.Snapshot.Rules[0].Count = 1 + rnd.IntN(8)
	var list regionList
	for id := cluster.RegionID(1); id <= 30; id++ {
		list.regions = append(list.regions, randomRegion(rnd, id))
		if rnd.IntN(10) == 0 {
			in.Running = append(in.Running, cluster.Operator{RegionID: id})
		}
	}
	rnd.Shuffle(len(list.regions), func(i, j int) {
		list.regions[i], list.regions[j] = list.regions[j], list.regions[i]
	})
	in.Stats = list.stats()
	return in, list
}

func randomRegion(rnd *rand.Rand, id cluster.RegionID) cluster.Region {
	r := cluster.Region{ID: id, StartKey: tableKey(uint64(id) / 5), Epoch: cluster.RegionEpoch{ConfVer: uint64(id)}}
	for _, store := range rnd.Perm(12)[:1+rnd.IntN(6)] {
		role := cluster.Voter
		switch rnd.IntN(20) {
		case 0:
			role = cluster.Learner
		case 1:
			role = cluster.DemotingVoter
		}
		addPeer(&r, cluster.StoreID(store+1), role)
		if p := r.Peers[len(r.Peers)-1]; rnd.IntN(15) == 0 {
			r.Pending = append(r.Pending, p)
		}
	}
	if rnd.IntN(10) > 0 {
		r.Leader = r.Peers[rnd.IntN(len(r.Peers))]
	}
	return r
}
