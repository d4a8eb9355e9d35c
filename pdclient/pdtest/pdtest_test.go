package pdtest_test

import (
	"context"
	"testing"

	"ebb/cluster"
	"ebb/pdclient"
	"ebb/pdclient/pdtest"
)

func TestClientReadsEveryProfile(t *testing.T) {
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			pd := pdtest.New(t, p, pdtest.Members(3))
			pd.AddStores(1, 2, 3, 4)
			pd.AddRegions(2000, 1, 2, 3, 4)
			c, err := pdclient.New(pdclient.Config{Endpoints: pd.URLs()})
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.Background()
			s, err := c.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Unread) > 0 || len(s.Stores) != 4 || s.Store(4).RegionCount != 1500 {
				t.Errorf("%+v %+v", s.Unread, s)
			}
			stats, err := c.RegionStats(ctx)
			if err != nil || stats.Regions != 2000 || stats.PeerCount[4] != 1500 || stats.LeaderCount[1] != 500 {
				t.Errorf("%+v %v", stats, err)
			}
			n := 0
			for r, err := range c.Regions(ctx, pdclient.RegionScan{PageSize: 300}) {
				if err != nil || r.ID != cluster.RegionID(1000+n) {
					t.Fatal(r, err)
				}
				n++
			}
			if n != 2000 {
				t.Error(n)
			}
			if err := c.DeleteStore(ctx, 4); err != nil {
				t.Error(err)
			}
			pd.ExpectWrites(t, "DELETE /store/4")
		})
	}
}
