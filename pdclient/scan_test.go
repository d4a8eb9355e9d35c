package pdclient_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// seams are what can happen to the regions between two pages of ten; region 1009
// is the last of the first page.
var seams = map[string]func(pd *pdtest.PD){
	"merged to the right": func(pd *pdtest.PD) { mergeRegions(pd, 1009, 1010, 1010) },
	"merged to the left":  func(pd *pdtest.PD) { mergeRegions(pd, 1009, 1010, 1009) },
	"several merged":      func(pd *pdtest.PD) { mergeRegions(pd, 1007, 1012, 1012) },
	"split":               func(pd *pdtest.PD) { splitRegion(pd, 1009, 2000) },
	"split behind":        func(pd *pdtest.PD) { splitRegion(pd, 1010, 2000) },
	"split, and its right half merged to the right": func(pd *pdtest.PD) {
		splitRegion(pd, 1009, 2000)
		mergeRegions(pd, 1009, 1010, 1010)
	},
	"split, and the right neighbour merged into its right half": func(pd *pdtest.PD) {
		splitRegion(pd, 1009, 2000)
		mergeRegions(pd, 1009, 1010, 1009)
	},
}

// mergeRegions makes one region, into, of those from first to last.
func mergeRegions(pd *pdtest.PD, first, last, into cluster.RegionID) {
	left, _ := pd.Region(first)
	right, _ := pd.Region(last)
	all, _ := pd.Region(into)
	for id := first; id <= last; id++ {
		pd.DropRegion(id)
	}
	all.StartKey, all.EndKey = left.StartKey, right.EndKey
	all.Epoch.Version += 10
	pd.AddRegion(all)
}

// splitRegion gives the left half of a region to a new one, as TiKV does.
func splitRegion(pd *pdtest.PD, id, fresh cluster.RegionID) {
	right, _ := pd.Region(id)
	left := right
	middle := append([]byte(string(right.StartKey)), 0x80)
	left.ID, left.EndKey, right.StartKey = fresh, middle, middle
	left.Epoch.Version++
	right.Epoch.Version++
	pd.AddRegion(left)
	pd.AddRegion(right)
}

func TestScanWhenRegionsChangeBetweenPages(t *testing.T) {
	for name, change := range seams {
		t.Run(name, func(t *testing.T) {
			onEachScan(t, func(t *testing.T, scan scanFunc) {
				pd := newPD(t, pdtest.V8_5)
				pd.Inject(pdtest.Fault{On: "GET /regions/key", Then: change})
				all, err := spans(scan(t.Context(), newClient(t, pd.URLs()...), pdclient.RegionScan{PageSize: 10}))
				if err != nil {
					t.Fatal(err)
				}
				onePiece(t, all)
			})
		})
	}
}

// A new leader may know a region only as it was before its split.
func TestScanMeetsAStaleRegion(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		pd := newPD(t, pdtest.V8_5)
		old, _ := pd.Region(1009)
		splitRegion(pd, 1009, 2000)
		after, _ := pd.Region(1009)
		next, _ := pd.Region(1010)
		goBack := func(pd *pdtest.PD) {
			pd.DropRegion(2000)
			old.EndKey = next.EndKey
			pd.DropRegion(1010)
			pd.AddRegion(old)
		}
		pd.Inject(pdtest.Fault{On: "GET /regions/key", Then: goBack})
		c := newClient(t, pd.URLs()...)
		all, err := spans(scan(t.Context(), c, pdclient.RegionScan{PageSize: 11}))
		var stale *pdclient.StaleRegionError
		if !errors.As(err, &stale) || stale.ID != 1009 || stale.Seen != after.Epoch.Version || stale.Now != old.Epoch.Version {
			t.Errorf("%d regions, %v; want a *StaleRegionError for region 1009", len(all), err)
		}
	})
}

