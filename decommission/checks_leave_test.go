package decommission

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

func labelled(key, value string) func(*cluster.Store) {
	return func(s *cluster.Store) { s.Labels = append(s.Labels, cluster.Label{Key: key, Value: value}) }
}

func room(free uint64) func(*cluster.Store) { // above low-space-ratio 0.8
	return func(s *cluster.Store) { s.Available.Bytes = tib/5 + free }
}

// regionOn is a region of 96 MiB that the first store leads.
func regionOn(id uint64, stores ...cluster.StoreID) cluster.Region {
	r := cluster.Region{
		ID: cluster.RegionID(id), ApproximateSizeMiB: 96,
		StartKey: fmt.Appendf(nil, "k%04d", id), EndKey: fmt.Appendf(nil, "k%04d", id+1),
	}
	for _, s := range stores {
		r.Peers = append(r.Peers, cluster.Peer{ID: id*100 + uint64(s), StoreID: s})
	}
	r.Leader = r.Peers[0]
	return r
}

// readFrom reads the evidence of a PD that has the regions.
func readFrom(t *testing.T, snap *cluster.Snapshot, regions []cluster.Region, leaving ...cluster.StoreID) (Evidence, *Losses) {
	pd := newFakePD(t, snap)
	pd.regions = make(map[cluster.StoreID][]cluster.Region)
	for _, r := range regions {
		for _, p := range r.Peers {
			pd.regions[p.StoreID] = append(pd.regions[p.StoreID], r)
		}
	}
	return ReadLeaving(t.Context(), pd, snap, leaving)
}

// found returns the findings of one check, each with its result in front.
func found(findings []Finding, check string) string {
	var lines []string
	for _, f := range findings {
		if f.Check == check {
			lines = append(lines, strings.Join(append([]string{f.Result.String() + ": " + f.Summary}, f.Evidence...), "; "))
		}
	}
	return strings.Join(lines, "\n")
}

func wantFound(t *testing.T, findings []Finding, check, want string) {
	t.Helper()
	if got := found(findings, check); !strings.Contains(got, want) || (want == "") != (got == "") {
		t.Errorf("check %s found\n%s\nwant\n%s", check, got, want)
	}
}

func voterRule(id string, count int, constraints ...cluster.LabelConstraint) cluster.Rule {
	return cluster.Rule{GroupID: "pd", ID: id, Role: cluster.RoleVoter, Count: count, LabelConstraints: constraints}
}

func in(key string, values ...string) cluster.LabelConstraint {
	return cluster.LabelConstraint{Key: key, Op: "in", Values: values}
}

