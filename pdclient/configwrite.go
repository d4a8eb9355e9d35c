package pdclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ttlKeys are the configuration items that PD accepts with a time to live, in
// the full dotted form that it wants (supportedTTLConfigs in
// server/config/persist_options.go; 4.0.9 to master).
var ttlKeys = []string{
	"schedule.enable-location-replacement",
	"schedule.enable-tikv-split-region", // 6.5 and later
	"schedule.hot-region-schedule-limit",
	"schedule.leader-schedule-limit",
	"schedule.max-merge-region-keys",
	"schedule.max-merge-region-size",
	"schedule.max-pending-peer-count",
	"schedule.max-snapshot-count",
	"schedule.merge-schedule-limit",
	"schedule.region-schedule-limit",
	"schedule.replica-schedule-limit",
	"schedule.scheduler-max-waiting-operator",
}

// TTLActiveError is PD's refusal (6.1 and later) to change an item that has a
// temporary value, which is the only sign of one. It matches ErrTTLActive.
type TTLActiveError struct {
	Key    string // the item
	Status *StatusError
}

func (e *TTLActiveError) Error() string {
	return fmt.Sprintf("set config %s: %v", e.Key, e.Status)
}

// Is matches ErrTTLActive.
func (e *TTLActiveError) Is(target error) bool { return target == ErrTTLActive }

// Unwrap returns PD's answer.
func (e *TTLActiveError) Unwrap() error { return e.Status }

// Hint says what to do next.
func (e *TTLActiveError) Hint() string {
	return "another tool (a backup or an import) set this for a time: wait until that has expired"
}

// SetConfig changes configuration items for good; keys in PD's dotted form such
// as "schedule.replica-schedule-limit". PD applies several items one after the
// other, so an error can leave some of them changed. Errors: *TTLActiveError; a
// *StatusError with status 400 for an unknown item or a bad value.
func (c *Client) SetConfig(ctx context.Context, values map[string]any) error {
	if len(values) == 0 {
		return nil
	}
	r, err := post("/config", nil, values)
	if err != nil {
		return err
	}
	err = c.write(ctx, r)
	if status, ok := errors.AsType[*StatusError](err); ok && status.Status == http.StatusBadRequest {
		// PD has no code for this refusal: errors.Errorf in server/api/config.go.
		if _, key, ok := strings.Cut(status.Message, "need to clean up TTL first for "); ok {
			return &TTLActiveError{Key: key, Status: status}
		}
	}
	return err
}

// SetConfigTTL changes items for a time, at least a second and in whole
// seconds, after which PD goes back to the permanent values by itself, also after
// a change of its leader. PD keeps a value for five seconds at least and does not
// list temporary values. Keys that do not support it are refused with
// ErrNotSupported before anything is sent.
func (c *Client) SetConfigTTL(ctx context.Context, values map[string]any, ttl time.Duration) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(ttlKeys, key) {
			return &UnsupportedError{Feature: "a temporary value of " + key}
		}
	}
	if ttl < time.Second || ttl%time.Second != 0 {
		return fmt.Errorf("set temporary config: %v is not a number of whole seconds", ttl)
	}
	return c.postTTL(ctx, values, int(ttl/time.Second))
}

// ClearConfigTTL drops the temporary values of items (8.5 and later, and master
// since April 2024). Older versions keep them for five more seconds instead.
func (c *Client) ClearConfigTTL(ctx context.Context, values map[string]any) error {
	return c.postTTL(ctx, values, 0)
}

func (c *Client) postTTL(ctx context.Context, values map[string]any, seconds int) error {
	if len(values) == 0 {
		return nil
	}
	r, err := post("/config", url.Values{"ttlSecond": {strconv.Itoa(seconds)}}, values)
	if err != nil {
		return err
	}
	return c.write(ctx, r)
}
