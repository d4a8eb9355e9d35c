package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ebb/playground/store"
)

// manyPages is a number of regions that ebb reads in several pages.
const manyPages = 14_000

// listed is a region as ebb region lists it.
type listed struct {
	ID      uint64 `json:"id"`
	Start   string `json:"start"`
	End     string `json:"end"`
	Version uint64 `json:"version"`
}

const listing = `.regions[] | {id, start: .start_key, end: .end_key, version: .epoch.version}`

// list runs ebb region. While PD's n-th answer to a request for a page is held
// back, counted from one, meanwhile runs.
func (b *bench) list(n int64, meanwhile func()) []listed {
	b.Helper()
	var count atomic.Int64
	reached, release := make(chan struct{}), make(chan struct{})
	b.proxy.on(http.MethodGet, "/regions/key", func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if count.Add(1) == n {
			close(reached)
			<-release
		}
		next.ServeHTTP(w, r)
	})
	// PD may be without a leader for longer than a person would wait.
	run := b.startRaw("region", "-u", b.endpoints, "--pd-timeout", eventually.String(), "--jq", listing)
	if n > 0 {
		run.awaitChannel(reached)
		meanwhile()
	}
	close(release)
	r := run.wait()
	b.wantCode(r, 0)
	return b.wantContiguous(r.out)
}

// awaitChannel returns when the channel is closed, which has to happen before the
// run ends.
func (r *running) awaitChannel(reached <-chan struct{}) {
	r.t.Helper()
	timeout := time.After(eventually)
	for {
		select {
		case <-reached:
			return
		case e, ok := <-r.events:
			if !ok {
				_ = r.cmd.Wait()
				r.t.Fatalf("ebb ended too early:\n%s", r.errs.String())
			}
			r.seen = append(r.seen, e)
		case <-timeout:
			r.t.Fatal("ebb does not come that far")
		}
	}
}

// wantContiguous fails the test unless a list covers the key space without gap or
// overlap, in the order of keys, with every region once.
func (b *bench) wantContiguous(list string) []listed {
	b.Helper()
	var all []listed
	seen := make(map[uint64]bool)
	end := ""
	for line := range strings.Lines(list) {
		var l listed
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			b.Fatalf("%v in %q", err, line)
		}
		if seen[l.ID] {
			b.Errorf("region %d is listed twice", l.ID)
		}
		if l.Start != end || len(all) > 0 && end == "" {
			b.Errorf("region %d starts at %q, the one before ends at %q", l.ID, l.Start, end)
		}
		seen[l.ID], end = true, l.End
		all = append(all, l)
	}
	if end != "" {
		b.Errorf("the list ends at %q", end)
	}
	return all
}

// wantListed fails unless every region is in the list that has not changed its
// keys since before.
func (b *bench) wantListed(list []listed, before []store.RegionState) {
	b.Helper()
	now := make(map[uint64]store.RegionState)
	for _, r := range b.Fleet().Regions(store.RegionFilter{}) {
		now[r.ID] = r
	}
	got := make(map[uint64]listed, len(list))
	for _, l := range list {
		got[l.ID] = l
	}
	unchanged := 0
	for _, r := range before {
		if now[r.ID].Version != r.Version {
			continue
		}
		unchanged++
		if l, ok := got[r.ID]; !ok || l.Start != r.StartKey || l.End != r.EndKey || l.Version != r.Version {
			b.Errorf("region %d of %q to %q (version %d) is listed as %+v", r.ID, r.StartKey, r.EndKey, r.Version, l)
		}
	}
	// On a slow machine ebb asks again while the change is being made: all may have been
	// merged by then, and nothing split.
	if unchanged < manyPages/2 || len(list) < len(before)-len(before)/everyPage || len(list) > len(now) {
		b.Errorf("%d regions are listed; of %d before, %d are as they were, and now there are %d",
			len(list), len(before), unchanged, len(now))
	}
}

