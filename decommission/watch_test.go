package decommission

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"ebb/cluster"
)

// script feeds one observation after the other, a given time apart, and
// collects the types of the events that are not mere progress.
func script(w Watch, every time.Duration, observations ...Observation) (Watch, []EventType) {
	var types []EventType
	for i, o := range observations {
		o.At, o.ReadAt = now.Add(time.Duration(i)*every), now.Add(time.Duration(i)*every)
		var events []Event
		w, events = w.Step(o)
		for _, e := range events {
			if e.Type != EventProgress {
				types = append(types, e.Type)
			}
		}
	}
	return w, types
}

func leavingWith(regions int) Observation {
	return Observation{Stores: []cluster.Store{tikv(4, offline, func(s *cluster.Store) { s.RegionCount = regions })}}
}

func buried(remaining int) Observation {
	return Observation{
		Stores:    []cluster.Store{tikv(4, tombstone)},
		Remaining: map[cluster.StoreID]int{4: remaining},
	}
}

func TestWatchTransitions(t *testing.T) {
	up := Observation{Stores: []cluster.Store{tikv(4)}}
	lost := Observation{Err: errors.New("connection refused")}
	gone := func(remaining int) Observation {
		return Observation{Remaining: map[cluster.StoreID]int{4: remaining}}
	}
	tests := []struct {
		name   string
		seen   []Observation
		events []EventType
		phase  Phase
		fails  bool
	}{
		{"drained", []Observation{leavingWith(10), leavingWith(0), buried(0)}, []EventType{EventWatching, EventTombstone}, PhaseTombstone, false},
		{"Tombstone with regions left", []Observation{leavingWith(10), buried(6)}, []EventType{EventWatching, EventBuriedEarly}, PhaseBuriedEarly, true},
		{"Tombstone, but nobody could count", []Observation{leavingWith(10), {Stores: []cluster.Store{tikv(4, tombstone)}}, buried(0)}, []EventType{EventWatching, EventState, EventTombstone}, PhaseTombstone, false},
		{"cancelled elsewhere", []Observation{leavingWith(10), up}, []EventType{EventWatching, EventCameBack}, PhaseCameBack, true},
		{"record removed", []Observation{leavingWith(0), gone(0)}, []EventType{EventWatching, EventGone}, PhaseGone, false},
		{"record removed with regions left", []Observation{leavingWith(3), gone(3)}, []EventType{EventWatching, EventBuriedEarly}, PhaseBuriedEarly, true},
		{"PD silent for a while", []Observation{leavingWith(10), lost, lost, leavingWith(9), buried(0)}, []EventType{EventWatching, EventContactLost, EventContactRegained, EventTombstone}, PhaseTombstone, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, events := script(NewWatch([]cluster.StoreID{4}, nil), 10*time.Second, tt.seen...)
			if !slices.Equal(events, tt.events) {
				t.Errorf("events %v, want %v", events, tt.events)
			}
			if w.Stores[0].Phase != tt.phase || !w.Done() {
				t.Errorf("phase %v, done %v; want %v", w.Stores[0].Phase, w.Done(), tt.phase)
			}
			if err := w.Verdict(); (err != nil) != tt.fails {
				t.Errorf("Verdict() = %v", err)
			}
		})
	}
}

func TestWatchRate(t *testing.T) {
	w, _ := script(NewWatch([]cluster.StoreID{4}, nil), 10*time.Second, leavingWith(300), leavingWith(290), leavingWith(280), leavingWith(270))
	s := &w.Stores[0]
	if s.PerSecond != 1 || s.ETA != 270*time.Second || s.InitialRegions != 300 {
		t.Errorf("rate %g, ETA %s, initial %d", s.PerSecond, s.ETA, s.InitialRegions)
	}
	// Regions that come back (a balance that was under way) give no rate and no
	// negative ETA.
	w, _ = script(NewWatch([]cluster.StoreID{4}, nil), 10*time.Second, leavingWith(300), leavingWith(310))
	if s := &w.Stores[0]; s.PerSecond != 0 || s.ETA != 0 {
		t.Errorf("rate %g, ETA %s while regions rise", s.PerSecond, s.ETA)
	}
}

