package cluster

import (
	"testing"
	"time"
)

func TestPatrolRound(t *testing.T) {
	const million = 1 << 20
	four := 4
	for _, tt := range []struct {
		name     string
		release  string
		regions  int
		interval time.Duration
		workers  *int
		want     time.Duration
	}{
		{"before 8.4", "v8.3.0", million, 100 * time.Millisecond, nil, 8192 * 100 * time.Millisecond},
		{"8.4", "v8.4.0", million, 100 * time.Millisecond, nil, 102400 * time.Millisecond},
		{"8.4, few regions", "v8.4.0", 128000, 10 * time.Millisecond, nil, 10 * time.Second},
		{"8.4, more than it takes at once", "v8.4.0", 16 * million, 10 * time.Millisecond, nil, 2048 * 10 * time.Millisecond},
		{"four workers", "v8.5.0", million, 100 * time.Millisecond, &four, 25600 * time.Millisecond},
		{"a release that is not known takes the longest", "None", million, 10 * time.Millisecond, nil, 8192 * 10 * time.Millisecond},
		{"no regions", "v8.5.0", 0, 10 * time.Millisecond, nil, 0},
	} {
		got := PatrolRound(ParseRelease(tt.release), tt.regions, tt.interval, &ScheduleConfig{PatrolRegionWorkerCount: tt.workers})
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
