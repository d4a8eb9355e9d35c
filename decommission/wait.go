package decommission

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ebb/cluster"
)

// WatchReader is what waiting reads of PD.
type WatchReader interface {
	RegionReader
	ProgressReader
	StoreReader
}

// WaitOptions are the clocks of a wait.
type WaitOptions struct {
	// Interval is the time between two readings.
	Interval time.Duration
	// Timeout ends the wait; 0 waits for ever.
	Timeout time.Duration
	// ContactTimeout is how long PD may be silent before the wait gives up.
	ContactTimeout time.Duration
	Now            func() time.Time
	// Sleep returns early, with the context's error, when the context ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// CountStuck counts the regions of a stalled store that will not leave as things
	// are. It is asked once a minute; ok is false when it cannot tell. It may be nil.
	CountStuck func(ctx context.Context, s *StoreWatch) (n int, ok bool)
}

// stuckEvery is how often the regions of a stalled store are looked at: PD has to
// write all of them for that.
const stuckEvery = time.Minute

// Errors that end a wait before every store has come to an end.
var (
	// ErrDetached: the context ended. The stores go on leaving.
	ErrDetached = errors.New("stopped watching; the stores go on leaving")
	// ErrTimeout: WaitOptions.Timeout passed. The stores go on leaving.
	ErrTimeout = errors.New("not finished in time; the stores go on leaving")
)

// LostContactError says that PD did not answer for too long. The stores may or
// may not go on leaving.
type LostContactError struct {
	For time.Duration
	Err error
}

func (e *LostContactError) Error() string {
	return fmt.Sprintf("watch: PD has not answered for %s: %v", e.For.Round(time.Second), e.Err)
}

func (e *LostContactError) Unwrap() error { return e.Err }

// Wait reads PD until every store of the watch has come to an end, and tells
// emit of every event. It changes nothing. The watch is returned as it stood at
// the end, also with an error.
func Wait(ctx context.Context, pd WatchReader, w Watch, opts WaitOptions, emit func(Watch, Event)) (Watch, error) {
	start := opts.Now()
	looked := start
	for {
		o := observe(ctx, pd, &w, opts.Now)
		if opts.CountStuck != nil && o.Err == nil && o.At.Sub(looked) >= stuckEvery {
			looked = o.At
			o.Stuck = countStuck(ctx, &w, opts.CountStuck)
		}
		if ctx.Err() != nil {
			return w, ErrDetached
		}
		var events []Event
		w, events = w.Step(o)
		for _, e := range events {
			emit(w, e)
		}
		now := opts.Now()
		switch {
		case w.Done():
			return w, nil
		case opts.Timeout > 0 && now.Sub(start) >= opts.Timeout:
			return w, ErrTimeout
		case o.Err != nil && now.Sub(w.LostSince) >= opts.ContactTimeout:
			return w, &LostContactError{For: now.Sub(w.LostSince), Err: o.Err}
		}
		pause := opts.Interval
		if opts.Timeout > 0 {
			pause = min(pause, opts.Timeout-now.Sub(start))
		}
		if opts.Sleep(ctx, pause) != nil {
			return w, ErrDetached
		}
	}
}

// observe reads PD once: the stores, and then for each watched one what its
// state calls for.
func observe(ctx context.Context, pd WatchReader, w *Watch, now func() time.Time) Observation {
	stores, readAt, err := pd.Stores(ctx)
	o := Observation{At: now(), Err: err, ReadAt: readAt, Stores: stores, Remaining: make(map[cluster.StoreID]int)}
	if err != nil {
		return o
	}
	index := cluster.IndexStores(stores)
	var leaving []cluster.StoreID
	for i := range w.Stores {
		id := w.Stores[i].ID
		s := index[id]
		switch {
		case w.Stores[i].Phase.Final():
		case s != nil && s.State != cluster.Tombstone:
			leaving = append(leaving, id)
		default:
			if n, err := countRegions(ctx, pd, id); err == nil {
				o.Remaining[id] = n
			}
		}
	}
	o.Progress = ReadProgress(ctx, pd, leaving)
	return o
}

func countStuck(ctx context.Context, w *Watch, count func(context.Context, *StoreWatch) (int, bool)) map[cluster.StoreID]int {
	stuck := make(map[cluster.StoreID]int)
	for i := range w.Stores {
		if s := &w.Stores[i]; s.Stalled && !s.Phase.Final() {
			if n, ok := count(ctx, s); ok {
				stuck[s.ID] = n
			}
		}
	}
	return stuck
}

// ProgressReader reads PD's own estimates; ok is false when PD has none.
type ProgressReader interface {
	Progress(ctx context.Context, id cluster.StoreID) (p cluster.Progress, ok bool, err error)
}

// ReadProgress asks PD for its estimates in parallel. They are shown beside what
// is counted, so one that cannot be read is left out and nothing is lost.
func ReadProgress(ctx context.Context, pd ProgressReader, ids []cluster.StoreID) map[cluster.StoreID]cluster.Progress {
	var mu sync.Mutex
	var wg sync.WaitGroup
	progress := make(map[cluster.StoreID]cluster.Progress)
	for _, id := range ids {
		wg.Go(func() {
			if p, ok, err := pd.Progress(ctx, id); err == nil && ok {
				mu.Lock()
				progress[id] = p
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return progress
}

func countRegions(ctx context.Context, pd RegionReader, id cluster.StoreID) (int, error) {
	n := 0
	for _, err := range pd.RegionsOfStore(ctx, id) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// UnfinishedError says that the watching ended, but not with every store gone
// from the cluster the right way.
type UnfinishedError struct{ Stores []StoreWatch }

func (e *UnfinishedError) Error() string {
	s := &e.Stores[0]
	switch s.Phase {
	case PhaseCameBack:
		return fmt.Sprintf("%s is %s again: its leaving was cancelled", cluster.StoreName(s.ID, s.Address), s.State)
	case PhaseBuriedEarly:
		if s.State == "" {
			return fmt.Sprintf("PD has no record of store %d, but %s still name it", s.ID, cluster.Plural(s.Regions, "region"))
		}
		return fmt.Sprintf("PD calls %s Tombstone, but %s still name it", cluster.StoreName(s.ID, s.Address), cluster.Plural(s.Regions, "region"))
	}
	return fmt.Sprintf("store %d is %s", s.ID, s.Phase)
}

// Hint says what to do about the first store.
func (e *UnfinishedError) Hint() string {
	if e.Stores[0].Phase == PhaseCameBack {
		return "find out who cancelled it, then run ebb scale-in again"
	}
	return fmt.Sprintf("do not stop the process and keep its data: regions may still need it; see pd-ctl region store %d", e.Stores[0].ID)
}

// Verdict judges a watch that is done: nil when every store is Tombstone (or
// its record already removed) and no region names it.
func (w *Watch) Verdict() error {
	var bad []StoreWatch
	for i := range w.Stores {
		if p := w.Stores[i].Phase; p == PhaseCameBack || p == PhaseBuriedEarly {
			bad = append(bad, w.Stores[i])
		}
	}
	if len(bad) > 0 {
		return &UnfinishedError{Stores: bad}
	}
	return nil
}
