package pdclient

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"time"

	"ebb/cluster"
)

// Progress returns PD's own estimate for a store (6.1 and later). ok is false
// when there is none: PD has no progress for the store (404), is too old to have
// any (404 as well), or has one that it cannot print: 500 "unsupported value:
// NaN", which older versions answer for a store that started with size 0.
func (c *Client) Progress(ctx context.Context, id cluster.StoreID) (p cluster.Progress, ok bool, err error) {
	a, err := c.read(ctx, get("/stores/progress", url.Values{"id": {id.String()}}))
	if status, isStatus := errors.AsType[*StatusError](err); isStatus {
		if status.Status == http.StatusNotFound ||
			status.Status == http.StatusInternalServerError && !status.transient() {
			return p, false, nil
		}
	}
	if err != nil {
		return p, false, err
	}
	var wire struct {
		Action      string  `json:"action"`
		Progress    float64 `json:"progress"`
		Speed       float64 `json:"current_speed"`
		LeftSeconds float64 `json:"left_seconds"`
	}
	if err := a.decode(&wire); err != nil {
		return p, false, err
	}
	return cluster.Progress{
		Action: wire.Action, Fraction: wire.Progress, SpeedMiB: wire.Speed,
		Left: secondsLeft(wire.LeftSeconds),
	}, true, nil
}

// secondsLeft is negative for PD's way to say that it does not know, which is
// the largest float64 there is.
func secondsLeft(s float64) time.Duration {
	if s < 0 || s >= math.MaxInt64/float64(time.Second) {
		return -1
	}
	return time.Duration(s * float64(time.Second))
}
