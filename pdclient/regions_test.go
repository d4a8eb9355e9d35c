package pdclient_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"testing"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// collect reads a sequence up to its error.
func collect(seq iter.Seq2[cluster.Region, error]) (ids []cluster.RegionID, err error) {
	for r, err := range seq {
		if err != nil {
			return ids, err
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

func TestRegionsStopsWhenTheReaderDoes(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	n := 0
	for _, err := range newClient(t, pd.URLs()...).Regions(t.Context(), pdclient.RegionScan{PageSize: 4}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Errorf("read %d regions", n)
	}
}

func TestRegionsWithoutAny(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	ids, err := collect(newClient(t, pd.URLs()...).Regions(t.Context(), pdclient.RegionScan{}))
	if err != nil || len(ids) != 0 {
		t.Errorf("got %v, %v", ids, err)
	}
}

// Between two pages the region at the seam is merged to the right: the next page
// starts with a region that covers some of what has been read.
func TestRegionsMergedBetweenPages(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.Inject(pdtest.Fault{On: "GET /regions/key", Then: func(pd *pdtest.PD) {
		left, _ := pd.Region(1009)
		right, _ := pd.Region(1010)
		pd.DropRegion(left.ID)
		pd.DropRegion(right.ID)
		right.StartKey = left.StartKey
		right.Epoch.Version += 2
		pd.AddRegion(right)
	}})
	var got []cluster.Region
	for r, err := range newClient(t, pd.URLs()...).Regions(t.Context(), pdclient.RegionScan{PageSize: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	if len(got) != 39 {
		t.Errorf("%d regions, want 39", len(got))
	}
	for i := 1; i < len(got); i++ {
		if !bytes.Equal(got[i].StartKey, got[i-1].EndKey) {
			t.Errorf("region %d does not follow region %d", got[i].ID, got[i-1].ID)
		}
	}
	if r := got[9]; r.ID != 1010 || r.Epoch.Version != 12 {
		t.Errorf("at the seam is region %d, version %d; want the merged 1010, version 12", r.ID, r.Epoch.Version)
	}
}

// A gap that closes while the scan waits is none.
func TestRegionsGapThatCloses(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	missing, _ := pd.Region(1013)
	pd.DropRegion(1013)
	pd.Inject(pdtest.Fault{On: "GET /regions/key", Skip: 2, Then: func(pd *pdtest.PD) { pd.AddRegion(missing) }})
	ids, err := collect(newClient(t, pd.URLs()...).Regions(t.Context(), pdclient.RegionScan{PageSize: 10}))
	if err != nil || len(ids) != 40 {
		t.Errorf("got %d regions, %v", len(ids), err)
	}
}

func TestRegionsOfStore(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	pd.EditRegion(1003, func(r *cluster.Region) { r.Peers[1].StoreID = 99 })
	c := newClient(t, pd.URLs()...)
	ids, err := collect(c.RegionsOfStore(t.Context(), 99))
	if err != nil || len(ids) != 1 || ids[0] != 1003 {
		t.Errorf("regions of unknown store 99: %v, %v", ids, err)
	}
	ids, err = collect(c.RegionsOfStore(t.Context(), 98))
	if err != nil || len(ids) != 0 {
		t.Errorf("regions of unknown store 98: %v, %v", ids, err)
	}
}

func TestRegionsCheck(t *testing.T) {
	pd := newPD(t, pdtest.V4_0_16)
	pd.EditRegion(1003, func(r *cluster.Region) { r.Peers = r.Peers[:2] })
	c := newClient(t, pd.URLs()...)
	if ids, err := collect(c.RegionsCheck(t.Context(), pdclient.CheckMissPeer)); err != nil || len(ids) != 1 {
		t.Errorf("miss-peer: %v, %v", ids, err)
	}
	if _, err := collect(c.RegionsCheck(t.Context(), pdclient.CheckLearnerPeer)); !errors.Is(err, pdclient.ErrNotSupported) {
		t.Errorf("learner-peer on 4.0: %v, want ErrNotSupported", err)
	}
}

// A stream that is cut, ended early or added to is never taken for the whole.
func TestBrokenStreams(t *testing.T) {
	faults := map[string]pdtest.Fault{
		"ended early":    {Truncate: 3000},
		"connection cut": {Truncate: 3000, CutBody: true},
		"garbage behind": {Append: `{"error"`},
		"html":           {Status: 200, Body: "<html>login</html>"},
		"empty":          {Status: 200, Body: " "},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			pd := newPD(t, pdtest.V8_5)
			f.On, f.Times = "GET /regions/store/4", -1
			pd.Inject(f)
			_, err := collect(newClient(t, pd.URLs()...).RegionsOfStore(t.Context(), 4))
			var decode *pdclient.DecodeError
			if !errors.As(err, &decode) || !strings.Contains(decode.URL, "/regions/store/4") {
				t.Errorf("got %v, want a *DecodeError that names the url", err)
			}
			f.On = "GET /regions/key"
			pd.Inject(f)
			if _, err := collect(newClient(t, pd.URLs()...).Regions(t.Context(), pdclient.RegionScan{})); err == nil {
				t.Error("a broken page was taken for whole")
			}
		})
	}
}

func TestStreamEndsWithItsContext(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	ctx, cancel := context.WithCancel(t.Context())
	var last error
	n := 0
	for _, err := range newClient(t, pd.URLs()...).Regions(ctx, pdclient.RegionScan{PageSize: 5}) {
		if last = err; err != nil {
			break
		}
		if n++; n == 3 {
			cancel()
		}
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("after %d regions: %v, want context.Canceled", n, last)
	}
	cancel()
}

func TestRegionOfEveryVersion(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		pd := newPD(t, p)
		pd.EditRegion(1003, func(r *cluster.Region) { r.Leader = cluster.Peer{} })
		pd.EditRegion(1004, func(r *cluster.Region) { r.Peers[2].Role = cluster.Learner })
		c := newClient(t, pd.URLs()...)
		if _, ok, err := c.Region(t.Context(), 5); ok || err != nil {
			t.Errorf("%v: unknown region: %v, %v", p, ok, err)
		}
		r, ok, err := c.Region(t.Context(), 1003)
		switch {
		case p == pdtest.V7_1:
			if !errors.Is(err, pdclient.ErrPanicked) {
				t.Errorf("%v: leaderless region: %v, want ErrPanicked", p, err)
			}
		case err != nil || !ok || r.HasLeader():
			t.Errorf("%v: leaderless region: %+v, %v, %v", p, r.Leader, ok, err)
		}
		r, ok, err = c.Region(t.Context(), 1004)
		if err != nil || !ok || r.Peers[2].Role != cluster.Learner || r.Peers[0].Role != cluster.Voter {
			t.Errorf("%v: region with learner: %+v, %v, %v", p, r.Peers, ok, err)
		}
	}
}

// A later PD may print other end keys within a region, so that the key which the
// next page was asked from ahead of time is wrong.
func TestRegionsWhereTheEndOfAPageIsGuessedWrong(t *testing.T) {
	for _, nested := range []string{"", "00", "74800000000000000021", "nonsense"} {
		pd := newPD(t, pdtest.V8_5)
		misleading := strings.TrimSuffix(pageOf(t, pd, 5), "}]}") + `,"buckets":{"end_key":"` + nested + `"}}]}`
		pd.Inject(pdtest.Fault{On: "GET /regions/key", Status: 200, Body: misleading})
		ids, err := collect(newClient(t, pd.URLs()...).Regions(t.Context(), pdclient.RegionScan{PageSize: 5}))
		if err != nil || len(ids) != 40 {
			t.Errorf("nested end key %q: got %d regions, %v", nested, len(ids), err)
		}
	}
}

// pageOf is the first page as PD sends it.
func pageOf(t *testing.T, pd *pdtest.PD, n int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("%s/pd/api/v1/regions/key?key=&limit=%d", pd.URLs()[0], n), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Caller-ID", "test")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestAnswersAboutSomethingElse(t *testing.T) {
	pd := newPD(t, pdtest.V8_5)
	c := newClient(t, pd.URLs()...)
	var decode *pdclient.DecodeError
	pd.Inject(pdtest.Fault{On: "GET /region/id/1000", Status: 200, Body: `{"id":1001}`})
	if _, ok, err := c.Region(t.Context(), 1000); ok || !errors.As(err, &decode) {
		t.Errorf("another region: %v, %v, want a *DecodeError", ok, err)
	}
	pd.Inject(pdtest.Fault{On: "GET /store/1", Status: 200, Body: `{"store":{"id":2},"status":{}}`})
	if _, err := c.Store(t.Context(), 1); !errors.As(err, &decode) {
		t.Errorf("another store: %v, want a *DecodeError", err)
	}
	for _, body := range []string{
		`{"count":2,"stores":[{"store":{"id":1},"status":{}}]}`, `{"count":1,"stores":[{"store":{},"status":{}}]}`, `{"count":1,"stor`, `[]`,
	} {
		pd.Inject(pdtest.Fault{On: "GET /stores", Status: 200, Body: body})
		if _, _, err := c.Stores(t.Context()); !errors.As(err, &decode) {
			t.Errorf("stores %s: %v, want a *DecodeError", body, err)
		}
	}
}
