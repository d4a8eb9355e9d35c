package pdclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"ebb/cluster"
)

// wireStore is one store in GET /stores and GET /store/{id}. Zero values are
// left out by PD, so an Up store has no state and a Preparing one no node_state.
type wireStore struct {
	Store struct {
		ID                  cluster.StoreID   `json:"id"`
		Address             string            `json:"address"`
		State               int               `json:"state"`
		Labels              []cluster.Label   `json:"labels"`
		Version             string            `json:"version"`
		PeerAddress         string            `json:"peer_address"`
		StatusAddress       string            `json:"status_address"`
		StartTimestamp      int64             `json:"start_timestamp"` // seconds
		DeployPath          string            `json:"deploy_path"`
		LastHeartbeat       int64             `json:"last_heartbeat"` // nanoseconds
		PhysicallyDestroyed bool              `json:"physically_destroyed"`
		NodeState           cluster.NodeState `json:"node_state"`
		StateName           string            `json:"state_name"`
	} `json:"store"`
	Status struct {
		Capacity           string    `json:"capacity"`
		Available          string    `json:"available"`
		UsedSize           string    `json:"used_size"`
		LeaderCount        int       `json:"leader_count"`
		LeaderSize         int64     `json:"leader_size"`
		RegionCount        int       `json:"region_count"`
		RegionSize         int64     `json:"region_size"`
		LearnerCount       int       `json:"learner_count"`
		PendingPeerCount   int       `json:"pending_peer_count"`
		SlowScore          int       `json:"slow_score"`
		SendingSnapCount   int       `json:"sending_snap_count"`
		ReceivingSnapCount int       `json:"receiving_snap_count"`
		ApplyingSnapCount  int       `json:"applying_snap_count"`
		IsBusy             bool      `json:"is_busy"`
		StartTime          time.Time `json:"start_ts"`
		LastHeartbeat      time.Time `json:"last_heartbeat_ts"`
	} `json:"status"`
}

// store converts the wire shape. nodeStates tells whether this PD reports node
// states (6.0 and later).
func (w *wireStore) store(nodeStates bool) cluster.Store {
	m, s := &w.Store, &w.Status
	out := cluster.Store{
		ID: m.ID, Address: m.Address, PeerAddress: m.PeerAddress, StatusAddress: m.StatusAddress,
		DeployPath: m.DeployPath, Version: m.Version, Labels: m.Labels,
		State: cluster.StoreState(m.State), StateName: m.StateName, NodeState: m.NodeState,
		PhysicallyDestroyed: m.PhysicallyDestroyed,
		StartTime:           s.StartTime, LastHeartbeat: s.LastHeartbeat,
		Capacity: sizeOf(s.Capacity), Available: sizeOf(s.Available), Used: sizeOf(s.UsedSize),
		LeaderCount: s.LeaderCount, RegionCount: s.RegionCount,
		LeaderSizeMiB: s.LeaderSize, RegionSizeMiB: s.RegionSize,
		LearnerCount: s.LearnerCount, PendingPeerCount: s.PendingPeerCount,
		IsBusy: s.IsBusy, SlowScore: s.SlowScore, SendingSnapCount: s.SendingSnapCount,
		ReceivingSnapCount: s.ReceivingSnapCount, ApplyingSnapCount: s.ApplyingSnapCount,
	}
	if !nodeStates {
		out.NodeState = cluster.NodeStateUnknown
	}
	if m.StartTimestamp > 0 {
		out.StartTime = time.Unix(m.StartTimestamp, 0)
	}
	if m.LastHeartbeat > 0 {
		out.LastHeartbeat = time.Unix(0, m.LastHeartbeat)
	}
	return out
}

// allStates is needed to see Tombstones: without it PD lists Up and Offline.
var allStates = []string{"0", "1", "2"}

// Stores returns every store that PD has a record of, Tombstones included, and
// PD's clock at that time, which all heartbeat ages are relative to.
func (c *Client) Stores(ctx context.Context) ([]cluster.Store, time.Time, error) {
	a, err := c.read(ctx, get("/stores", url.Values{"state": allStates}))
	if err != nil {
		return nil, time.Time{}, err
	}
	var wire struct {
		Count  int         `json:"count"`
		Stores []wireStore `json:"stores"`
	}
	if err := a.decode(&wire); err != nil {
		return nil, time.Time{}, err
	}
	if wire.Count != len(wire.Stores) {
		return nil, time.Time{}, &DecodeError{Method: http.MethodGet, URL: a.url, Offset: int64(len(a.body)),
			Err: fmt.Errorf("count says %d stores, the list has %d", wire.Count, len(wire.Stores))}
	}
	if a.date.IsZero() {
		return nil, time.Time{}, &DecodeError{Method: http.MethodGet, URL: a.url,
			Err: errors.New("no Date header, so heartbeat ages cannot be computed")}
	}
	nodeStates := c.reportsNodeStates(wire.Stores)
	out := make([]cluster.Store, len(wire.Stores))
	for i := range wire.Stores {
		if wire.Stores[i].Store.ID == 0 {
			return nil, time.Time{}, &DecodeError{Method: http.MethodGet, URL: a.url, Err: errors.New("a store without id")}
		}
		out[i] = wire.Stores[i].store(nodeStates)
	}
	return out, a.date, nil
}

// reportsNodeStates: from 6.0 on. A version that is not known is settled by any
// store whose node state is not the one that is left out.
func (c *Client) reportsNodeStates(list []wireStore) bool {
	if r := c.leaderRelease(); r.Known() {
		return r.AtLeast(6, 0)
	}
	for i := range list {
		if list[i].Store.NodeState != 0 {
			return true
		}
	}
	return false
}

// Store returns one store. The error matches ErrNotFound when PD has no record
// of it.
func (c *Client) Store(ctx context.Context, id cluster.StoreID) (cluster.Store, error) {
	wire, _, err := c.store(ctx, id)
	if err != nil {
		return cluster.Store{}, err
	}
	return wire.store(c.reportsNodeStates([]wireStore{*wire})), nil
}

func (c *Client) store(ctx context.Context, id cluster.StoreID) (*wireStore, *answer, error) {
	a, err := c.read(ctx, get("/store/"+id.String(), nil))
	if err != nil {
		return nil, nil, c.storeMissing(ctx, id, err)
	}
	wire := new(wireStore)
	if err := a.decode(wire); err != nil {
		return nil, nil, err
	}
	if wire.Store.ID != id {
		return nil, nil, &DecodeError{Method: http.MethodGet, URL: a.url,
			Err: fmt.Errorf("asked for store %d, got store %d", id, wire.Store.ID)}
	}
	return wire, a, nil
}

// storeMissing makes sure that an unknown store is told from a failure: 4.0
// answers 500 for it.
func (c *Client) storeMissing(ctx context.Context, id cluster.StoreID, err error) error {
	status, ok := errors.AsType[*StatusError](err)
	if !ok || status.Status != http.StatusInternalServerError || IsNotFound(err) {
		return err
	}
	list, _, listErr := c.Stores(ctx)
	if listErr != nil {
		return err
	}
	for i := range list {
		if list[i].ID == id {
			return err
		}
	}
	return fmt.Errorf("read store %d: %w: %w", id, ErrNotFound, err)
}