func TestRelocation(t *testing.T) {
	ssd := labelled("disk", "ssd")
	tests := []struct {
		name    string
		stores  []cluster.Store
		rules   []cluster.Rule
		regions []cluster.Region
		want    string
	}{
		{"a place is left", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4)}, nil, []cluster.Region{regionOn(1, 4, 1, 2)}, "ok: of 1 region"},
		{"the last place is taken by a peer on its way", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4)}, nil, []cluster.Region{regionOn(1, 4, 1, 2, 3)}, "ok: of 1 region"},
		{
			"the only place is low on space", []cluster.Store{tikv(1), tikv(2), tikv(3, room(0)), tikv(4)}, nil,
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "refused: 1 region on store 4 find no store for their peer: each that the rules accept has a peer of the region, is in the place of one, or takes none; PD gives no peers to these",
		},
		{
			"a store low on space that is nearly empty takes peers", []cluster.Store{tikv(1), tikv(2), tikv(3, room(0), func(s *cluster.Store) { s.RegionCount = 99 }), tikv(4)}, nil,
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "ok: of 1 region",
		},
		{
			"a store low on space with 100 regions takes none", []cluster.Store{tikv(1), tikv(2), tikv(3, room(0), func(s *cluster.Store) { s.RegionCount = 100 }), tikv(4)}, nil,
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "refused: 1 region",
		},
		{
			"a store that may be low on space is not counted on", []cluster.Store{tikv(1), tikv(2), tikv(3, room(0), func(s *cluster.Store) { s.Available.Precision = 1 }), tikv(4)}, nil,
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "refused: 1 region",
		},
		{
			"a store that shows no sizes takes peers", []cluster.Store{tikv(1), tikv(2), tikv(3, func(s *cluster.Store) { s.Capacity, s.Available = cluster.Size{}, cluster.Size{} }), tikv(4)}, nil,
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "ok: of 1 region",
		},
		{
			// PD may give the place to the dead store's peer.
			"a dead store competes", []cluster.Store{tikv(1, ssd), tikv(2), tikv(3, dead), tikv(4, ssd)},
			[]cluster.Rule{voterRule("one", 1, in("disk", "ssd")), voterRule("two", 1)},
			[]cluster.Region{regionOn(1, 4, 3)}, "unknown: 1 region on store 4 may find no store",
		},
		{"the only place is set aside", []cluster.Store{tikv(1), tikv(2), tikv(3, labelled("specialUse", "reserved")), tikv(4)}, nil, []cluster.Region{regionOn(1, 4, 1, 2)}, "refused: 1 region"},
		{
			// A new region would find places, but PD does not swap 1 and 2.
			"the place is taken by a peer of another rule", []cluster.Store{tikv(1, ssd), tikv(2, ssd), tikv(3), tikv(4, ssd)},
			[]cluster.Rule{voterRule("one", 1, in("disk", "ssd")), voterRule("two", 1), voterRule("three", 1, in("disk", "ssd"))},
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "unknown: 1 region on store 4 may find no store",
		},
		{
			"across a border of rules", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4)},
			[]cluster.Rule{voterRule("default", 3), {GroupID: "x", ID: "y", Role: cluster.RoleVoter, Count: 1, Override: true, StartKey: []byte("k00015"), EndKey: []byte("z")}},
			[]cluster.Region{regionOn(1, 4, 1, 2)}, "warning: 1 region on store 4 lie across a border",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := snapshot(tt.stores...)
			if tt.rules != nil {
				snap.Rules = tt.rules
			}
			ev, _ := readFrom(t, snap, tt.regions, 4)
			for _, s := range ev.Surveys {
				s.BytesMiB = 1 // the room is for another check
			}
			ev.Snapshot.Stores[3].Used.Bytes = 0
			wantFound(t, Check(ev, []cluster.StoreID{4}), "relocation", tt.want)
		})
	}
}

func TestRelocationIsSilentWherePlacementSaysWhy(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3))
	ev, _ := readFrom(t, snap, []cluster.Region{regionOn(1, 3, 1, 2)}, 3)
	findings := Check(ev, []cluster.StoreID{3})
	wantFound(t, findings, "placement", "refused: ")
	wantFound(t, findings, "relocation", "warning: 1 region on store 3 find no store for their peer")
}

func TestSpaceByRule(t *testing.T) {
	const gib = 1 << 30
	eu, us := labelled("zone", "eu"), labelled("zone", "us")
	stores := func(euRoom, usRoom uint64) []cluster.Store {
		return []cluster.Store{
			tikv(1, eu, room(euRoom)), tikv(2, us, room(usRoom)), tikv(3, us, room(usRoom)),
			tikv(4, eu), // 60 GiB, half of it under each rule
		}
	}
	rules := []cluster.Rule{
		{GroupID: "pd", ID: "eu", Role: cluster.RoleVoter, Count: 1, EndKey: []byte("k0002"), LabelConstraints: []cluster.LabelConstraint{in("zone", "eu")}},
		{GroupID: "pd", ID: "any", Role: cluster.RoleVoter, Count: 1, StartKey: []byte("k0002")},
	}
	tests := []struct {
		name     string
		eu, us   uint64 // room of each
		want     string
		verdict  Result
		unsized  bool
		receives uint64 // store 1, in GiB
	}{
		{"plenty", 500 * gib, 500 * gib, "ok: 60GiB of tikv data move, 1.465TiB fit", OK, false, 40},
		{"the whole fits, the part does not", 20 * gib, 500 * gib, "refused: 30GiB of tikv data can move to some stores only, which take 20GiB below low-space-ratio 0.8; 30GiB of them may only go to store 1", Refused, false, 30},
		{"each part fits, the whole does not", 35 * gib, 5 * gib, "refused: 60GiB of tikv data move, 45GiB fit", Refused, false, 53},
		{"close", 50 * gib, 30 * gib, "warning: 60GiB of tikv data move, 110GiB fit", OK, false, 43},
		{"no sizes", 500 * gib, 500 * gib, "unknown: nobody knows", Unknown, true, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := snapshot(stores(tt.eu, tt.us)...)
			snap.Rules = rules
			regions := []cluster.Region{regionOn(1, 4), regionOn(2, 4)}
			if tt.unsized {
				snap.Stores[3].Used, snap.Stores[3].RegionSizeMiB = cluster.Size{}, 0
				regions[0].ApproximateSizeMiB, regions[1].ApproximateSizeMiB = 0, 0
			}
			ev, _ := readFrom(t, snap, regions, 4)
			c := newChecker(ev, []cluster.StoreID{4})
			findings := c.space()
			wantFound(t, findings, "space", tt.want)
			if got := Verdict(findings); got != tt.verdict {
				t.Errorf("verdict %v, want %v", got, tt.verdict)
			}
			list := c.receiversWithRoom(c.freights())
			if got := list[0].Receives / gib; len(list) != 3 || list[0].StoreID != 1 || got != tt.receives {
				t.Errorf("receivers %+v: store 1 gets %d GiB, want %d", list, got, tt.receives)
			}
		})
	}
}

