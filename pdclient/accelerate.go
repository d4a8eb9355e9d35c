package pdclient

import (
	"context"
	"encoding/hex"

	"ebb/cluster"
)

// AccelerateSchedule has PD's checkers look at the regions of a key range at
// once, instead of when the patrol comes by (4.0.16 and later). PD takes at most
// 256 regions of a range. It is safe to repeat.
func (c *Client) AccelerateSchedule(ctx context.Context, keys cluster.KeyRange) error {
	r, err := post("/regions/accelerate-schedule", nil, map[string]string{
		"start_key": hex.EncodeToString(keys.Start),
		"end_key":   hex.EncodeToString(keys.End),
	})
	if err != nil {
		return err
	}
	return unsupported(c.write(ctx, r), "accelerate-schedule", "4.0.16")
}
