package pdclient

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"ebb/cluster"
)

// Snapshot reads, in one round of parallel requests, everything that says how
// the cluster is and what it may do. Only stores that cannot be read are an
// error. What else cannot be read is in Unread; what this version of PD does not
// have is not a failure and is left empty. All of it together takes no longer than
// one call may.
func (c *Client) Snapshot(ctx context.Context) (*cluster.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// One look for the leader, instead of one by each of the requests below. Its
	// failure comes back with the stores.
	_, _ = c.locate(ctx, c.attempt, 0)

	s := &cluster.Snapshot{Unread: make(cluster.Unread)}
	var storesErr error
	var mu sync.Mutex
	var wg sync.WaitGroup
	wg.Go(func() { s.Stores, s.ReadAt, storesErr = c.Stores(ctx) })
	for name, read := range c.snapshotParts(ctx, s) {
		wg.Go(func() {
			err := read()
			if err == nil || errors.Is(err, ErrNotSupported) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			s.Unread[name] = err
		})
	}
	wg.Wait()
	if storesErr != nil {
		return nil, fmt.Errorf("read stores: %w", storesErr)
	}
	return s, nil
}

// snapshotParts maps the name of each field to what fills it. Every function
// writes its own field only.
func (c *Client) snapshotParts(ctx context.Context, s *cluster.Snapshot) map[cluster.Field]func() error {
	return map[cluster.Field]func() error{
		cluster.FieldMembers:        func() (err error) { s.Members, err = c.Members(ctx); return err },
		cluster.FieldHealth:         func() (err error) { s.Health, err = c.Health(ctx); return err },
		cluster.FieldPDVersion:      func() (err error) { s.PDVersion, err = c.PDVersion(ctx); return err },
		cluster.FieldDashboardURL:   func() (err error) { s.DashboardURL, err = c.DashboardURL(ctx); return err },
		cluster.FieldLimits:         func() (err error) { s.Limits, err = c.StoreLimits(ctx); return err },
		cluster.FieldSchedule:       func() (err error) { s.Schedule, err = c.ScheduleConfig(ctx); return err },
		cluster.FieldReplication:    func() (err error) { s.Replication, err = c.ReplicationConfig(ctx); return err },
		cluster.FieldEvictLeader:    func() (err error) { s.EvictLeader, err = c.EvictLeaderStores(ctx); return err },
		cluster.FieldPausedCheckers: func() (err error) { s.PausedCheckers, err = c.PausedCheckers(ctx); return err },
		cluster.FieldUnsafeRecovery: func() (err error) { s.UnsafeRecovery, err = c.UnsafeRecovery(ctx); return err },
		cluster.FieldRules:          func() (err error) { s.Rules, err = c.Rules(ctx); return ifEnabled(err) },
		cluster.FieldRuleGroups:     func() (err error) { s.RuleGroups, err = c.RuleGroups(ctx); return ifEnabled(err) },
	}
}

// ifEnabled: placement rules that are off are no failure.
func ifEnabled(err error) error {
	if errors.Is(err, ErrPlacementRulesDisabled) {
		return nil
	}
	return err
}