func TestPDDeleteForecast(t *testing.T) {
	tests := []struct {
		name    string
		version string
		stores  []cluster.Store
		leaving []cluster.StoreID
		want    string
	}{
		{"enough", "v8.5.3", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4)}, []cluster.StoreID{4}, "ok: PD itself would let them go: it would count 3 stores up, and max-replicas is 3"},
		{"a dead one counts", "v8.5.3", []cluster.Store{tikv(1, dead), tikv(2), tikv(3), tikv(4)}, []cluster.StoreID{4}, "ok: PD itself would let them go: it would count 3 stores up (1 dead among them), and max-replicas is 3; it looks at nothing else"},
		{"TiFlash counts", "v8.5.3", []cluster.Store{tiflash(1), tikv(2), tikv(3), tikv(4)}, []cluster.StoreID{4}, "(1 TiFlash among them)"},
		{"TiFlash is held back by TiKV's number", "v8.5.3", []cluster.Store{tiflash(1), tikv(2), tikv(3)}, []cluster.StoreID{1}, "refused: PD itself will refuse: it would count 2 stores up"},
		{"newer PDs leave TiFlash out", "v9.0.0-beta.2.pre-483-ga186e0cc61", []cluster.Store{tiflash(1), tikv(2), tikv(3), tikv(4)}, []cluster.StoreID{4}, "warning: PD itself may refuse: it would count 3 stores up (1 TiFlash among them)"},
		{"8.5 counts TiFlash", "v8.5.3", []cluster.Store{tiflash(1), tikv(2), tikv(3), tikv(4)}, []cluster.StoreID{4}, "ok: PD itself would let them go: it would count 3 stores up"},
		{"half of a set", "v8.5.3", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4)}, []cluster.StoreID{3, 4}, "warning: PD itself will refuse: it would count 2 stores up"},
		{"before 6.1", "v5.4.3", []cluster.Store{tikv(1), tikv(2), tikv(3)}, []cluster.StoreID{3}, "ok: PD itself would let them go: v5.4.3 looks at nothing"},
		{"6.0", "v6.0.0", []cluster.Store{tikv(1), tikv(2), tikv(3)}, []cluster.StoreID{3}, "ok: PD itself would let them go: v6.0.0 looks at nothing"},
		{"6.1", "v6.1.0", []cluster.Store{tikv(1), tikv(2), tikv(3)}, []cluster.StoreID{3}, "warning: PD itself will refuse"},
		{"a build without version", "None", []cluster.Store{tikv(1), tikv(2), tikv(3)}, []cluster.StoreID{3}, "warning: PD itself will refuse"},
		{"leaving already", "v8.5.3", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4, offline)}, []cluster.StoreID{4}, "n/a: nothing is left to ask PD for"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := snapshot(tt.stores...)
			snap.PDVersion = tt.version
			wantFound(t, Check(surveyed(snap, tt.leaving...), tt.leaving), "pd-delete", tt.want)
		})
	}
	// Where nothing else objects, PD's refusal is one: a rule may ask for less than
	// max-replicas.
	snap := snapshot(tikv(1), tikv(2), tikv(3))
	snap.Rules[0].Count = 1
	findings := Check(surveyed(snap, 3), []cluster.StoreID{3})
	wantFound(t, findings, "pd-delete", "refused: PD itself will refuse")
	// A build that does not say its version may be older than the check.
	snap.PDVersion = "None"
	wantFound(t, Check(surveyed(snap, 3), []cluster.StoreID{3}), "pd-delete", "warning: PD itself will refuse")
}

