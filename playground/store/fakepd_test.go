package store

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"google.golang.org/grpc"
)

// fakePD is as much of PD as a store speaks to: it gives out ids, remembers what
// it is told, and says no when the test wants it to.
type fakePD struct {
	pdpb.UnimplementedPDServer
	url string

	mu        sync.Mutex
	last      uint64
	booted    bool
	stores    map[uint64]*metapb.Store
	stats     map[uint64]*pdpb.StoreStats
	regions   map[uint64]*pdpb.RegionHeartbeatRequest
	streams   map[uint64]pdpb.PD_RegionHeartbeatServer
	tombstone map[uint64]bool
}

func newFakePD(t *testing.T) *fakePD {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakePD{
		url: "http://" + l.Addr().String(), last: 1, stores: map[uint64]*metapb.Store{}, stats: map[uint64]*pdpb.StoreStats{},
		regions: map[uint64]*pdpb.RegionHeartbeatRequest{}, streams: map[uint64]pdpb.PD_RegionHeartbeatServer{}, tombstone: map[uint64]bool{},
	}
	s := grpc.NewServer()
	pdpb.RegisterPDServer(s, f)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-served })
	return f
}

var okHeader = &pdpb.ResponseHeader{ClusterId: 7}

func (f *fakePD) header(store uint64) *pdpb.ResponseHeader {
	if f.tombstone[store] {
		return &pdpb.ResponseHeader{ClusterId: 7, Error: &pdpb.Error{Type: pdpb.ErrorType_STORE_TOMBSTONE, Message: "store is tombstone"}}
	}
	return okHeader
}

func (f *fakePD) GetMembers(context.Context, *pdpb.GetMembersRequest) (*pdpb.GetMembersResponse, error) {
	me := &pdpb.Member{Name: "pd-1", ClientUrls: []string{f.url}}
	return &pdpb.GetMembersResponse{Header: okHeader, Members: []*pdpb.Member{me}, Leader: me}, nil
}

func (f *fakePD) IsBootstrapped(context.Context, *pdpb.IsBootstrappedRequest) (*pdpb.IsBootstrappedResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &pdpb.IsBootstrappedResponse{Header: okHeader, Bootstrapped: f.booted}, nil
}

func (f *fakePD) Bootstrap(_ context.Context, req *pdpb.BootstrapRequest) (*pdpb.BootstrapResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.booted = true
	return &pdpb.BootstrapResponse{Header: okHeader}, nil
}

func (f *fakePD) AllocID(context.Context, *pdpb.AllocIDRequest) (*pdpb.AllocIDResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	return &pdpb.AllocIDResponse{Header: okHeader, Id: f.last}, nil
}

func (f *fakePD) AskBatchSplit(_ context.Context, req *pdpb.AskBatchSplitRequest) (*pdpb.AskBatchSplitResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &pdpb.AskBatchSplitResponse{Header: okHeader}
	for range req.GetSplitCount() {
		f.last++
		id := &pdpb.SplitID{NewRegionId: f.last}
		for range req.GetRegion().GetPeers() {
			f.last++
			id.NewPeerIds = append(id.NewPeerIds, f.last)
		}
		resp.Ids = append(resp.Ids, id)
	}
	return resp, nil
}

func (f *fakePD) PutStore(_ context.Context, req *pdpb.PutStoreRequest) (*pdpb.PutStoreResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stores[req.GetStore().GetId()] = req.GetStore()
	return &pdpb.PutStoreResponse{Header: f.header(req.GetStore().GetId())}, nil
}

func (f *fakePD) GetAllStores(context.Context, *pdpb.GetAllStoresRequest) (*pdpb.GetAllStoresResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &pdpb.GetAllStoresResponse{Header: okHeader}
	for _, s := range f.stores {
		resp.Stores = append(resp.Stores, s)
	}
	return resp, nil
}

func (f *fakePD) StoreHeartbeat(_ context.Context, req *pdpb.StoreHeartbeatRequest) (*pdpb.StoreHeartbeatResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats[req.GetStats().GetStoreId()] = req.GetStats()
	return &pdpb.StoreHeartbeatResponse{Header: f.header(req.GetStats().GetStoreId())}, nil
}

func (f *fakePD) RegionHeartbeat(stream pdpb.PD_RegionHeartbeatServer) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		f.mu.Lock()
		f.regions[req.GetRegion().GetId()] = req
		f.streams[req.GetLeader().GetStoreId()] = stream
		f.mu.Unlock()
	}
}

func (f *fakePD) GetRegionByID(_ context.Context, req *pdpb.GetRegionByIDRequest) (*pdpb.GetRegionResponse, error) {
	return &pdpb.GetRegionResponse{Header: okHeader, Region: f.region(req.GetRegionId()).GetRegion()}, nil
}

// ScanRegions returns all regions whose start key is not before the asked one;
// the tests have fewer than a page.
func (f *fakePD) ScanRegions(_ context.Context, req *pdpb.ScanRegionsRequest) (*pdpb.ScanRegionsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &pdpb.ScanRegionsResponse{Header: okHeader}
	for _, r := range f.regions {
		resp.Regions = append(resp.Regions, &pdpb.Region{Region: r.GetRegion(), Leader: r.GetLeader()})
	}
	for i, r := range resp.Regions { // the one without an end comes last
		if len(r.GetRegion().GetEndKey()) == 0 {
			last := len(resp.Regions) - 1
			resp.Regions[i], resp.Regions[last] = resp.Regions[last], resp.Regions[i]
			break
		}
	}
	return resp, nil
}

// region is the last heartbeat of a region.
func (f *fakePD) region(id uint64) *pdpb.RegionHeartbeatRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.regions[id]
}

// order sends an order for a region, as described by its last heartbeat.
func (f *fakePD) order(id uint64, resp *pdpb.RegionHeartbeatResponse) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	hb := f.regions[id]
	resp.Header, resp.RegionId, resp.RegionEpoch, resp.TargetPeer = okHeader, id, hb.GetRegion().GetRegionEpoch(), hb.GetLeader()
	return f.streams[hb.GetLeader().GetStoreId()].Send(resp)
}

// startFleet starts n TiKV stores with some regions against a fake PD, 20 times
// as fast as usual.
func startFleet(t *testing.T, stores, regions int) (*Fleet, *fakePD) {
	t.Helper()
	pd := newFakePD(t)
	f, err := Start(t.Context(), Config{PD: []string{pd.url}, Stores: make([]Spec, stores), Regions: regions, Timing: DefaultTiming().Faster(20)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, pd
}

// await polls until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