// TestRegionsThroughAFollower has PD's follower for the only endpoint.
func TestRegionsThroughAFollower(t *testing.T) {
	full(t)
	b := newBench(t, setup{members: 3, regions: manyPages})
	leader, err := b.Members().Leader(b.Context())
	b.must(err)
	at := slices.IndexFunc(b.Members().Members(), func(name string) bool { return name != leader })
	b.endpoints = b.proxy.urls()[at]
	before := b.Fleet().Regions(store.RegionFilter{})
	b.wantListed(b.list(0, nil), before)
}

// TestRegionsWhileLeaderMoves moves PD's leadership between two pages.
func TestRegionsWhileLeaderMoves(t *testing.T) {
	full(t)
	b := newBench(t, setup{members: 3, regions: manyPages})
	before := b.Fleet().Regions(store.RegionFilter{})
	list := b.list(3, func() { b.must(b.Members().TransferLeader(b.Context(), "")) })
	b.wantListed(list, before)
}

// TestRegionsWhileTheyChange merges regions across the edges of pages and splits
// others, of the pages that were read and of those to come.
func TestRegionsWhileTheyChange(t *testing.T) {
	b := newBench(t, setup{tikv: 3, regions: manyPages}) // all regions are on the same stores and can be merged
	before := b.Fleet().Regions(store.RegionFilter{})
	list := b.list(3, func() {
		left := b.mergeAtEdges(before)
		b.splitSome(before, left)
	})
	b.wantListed(list, before)
}

// everyPage divides the number of regions on a page.
const everyPage = 1024

// mergeAtEdges merges the last region of each page with the first of the next, in
// either direction, and returns how many regions there are when PD knows.
func (b *bench) mergeAtEdges(regions []store.RegionState) (left int) {
	b.Helper()
	left = len(regions)
	for i := everyPage; i < len(regions); i += everyPage {
		source, target := regions[i-1].ID, regions[i].ID
		if i/everyPage%2 == 0 {
			source, target = target, source
		}
		b.tell(http.MethodPost, "/operators", map[string]any{
			"name": "merge-region", "source_region_id": source, "target_region_id": target,
		})
		left--
	}
	b.awaitRegions(func(n int) bool { return n <= left })
	return left
}

// splitSome splits one region in 64 and returns when PD knows.
func (b *bench) splitSome(regions []store.RegionState, count int) {
	b.Helper()
	split := 0
	for i, r := range regions {
		if i%64 == 32 && b.Fleet().SplitRegion(r.ID) == nil {
			split++
		}
	}
	if split < len(regions)/100 {
		b.Errorf("only %d regions can be split", split)
	}
	b.awaitRegions(func(n int) bool { return n >= count+split })
}

// awaitRegions waits for a number of regions that PD knows.
func (b *bench) awaitRegions(enough func(int) bool) {
	b.Helper()
	b.await("PD knows of the change", func() bool {
		var known struct{ Count int }
		b.read("/regions/count", &known)
		return enough(known.Count)
	})
}

// TestRegionGap has PD leave a region out: ebb says where, and does not pass the
// rest off as all.
func TestRegionGap(t *testing.T) {
	b := newBench(t, setup{})
	before := b.Fleet().Regions(store.RegionFilter{})
	lost := before[len(before)/2]
	b.proxy.edit(http.MethodGet, "/regions/key", func(body string) string {
		var page struct {
			Count   int               `json:"count"`
			Regions []json.RawMessage `json:"regions"`
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			b.Error(err)
		}
		page.Regions = slices.DeleteFunc(page.Regions, func(r json.RawMessage) bool {
			return strings.Contains(string(r), `"start_key":"`+lost.StartKey+`"`)
		})
		page.Count = len(page.Regions)
		text, err := json.Marshal(page)
		if err != nil {
			b.Error(err)
		}
		return string(text)
	})
	r := b.runRaw("region", "-u", b.endpoints, "--jq", listing)
	if r.code == 0 || !strings.Contains(strings.ToUpper(r.errs), lost.StartKey) {
		b.Errorf("exit code %d over a gap at %s:\n%s", r.code, lost.StartKey, r.errs)
	}
}
