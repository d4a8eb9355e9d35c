package pdclient_test

import (
	"testing"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
)

func TestReplicationStatus(t *testing.T) {
	pd := pdtest.New(t, pdtest.V8_5)
	c := newClient(t, pd.URLs()...)
	for _, want := range []cluster.ReplicationStatus{{Mode: "majority"}, {Mode: "dr-auto-sync", State: "async", LabelKey: "dc"}} {
		pd.SetReplicationStatus(want)
		got, err := c.ReplicationStatus(t.Context())
		if err != nil || *got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}
