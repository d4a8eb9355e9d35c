package pdclient

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"ebb/cluster"
)

// DeleteStore starts to take a store out: it becomes Offline. PD answers 200 for
// a store that is Offline already. Errors: ErrNotFound for an unknown store; a
// *StatusError with status 410 for a Tombstone, 400 where PD refuses (6.1 and
// later: too few stores, nowhere for leaders to go; destroyed store).
//
// The request never has a query: PD takes the mere presence of a "force" key for
// force, even force=false (server/api/store.go, 4.0 to master).
func (c *Client) DeleteStore(ctx context.Context, id cluster.StoreID) error {
	err := c.write(ctx, request{method: http.MethodDelete, path: "/store/" + id.String()})
	return c.settleStore(ctx, id, err, func(s *cluster.Store) bool { return s.State != cluster.Up })
}

// ForceDeleteStore marks a store as physically destroyed (5.0 and later), which
// cannot be taken back. On 4.0 it makes the store a Tombstone at once, whatever
// regions are on it, so there it is refused with ErrNotSupported.
func (c *Client) ForceDeleteStore(ctx context.Context, id cluster.StoreID) error {
	// The release of the leader is known after a read.
	if _, err := c.Store(ctx, id); err != nil {
		return err
	}
	if r := c.leaderRelease(); r.Known() && !r.AtLeast(5, 0) {
		return &UnsupportedError{Feature: "delete a store by force without orphaning its regions", Since: "5.0"}
	}
	err := c.write(ctx, request{
		method: http.MethodDelete, path: "/store/" + id.String(), query: url.Values{"force": {"true"}},
	})
	return c.settleStore(ctx, id, err, func(s *cluster.Store) bool { return s.PhysicallyDestroyed })
}

// SetStoreUp takes an Offline store back. PD restores its store limits only if
// the same leader process still remembers them (6.1 and later; never before), so
// the caller compares and restores them itself. Errors: ErrNotFound; status 410
// for a Tombstone; 400 for a physically destroyed store.
func (c *Client) SetStoreUp(ctx context.Context, id cluster.StoreID) error {
	// 4.0 wants the exact spelling "Up".
	err := c.write(ctx, request{
		method: http.MethodPost, path: "/store/" + id.String() + "/state",
		query: url.Values{"state": {cluster.StateUp}},
	})
	return c.settleStore(ctx, id, err, func(s *cluster.Store) bool { return s.State == cluster.Up })
}

func (c *Client) settleStore(ctx context.Context, id cluster.StoreID, err error, done func(*cluster.Store) bool) error {
	return c.settle(ctx, err, func(ctx context.Context) (bool, string, error) {
		s, err := c.Store(ctx, id)
		if err != nil {
			return false, "", err
		}
		return done(&s), fmt.Sprintf("store %d is %s", id, s.StateName), nil
	})
}

// RemoveTombstones removes PD's records of all Tombstone stores; PD cannot do it
// for one. Tombstones that still have regions are kept: 6.1 and later then
// answer with status 500 and name them, after having removed the others.
func (c *Client) RemoveTombstones(ctx context.Context) error {
	err := c.write(ctx, request{method: http.MethodDelete, path: "/stores/remove-tombstone"})
	return c.settle(ctx, err, func(ctx context.Context) (bool, string, error) {
		stores, _, err := c.Stores(ctx)
		if err != nil {
			return false, "", err
		}
		left := 0
		for i := range stores {
			if stores[i].State == cluster.Tombstone {
				left++
			}
		}
		return left == 0, fmt.Sprintf("%d tombstones left", left), nil
	})
}
