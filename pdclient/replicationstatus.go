package pdclient

import (
	"context"

	"ebb/cluster"
)

// ReplicationStatus returns PD's replication mode (4.0 and later).
func (c *Client) ReplicationStatus(ctx context.Context) (*cluster.ReplicationStatus, error) {
	var wire struct {
		Mode       string `json:"mode"`
		DRAutoSync struct {
			LabelKey string `json:"label_key"`
			State    string `json:"state"`
		} `json:"dr-auto-sync"`
	}
	err := c.readJSON(ctx, get("/replication_mode/status", nil), &wire)
	if err != nil {
		return nil, unsupported(err, "replication modes", "4.0")
	}
	out := &cluster.ReplicationStatus{Mode: wire.Mode}
	if wire.Mode != "majority" {
		out.State, out.LabelKey = wire.DRAutoSync.State, wire.DRAutoSync.LabelKey
	}
	return out, nil
}
