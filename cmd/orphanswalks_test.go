package cmd

import (
	"context"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// An apply reads the stores again and again; PD's walk over all regions is for the
// plan only, unless PD was started so lately that it may not know them all.
func TestApplyDoesNotCountAllRegionsAgain(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		pd := pdtest.New(t, pdtest.V8_5)
		pd.AddStores(1, 2, 3)
		pd.SetConfig("halt-scheduling", "true")
		pd.AddRegions(40, 1, 2, 3)
		for id := range cluster.RegionID(20) {
			pd.EditRegion(1000+id, func(r *cluster.Region) {
				r.Peers = append(r.Peers, cluster.Peer{ID: uint64(r.ID), StoreID: 97})
			})
		}
		pd.ObeyOperators()
		if !fresh {
			pd.Advance(time.Hour)
		}
		streams := ui.Test("")
		streams.Setenv("XDG_STATE_HOME", t.TempDir())
		env := systemEnv(streams.Streams)
		watchJSON(t, env)
		now := time.Now()
		env.Now = func() time.Time { now = now.Add(time.Second); return now } // each reading is soon too old
		args := []string{"orphans", "apply", "-u", strings.Join(pd.URLs(), ","), "--yes", "--max-operators", "1", "--operator-timeout", "1h"}
		if code := run(context.Background(), env, args); code != ExitDone {
			t.Fatalf("fresh %t: exit %d: %s", fresh, code, streams.ErrBuf)
		}
		walks, readings := pd.Made("GET /stats/region"), pd.Made("GET /stores")
		if readings < 10 {
			t.Fatalf("fresh %t: the stores were read %d times only", fresh, readings)
		}
		if fresh != (walks > 2) {
			t.Errorf("fresh %t: PD walked %d times over its regions, while the stores were read %d times", fresh, walks, readings)
		}
	}
}