func TestFailureBudget(t *testing.T) {
	zone := func(v string) func(*cluster.Store) { return labelled("zone", v) }
	isolated := []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3, LocationLabels: []string{"zone", "host"}, IsolationLevel: "zone"}}
	spread := []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3, LocationLabels: []string{"zone"}}}
	sameHost := func(s *cluster.Store) { s.Address = fmt.Sprintf("10.0.0.9:2016%d", s.ID) }
	tests := []struct {
		name    string
		stores  []cluster.Store
		rules   []cluster.Rule
		leaving cluster.StoreID
		want    map[string]string // dimension -> before, after
	}{
		{"a host each", []cluster.Store{tikv(1), tikv(2), tikv(3), tikv(4)}, nil, 4, map[string]string{"host": "any 1 of 4 -> any 1 of 3"}},
		{"two on a host", []cluster.Store{tikv(1), tikv(2), tikv(3, sameHost), tikv(4, sameHost)}, nil, 4, map[string]string{"host": "2 of 3, not 10.0.0.9 -> any 1 of 3"}},
		{
			"zones by isolation level", []cluster.Store{tikv(1, zone("a")), tikv(2, zone("b")), tikv(3, zone("c")), tikv(4, zone("c"))}, isolated, 4,
			map[string]string{"host": "any 1 of 4 -> any 1 of 3", "zone": "any 1 of 3 -> any 1 of 3", "zone/host": "not known -> not known"},
		},
		{
			"the last store of a zone", []cluster.Store{tikv(1, zone("a")), tikv(2, zone("b")), tikv(3, zone("b")), tikv(4, zone("c"))}, spread, 4,
			map[string]string{"host": "any 1 of 4 -> any 1 of 3", "zone": "any 1 of 3 * -> 1 of 2, not b"},
		},
		{
			"a learner elsewhere counts for nothing", []cluster.Store{tikv(1), tikv(2), tikv(3), tiflash(5), tikv(4)}, nil, 4,
			map[string]string{"host": "any 1 of 4 -> any 1 of 3"},
		},
		{
			"a store without label may be anywhere", []cluster.Store{tikv(1, zone("a")), tikv(2, zone("b")), tikv(3, zone("c")), tikv(4), tikv(5)}, isolated, 4,
			map[string]string{"host": "any 1 of 5 -> any 1 of 4", "zone": "any 1 of 3 * -> any 1 of 3 *", "zone/host": "not known -> not known"},
		},
		{"a dead store bears nothing", []cluster.Store{tikv(1), tikv(2), tikv(3, dead), tikv(4)}, nil, 4, map[string]string{"host": "any 1 of 3 -> none of 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := snapshot(tt.stores...)
			if tt.rules != nil {
				snap.Rules = tt.rules
			}
			c := newChecker(surveyed(snap, tt.leaving), []cluster.StoreID{tt.leaving})
			got := make(map[string]string)
			for _, d := range c.budget().Dimensions {
				got[d.Name] = d.Before.Text() + " -> " + d.After.Text()
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("budget %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFailureBudgetWarns(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4))
	snap.Rules[0].Count = 3
	sameHost := func(s *cluster.Store) { s.Address = "10.0.0.1:2" }
	sameHost(&snap.Stores[1])
	snap.Rules[0].LocationLabels = []string{"host"}
	for i, host := range []string{"x", "x", "y", "z"} {
		snap.Stores[i].Labels = []cluster.Label{{Key: "host", Value: host}}
	}
	findings := Check(surveyed(snap, 4), []cluster.StoreID{4})
	wantFound(t, findings, "failure-budget", "warning: the cluster bears less afterwards; may then be lost: 1 of 2 hosts, not 10.0.0.1, 1 of 2 host labels, not x")
	if got := Verdict(findings); got != OK {
		t.Errorf("verdict %v: a smaller budget is no reason against leaving in order", got)
	}
}

func TestEstimateCountsRegionsAsPDDoes(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tikv(4))
	var regions []cluster.Region
	for i, size := range []int64{96, 21, 20, 2, 1, 0} { // 2 + 2/5 + 0 + at least 0
		r := regionOn(uint64(i+1), 4, 1, 2)
		r.ApproximateSizeMiB = size
		regions = append(regions, r)
	}
	ev, _ := readFrom(t, snap, regions, 4)
	e := newChecker(ev, []cluster.StoreID{4}).estimate()
	if want := 2400 * time.Millisecond * 60 / 45; e == nil || e.AtLeast != want.Round(time.Second) {
		t.Errorf("estimate %+v, want %v", e, want)
	}
	if want := "6 regions at 45 a minute, the add-peer limits of 3 receivers together; 2 small ones count a fifth; 1 empty ones nothing; 1 of unknown size are left out"; e.Basis != want {
		t.Errorf("basis %q", e.Basis)
	}
	// What may only go to one store is bound by that one's limit.
	snap.Stores[0].Labels = []cluster.Label{{Key: "disk", Value: "ssd"}}
	snap.Rules = []cluster.Rule{voterRule("ssd", 1, in("disk", "ssd")), voterRule("any", 2)}
	snap.Stores[3].Labels = snap.Stores[0].Labels
	ev, _ = readFrom(t, snap, []cluster.Region{regionOn(1, 4, 2, 3), regionOn(2, 4, 2, 3), regionOn(3, 4, 2, 3)}, 4)
	snap.Limits[2] = cluster.StoreLimit{}
	snap.Limits[3] = cluster.StoreLimit{}
	if e := newChecker(ev, []cluster.StoreID{4}).estimate(); e.AtLeast != 12*time.Second {
		t.Errorf("estimate %+v, want 3 regions at 15 a minute", e)
	}
}

func TestTiFlashTablesByName(t *testing.T) {
	snap := snapshot(tikv(1), tikv(2), tikv(3), tiflash(8), tiflash(9))
	for id := range 5 {
		r := tiflashRule(2)
		r.ID, r.StartKey, r.EndKey = fmt.Sprintf("table-%d-r", 40+id), fmt.Appendf(nil, "t%d", id), fmt.Appendf(nil, "t%d", id+1)
		if id == 4 {
			r.Count = 1 // still finds its place
		}
		snap.Rules = append(snap.Rules, r)
	}
	leaving := []cluster.StoreID{9}
	if got := ShortTables(snap, leaving, 3); !slices.Equal(got, []int64{40, 41, 42}) {
		t.Errorf("tables to ask for: %v", got)
	}
	ev := surveyed(snap, 9)
	findings := Check(ev, leaving)
	wantFound(t, findings, "tiflash-replicas", "refused: table 40 and 3 more: 2 TiFlash replicas asked for, 1 can be placed")
	ev.Tables = map[int64]TableName{40: {Schema: "shop", Table: "or`ders"}, 41: {Unknown: true}, 42: {Schema: "shop", Table: "b"}, 43: {Schema: "shop", Table: "c"}}
	findings = Check(ev, leaving)
	wantFound(t, findings, "tiflash-replicas", "refused: shop.or`ders and 3 more: 2 TiFlash replicas asked for")
	wantFound(t, findings, "tiflash-replicas", "TiDB has no table 41 any more")
	i := slices.IndexFunc(findings, func(f Finding) bool { return f.Check == "tiflash-replicas" })
	if got, want := findings[i].Fix, "lower the replicas first: ALTER TABLE `shop`.`or``ders` SET TIFLASH REPLICA 1; ALTER TABLE `shop`.`b` SET TIFLASH REPLICA 1; ALTER TABLE `shop`.`c` SET TIFLASH REPLICA 1; or add a TiFlash store"; got != want {
		t.Errorf("fix %q", got)
	}
	if got := findings[i].Tables; len(got) != 4 || !got[1].Unknown || got[1].SQL != "" {
		t.Errorf("tables %+v", got)
	}
}

func TestCheckReportAnswersBothQuestions(t *testing.T) {
	snap := fourStores()
	regions := []cluster.Region{regionOn(1, 1, 2, 3), regionOn(2, 2, 3, 4), regionOn(3, 3, 4, 1)}
	report := func(leaving ...cluster.StoreID) *CheckReport {
		ev, losses := readFrom(t, snap, regions, leaving...)
		return NewCheckReport(ev, losses, request(leaving...))
	}
	tests := []struct {
		leaving     []cluster.StoreID
		leave, loss cluster.Answer
		regions     int
	}{
		{[]cluster.StoreID{1}, cluster.Yes, cluster.Yes, 2},
		{[]cluster.StoreID{3}, cluster.Yes, cluster.Yes, 3},
		{[]cluster.StoreID{1, 2}, cluster.No, cluster.No, 3},
	}
	for _, tt := range tests {
		r := report(tt.leaving...)
		if r.Leave.Answer != tt.leave || r.Loss.Answer != tt.loss || r.Loss.Losses.Regions != tt.regions {
			t.Errorf("stores %v: leave %v, loss %v of %d regions; want %v, %v of %d", tt.leaving, r.Leave.Answer, r.Loss.Answer, r.Loss.Losses.Regions, tt.leave, tt.loss, tt.regions)
		}
		ev, _ := readFrom(t, snap, regions, tt.leaving...)
		if plan := PlanScaleIn(ev, request(tt.leaving...)); fmt.Sprint(plan.Findings) != fmt.Sprint(r.Leave.Findings) {
			t.Errorf("stores %v: scale-in finds something else", tt.leaving)
		}
	}
	// A list that breaks off proves nothing, for either question.
	ev, losses := readFrom(t, snap, regions, 1)
	ev.Surveys[1].Err, losses.Err = errLost, errLost
	if r := NewCheckReport(ev, losses, request(1)); r.Leave.Answer != cluster.CannotTell || r.Loss.Answer != cluster.CannotTell {
		t.Errorf("leave %v, loss %v of a list that broke off", r.Leave.Answer, r.Loss.Answer)
	}
}

// The stores that a rule lets lead are not always those that hold its regions.
func TestLeadersHome(t *testing.T) {
	eu := labelled("zone", "eu")
	rules := []cluster.Rule{
		{GroupID: "p", ID: "lead", Role: cluster.RoleLeader, Count: 1, LabelConstraints: []cluster.LabelConstraint{in("zone", "eu")}},
		{GroupID: "p", ID: "follow", Role: cluster.RoleFollower, Count: 2},
	}
	tests := []struct {
		name     string
		evicting []cluster.StoreID
		leaving  []cluster.StoreID
		rules    []cluster.Rule
		want     string
	}{
		{"one that may lead stays", nil, []cluster.StoreID{4}, rules, "ok: 4 of 4"},
		{"the one that stays evicts", []cluster.StoreID{1}, []cluster.StoreID{4}, rules, "refused: no TiKV store that stays accepts the leaders of regions under rule p/lead"},
		{"a follower rule lets nobody lead", []cluster.StoreID{1}, []cluster.StoreID{4}, []cluster.Rule{rules[1], rules[0]}, "refused: no TiKV store that stays accepts the leaders"},
		{"any may lead", []cluster.StoreID{1}, []cluster.StoreID{4}, []cluster.Rule{voterRule("default", 3)}, "warning: 3 of 4"},
		{"none may lead today either", []cluster.StoreID{1, 4}, []cluster.StoreID{2}, rules, "warning: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			snap := snapshot(tikv(1, eu), tikv(2), tikv(3), tikv(4, eu), tikv(5))
			snap.Rules, snap.EvictLeader = tt.rules, tt.evicting
			wantFound(t, newChecker(surveyed(snap, tt.leaving...), tt.leaving).leaderTargets(), "leader-targets", tt.want)
		})
	}
}
