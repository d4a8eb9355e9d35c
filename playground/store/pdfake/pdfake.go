// Package pdfake is as much of PD's gRPC service as a store speaks to, for tests
// that must not wait for PD's own timers or its compilation: it gives out ids,
// remembers what it is told, and refuses when a test wants it to.
package pdfake

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"google.golang.org/grpc"
)

// PD is a single member that leads.
type PD struct {
	pdpb.UnimplementedPDServer
	// URL is the client URL.
	URL string

	mu        sync.Mutex
	last      uint64
	booted    bool
	stores    map[uint64]*metapb.Store
	stats     map[uint64]*pdpb.StoreStats
	regions   map[uint64]*pdpb.RegionHeartbeatRequest
	streams   map[uint64]pdpb.PD_RegionHeartbeatServer
	tombstone map[uint64]bool
}

// Start serves until the test ends.
func Start(t *testing.T) *PD {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &PD{
		URL: "http://" + l.Addr().String(), last: 1, stores: map[uint64]*metapb.Store{}, stats: map[uint64]*pdpb.StoreStats{},
		regions: map[uint64]*pdpb.RegionHeartbeatRequest{}, streams: map[uint64]pdpb.PD_RegionHeartbeatServer{}, tombstone: map[uint64]bool{},
	}
	s := grpc.NewServer()
	pdpb.RegisterPDServer(s, f)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return f
}

var okHeader = &pdpb.ResponseHeader{ClusterId: 7}

func (f *PD) header(store uint64) *pdpb.ResponseHeader {
	if f.tombstone[store] {
		return &pdpb.ResponseHeader{ClusterId: 7, Error: &pdpb.Error{Type: pdpb.ErrorType_STORE_TOMBSTONE, Message: "store is tombstone"}}
	}
	return okHeader
}

// GetMembers names itself the only member and the leader.
func (f *PD) GetMembers(context.Context, *pdpb.GetMembersRequest) (*pdpb.GetMembersResponse, error) {
	me := &pdpb.Member{Name: "pd-1", ClientUrls: []string{f.URL}}
	return &pdpb.GetMembersResponse{Header: okHeader, Members: []*pdpb.Member{me}, Leader: me}, nil
}

// IsBootstrapped says whether Bootstrap was called.
func (f *PD) IsBootstrapped(context.Context, *pdpb.IsBootstrappedRequest) (*pdpb.IsBootstrappedResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &pdpb.IsBootstrappedResponse{Header: okHeader, Bootstrapped: f.booted}, nil
}

// Bootstrap makes the cluster bootstrapped.
func (f *PD) Bootstrap(context.Context, *pdpb.BootstrapRequest) (*pdpb.BootstrapResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.booted = true
	return &pdpb.BootstrapResponse{Header: okHeader}, nil
}

// AllocID gives out ids in order.
func (f *PD) AllocID(context.Context, *pdpb.AllocIDRequest) (*pdpb.AllocIDResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	return &pdpb.AllocIDResponse{Header: okHeader, Id: f.last}, nil
}

// AskBatchSplit gives out ids for the regions and peers of a split.
func (f *PD) AskBatchSplit(_ context.Context, req *pdpb.AskBatchSplitRequest) (*pdpb.AskBatchSplitResponse, error) {
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

// PutStore remembers a store, and refuses one that was made a Tombstone.
func (f *PD) PutStore(_ context.Context, req *pdpb.PutStoreRequest) (*pdpb.PutStoreResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stores[req.GetStore().GetId()] = req.GetStore()
	return &pdpb.PutStoreResponse{Header: f.header(req.GetStore().GetId())}, nil
}

// GetAllStores lists what PutStore remembered.
func (f *PD) GetAllStores(context.Context, *pdpb.GetAllStoresRequest) (*pdpb.GetAllStoresResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	resp := &pdpb.GetAllStoresResponse{Header: okHeader}
	for _, s := range f.stores {
		resp.Stores = append(resp.Stores, s)
	}
	return resp, nil
}

// StoreHeartbeat remembers the statistics of a store.
func (f *PD) StoreHeartbeat(_ context.Context, req *pdpb.StoreHeartbeatRequest) (*pdpb.StoreHeartbeatResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stats[req.GetStats().GetStoreId()] = req.GetStats()
	return &pdpb.StoreHeartbeatResponse{Header: f.header(req.GetStats().GetStoreId())}, nil
}

// RegionHeartbeat remembers each region and the stream of its leader.
func (f *PD) RegionHeartbeat(stream pdpb.PD_RegionHeartbeatServer) error {
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

// GetRegionByID returns a region as its leader reported it.
func (f *PD) GetRegionByID(_ context.Context, req *pdpb.GetRegionByIDRequest) (*pdpb.GetRegionResponse, error) {
	return &pdpb.GetRegionResponse{Header: okHeader, Region: f.Region(req.GetRegionId()).GetRegion()}, nil
}

// ScanRegions returns all regions whose start key is not before the asked one;
// the tests have fewer than a page.
func (f *PD) ScanRegions(context.Context, *pdpb.ScanRegionsRequest) (*pdpb.ScanRegionsResponse, error) {
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

// Region is the last heartbeat of a region.
func (f *PD) Region(id uint64) *pdpb.RegionHeartbeatRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.regions[id]
}

// Order sends an order for a region, as described by its last heartbeat.
func (f *PD) Order(id uint64, resp *pdpb.RegionHeartbeatResponse) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	hb := f.regions[id]
	resp.Header, resp.RegionId, resp.RegionEpoch, resp.TargetPeer = okHeader, id, hb.GetRegion().GetRegionEpoch(), hb.GetLeader()
	return f.streams[hb.GetLeader().GetStoreId()].Send(resp)
}

// Regions is the number of regions that were reported.
func (f *PD) Regions() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.regions)
}

// Store is how a store introduced itself last, and its last heartbeat.
func (f *PD) Store(id uint64) (*metapb.Store, *pdpb.StoreStats) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stores[id], f.stats[id]
}

// SetTombstone makes the fake refuse a store, or accept it again.
func (f *PD) SetTombstone(id uint64, tombstone bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tombstone[id] = tombstone
}
