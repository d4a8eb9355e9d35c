package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/internal/golden"
)

// watching has three stores after three minutes: one that leaves steadily, one
// that stands still, one that is Tombstone.
func watching() *decommission.Watch {
	w := decommission.NewWatch([]cluster.StoreID{4, 15, 200}, nil)
	for second := 0; second <= 180; second += 2 {
		o := decommission.Observation{
			At: time.Unix(int64(second), 0), Remaining: map[cluster.StoreID]int{200: 0},
			Stores: []cluster.Store{
				{ID: 4, Address: "10.0.1.4:20160", State: cluster.Offline, StateName: "Offline", RegionCount: 1200 - 4*second, LeaderCount: 7, RegionSizeMiB: int64(1200-4*second) * 96},
				{ID: 15, Address: "存储节点-十五.example:20160", State: cluster.Offline, StateName: "Offline", RegionCount: 30, RegionSizeMiB: 2880},
				{ID: 200, Address: "10.0.1.6:20160", State: cluster.Tombstone, StateName: "Tombstone"},
			},
		}
		if second > 150 {
			o.Stuck = map[cluster.StoreID]int{15: 12}
		}
		w, _ = w.Step(o)
	}
	return &w
}

func TestWatch(t *testing.T) {
	for _, width := range []int{60, 80, 200} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			text := strings.Join(Watch(watching(), width, 40, false, true), "\n") + "\n"
			golden.Check(t, fmt.Sprintf("watch-%d.txt", width), []byte(text))
		})
	}
}

// Before there is anything to draw there is no curve.
func TestWatchFirstReading(t *testing.T) {
	w := decommission.NewWatch([]cluster.StoreID{4}, nil)
	if lines := Watch(&w, 80, 24, false, true); len(lines) != 3 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
}
