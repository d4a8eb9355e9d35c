package pdclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// Operators lists what PD is scheduling now. kind narrows it to "admin",
// "leader", "region" or "waiting"; "" is everything that runs.
func (c *Client) Operators(ctx context.Context, kind string) ([]cluster.Operator, error) {
	var query url.Values
	if kind != "" {
		query = url.Values{"kind": {kind}}
	}
	return c.operatorList(ctx, get("/operators", query))
}

// OperatorRecords lists operators that ended since from, as far as PD remembers:
// ten minutes, and not beyond a change of its leader. 6.0 and later; before, the
// error matches ErrNotSupported.
func (c *Client) OperatorRecords(ctx context.Context, from time.Time) ([]cluster.Operator, error) {
	query := url.Values{"from": {strconv.FormatInt(from.Unix(), 10)}}
	list, err := c.operatorList(ctx, get("/operators/records", query))
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusBadRequest {
		// Before 6.0 "records" is taken for the id of a region.
		return nil, &UnsupportedError{Feature: "records of operators", Since: "6.0"}
	}
	if IsNotFound(err) {
		return nil, nil // PD's answer when it remembers none (Handler.GetRecords, 6.0 to master)
	}
	return list, err
}

func (c *Client) operatorList(ctx context.Context, r request) ([]cluster.Operator, error) {
	var texts []string
	if err := c.readJSON(ctx, r, &texts); err != nil {
		return nil, err
	}
	out := make([]cluster.Operator, len(texts))
	for i, text := range texts {
		out[i] = parseOperator(text)
	}
	return out, nil
}

// Operator returns the operator of a region with its status. PD remembers one
// for ten minutes after its end; ok is false when there is none.
func (c *Client) Operator(ctx context.Context, id cluster.RegionID) (op cluster.Operator, ok bool, err error) {
	var text string
	err = c.readJSON(ctx, get("/operators/"+id.String(), nil), &text)
	if IsNotFound(err) {
		return op, false, nil
	}
	if err != nil {
		return op, false, err
	}
	return parseOperator(text), true, nil
}

// AddRemovePeer creates an operator that removes the peer of a region from a
// store. PD makes no check of the majority: that is the caller's. nil means
// created, not done; look at Operator and the region. PD refuses with status 400
// or 500 in its own words.
func (c *Client) AddRemovePeer(ctx context.Context, id cluster.RegionID, store cluster.StoreID) error {
	r, err := post("/operators", nil, map[string]any{"name": "remove-peer", "region_id": id, "store_id": store})
	if err != nil {
		return err
	}
	return c.settle(ctx, c.write(ctx, r), func(ctx context.Context) (bool, string, error) {
		op, ok, err := c.Operator(ctx, id)
		if err != nil {
			return false, "", err
		}
		if !ok {
			return false, fmt.Sprintf("region %d has no operator", id), nil
		}
		ours := op.Desc == "admin-remove-peer" && strings.Contains(op.Brief, "["+store.String()+"]")
		return ours, fmt.Sprintf("region %d has operator %s (%s)", id, op.Desc, op.Status), nil
	})
}

// CancelOperator cancels the operator of one region. The error matches
// ErrNotFound when it has none.
func (c *Client) CancelOperator(ctx context.Context, id cluster.RegionID) error {
	return c.write(ctx, request{method: http.MethodDelete, path: "/operators/" + id.String()})
}
