package pdclient

import (
	"bytes"
	"context"
	"iter"
	"net/url"

	"ebb/cluster"
)

// RawRegions streams what Regions does, in the same way and with the same
// promises, but as PD printed it: each batch holds the JSON of some regions, in
// order. Batches are the caller's to keep; he must not change them.
func (c *Client) RawRegions(ctx context.Context, scan RegionScan) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		for page, err := range pages(ctx, c, scan, rawPage, false) {
			if !yield(valuesOf(page), err) || err != nil {
				return
			}
		}
	}
}

// RawRegionsOfStore is RegionsOfStore as PD printed it; see RawRegions.
func (c *Client) RawRegionsOfStore(ctx context.Context, id cluster.StoreID) iter.Seq2[[][]byte, error] {
	return c.rawStream(ctx, get("/regions/store/"+id.String(), nil), "", "regions", printedRegion)
}

// RawRegionsCheck is RegionsCheck as PD printed it; see RawRegions.
func (c *Client) RawRegionsCheck(ctx context.Context, check string) iter.Seq2[[][]byte, error] {
	return c.rawStream(ctx, get("/regions/check/"+url.PathEscape(check), nil), checksSince[check], "regions", printedRegion)
}

// RawStores is Stores as PD printed them, Tombstones included; see RawRegions.
func (c *Client) RawStores(ctx context.Context) iter.Seq2[[][]byte, error] {
	return c.rawStream(ctx, get("/stores", url.Values{"state": allStates}), "", "stores", printedStore)
}

// RawRegion is Region as PD printed it.
func (c *Client) RawRegion(ctx context.Context, id cluster.RegionID) (json []byte, ok bool, err error) {
	_, a, ok, err := c.region(ctx, id)
	if !ok || err != nil {
		return nil, false, err
	}
	return bytes.TrimSpace(a.body), true, nil
}

// RawStore is Store as PD printed it.
func (c *Client) RawStore(ctx context.Context, id cluster.StoreID) ([]byte, error) {
	_, a, err := c.store(ctx, id)
	if err != nil {
		return nil, err
	}
	return bytes.TrimSpace(a.body), nil
}

func valuesOf(items []scanned[[]byte]) [][]byte {
	if items == nil {
		return nil
	}
	out := make([][]byte, len(items))
	for i := range items {
		out[i] = items[i].value
	}
	return out
}

// rawPage reads the regions of a page.
func rawPage(a *answer, list []scanned[[]byte]) ([]scanned[[]byte], error) {
	keys := new(keyReader)
	return readPage(a, &listReader[[]byte]{list: "regions", element: keys.printed, value: asPrinted}, list)
}

func asPrinted(raw []byte) []byte { return raw }

// rawStream is stream for lists as PD printed them.
func (c *Client) rawStream(ctx context.Context, req request, since, list string, element func([]byte, int, *edge) (int, error)) iter.Seq2[[][]byte, error] {
	return func(yield func([][]byte, error) bool) {
		r := &listReader[[]byte]{list: list, element: element, value: asPrinted}
		for items, err := range readStream(ctx, c, req, since, r) {
			if !yield(valuesOf(items), err) {
				return
			}
		}
	}
}
