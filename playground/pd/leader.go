package pd

import (
	"context"
	"fmt"

	"github.com/tikv/pd/server"
)

// LeaderServer returns the embedded member that leads, for those who fill PD's
// cache faster than heartbeats can.
func (c *Cluster) LeaderServer(ctx context.Context) (*server.Server, error) {
	name, err := c.Leader(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.running[name].(*embedded)
	if !ok {
		return nil, fmt.Errorf("find the server of PD member %q: it does not run in this process", name)
	}
	return m.server, nil
}
