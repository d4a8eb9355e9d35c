package diagnose

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

func TestRank(t *testing.T) {
	causes := []Cause{
		{ID: "D03", Severity: Pace, Blocked: 900},
		{ID: "D20", Severity: Problem, Blocked: 5, Certainty: Likely},
		{ID: "D26", Severity: Note, Blocked: 1000},
		{ID: "D19", Severity: Problem, Blocked: 5, Certainty: Certain},
		{ID: "D13", Severity: Problem, Blocked: 900},
		{ID: "D05", Severity: Problem, Blocked: 5, Certainty: Certain},
	}
	rank(causes)
	var got []string
	for i := range causes {
		got = append(got, causes[i].ID)
	}
	if want := []string{"D13", "D05", "D19", "D20", "D03", "D26"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A stream that is cut off leaves what was found before.
func TestProblemInPartOfTheRegions(t *testing.T) {
	f := healthy(5, 0)
	f.add(5, 1, 2).Leader = cluster.Peer{}
	f.add(5, 1, 2)
	f.cutAt = 1
	r := Run(f.collect(t, 0))
	if j := judgedBy(r, "D02"); j.Result != Problem {
		t.Errorf("D02 says %s (%s)", j.Result, j.Reason)
	}
	if j := judgedBy(r, "D17"); j.Result != CouldNotLook {
		t.Errorf("D17 says %s", j.Result)
	}
	if r.Tails[0].Err == "" {
		t.Error("the tail does not say that it is not whole")
	}
}

// More regions than are kept were on their way: none of those that were looked at
// again was still there, so the rest is taken to move.
func TestConfirmMany(t *testing.T) {
	f := healthy(6, 0)
	for range MaxKept + 10 {
		r := f.add(6, 1, 2, 3)
		r.Peers[3].Role = cluster.IncomingVoter
		moved := *testRegion(1, 2, 3)
		moved.ID = r.ID
		f.reread[r.ID] = moved
	}
	ev := f.collect(t, 0)
	if c := ev.Tallies[6].Classes; c[TailJointState] != nil || c[TailMoving] == nil || c[TailMoving].Count != 10 || ev.Tallies[6].Regions != 10 {
		t.Errorf("classes %+v, %d regions", c, ev.Tallies[6].Regions)
	}
	// One that is still there shows that they do not all move.
	delete(f.reread, f.regions[0].ID)
	ev = f.collect(t, 0)
	if c := ev.Tallies[6].Classes[TailJointState]; c == nil || c.Count != 11 {
		t.Errorf("joint %+v, want 11", c)
	}
}

// A store that was destroyed cannot be taken back, so it is not one too many.
func TestDestroyedIsNotTakenBack(t *testing.T) {
	f := healthy(5, 0)
	*f.store(4), *f.store(3) = leavingStore(4), leavingStore(3)
	f.store(4).PhysicallyDestroyed, f.store(3).PhysicallyDestroyed, f.store(5).PhysicallyDestroyed = true, true, true
	f.add(5, 1, 2)
	r := Run(f.collect(t, 0))
	if judgedBy(r, "D01").Result != Problem || judgedBy(r, "D11").Result == Problem {
		t.Errorf("D01 %s, D11 %s", judgedBy(r, "D01").Result, judgedBy(r, "D11").Result)
	}
}

func TestPace(t *testing.T) {
	f := healthy(5, 200)
	f.left = map[cluster.StoreID]cluster.Progress{5: {Action: cluster.ActionRemoving, SpeedMiB: 12, Left: 4*time.Minute + 40*time.Second}}
	if got, want := Run(f.collect(t, 0)).Headline, "nothing is wrong; limited by add-peer-limit; ETA 4m40s (PD measures 12.0 MiB/s on store 5)"; got != want {
		t.Errorf("PD measures: %q, want %q", got, want)
	}
	// Our own two readings go before: 20 in 10 s leave 180 at 2 a second.
	f.later = slices.Clone(f.snap.Stores)
	f.later[4].RegionCount -= 20
	if got, want := Run(f.collect(t, 10*time.Second)).Headline, "nothing is wrong; limited by add-peer-limit; ETA 1m30s (20 regions left within 10s)"; got != want {
		t.Errorf("two readings: %q, want %q", got, want)
	}
	// Right after a delete PD still talks of preparing.
	f.left[5] = cluster.Progress{Action: "preparing", Left: time.Minute}
	if got := Run(f.collect(t, 0)).Pace.ETA; got != 0 {
		t.Errorf("preparing: ETA %s", got)
	}
	// Nobody knows, and nothing limits.
	delete(f.left, 5)
	f.fail[FieldOperators] = errAbsent
	f.snap.Limits = nil
	if got, want := Run(f.collect(t, 0)).Headline, "nothing is wrong; ETA not known"; got != want {
		t.Errorf("no limits: %q, want %q", got, want)
	}
}

func TestHeadings(t *testing.T) {
	f := healthy(5, 0)
	silent(4, time.Hour)(f)
	own := f.add(5, 1, 2) // its own peer is down: that is no other's trouble
	own.Down = []cluster.DownPeer{{Peer: own.Peers[0]}}
	fragile := f.add(5, 1, 2)
	fragile.Down = []cluster.DownPeer{{Peer: fragile.Peers[2]}}
	lost := f.add(5, 1, 2, 4, 3)
	lost.Down = []cluster.DownPeer{{Peer: lost.Peers[2]}, {Peer: lost.Peers[4]}} // and store 4 is silent
	ev := f.collect(t, 0)
	tally := ev.Tallies[5]
	if tally.Fragile.Count != 1 || tally.DownOnLive.Count != 2 {
		t.Errorf("fragile %+v, down on live %+v", tally.Fragile, tally.DownOnLive)
	}
}

// A region of 1 MiB costs PD's limits as little as one of no known size.
func TestTallyBySize(t *testing.T) {
	f := healthy(5, 0)
	for _, mib := range []int64{0, 1, 2, 20, 21} {
		f.add(1, 2, 5).ApproximateSizeMiB = mib
	}
	if tally := f.collect(t, 0).Tallies[5]; tally.Empty != 2 || tally.Small != 2 || tally.Regions != 5 {
		t.Errorf("%d empty, %d small of %d, want 2, 2 of 5", tally.Empty, tally.Small, tally.Regions)
	}
}

func TestBytesLeft(t *testing.T) {
	f := healthy(5, 40) // of 96 MiB
	f.store(5).Used = cluster.Size{Bytes: 1 << 30, Known: true}
	if got := newView(f.collect(t, 0)).bytesLeft(cluster.TiKV); got != 1<<30 {
		t.Errorf("compressed: %d bytes", got)
	}
	f.store(5).Used = cluster.Size{}
	if got := newView(f.collect(t, 0)).bytesLeft(cluster.TiKV); got != 40*96<<20 {
		t.Errorf("not known: %d bytes", got)
	}
}

func TestVersions(t *testing.T) {
	ranges := versions{"6.5.4", "6.5.8"}
	for text, want := range map[string]bool{"6.5.3": false, "6.5.4": true, "6.5.7": true, "6.5.8": false, "7.0.0": false, "5.9.9": false} {
		if got := ranges.has(cluster.ParseRelease(text)); got != want {
			t.Errorf("%s in %s: %v", text, ranges, got)
		}
	}
}

// Bugs are named by the version that runs.
func TestKnownBugs(t *testing.T) {
	for version, want := range map[string][]string{
		"v4.0.5": {"pd#3343", "", "pd#10778"}, "v6.5.2": {"pd#6426", "pd#9933", "", "pd#10778"},
		"v7.1.3": {"pd#7630", "pd#9933", "", "pd#10778"}, "v9.0.0-beta.2": {"", "pd#9333", "", "pd#10778"}, "None": nil,
	} {
		f := healthy(5, 1)
		f.snap.PDVersion = version
		var got []string
		for _, b := range Run(f.collect(t, 0)).Bugs {
			got = append(got, b.Issue)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

// What nobody read is not what there is none of.
func TestIncompleteEvidence(t *testing.T) {
	ev := healthy(5, 3).collect(t, 0)
	ev.RegionStats, ev.Tallies, ev.Nodes = nil, nil, nil
	r := Run(ev)
	for _, id := range []string{"D07", "D22", "D02", "D08"} {
		if j := judgedBy(r, id); j.Result != CouldNotLook {
			t.Errorf("%s says %s", id, j.Result)
		}
	}
}

// A store is named once: where it makes a rule fall short, that is what matters.
func TestDeadStoresAreNamedOnce(t *testing.T) {
	f := healthy(6, 0)
	for _, id := range []cluster.StoreID{1, 2, 3} {
		silent(id, time.Minute)(f)
	}
	f.add(6, 4, 5)
	causes := causesBy(Run(f.collect(t, 0)), "D20")
	if len(causes) != 1 || !slices.Equal(causes[0].Stores, []cluster.StoreID{1, 2, 3}) {
		t.Errorf("causes %+v", causes)
	}
	// With enough others, all silent ones are one cause.
	f = healthy(7, 10)
	silent(1, time.Minute)(f)
	silent(2, time.Hour)(f)
	if causes = causesBy(Run(f.collect(t, 0)), "D20"); len(causes) != 1 || len(causes[0].Stores) != 2 {
		t.Errorf("causes %+v", causes)
	}
}

// A report is read back as it was written, by whoever works on the JSON.
func TestReportRoundTrip(t *testing.T) {
	want := Run(ill(t))
	var got Report
	if err := json.Unmarshal([]byte(asJSON(t, want)), &got); err != nil {
		t.Fatal(err)
	}
	if asJSON(t, &got) != asJSON(t, want) || got.Causes[0].Certainty != want.Causes[0].Certainty {
		t.Errorf("got %+v", got)
	}
	if err := new(Certainty).UnmarshalText([]byte("sure")); err == nil {
		t.Error("an unknown certainty was read")
	}
}

func TestHeadlines(t *testing.T) {
	f := healthy(6, 0)
	if got, want := Run(f.collect(t, 0)).Headline, "nothing is wrong; no region is left, PD looks every ten seconds whether to say Tombstone"; got != want {
		t.Errorf("empty: %q", got)
	}
	tombstone(f)
	ev := f.collect(t, 0, 8)
	if got, want := Run(ev).Headline, "nothing is wrong; store 8 left the cluster: Tombstone, and no region is on it"; got != want {
		t.Errorf("Tombstone: %q", got)
	}
	ev.NoteUnread(FieldEvictLeader, errAbsent)
	if got, want := Run(ev).Headline, "cannot tell: 1 rule could not look"; got != want {
		t.Errorf("unread: %q", got)
	}
}
