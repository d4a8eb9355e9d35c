package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"ebb/playground/store"
)

// Client calls a playground's API. Its errors are *Error when the playground
// answered with a refusal.
type Client struct {
	base string
	http *http.Client
}

// NewClient returns a client for the API at a URL such as http://127.0.0.1:9527.
func NewClient(base string) *Client {
	// No connection is kept: the playground may go away between two calls.
	transport := &http.Transport{DisableKeepAlives: true}
	return &Client{base: strings.TrimRight(base, "/"), http: &http.Client{Transport: transport}}
}

// Routes lists what the playground can do.
func (c *Client) Routes(ctx context.Context) ([]Listing, error) {
	var index Index
	err := c.get(ctx, "/", &index)
	return index.Routes, err
}

// Stores returns all stores.
func (c *Client) Stores(ctx context.Context) (stores []store.StoreState, err error) {
	err = c.get(ctx, "/stores", &stores)
	return stores, err
}

// Store returns one store.
func (c *Client) Store(ctx context.Context, id uint64) (s store.StoreState, err error) {
	err = c.get(ctx, fmt.Sprintf("/stores/%d", id), &s)
	return s, err
}

// AddStore starts one more store and returns it.
func (c *Client) AddStore(ctx context.Context, spec store.Spec) (s store.StoreState, err error) {
	err = c.post(ctx, "/stores", spec, &s)
	return s, err
}

// StopStore ends a store's process.
func (c *Client) StopStore(ctx context.Context, id uint64) error {
	return c.store(ctx, id, "stop", none{})
}

// StartStore starts a stopped store.
func (c *Client) StartStore(ctx context.Context, id uint64) error {
	return c.store(ctx, id, "start", none{})
}

// RestartStore stops and starts a store.
func (c *Client) RestartStore(ctx context.Context, id uint64) error {
	return c.store(ctx, id, "restart", none{})
}

// ForgetStore ends a store's process for good.
func (c *Client) ForgetStore(ctx context.Context, id uint64) error {
	return c.store(ctx, id, "forget", none{})
}

// SlowStore makes a store slow or busy, or well again.
func (c *Client) SlowStore(ctx context.Context, id uint64, how store.Slowness) error {
	return c.store(ctx, id, "slow", how)
}

// FillStore makes a store report a fraction of its capacity as used.
func (c *Client) FillStore(ctx context.Context, id uint64, fraction float64) error {
	return c.store(ctx, id, "fill", Fill{Fraction: fraction})
}

func (c *Client) store(ctx context.Context, id uint64, verb string, body any) error {
	return c.post(ctx, fmt.Sprintf("/stores/%d/%s", id, verb), body, nil)
}

// Regions returns the regions that pass the filter, in key order.
func (c *Client) Regions(ctx context.Context, f store.RegionFilter) (regions []store.RegionState, err error) {
	if f.ID != 0 {
		r, err := c.Region(ctx, f.ID)
		return []store.RegionState{r}, err
	}
	query := url.Values{}
	if f.Store != 0 {
		query.Set("store", strconv.FormatUint(f.Store, 10))
	}
	if f.Limit > 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.NoMajority {
		query.Set("no_majority", "true")
	}
	err = c.get(ctx, "/regions?"+query.Encode(), &regions)
	return regions, err
}

// Region returns one region.
func (c *Client) Region(ctx context.Context, id uint64) (r store.RegionState, err error) {
	err = c.get(ctx, fmt.Sprintf("/regions/%d", id), &r)
	return r, err
}

// PendingPeer makes a peer wait for a snapshot that never comes.
func (c *Client) PendingPeer(ctx context.Context, region, at uint64) error {
	return c.region(ctx, region, "pending", OnStore{Store: at})
}

// DownPeer silences a peer.
func (c *Client) DownPeer(ctx context.Context, region, at uint64) error {
	return c.region(ctx, region, "down", OnStore{Store: at})
}

// ResizeRegion sets a region's size in MiB.
func (c *Client) ResizeRegion(ctx context.Context, region uint64, mib int64) error {
	return c.region(ctx, region, "resize", Resize{MiB: mib})
}

// MuteRegion stops or resumes a region's heartbeats.
func (c *Client) MuteRegion(ctx context.Context, region uint64, mute bool) error {
	return c.region(ctx, region, "mute", Mute{Mute: mute})
}

// JointStuck holds a region in a joint state.
func (c *Client) JointStuck(ctx context.Context, region uint64) error {
	return c.region(ctx, region, "joint", none{})
}

// HealRegion undoes a region's faults.
func (c *Client) HealRegion(ctx context.Context, region uint64) error {
	return c.region(ctx, region, "heal", none{})
}

func (c *Client) region(ctx context.Context, id uint64, verb string, body any) error {
	return c.post(ctx, fmt.Sprintf("/regions/%d/%s", id, verb), body, nil)
}

// OrphanPeers gives regions peers on a store PD does not know, and returns the
// regions' ids.
func (c *Client) OrphanPeers(ctx context.Context, o store.Orphan) ([]uint64, error) {
	var hit Affected
	err := c.post(ctx, "/fault/orphan", o, &hit)
	return hit.Regions, err
}

// LoseMajority destroys most peers of regions, and returns the regions' ids.
func (c *Client) LoseMajority(ctx context.Context, l store.Loss) ([]uint64, error) {
	var hit Affected
	err := c.post(ctx, "/fault/lose-majority", l, &hit)
	return hit.Regions, err
}

// IgnoreOperators makes stores deaf to PD's orders, or listen again.
func (c *Client) IgnoreOperators(ctx context.Context, o store.Obedience) error {
	return c.post(ctx, "/fault/ignore-operators", o, nil)
}

// PDLeader returns the name of PD's leader.
func (c *Client) PDLeader(ctx context.Context) (string, error) {
	var l Leader
	err := c.get(ctx, "/pd/leader", &l)
	return l.Name, err
}

// TransferPDLeader moves PD's leadership; an empty name is any other member.
func (c *Client) TransferPDLeader(ctx context.Context, to string) error {
	return c.post(ctx, "/pd/leader", Leader{Name: to}, nil)
}

// StopPD ends a PD member's process.
func (c *Client) StopPD(ctx context.Context, name string) error {
	return c.post(ctx, "/pd/members/"+url.PathEscape(name)+"/stop", none{}, nil)
}

// StartPD starts a PD member again.
func (c *Client) StartPD(ctx context.Context, name string) error {
	return c.post(ctx, "/pd/members/"+url.PathEscape(name)+"/start", none{}, nil)
}

func (c *Client) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, nil, out)
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	raw, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode request to playground: %w", err)
	}
	return c.do(ctx, http.MethodPost, path, raw, out)
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("call playground: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("call playground: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read answer of playground: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		refused := &Error{}
		if json.Unmarshal(text, refused) != nil || refused.Message == "" {
			refused = &Error{Message: fmt.Sprintf("call playground: %s %s answered %d", method, path, resp.StatusCode)}
		}
		refused.Status = resp.StatusCode
		return refused
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("decode answer of playground: %w", err)
	}
	return nil
}
