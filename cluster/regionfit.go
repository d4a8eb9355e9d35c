package cluster

// FittedRule is how the peers of a region meet one rule.
type FittedRule struct {
	Rule  Rule   `json:"rule"`
	Peers []Peer `json:"peers"`
	// DifferentRole are those of Peers whose role is not the rule's.
	DifferentRole  []Peer  `json:"peers_different_role,omitempty"`
	IsolationScore float64 `json:"isolation_score"`
}

// RegionFit is PD's own view of a region against the rules (6.5 and later).
type RegionFit struct {
	Fits []FittedRule `json:"rule_fits"`
	// Orphans are peers that no rule asks for.
	Orphans []Peer `json:"orphan_peers,omitempty"`
}
