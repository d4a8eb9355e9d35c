package pdclient

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"time"

	"ebb/cluster"
)

// RegionScan says which regions to read.
type RegionScan struct {
	// StartKey and EndKey are raw keys. The region that contains StartKey is the
	// first; an empty EndKey is the end of the key space.
	StartKey, EndKey []byte
	// Limit is the most regions to return, 0 for no limit.
	Limit int
	// PageSize is how many regions are asked for at once; 4096 when zero. PD cuts
	// anything above 10240 down to that, and holds its region lock for a page.
	PageSize int
}

const (
	defaultPage = 4096
	largestPage = 10240
	gapAttempts = 4
)

// RegionGapError is a hole in the key space: PD knows of no region that holds
// the keys from Start to Before (empty: the end of the key space). It is what a
// split or merge looks like for a moment; the scan has waited before it says so.
type RegionGapError struct {
	Start, Before []byte
}

func (e *RegionGapError) Error() string {
	return fmt.Sprintf("scan regions: pd knows of no region from key %q to %q",
		hex.EncodeToString(e.Start), hex.EncodeToString(e.Before))
}

// Regions streams regions in the order of their keys. It reads pages with one
// page ahead and holds two. Pages are not one snapshot: a region that changed
// between two pages, or the one that it was merged into, is returned once, as PD
// had it last. An error ends the sequence; a hole is a *RegionGapError.
func (c *Client) Regions(ctx context.Context, scan RegionScan) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		s := scanner{client: c, scan: scan, next: scan.StartKey, yield: yield, page: scan.PageSize}
		if s.page <= 0 {
			s.page = defaultPage
		}
		s.page = min(s.page, largestPage)
		if err := s.run(ctx); err != nil {
			yield(cluster.Region{}, err)
		}
	}
}

// scanner holds the last page back until the next one is there, because a
// region of the next page may replace some of it.
type scanner struct {
	client *Client
	scan   RegionScan
	page   int
	yield  func(cluster.Region, error) bool

	next     []byte // key that the next page has to start at
	held     []cluster.Region
	returned int
	stopped  bool // the reader has had enough
	gaps     int  // attempts at the gap that starts at next
}

func (s *scanner) run(ctx context.Context) error {
	ahead := s.fetch(ctx, s.next)
	for !s.stopped {
		page, err := ahead.wait(ctx)
		if err != nil {
			return err
		}
		// The key that the page ends at is guessed from its last bytes, so that the
		// next page is on its way while this one is decoded.
		if guess := lastEndKey(page.body); s.within(guess) {
			ahead = s.fetch(ctx, guess)
		}
		done, err := s.take(page)
		if err != nil || done {
			return err
		}
		if s.gaps > 0 {
			if s.client.sleep(ctx, 200*time.Millisecond<<s.gaps) != nil {
				return context.Cause(ctx)
			}
			ahead = s.fetch(ctx, s.next)
		} else if !bytes.Equal(ahead.key, s.next) {
			ahead = s.fetch(ctx, s.next)
		}
	}
	return nil
}

// within reports whether a page that starts at key belongs to the scan.
func (s *scanner) within(key []byte) bool {
	return len(key) > 0 && (len(s.scan.EndKey) == 0 || bytes.Compare(key, s.scan.EndKey) < 0)
}

// take decodes a page and passes on the one before. done is true at the end.
func (s *scanner) take(page *answer) (done bool, err error) {
	list, err := decodeRegions(page)
	if err != nil {
		return false, err
	}
	list, gap := s.contiguous(list)
	if len(list) > 0 {
		s.gaps = 0
		s.replace(&list[0])
		s.flush()
		s.held = list
		s.next = list[len(list)-1].EndKey
		if !s.within(s.next) {
			s.flush()
			return true, nil
		}
	}
	switch {
	case s.stopped:
		return true, nil
	case gap == nil:
		return false, nil
	case len(list) == 0 && gap.Before == nil && len(s.scan.StartKey) == 0 && len(s.next) == 0:
		return true, nil // no region at all
	}
	if s.gaps++; s.gaps >= gapAttempts {
		s.flush()
		return false, gap
	}
	return false, nil
}

// contiguous cuts a page before its first gap, or before the end of the scan.
func (s *scanner) contiguous(list []cluster.Region) ([]cluster.Region, *RegionGapError) {
	want := s.next
	for i := range list {
		r := &list[i]
		if i > 0 && !s.within(r.StartKey) {
			return list[:i], nil
		}
		if bytes.Compare(r.StartKey, want) > 0 {
			return list[:i], &RegionGapError{Start: want, Before: r.StartKey}
		}
		if len(r.EndKey) == 0 {
			return list[:i+1], nil
		}
		want = r.EndKey
	}
	if len(list) == 0 {
		return nil, &RegionGapError{Start: want}
	}
	return list, nil
}

// replace drops from the held page what the first region of the next page is a
// newer word on: the same region, and regions that it has swallowed.
func (s *scanner) replace(first *cluster.Region) {
	s.held = slices.DeleteFunc(s.held, func(r cluster.Region) bool {
		return r.ID == first.ID || bytes.Compare(r.StartKey, first.StartKey) >= 0
	})
}

func (s *scanner) flush() {
	for i := range s.held {
		if s.stopped {
			break
		}
		s.returned++
		s.stopped = !s.yield(s.held[i], nil) || s.returned == s.scan.Limit
	}
	s.held = nil
}