func TestWatchStall(t *testing.T) {
	seen := []Observation{leavingWith(5), leavingWith(4)}
	for range 5 {
		seen = append(seen, leavingWith(4))
	}
	_, events := script(NewWatch([]cluster.StoreID{4}, nil), 30*time.Second, append(seen, leavingWith(3))...)
	if want := []EventType{EventWatching, EventStalled, EventMoving}; !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
}

// Right after a DELETE PD still answers "preparing" with a progress of 1.10.
func TestWatchIgnoresProgressThatIsNotRemoving(t *testing.T) {
	o := leavingWith(10)
	o.Progress = map[cluster.StoreID]cluster.Progress{4: {Action: "preparing", Fraction: 1.10}}
	w, _ := script(NewWatch([]cluster.StoreID{4}, nil), time.Second, o)
	if w.Stores[0].PD != nil {
		t.Errorf("PD progress %+v", w.Stores[0].PD)
	}
}

// Step must not change the watch that it starts from.
func TestWatchIsAValue(t *testing.T) {
	first, _ := script(NewWatch([]cluster.StoreID{4}, nil), time.Second, leavingWith(10))
	before := first.Stores[0]
	_, _ = script(first, time.Second, leavingWith(9), buried(0))
	if after := first.Stores[0]; after.Regions != before.Regions || after.Phase != before.Phase || len(after.samples) != len(before.samples) {
		t.Errorf("Step changed its receiver: %+v, was %+v", after, before)
	}
}

// scriptedPD answers Stores from a list, the last one again and again.
type scriptedPD struct {
	answers []Observation
	asked   int
}

func (p *scriptedPD) Stores(context.Context) ([]cluster.Store, time.Time, error) {
	o := p.answers[min(p.asked, len(p.answers)-1)]
	p.asked++
	return o.Stores, now, o.Err
}

func (p *scriptedPD) Progress(context.Context, cluster.StoreID) (cluster.Progress, bool, error) {
	return cluster.Progress{}, false, errors.New("NaN")
}

func (p *scriptedPD) RegionsOfStore(context.Context, cluster.StoreID) iter.Seq2[cluster.Region, error] {
	return func(func(cluster.Region, error) bool) {}
}

func TestWait(t *testing.T) {
	tests := []struct {
		name    string
		answers []Observation
		cancel  int // after this many sleeps
		want    error
	}{
		{"until Tombstone", []Observation{leavingWith(2), leavingWith(0), buried(0)}, 0, nil},
		{"until the time is over", []Observation{leavingWith(2)}, 0, ErrTimeout},
		{"until Ctrl-C", []Observation{leavingWith(2)}, 3, ErrDetached},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			clock, slept := now, 0
			_, err := Wait(ctx, &scriptedPD{answers: tt.answers}, NewWatch([]cluster.StoreID{4}, nil), WaitOptions{
				Interval: time.Second, Timeout: time.Minute, ContactTimeout: time.Minute,
				Now: func() time.Time { return clock },
				Sleep: func(ctx context.Context, d time.Duration) error {
					clock = clock.Add(d)
					if slept++; slept == tt.cancel {
						cancel()
					}
					return ctx.Err()
				},
			}, func(Watch, Event) {})
			if !errors.Is(err, tt.want) {
				t.Errorf("Wait() = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestWaitGivesUpOnASilentPD(t *testing.T) {
	clock := now
	silent := errors.New("connection refused")
	_, err := Wait(t.Context(), &scriptedPD{answers: []Observation{leavingWith(2), {Err: silent}}}, NewWatch([]cluster.StoreID{4}, nil), WaitOptions{
		Interval: time.Second, ContactTimeout: time.Minute, Now: func() time.Time { return clock },
		Sleep: func(_ context.Context, d time.Duration) error { clock = clock.Add(d); return nil },
	}, func(Watch, Event) {})
	var lost *LostContactError
	if !errors.As(err, &lost) || !errors.Is(err, silent) {
		t.Errorf("Wait() = %v", err)
	}
}
