package pdclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"ebb/cluster"
)

// The checks of RegionsCheck. PD fills them from heartbeats, so regions without
// a leader are in none, and OfflinePeer is renewed only when a region changes:
// RegionsOfStore is exact.
const (
	CheckMissPeer    = "miss-peer"
	CheckExtraPeer   = "extra-peer"
	CheckDownPeer    = "down-peer"
	CheckPendingPeer = "pending-peer"
	CheckOfflinePeer = "offline-peer"
	CheckEmptyRegion = "empty-region"
	CheckLearnerPeer = "learner-peer" // 5.0 and later
	// 6.1 and later. Sizes are judged against region-max-size of TiKV and
	// max-merge-region-size.
	CheckOversizedRegion  = "oversized-region"
	CheckUndersizedRegion = "undersized-region"
)

// checksSince are the PD versions that brought the checks which are not in 4.0.
var checksSince = map[string]string{CheckLearnerPeer: "5.0", CheckOversizedRegion: "6.1", CheckUndersizedRegion: "6.1"}

// RegionsOfStore streams the regions that have a peer on a store, in no order.
// It works for ids that PD has no record of, and then finds what is left of them.
// An error ends the sequence.
func (c *Client) RegionsOfStore(ctx context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return c.stream(ctx, get("/regions/store/"+id.String(), nil), "")
}

// RegionsCheck streams the regions that PD lists under one of the checks. An
// error ends the sequence; it matches ErrNotSupported for a check that this
// version does not have.
func (c *Client) RegionsCheck(ctx context.Context, check string) iter.Seq2[cluster.Region, error] {
	return c.stream(ctx, get("/regions/check/"+url.PathEscape(check), nil), checksSince[check])
}

// stream reads a list; since is the PD version that brought it, if not all have it.
func (c *Client) stream(ctx context.Context, r request, since string) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for items, err := range readStream(ctx, c, r, since, newRegionReader()) {
			if err != nil {
				yield(cluster.Region{}, err)
				return
			}
			for i := range items {
				if !yield(items[i].value, nil) {
					return
				}
			}
		}
	}
}

// readStream reads a list while it arrives. An error ends the sequence.
func readStream[T any](ctx context.Context, c *Client, req request, since string, r *listReader[T]) iter.Seq2[[]scanned[T], error] {
	return func(yield func([]scanned[T], error) bool) {
		body, url, err := c.open(ctx, req)
		if err != nil {
			yield(nil, unsupported(err, req.path, since))
			return
		}
		defer body.Close()
		r.src, r.counted = body, -1
		r.emit = func(items []scanned[T]) bool { return yield(items, nil) }
		err = r.read()
		switch cause := context.Cause(ctx); {
		case r.stopped || err == nil:
			return
		case cause != nil:
			err = fmt.Errorf("%s %s: %w", req.method, url, cause)
		default:
			err = r.fail(req.method, url, err)
		}
		yield(nil, err)
	}
}

// Region returns one region. ok is false when PD does not know it; the versions
// say so in different ways: null (before 6.5.8, 7.1.4, 7.5.1), an object with
// id 0 (from there to 8.5), 404 (later). Right after an election that also
// happens to regions which exist. 6.5.4 to 6.5.7, 7.1.2, 7.1.3 and 7.3 to 7.5.0
// panic over a region without leader; the error then matches ErrPanicked.
func (c *Client) Region(ctx context.Context, id cluster.RegionID) (r cluster.Region, ok bool, err error) {
	r, _, ok, err = c.region(ctx, id)
	return r, ok, err
}

func (c *Client) region(ctx context.Context, id cluster.RegionID) (r cluster.Region, a *answer, ok bool, err error) {
	a, err = c.read(ctx, get("/region/id/"+id.String(), nil))
	if status, isStatus := errors.AsType[*StatusError](err); isStatus && status.Status == http.StatusNotFound {
		return r, nil, false, nil
	}
	if err != nil {
		return r, nil, false, err
	}
	r, err = decodeRegion(a)
	switch {
	case err != nil:
		return cluster.Region{}, nil, false, err
	case r.ID == id:
		return r, a, true, nil
	case r.ID == 0:
		return cluster.Region{}, nil, false, nil
	}
	return cluster.Region{}, nil, false, &DecodeError{Method: http.MethodGet, URL: a.url,
		Err: fmt.Errorf("asked for region %d, got region %d", id, r.ID)}
}

// RegionCount returns the number of regions that PD knows.
func (c *Client) RegionCount(ctx context.Context) (int, error) {
	var wire struct {
		Count int `json:"count"`
	}
	err := c.readJSON(ctx, get("/regions/count", nil), &wire)
	return wire.Count, err
}
