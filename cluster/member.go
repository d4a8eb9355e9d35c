package cluster

import "time"

// Member is one PD server.
type Member struct {
	Name       string   `json:"name"`
	ID         uint64   `json:"member_id"`
	ClientURLs []string `json:"client_urls"`
	Version    string   `json:"binary_version,omitempty"`
}

// Members is the answer of one PD about all of them.
type Members struct {
	ClusterID uint64   `json:"cluster_id"`
	Members   []Member `json:"members"`
	// Leader is the zero Member when PD has no leader.
	Leader Member `json:"leader"`
}

// MemberHealth is PD's own word on a member. It proves only that the member's
// HTTP port answers (every PD version).
type MemberHealth struct {
	Name       string   `json:"name"`
	ID         uint64   `json:"member_id"`
	ClientURLs []string `json:"client_urls"`
	Healthy    bool     `json:"health"`
}

// CollectTimeout is how long a PD that was started waits at most for its regions to
// report, before it schedules (schedule.prepareChecker, 4.0 to master).
const CollectTimeout = 5 * time.Minute

// PDStatus describes the process of the PD leader.
type PDStatus struct {
	Version string `json:"version"`
	GitHash string `json:"git_hash"`
	// StartTime is the start of the process, not of its leadership; zero when PD
	// did not say.
	StartTime time.Time `json:"start_time"`
}
