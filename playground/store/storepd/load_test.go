package storepd

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ebb/playground/store"
)

// TestScale measures loading and draining; it runs only when asked for:
//
//	SCALE_REGIONS=2000 SCALE_RATE=200 go test -run TestScale -v ./store/storepd
//
// CPU is of the whole process, PD included.
func TestScale(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("SCALE_REGIONS"))
	if err != nil {
		t.Skip("SCALE_REGIONS is not set")
	}
	before := cpu(t)
	c := start(t, 1, store.Config{Stores: specs(5), Regions: n})
	t.Logf("CPU for PD's start and loading %d regions: %v", n, cpu(t)-before)
	before = cpu(t)
	time.Sleep(20 * time.Second)
	t.Logf("CPU at rest: %.1f%% of a core", 100*(cpu(t)-before).Seconds()/20)
	if rate := os.Getenv("SCALE_RATE"); rate != "" {
		limit, err := strconv.Atoi(rate)
		c.must(err)
		c.call(http.MethodPost, "/stores/limit", map[string]any{"type": "add-peer", "rate": limit}, nil)
	}
	victim := c.fleet.Stores()[4].ID
	before = cpu(t)
	began := time.Now()
	peers := len(c.regions(fmt.Sprintf("/regions/store/%d", victim)))
	c.call(http.MethodDelete, fmt.Sprintf("/store/%d", victim), nil, nil)
	for left := peers; left > 0; {
		time.Sleep(time.Second)
		left = len(c.regions(fmt.Sprintf("/regions/store/%d", victim)))
		if int(time.Since(began).Seconds())%10 == 0 {
			t.Logf("%v: %d left", time.Since(began).Round(time.Second), left)
		}
	}
	t.Logf("%d regions drained in %v, CPU %v", peers, time.Since(began).Round(100*time.Millisecond), cpu(t)-before)
}

func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
