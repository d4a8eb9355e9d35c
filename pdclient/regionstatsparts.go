package pdclient

import (
	"bytes"
	"context"
	"math/big"
	"sync"
)

// PD walks over its regions with one core, 0.18 s for a million. So where there
// are many, it is asked about several ranges of keys at once.
const (
	statsSplit      = 4       // ranges
	defaultStatsFew = 100_000 // regions that are not worth it
	// statsProbes bounds the steps of the search for one boundary, each two questions
	// of a fraction of a millisecond. What is found by then may be uneven, not wrong.
	statsProbes = 24
)

// statsParts has PD count the regions from the start of the key space up to a key,
// which must not be empty, in ranges that together are just that.
func (c *Client) statsParts(ctx context.Context, end []byte) ([]*statsPart, error) {
	whole, err := c.statsOf(ctx, nil, end, true)
	if err != nil {
		return nil, err
	}
	if whole.counted() {
		return []*statsPart{whole}, nil // a version that does not know count
	}
	bounds := [][]byte{nil}
	if whole.Count >= c.statsFew {
		bounds = append(bounds, c.statsBounds(ctx, end, whole.Count)...)
	}
	bounds = append(bounds, end)

	parts, errs := make([]*statsPart, len(bounds)-1), make([]error, len(bounds)-1)
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { parts[i], errs[i] = c.statsOf(ctx, bounds[i], bounds[i+1], false) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// statsBounds looks for keys that cut the regions before end into equal parts, in
// rising order. It finds fewer, or none, where PD does not answer: the parts then
// are larger.
func (c *Client) statsBounds(ctx context.Context, end []byte, regions int) [][]byte {
	first, ok, err := c.regionAt(ctx, nil)
	if err != nil || !ok || len(first.EndKey) == 0 || bytes.Compare(first.EndKey, end) >= 0 {
		return nil
	}
	var found [statsSplit - 1][]byte
	var wg sync.WaitGroup
	for i := range found {
		wg.Go(func() {
			found[i] = c.statsBound(ctx, first.EndKey, end, regions*(i+1)/statsSplit, regions/(4*statsSplit))
		})
	}
	wg.Wait()
	var bounds [][]byte
	for _, key := range found {
		if len(key) > 0 && (len(bounds) == 0 || bytes.Compare(key, bounds[len(bounds)-1]) > 0) {
			bounds = append(bounds, key)
		}
	}
	return bounds
}

// statsBound looks for a start key of a region between two keys, low among them,
// with about want regions in front of it. It halves the range of keys; since it goes
// on from keys of regions, what all keys of a table begin with costs nothing.
func (c *Client) statsBound(ctx context.Context, low, high []byte, want, near int) []byte {
	for range statsProbes {
		r, ok, err := c.regionAt(ctx, between(low, high))
		if err != nil || !ok {
			return nil
		}
		if bytes.Compare(r.StartKey, low) < 0 {
			r.StartKey = low // it was cut off while we looked
		}
		part, err := c.statsOf(ctx, nil, r.StartKey, true)
		switch {
		case err != nil:
			return nil
		case part.Count > want+near && bytes.Compare(r.StartKey, high) < 0:
			high = r.StartKey
		case part.Count >= want-near:
			return r.StartKey
		default:
			low = r.EndKey
		}
		if len(low) == 0 || bytes.Compare(low, high) >= 0 {
			return high
		}
	}
	return high
}

// between is a key halfway between two, as numbers behind a binary point. It is
// longer than both where that is needed.
func between(low, high []byte) []byte {
	size := max(len(low), len(high)) + 1
	number := func(key []byte) *big.Int {
		padded := make([]byte, size)
		copy(padded, key)
		return new(big.Int).SetBytes(padded)
	}
	sum := number(low)
	sum.Add(sum, number(high)).Rsh(sum, 1)
	return bytes.TrimRight(sum.FillBytes(make([]byte, size)), "\x00")
}
