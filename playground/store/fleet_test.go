package store

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/pingcap/kvproto/pkg/eraftpb"
	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"go.uber.org/goleak"

	"ebb/playground/store/pdfake"
)

func TestCloseLeavesNothing(t *testing.T) {
	pd := pdfake.Start(t)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent()) // the fake ends later
	f, err := Start(t.Context(), Config{PD: []string{pd.URL}, Stores: make([]Spec, 3), Regions: 20, Timing: DefaultTiming().Faster(20)})
	must(t, err)
	address := f.Stores()[0].Address
	must(t, f.Close())
	must(t, f.Close())
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("a port is still open")
	}
	if err := f.StartStore(f.Stores()[0].ID); err != nil && !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
}

func TestStartTellsPDEverything(t *testing.T) {
	f, pd := startFleet(t, 4, 50)
	if n := pd.Regions(); n != 50 {
		t.Fatalf("PD was told of %d regions, want 50", n)
	}
	for _, s := range f.Stores() {
		if s.Regions < 30 || s.Leaders < 10 {
			t.Errorf("uneven layout: store %d has %d peers, %d leaders", s.ID, s.Regions, s.Leaders)
		}
		meta, st := pd.Store(s.ID)
		if meta.GetAddress() != s.Address || meta.GetVersion() != DefaultVersion || meta.GetStatusAddress() != s.StatusAddress {
			t.Errorf("store %d is registered as %v", s.ID, meta)
		}
		if st.GetCapacity() != s.Capacity || st.GetAvailable()+st.GetUsedSize() != s.Capacity {
			t.Errorf("store %d reports %v", s.ID, st)
		}
	}
}

func TestStartRefusesNonsense(t *testing.T) {
	pd := []string{"http://127.0.0.1:1"}
	for want, cfg := range map[string]Config{
		"no PD address": {},
		"3 replicas":    {PD: pd, Stores: make([]Spec, 2), Replicas: 3},
		"1 replicas":    {PD: pd},
		"1 learners":    {PD: pd, Stores: make([]Spec, 3), Learners: 1},
		"neither":       {PD: pd, Stores: []Spec{{Engine: "tidb"}}},
		"peer_port":     {PD: pd, Stores: []Spec{{PeerPort: 20170}}},
	} {
		if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestJoinAdoptsItsRegions(t *testing.T) {
	f, pd := startFleet(t, 3, 20)
	var specs []Spec
	ids := map[uint64]bool{}
	for _, s := range f.Stores() {
		specs = append(specs, s.Spec)
		ids[s.ID] = true
	}
	must(t, f.Close())
	term := pd.Region(f.Regions(RegionFilter{})[0].ID).GetTerm()
	cfg := Config{PD: []string{pd.URL}, Stores: specs, Regions: 5, Timing: DefaultTiming().Faster(20)}
	if _, err := Start(t.Context(), cfg); !errors.Is(err, ErrConflict) {
		t.Fatalf("regions for a bootstrapped cluster: %v", err)
	}
	cfg.Regions = 0
	again, err := Start(t.Context(), cfg)
	must(t, err)
	defer again.Close()
	regions := again.Regions(RegionFilter{})
	if len(regions) != 20 || regions[0].Term <= term || !regions[0].Majority {
		t.Fatalf("%d regions adopted; the first: %+v", len(regions), regions[0])
	}
	for _, s := range again.Stores() {
		if !ids[s.ID] {
			t.Errorf("store %d is new", s.ID)
		}
	}
}

func TestOrderOverTheStream(t *testing.T) {
	f, pd := startFleet(t, 4, 10)
	r := f.Regions(RegionFilter{})[3]
	var free uint64
	for _, s := range f.Stores() {
		if !onStore(r, s.ID) {
			free = s.ID
		}
	}
	must(t, pd.Order(r.ID, &pdpb.RegionHeartbeatResponse{ChangePeer: &pdpb.ChangePeer{
		ChangeType: eraftpb.ConfChangeType_AddLearnerNode, Peer: &metapb.Peer{Id: 999, StoreId: free, Role: metapb.PeerRole_Learner},
	}}))
	await(t, "the learner is reported as pending", func() bool { return len(pd.Region(r.ID).GetPendingPeers()) == 1 })
	await(t, "its snapshot has arrived", func() bool { return len(pd.Region(r.ID).GetPendingPeers()) == 0 })
	must(t, pd.Order(r.ID, &pdpb.RegionHeartbeatResponse{SplitRegion: &pdpb.SplitRegion{Policy: pdpb.CheckPolicy_SCAN}}))
	await(t, "the region is split", func() bool { return len(f.Regions(RegionFilter{})) == 11 })
	await(t, "both halves are reported", func() bool {
		return pd.Region(r.ID).GetRegion().GetRegionEpoch().GetVersion() == r.Version+1
	})
}

func onStore(r RegionState, store uint64) bool {
	for _, p := range r.Peers {
		if p.Store == store {
			return true
		}
	}
	return false
}

func TestStatusPort(t *testing.T) {
	pd := pdfake.Start(t)
	spec := Spec{Labels: map[string]string{"zone": "z1"}, DataDir: "/data/tikv-20160"}
	flash := Spec{Engine: TiFlash, DataDir: "/data/tiflash-9000"}
	f, err := Start(t.Context(), Config{PD: []string{pd.URL}, Stores: []Spec{spec, flash}, Regions: 3, Timing: DefaultTiming().Faster(20)})
	must(t, err)
	defer f.Close()
	get := func(s StoreState, path string) string {
		resp, err := http.Get("http://" + s.StatusAddress + path)
		must(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		must(t, err)
		return string(text)
	}
	tikv, tiflash := f.Stores()[0], f.Stores()[1]
	if text := get(tikv, "/metrics"); !strings.Contains(text, `tikv_raftstore_region_count{type="leader"} 3`) {
		t.Errorf("metrics: %s", text)
	}
	var config struct {
		Server  map[string]any
		Storage struct {
			DataDir string `json:"data-dir"`
		}
	}
	must(t, json.Unmarshal([]byte(get(tikv, "/config")), &config))
	if config.Storage.DataDir != "/data/tikv-20160" || config.Server["addr"] != tikv.Address {
		t.Errorf("config: %+v", config)
	}
	must(t, json.Unmarshal([]byte(get(tiflash, "/config")), &config))
	if config.Storage.DataDir != "/data/tiflash-9000/flash" || config.Server["engine-addr"] != tiflash.Address || config.Server["addr"] == tiflash.Address {
		t.Errorf("TiFlash config: %+v", config)
	}
	meta, _ := pd.Store(tiflash.ID)
	if labels := meta.GetLabels(); len(labels) != 1 || labels[0].GetValue() != TiFlash {
		t.Errorf("TiFlash labels: %v", labels)
	}
}
