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

// StaleRegionError is a region that PD describes as it was before: a new PD
// leader has not heard of its last split or merge yet. The scan has waited for
// that before it says so.
type StaleRegionError struct {
	ID        cluster.RegionID
	Seen, Now uint64 // versions of its epoch, in the page before and in this one
}

func (e *StaleRegionError) Error() string {
	return fmt.Sprintf("scan regions: pd has gone back to version %d of region %d, after version %d", e.Now, e.ID, e.Seen)
}

// Regions streams regions in the order of their keys. It reads pages with one
// page ahead, and decodes them while the caller works. Pages are not one
// snapshot: a region that changed between two pages, or the one that it was
// merged into, is returned once, as PD had it last. An error ends the sequence; a
// hole is a *RegionGapError.
func (c *Client) Regions(ctx context.Context, scan RegionScan) iter.Seq2[cluster.Region, error] {
	return func(yield func(cluster.Region, error) bool) {
		for page, err := range pages(ctx, c, scan, typedPage, true) {
			if err != nil {
				yield(cluster.Region{}, err)
				return
			}
			for i := range page {
				if !yield(page[i].value, nil) {
					return
				}
			}
		}
	}
}

// scanned is a region, decoded or as PD printed it, and what the scan goes by.
type scanned[T any] struct {
	value T
	edge
}

// edge is where a region lies, and of which time it is.
type edge struct {
	id         cluster.RegionID
	version    uint64 // of its epoch: splits and merges raise it
	start, end []byte
}

// decoder decodes a page, into list if that is not nil.
type decoder[T any] = func(page *answer, list []scanned[T]) ([]scanned[T], error)

// pages runs a scanner beside its reader, with a page between them. A page is valid
// until the next one is asked for. copies says that what decode makes shares no
// memory with the answer.
func pages[T any](ctx context.Context, c *Client, scan RegionScan, decode decoder[T], copies bool) iter.Seq2[[]scanned[T], error] {
	return func(yield func([]scanned[T], error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		found, failed := make(chan []scanned[T], 1), make(chan error, 1)
		s := scanner[T]{
			client: c, scan: scan, next: scan.StartKey, decode: decode, copies: copies, page: scan.PageSize,
			lists: make(chan []scanned[T], 4),
		}
		s.emit = func(page []scanned[T]) bool {
			select {
			case found <- page:
				return true
			case <-ctx.Done():
				return false
			}
		}
		if s.page <= 0 {
			s.page = defaultPage
		}
		s.page = min(s.page, largestPage)
		if scan.Limit > 0 {
			s.page = min(s.page, scan.Limit)
		}
		go func() {
			defer close(found)
			failed <- s.run(ctx)
		}()
		defer func() {
			cancel()
			for range found { // until the scanner has ended
			}
		}()
		for page := range found {
			if ctx.Err() != nil {
				break
			}
			if !yield(page, nil) {
				return
			}
			select {
			case s.lists <- page:
			default:
			}
		}
		err := context.Cause(ctx)
		if err == nil {
			err = <-failed
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// scanner holds the last page back until the next one is there, because a
// region of the next page may replace some of it.
type scanner[T any] struct {
	client *Client
	scan   RegionScan
	page   int
	decode decoder[T]
	copies bool // decode leaves nothing in the memory of the answer
	emit   func([]scanned[T]) bool
	// rooms and lists are memory of pages that have been decoded, and read.
	rooms [][]byte
	lists chan []scanned[T]

	next     []byte // key that the next page has to start at
	held     []scanned[T]
	returned int
	stopped  bool // the reader has had enough
	waits    int  // attempts at what is wrong at next
	size     int  // bytes of the last page
}

func (s *scanner[T]) run(ctx context.Context) error {
	ahead := s.fetch(ctx, s.next)
	for !s.stopped {
		page, err := ahead.wait(ctx)
		if err != nil {
			return err
		}
		s.size = len(page.body)
		// The key that the page ends at is guessed from its last bytes, so that the
		// next page is on its way while this one is decoded.
		if guess := lastEndKey(page.body); s.within(guess) && !s.reaches(s.page) {
			ahead = s.fetch(ctx, guess)
		}
		done, err := s.take(page)
		if err != nil || done {
			return err
		}
		if s.waits > 0 {
			if s.client.sleep(ctx, 200*time.Millisecond<<s.waits) != nil {
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
func (s *scanner[T]) within(key []byte) bool {
	return len(key) > 0 && (len(s.scan.EndKey) == 0 || bytes.Compare(key, s.scan.EndKey) < 0)
}

// reaches reports whether the limit is met when n regions more are held.
func (s *scanner[T]) reaches(n int) bool {
	return s.scan.Limit > 0 && s.returned+len(s.held)+n >= s.scan.Limit
}

// flush passes on what is held.
func (s *scanner[T]) flush() {
	last := s.reaches(0)
	if last {
		s.held = s.held[:s.scan.Limit-s.returned]
	}
	if len(s.held) > 0 && !s.stopped {
		s.returned += len(s.held)
		s.stopped = !s.emit(s.held) || last
	}
	s.held = nil
}

// replace drops from the held page what the first region of the next page is a
// newer word on: the same region, and regions that it has swallowed. When it
// covers one of them in part only, the rest of that has to be read: again is
// true, and the page is of no use.
func (s *scanner[T]) replace(first *edge) (again bool) {
	i := slices.IndexFunc(s.held, func(r scanned[T]) bool {
		return r.id == first.id || bytes.Compare(r.end, first.start) > 0
	})
	if i < 0 {
		return false
	}
	start := s.held[i].start
	s.held = s.held[:i]
	if bytes.Compare(start, first.start) >= 0 {
		return false
	}
	s.next = start
	return true
}
