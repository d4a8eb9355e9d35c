package pdclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"ebb/cluster"
)

const evictLeader = "evict-leader-scheduler"

// Schedulers lists the schedulers that exist, paused ones included.
func (c *Client) Schedulers(ctx context.Context) ([]string, error) {
	var out []string
	err := c.readJSON(ctx, get("/schedulers", nil), &out)
	return out, err
}

// PausedSchedulers lists those that are paused for a time.
func (c *Client) PausedSchedulers(ctx context.Context) ([]string, error) {
	var out []string
	err := c.readJSON(ctx, get("/schedulers", url.Values{"status": {"paused"}}), &out)
	return out, err
}

// PauseScheduler stops a scheduler for a time, after which PD resumes it by
// itself; 0 resumes it now. Errors: 500 for a scheduler that does not exist, in
// the words of PD, which matches ErrNotFound where PD names the cause.
func (c *Client) PauseScheduler(ctx context.Context, name string, d time.Duration) error {
	if d < 0 || d%time.Second != 0 {
		return fmt.Errorf("pause scheduler %q: %v is not a number of whole seconds", name, d)
	}
	r, err := post("/schedulers/"+url.PathEscape(name), nil, map[string]int64{"delay": int64(d / time.Second)})
	if err != nil {
		return err
	}
	return c.write(ctx, r)
}

// EvictLeaderStores lists the stores under the evict-leader scheduler in the
// order of their ids; empty when there is no such scheduler.
func (c *Client) EvictLeaderStores(ctx context.Context) ([]cluster.StoreID, error) {
	var wire struct {
		Ranges map[cluster.StoreID]any `json:"store-id-ranges"`
	}
	err := c.patiently(ctx, func() error {
		return c.readJSON(ctx, get("/scheduler-config/"+evictLeader+"/list", nil), &wire)
	})
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := make([]cluster.StoreID, 0, len(wire.Ranges))
	for id := range wire.Ranges {
		out = append(out, id)
	}
	slices.Sort(out)
	return out, nil
}

// AddEvictLeader makes PD move all leaders off a store. A store that has it
// already is no error.
func (c *Client) AddEvictLeader(ctx context.Context, id cluster.StoreID) error {
	r, err := post("/schedulers", nil, map[string]any{"name": evictLeader, "store_id": id})
	if err != nil {
		return err
	}
	return c.settleEvict(ctx, id, true, c.write(ctx, r))
}

// RemoveEvictLeader lets leaders come back to a store. It is no error when the
// store has no evict-leader scheduler (404).
func (c *Client) RemoveEvictLeader(ctx context.Context, id cluster.StoreID) error {
	err := c.patiently(ctx, func() error {
		return c.write(ctx, request{
			method: http.MethodDelete, path: "/schedulers/" + evictLeader + "-" + id.String(),
		})
	})
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusNotFound {
		return nil
	}
	return c.settleEvict(ctx, id, false, err)
}

func (c *Client) settleEvict(ctx context.Context, id cluster.StoreID, want bool, err error) error {
	return c.settle(ctx, err, func(ctx context.Context) (bool, string, error) {
		stores, err := c.EvictLeaderStores(ctx)
		if err != nil {
			return false, "", err
		}
		return slices.Contains(stores, id) == want, fmt.Sprintf("evict-leader is on stores %v", stores), nil
	})
}

// patiently repeats a call that PD refuses with 406, which it does until its
// scheduler controller is ready, a few seconds after an election. Nothing has
// been done then, so this goes for writes as well.
func (c *Client) patiently(ctx context.Context, call func() error) error {
	const attempts = 5
	for n := 0; ; n++ {
		err := call()
		status, ok := errors.AsType[*StatusError](err)
		if !ok || status.Status != http.StatusNotAcceptable || n+1 == attempts {
			return err
		}
		if c.sleep(ctx, 500*time.Millisecond<<n) != nil {
			return err
		}
	}
}

// checkers are those that PD lets one pause; joint-state is the one that ends
// half-done configuration changes.
var checkers = []string{"joint-state", "learner", "merge", "replica", "rule", "split"}

// PausedCheckers names the checkers that are paused, in alphabetical order.
// Before 5.3 checkers cannot be paused; the error then matches ErrNotSupported.
func (c *Client) PausedCheckers(ctx context.Context) ([]string, error) {
	states := make([]struct {
		Paused bool `json:"paused"`
	}, len(checkers))
	errs := make([]error, len(checkers))
	var wg sync.WaitGroup
	for i, name := range checkers {
		wg.Go(func() { errs[i] = c.readJSON(ctx, get("/checker/"+name, nil), &states[i]) })
	}
	wg.Wait()
	var paused []string
	for i, name := range checkers {
		if err := unsupported(errs[i], "state of the checkers", "5.3"); err != nil {
			return nil, fmt.Errorf("read checker %q: %w", name, err)
		}
		if states[i].Paused {
			paused = append(paused, name)
		}
	}
	return paused, nil
}
