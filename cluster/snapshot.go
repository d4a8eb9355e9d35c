package cluster

import "time"

// Field names one reading of PD. Those of a Snapshot have the JSON names of the
// fields that they fill.
type Field string

// The readings of a Snapshot, beside the stores.
const (
	FieldMembers        Field = "members"
	FieldHealth         Field = "health"
	FieldPDVersion      Field = "pd_version"
	FieldDashboardURL   Field = "dashboard_url"
	FieldLimits         Field = "limits"
	FieldSchedule       Field = "schedule"
	FieldReplication    Field = "replication"
	FieldRules          Field = "rules"
	FieldRuleGroups     Field = "rule_groups"
	FieldEvictLeader    Field = "evict_leader"
	FieldPausedCheckers Field = "paused_checkers"
	FieldUnsafeRecovery Field = "unsafe_recovery"
)

// Unread keeps what could not be read apart from what is empty. It holds the
// error of each reading that failed; a field without entry was read.
type Unread map[Field]error

// Snapshot is one round of answers from PD, taken in parallel. The pointers are
// nil, and the slices and maps empty, for what could not be read; Unread then
// holds the reason.
type Snapshot struct {
	// ReadAt is PD's clock (the Date header, whole seconds) when the stores were
	// read. All heartbeat ages are relative to it.
	ReadAt    time.Time      `json:"read_at"`
	Members   *Members       `json:"members,omitempty"`
	Health    []MemberHealth `json:"health,omitempty"`
	PDVersion string         `json:"pd_version,omitempty"`
	// DashboardURL is the client URL of the PD that serves TiDB Dashboard, if any.
	DashboardURL string             `json:"dashboard_url,omitempty"`
	Stores       []Store            `json:"stores"`
	Limits       StoreLimits        `json:"limits,omitempty"`
	Schedule     *ScheduleConfig    `json:"schedule,omitempty"`
	Replication  *ReplicationConfig `json:"replication,omitempty"`
	// Rules is empty where placement rules are off.
	Rules      []Rule      `json:"rules,omitempty"`
	RuleGroups []RuleGroup `json:"rule_groups,omitempty"`
	// EvictLeader lists the stores under the evict-leader scheduler.
	EvictLeader []StoreID `json:"evict_leader,omitempty"`
	// PausedCheckers names the checkers that are paused (5.3 and later).
	PausedCheckers []string `json:"paused_checkers,omitempty"`
	// UnsafeRecovery is the last line that PD says about an unsafe recovery that
	// has not ended; "" when there is none.
	UnsafeRecovery string `json:"unsafe_recovery,omitempty"`

	Unread Unread `json:"-"`
}

// Store finds a store by id, nil when PD has no record of it.
func (s *Snapshot) Store(id StoreID) *Store {
	for i := range s.Stores {
		if s.Stores[i].ID == id {
			return &s.Stores[i]
		}
	}
	return nil
}

// RuleSets are the rules that PD places peers by, split by key range: the
// placement rules, or the one rule that the replication settings amount to
// where placement rules are off. ok is false when they could not be read.
func (s *Snapshot) RuleSets() (sets []RuleSet, ok bool) {
	if s.Replication == nil {
		return nil, false
	}
	if !s.Replication.EnablePlacementRules {
		return []RuleSet{{Rules: []Rule{s.Replication.DefaultRule()}, Ranges: 1}}, true
	}
	if s.Unread[FieldRules] != nil || s.Unread[FieldRuleGroups] != nil || len(s.Rules) == 0 {
		return nil, false
	}
	return RuleSets(s.Rules, s.RuleGroups), true
}