// What breaks and passes is tried again; what PD says twice is reported.
func TestScanThroughFaults(t *testing.T) {
	faults := map[string]struct {
		fault pdtest.Fault
		fails bool
	}{
		"503 in the middle":                  {pdtest.Fault{Status: 503, Body: "no leader", Times: 2}, false},
		"429":                                {pdtest.Fault{Status: 429, Body: "too many"}, false},
		"connection cut":                     {pdtest.Fault{Cut: true}, false},
		"cut in the body":                    {pdtest.Fault{Truncate: 700, CutBody: true}, false},
		"ended early":                        {pdtest.Fault{Truncate: 700}, true},
		"garbage behind":                     {pdtest.Fault{Append: `{"error"`}, true},
		"a 500":                              {pdtest.Fault{Status: 500, Body: `"broken"`}, true},
		"another leader between two pages":   {pdtest.Fault{Then: func(pd *pdtest.PD) { pd.Elect(1) }}, false},
		"no leader for a while":              {pdtest.Fault{Status: 503, Body: "no leader", Then: func(pd *pdtest.PD) { pd.Elect(2) }}, false},
		"a page that does not reach its key": {pdtest.Fault{Status: 200, Body: `{"count":1,"regions":[{"id":5,"start_key":"","end_key":"00"}]}`}, true},
		"pages that go round in circles":     {pdtest.Fault{Status: 200, Times: -1, Body: `{"count":1,"regions":[{"id":5,"start_key":"","end_key":"00"}]}`}, true},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			onEachScan(t, func(t *testing.T, scan scanFunc) {
				pd := newPD(t, pdtest.V8_5, pdtest.Members(3))
				fault := f.fault
				fault.On, fault.Skip = "GET /regions/key", 2
				pd.Inject(fault)
				all, err := spans(scan(t.Context(), newClient(t, pd.URLs()...), pdclient.RegionScan{PageSize: 8}))
				if (err != nil) != f.fails {
					t.Fatalf("%d regions, %v", len(all), err)
				}
				if err == nil {
					onePiece(t, all)
				} else if len(all) > 16 {
					t.Errorf("%d regions before the error", len(all))
				}
			})
		})
	}
}

// Through followers only: the leader changes while a page is passed on.
func TestScanThroughAFollower(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		pd := newPD(t, pdtest.V8_5, pdtest.Members(3))
		for i := range 3 {
			pd.Advertise(i, "http://127.0.0.1:1")
		}
		pd.Inject(pdtest.Fault{On: "GET /regions/key", Skip: 1, Member: 2, Truncate: 300, CutBody: true, Then: func(pd *pdtest.PD) { pd.Elect(2) }})
		all, err := spans(scan(t.Context(), newClient(t, pd.URLs()[1]), pdclient.RegionScan{PageSize: 8}))
		if err != nil {
			t.Fatal(err)
		}
		onePiece(t, all)
	})
}

func TestScanGap(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		for _, hole := range []cluster.RegionID{1000, 1004, 1009, 1010, 1039} {
			pd := newPD(t, pdtest.V8_5)
			missing, _ := pd.Region(hole)
			pd.DropRegion(hole)
			all, err := spans(scan(t.Context(), newClient(t, pd.URLs()...), pdclient.RegionScan{PageSize: 10}))
			var gap *pdclient.RegionGapError
			if !errors.As(err, &gap) || string(gap.Start) != string(missing.StartKey) || string(gap.Before) != string(missing.EndKey) {
				t.Errorf("without region %d: got %v, want a *RegionGapError for it", hole, err)
			}
			if want := int(hole) - 1000; len(all) != want {
				t.Errorf("without region %d: %d regions before the gap, want %d", hole, len(all), want)
			}
		}
	})
}

func TestScanEndsWithItsContext(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		pd := newPD(t, pdtest.V8_5)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var last error
		n := 0
		for _, err := range scan(ctx, newClient(t, pd.URLs()...), pdclient.RegionScan{PageSize: 5}) {
			if last = err; err == nil {
				n++
				// By then the next page is decoded and ready.
				for pd.Made("GET /regions/key") < 5 {
					time.Sleep(time.Millisecond)
				}
				cancel()
			}
		}
		if !errors.Is(last, context.Canceled) || n > 5 {
			t.Errorf("after %d regions: %v, want context.Canceled", n, last)
		}
	})
}

func TestScanStopsWithItsReader(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		pd := newPD(t, pdtest.V8_5)
		for _, err := range scan(t.Context(), newClient(t, pd.URLs()...), pdclient.RegionScan{PageSize: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if n := pd.Made("GET /regions/key"); n > 6 {
			t.Errorf("read %d pages for one region", n)
		}
	})
}

// A page whose regions overlap is read again from where it began to.
func TestScanOfAPageThatOverlapsItself(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		pd := newPD(t, pdtest.V8_5)
		first, _ := pd.Region(1000)
		second, _ := pd.Region(1001)
		pd.Inject(pdtest.Fault{On: "GET /regions/key", Status: 200, Body: fmt.Sprintf(
			`{"count":2,"regions":[{"id":1000,"start_key":"","end_key":"%X"},{"id":7,"start_key":"74","end_key":"%X"}]}`, first.EndKey, second.EndKey)})
		all, err := spans(scan(t.Context(), newClient(t, pd.URLs()...), pdclient.RegionScan{PageSize: 10}))
		if err != nil || len(all) != 40 {
			t.Fatalf("%d regions, %v", len(all), err)
		}
		onePiece(t, all)
	})
}
