package tune

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

// drive gives a guard a reading every ten seconds and returns what it decided
// besides keeping on, as "seconds action level".
func drive(g Guard, seconds int, reading func(second int) []cluster.Store) (Guard, []string) {
	var decided []string
	for s := 0; s <= seconds; s += 10 {
		var d Decision
		g, d = g.Step(Reading{At: start.Add(time.Duration(s) * time.Second), Stores: reading(s), SnapshotLimit: 64})
		if d.Action != Keep {
			decided = append(decided, strings.Join([]string{time.Duration(s * int(time.Second)).String(), string(d.Action), string(d.To)}, " "))
		}
	}
	return g, decided
}

func stores(edit func(first, second *cluster.Store)) []cluster.Store {
	list := []cluster.Store{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4}, {ID: 9, IsBusy: true}}
	edit(&list[0], &list[1])
	return list
}

func calm(int) []cluster.Store { return stores(func(_, _ *cluster.Store) {}) }

func TestGuard(t *testing.T) {
	busy := func(int) []cluster.Store { return stores(func(s, _ *cluster.Store) { s.IsBusy = true }) }
	for _, tt := range []struct {
		name    string
		ceiling Profile
		seconds int
		reading func(int) []cluster.Store
		want    []string
	}{
		{"calm", Fast, 600, calm, nil},
		{"busy for long", Max, 200, busy, []string{"30s back-off fast", "1m0s back-off gentle", "1m30s back-off "}},
		{"busy for a moment", Max, 600, func(s int) []cluster.Store {
			if s%20 == 0 {
				return busy(s)
			}
			return calm(s)
		}, nil},
		{"slow", Fast, 40, func(int) []cluster.Store { return stores(func(s, _ *cluster.Store) { s.SlowScore = 80 }) }, []string{"30s back-off gentle"}},
		{"not slow enough", Fast, 400, func(int) []cluster.Store { return stores(func(s, _ *cluster.Store) { s.SlowScore = 79 }) }, nil},
		{"snapshots pile up", Fast, 40, func(int) []cluster.Store { return stores(func(s, _ *cluster.Store) { s.ReceivingSnapCount = 48 }) }, []string{"30s back-off gentle"}},
		{"snapshots", Fast, 400, func(int) []cluster.Store { return stores(func(s, _ *cluster.Store) { s.ApplyingSnapCount = 47 }) }, nil},
		{"half of them are busy", Max, 60, func(int) []cluster.Store {
			return stores(func(a, b *cluster.Store) { a.IsBusy, b.IsBusy = true, true })
		}, []string{"20s stop "}},
		{"one is lost", Max, 60, func(int) []cluster.Store {
			return stores(func(s, _ *cluster.Store) { s.StateName = cluster.StateDisconnected })
		}, []string{"20s stop "}},
		{"and well again", Fast, 600, func(s int) []cluster.Store {
			if s <= 40 {
				return busy(s)
			}
			return calm(s)
		}, []string{"30s back-off gentle", "2m50s resume fast"}},
		{"one step at a time", Max, 900, func(s int) []cluster.Store {
			if s <= 70 {
				return busy(s)
			}
			return calm(s)
		}, []string{"30s back-off fast", "1m0s back-off gentle", "3m20s resume fast", "5m30s resume max"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := Guard{Ceiling: tt.ceiling, Level: tt.ceiling, Stores: []cluster.StoreID{1, 2, 3, 4}}
			g, got := drive(g, tt.seconds, tt.reading)
			if !slices.Equal(got, tt.want) {
				t.Errorf("decided %q, want %q", got, tt.want)
			}
			if g.Level.rank() > tt.ceiling.rank() {
				t.Errorf("level %s above %s", g.Level, tt.ceiling)
			}
		})
	}
}

func TestDecisionSaysWhy(t *testing.T) {
	g := Guard{Ceiling: Fast, Level: Fast, Stores: []cluster.StoreID{1}}
	var d Decision
	for s := 0; s <= 30; s += 10 {
		g, d = g.Step(Reading{At: start.Add(time.Duration(s) * time.Second), Stores: []cluster.Store{{ID: 1, Address: "a:1", IsBusy: true, SlowScore: 90}}})
	}
	if want := "backing off from fast to gentle: store 1 (a:1): it says that it is busy, its slow score is 90"; d.String() != want {
		t.Errorf("said %q, want %q", d, want)
	}
}
