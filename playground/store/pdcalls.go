package store

import (
	"context"
	"fmt"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// The calls a store makes to PD, one method each.

func (c *pdClient) isBootstrapped(ctx context.Context) (yes bool, err error) {
	err = c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.IsBootstrapped(ctx, &pdpb.IsBootstrappedRequest{Header: t.header()})
		yes = resp.GetBootstrapped()
		return resp.GetHeader(), err
	})
	if err != nil {
		return false, fmt.Errorf("ask PD whether it is bootstrapped: %w", err)
	}
	return yes, nil
}

func (c *pdClient) bootstrap(ctx context.Context, store *metapb.Store, region *metapb.Region) error {
	lost := false // an answer, as a busy PD does
	err := c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.Bootstrap(ctx, &pdpb.BootstrapRequest{Header: t.header(), Store: store, Region: region})
		if lost && resp.GetHeader().GetError().GetType() == pdpb.ErrorType_ALREADY_BOOTSTRAPPED {
			return nil, nil //nolint:nilnil // the request before this one did it
		}
		lost = lost || err != nil
		return resp.GetHeader(), err
	})
	if err != nil {
		return fmt.Errorf("bootstrap cluster with store %d: %w", store.GetId(), err)
	}
	return nil
}

func (c *pdClient) allocID(ctx context.Context) (id uint64, err error) {
	err = c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.AllocID(ctx, &pdpb.AllocIDRequest{Header: t.header()})
		id = resp.GetId()
		return resp.GetHeader(), err
	})
	if err != nil {
		return 0, fmt.Errorf("allocate id: %w", err)
	}
	return id, nil
}

func (c *pdClient) putStore(ctx context.Context, store *metapb.Store) error {
	return c.once(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.PutStore(ctx, &pdpb.PutStoreRequest{Header: t.header(), Store: store})
		return resp.GetHeader(), err
	})
}

func (c *pdClient) storeHeartbeat(ctx context.Context, stats *pdpb.StoreStats) error {
	return c.once(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.StoreHeartbeat(ctx, &pdpb.StoreHeartbeatRequest{Header: t.header(), Stats: stats})
		return resp.GetHeader(), err
	})
}

func (c *pdClient) allStores(ctx context.Context) (stores []*metapb.Store, err error) {
	err = c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.GetAllStores(ctx, &pdpb.GetAllStoresRequest{Header: t.header()})
		stores = resp.GetStores()
		return resp.GetHeader(), err
	})
	if err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	return stores, nil
}

func (c *pdClient) scanRegions(ctx context.Context, from []byte, limit int32) (regions []*pdpb.Region, err error) {
	err = c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.ScanRegions(ctx, &pdpb.ScanRegionsRequest{Header: t.header(), StartKey: from, Limit: limit})
		regions = resp.GetRegions()
		return resp.GetHeader(), err
	})
	if err != nil {
		return nil, fmt.Errorf("scan regions: %w", err)
	}
	return regions, nil
}

// regionKnown returns PD's record of a region, nil if it has none.
func (c *pdClient) regionKnown(ctx context.Context, id uint64) (region *metapb.Region, err error) {
	err = c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.GetRegionByID(ctx, &pdpb.GetRegionByIDRequest{Header: t.header(), RegionId: id})
		region = resp.GetRegion()
		return resp.GetHeader(), err
	})
	if err != nil {
		return nil, fmt.Errorf("get region %d: %w", id, err)
	}
	return region, nil
}

// splitIDs gets the ids for n regions with as many peers as the given region
// has. It is what a TiKV asks before it splits, and the only call that gives
// out ids in bulk.
func (c *pdClient) splitIDs(ctx context.Context, region *metapb.Region, n int) (ids []*pdpb.SplitID, err error) {
	err = c.retry(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.AskBatchSplit(ctx, &pdpb.AskBatchSplitRequest{Header: t.header(), Region: region, SplitCount: uint32(n)})
		ids = resp.GetIds()
		return resp.GetHeader(), err
	})
	if err != nil {
		return nil, fmt.Errorf("ask split of region %d: %w", region.GetId(), err)
	}
	return ids, nil
}

func (c *pdClient) reportSplit(ctx context.Context, regions []*metapb.Region) error {
	return c.once(ctx, func(ctx context.Context, t target) (*pdpb.ResponseHeader, error) {
		resp, err := t.ReportBatchSplit(ctx, &pdpb.ReportBatchSplitRequest{Header: t.header(), Regions: regions})
		return resp.GetHeader(), err
	})
}
