package pdclient

import "ebb/cluster"

// leaderRelease is that of the PD leader, as of the last look for it.
func (c *Client) leaderRelease() cluster.Release {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cluster.ParseRelease(c.version)
}
