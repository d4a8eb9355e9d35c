package pdclient_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"iter"
	"testing"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

// span is what the tests of scans look at, decoded or not.
type span struct {
	id         cluster.RegionID
	start, end string
	version    uint64
}

// scans are the two ways to scan; both run through one scanner.
var scans = map[string]func(context.Context, *pdclient.Client, pdclient.RegionScan) iter.Seq2[span, error]{
	"typed": func(ctx context.Context, c *pdclient.Client, scan pdclient.RegionScan) iter.Seq2[span, error] {
		return func(yield func(span, error) bool) {
			for r, err := range c.Regions(ctx, scan) {
				if !yield(span{r.ID, string(r.StartKey), string(r.EndKey), r.Epoch.Version}, err) {
					return
				}
			}
		}
	},
	"raw": func(ctx context.Context, c *pdclient.Client, scan pdclient.RegionScan) iter.Seq2[span, error] {
		return rawSpans(c.RawRegions(ctx, scan))
	},
}

func rawSpans(seq iter.Seq2[[][]byte, error]) iter.Seq2[span, error] {
	return func(yield func(span, error) bool) {
		for batch, err := range seq {
			if err != nil {
				yield(span{}, err)
				return
			}
			for _, text := range batch {
				var r struct {
					ID    cluster.RegionID    `json:"id"`
					Start string              `json:"start_key"`
					End   string              `json:"end_key"`
					Epoch cluster.RegionEpoch `json:"epoch"`
				}
				err := json.Unmarshal(text, &r)
				if !yield(span{r.ID, unhex(r.Start), unhex(r.End), r.Epoch.Version}, err) {
					return
				}
			}
		}
	}
}

func unhex(s string) string {
	key, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(key)
}

// spans reads a sequence up to its error.
func spans(seq iter.Seq2[span, error]) (all []span, err error) {
	for s, err := range seq {
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
	return all, nil
}

// onePiece fails unless each region goes on where the one before ends, and none
// is there twice.
func onePiece(t *testing.T, all []span) {
	t.Helper()
	seen := make(map[cluster.RegionID]bool)
	for i, s := range all {
		if i > 0 && s.start != all[i-1].end {
			t.Errorf("region %d at %q does not follow region %d, which ends at %q", s.id, s.start, all[i-1].id, all[i-1].end)
		}
		if seen[s.id] {
			t.Errorf("region %d is there twice", s.id)
		}
		seen[s.id] = true
	}
	if n := len(all); n == 0 || all[0].start != "" || all[n-1].end != "" {
		t.Errorf("%d regions do not cover the key space", n)
	}
}

type scanFunc = func(context.Context, *pdclient.Client, pdclient.RegionScan) iter.Seq2[span, error]

func onEachScan(t *testing.T, test func(t *testing.T, scan scanFunc)) {
	for name, scan := range scans {
		t.Run(name, func(t *testing.T) { test(t, scan) })
	}
}

func TestScanReadsAllPages(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		for _, p := range []pdtest.Profile{pdtest.V4_0_16, pdtest.V8_5} {
			for _, page := range []int{1, 7, 40, 41, 5000} {
				pd := newPD(t, p)
				c := newClient(t, pd.URLs()...)
				all, err := spans(scan(t.Context(), c, pdclient.RegionScan{PageSize: page}))
				if err != nil || len(all) != 40 {
					t.Errorf("%v, pages of %d: %d regions, %v", p, page, len(all), err)
				}
				onePiece(t, all)
				first, _ := pd.Region(1010)
				last, _ := pd.Region(1020)
				all, err = spans(scan(t.Context(), c, pdclient.RegionScan{PageSize: page, StartKey: first.StartKey, EndKey: last.StartKey}))
				if err != nil || len(all) != 10 || all[0].id != 1010 {
					t.Errorf("%v, pages of %d: range has %v, %v", p, page, all, err)
				}
				for _, limit := range []int{1, 9, 40, 50} {
					all, err = spans(scan(t.Context(), c, pdclient.RegionScan{PageSize: page, Limit: limit}))
					if err != nil || len(all) != min(limit, 40) {
						t.Errorf("%v, pages of %d: limited to %d: %d, %v", p, page, limit, len(all), err)
					}
				}
			}
		}
	})
}

// A limit is not paid for with a page of 4096 regions, nor with a second page.
func TestScanWithLimitAsksForNoMore(t *testing.T) {
	onEachScan(t, func(t *testing.T, scan scanFunc) {
		pd := newPD(t, pdtest.V8_5)
		if all, err := spans(scan(t.Context(), newClient(t, pd.URLs()...), pdclient.RegionScan{Limit: 5})); err != nil || len(all) != 5 {
			t.Fatal(all, err)
		}
		for _, call := range pd.Calls() {
			if call.Path == "/regions/key" && call.Query.Get("limit") != "5" {
				t.Errorf("asked for %s", call)
			}
		}
		if n := pd.Made("GET /regions/key"); n != 1 {
			t.Errorf("asked for %d pages", n)
		}
	})
}
