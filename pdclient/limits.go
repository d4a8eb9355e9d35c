package pdclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"ebb/cluster"
)

// wireLimit is one entry of GET /stores/limit. 4.0.0 and 4.0.1 have one rate.
type wireLimit struct {
	AddPeer    float64 `json:"add-peer"`
	RemovePeer float64 `json:"remove-peer"`
	Rate       float64 `json:"rate"`
}

// StoreLimits returns the limits of all stores but Tombstones. Temporary limits
// (SetStoreLimitTTL) are not in it. With store-limit-version v2 (7.1 and later)
// PD refuses with status 400.
func (c *Client) StoreLimits(ctx context.Context) (cluster.StoreLimits, error) {
	var wire map[cluster.StoreID]wireLimit
	if err := c.readJSON(ctx, get("/stores/limit", nil), &wire); err != nil {
		return nil, err
	}
	out := make(cluster.StoreLimits, len(wire))
	for id, l := range wire {
		if l.Rate > 0 {
			l.AddPeer, l.RemovePeer = l.Rate, l.Rate
		}
		out[id] = cluster.StoreLimit{AddPeer: l.AddPeer, RemovePeer: l.RemovePeer}
	}
	return out, nil
}

// SetStoreLimit sets one limit of one store, in peers per minute.
// cluster.LimitUnlimited lifts it. Errors: ErrNotFound for an unknown store.
func (c *Client) SetStoreLimit(ctx context.Context, id cluster.StoreID, t cluster.LimitType, rate float64) error {
	err := c.writeLimit(ctx, id, t, rate, nil)
	return c.settle(ctx, err, func(ctx context.Context) (bool, string, error) {
		limits, err := c.StoreLimits(ctx)
		if err != nil {
			return false, "", err
		}
		now := limits[id].Rate(t)
		return now == rate, fmt.Sprintf("%s of store %d is %v", t, id, now), nil
	})
}

// SetStoreLimitTTL sets a limit that PD drops by itself after ttl (at least a
// second). It overrides the permanent one, is not listed by StoreLimits and
// survives a change of the leader. 4.0.9 to 8.5 only; the error matches
// ErrNotSupported on later versions, which answer 400.
func (c *Client) SetStoreLimitTTL(ctx context.Context, id cluster.StoreID, t cluster.LimitType, rate float64, ttl time.Duration) error {
	if ttl < time.Second {
		return fmt.Errorf("set store limit: ttl %v is shorter than a second", ttl)
	}
	err := c.writeLimit(ctx, id, t, rate, url.Values{"ttlSecond": {strconv.Itoa(int(ttl.Seconds()))}})
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusBadRequest && c.dropsLimitTTL() {
		return fmt.Errorf("%w: %w", &UnsupportedError{Feature: "store limit with ttlSecond", Until: "8.5"}, err)
	}
	return err
}

// dropsLimitTTL reports whether this PD may be one that refuses temporary limits
// as such. A 9.0 beta that still takes them and a later master say the same
// version; 8.5 and before refuse for other reasons, such as store-limit-version v2.
func (c *Client) dropsLimitTTL() bool {
	r := c.leaderRelease()
	return !r.Known() || r.AtLeast(9, 0)
}

func (c *Client) writeLimit(ctx context.Context, id cluster.StoreID, t cluster.LimitType, rate float64, query url.Values) error {
	if rate <= 0 {
		return fmt.Errorf("set store limit: rate %v of store %d is not positive", rate, id)
	}
	r, err := post("/store/"+id.String()+"/limit", query, map[string]any{"type": t, "rate": rate})
	if err != nil {
		return err
	}
	return c.write(ctx, r)
}
