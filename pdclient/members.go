package pdclient

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ebb/cluster"
)

// wireMembers is GET /members.
type wireMembers struct {
	Header struct {
		ClusterID uint64 `json:"cluster_id"`
	} `json:"header"`
	Members []wireMember `json:"members"`
	Leader  wireMember   `json:"leader"`
}

type wireMember struct {
	Name       string   `json:"name"`
	ID         uint64   `json:"member_id"`
	ClientURLs []string `json:"client_urls"`
	Version    string   `json:"binary_version"`
}

// membersAnswer is the list of members as one server gave it.
type membersAnswer struct{ cluster.Members }

// membersAt asks one server for the members.
func (c *Client) membersAt(ctx context.Context, base string, wait time.Duration) (*membersAnswer, error) {
	a, err := c.readAt(ctx, base, get("/members", nil), wait)
	if err != nil {
		return nil, err
	}
	return decodeMembers(a)
}

func decodeMembers(a *answer) (*membersAnswer, error) {
	var wire wireMembers
	if err := a.decode(&wire); err != nil {
		return nil, err
	}
	out := &membersAnswer{}
	out.ClusterID = wire.Header.ClusterID
	out.Leader = cluster.Member(wire.Leader)
	for _, m := range wire.Members {
		out.Members.Members = append(out.Members.Members, cluster.Member(m))
		// PD fills in the version in the list only.
		if m.ID == out.Leader.ID && out.Leader.Version == "" {
			out.Leader.Version = m.Version
		}
	}
	if out.Leader.ID == 0 {
		return nil, fmt.Errorf("read members from %s: %w", a.url, ErrNoLeader)
	}
	return out, nil
}

// Members returns PD's members and leader, and updates what the client knows
// about them.
func (c *Client) Members(ctx context.Context) (*cluster.Members, error) {
	var m *membersAnswer
	r := get("/members", nil)
	err := c.failover(ctx, r, func(ctx context.Context, base string, wait time.Duration) error {
		a, err := c.readAt(ctx, base, r, wait)
		if err != nil {
			return err
		}
		if m, err = decodeMembers(a); err != nil {
			return err
		}
		_, err = c.adopt(ctx, base, m, wait)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &m.Members, nil
}

// Health returns PD's word on its members: that their HTTP ports answer.
func (c *Client) Health(ctx context.Context) ([]cluster.MemberHealth, error) {
	var out []cluster.MemberHealth
	err := c.readJSON(ctx, get("/health", nil), &out)
	return out, err
}

// PDVersion returns the version that the PD leader was built as, such as
// "v8.5.0". A PD built without release information says "None".
func (c *Client) PDVersion(ctx context.Context) (string, error) {
	var out struct {
		Version string `json:"version"`
	}
	err := c.readJSON(ctx, get("/version", nil), &out)
	return out.Version, err
}

// ClusterVersion returns the lowest version of all stores, such as "8.5.0".
func (c *Client) ClusterVersion(ctx context.Context) (string, error) {
	var out string
	err := c.readJSON(ctx, get("/config/cluster-version", nil), &out)
	return out, err
}

// Status returns version and start time of the leader's process. From 8.5.5 on
// a follower that is asked answers for itself.
func (c *Client) Status(ctx context.Context) (cluster.PDStatus, error) {
	var wire struct {
		Version string `json:"version"`
		GitHash string `json:"git_hash"`
		Start   int64  `json:"start_timestamp"`
	}
	if err := c.readJSON(ctx, get("/status", nil), &wire); err != nil {
		return cluster.PDStatus{}, err
	}
	out := cluster.PDStatus{Version: wire.Version, GitHash: wire.GitHash}
	if wire.Start > 0 {
		out.StartTime = time.Unix(wire.Start, 0)
	}
	return out, nil
}

// DashboardURL is the client URL of the PD that serves TiDB Dashboard, "" while
// none does: the setting can also be "auto" (not chosen yet) or "none".
func (c *Client) DashboardURL(ctx context.Context) (string, error) {
	var wire struct {
		PDServer struct {
			DashboardAddress string `json:"dashboard-address"`
		} `json:"pd-server"`
	}
	if err := c.readJSON(ctx, get("/config", nil), &wire); err != nil {
		return "", err
	}
	if address := wire.PDServer.DashboardAddress; strings.Contains(address, "://") {
		return address, nil
	}
	return "", nil
}
