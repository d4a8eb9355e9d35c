package pdtest

import (
	"net/http"

	"ebb/cluster"
)

func (pd *PD) memberRoutes() []route {
	return []route{
		{on: "GET /members", handle: pd.getMembers},
		{on: "GET /health", handle: pd.getHealth},
		{on: "GET /version", handle: func(*request) reply {
			return ok(map[string]any{"version": pd.profile.version()})
		}},
		{on: "GET /status", handle: func(*request) reply {
			return ok(map[string]any{
				"build_ts": "2024-01-01 00:00:00", "version": pd.profile.version(), "git_hash": "pdtest",
				"start_timestamp": pd.started.Unix(),
			})
		}},
		{on: "GET /replication_mode/status", handle: pd.getReplicationStatus},
		{on: "GET /config/cluster-version", handle: func(*request) reply {
			return ok(pd.profile.clusterVersion())
		}},
	}
}

func (m *member) wire() map[string]any {
	return map[string]any{
		"name": m.name(), "member_id": m.index + 1, "peer_urls": m.clientURLs(), "client_urls": m.clientURLs(),
	}
}

func (m *member) name() string { return "pd-" + string(rune('1'+m.index)) }

func (m *member) clientURLs() []string {
	if m.advertised != "" {
		return []string{m.advertised}
	}
	return []string{m.url}
}

func (pd *PD) getMembers(*request) reply {
	var list []any
	for _, m := range pd.members {
		w := m.wire()
		w["binary_version"] = pd.profile.version()
		w["deploy_path"] = "/deploy/pd/bin"
		list = append(list, w)
	}
	if pd.leader < 0 { // lost since the request came in
		return reply{status: http.StatusServiceUnavailable, plain: pd.profile.noLeaderText()}
	}
	leader := pd.members[pd.leader].wire()
	return ok(map[string]any{
		"header": map[string]any{"cluster_id": pd.clusterID}, "members": list,
		"leader": leader, "etcd_leader": leader,
	})
}

func (pd *PD) getHealth(*request) reply {
	var list []cluster.MemberHealth
	for _, m := range pd.members {
		list = append(list, cluster.MemberHealth{
			Name: m.name(), ID: uint64(m.index + 1), ClientURLs: m.clientURLs(), Healthy: true,
		})
	}
	return ok(list)
}

// SetClusterID changes the id that the members report.
func (pd *PD) SetClusterID(id uint64) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.clusterID = id
}
