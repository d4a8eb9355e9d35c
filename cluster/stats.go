package cluster

// RegionStats counts peers by store over all regions, also for store ids that
// PD has no record of: that is how peers left behind are found.
type RegionStats struct {
	Regions     int             `json:"regions"`
	PeerCount   map[StoreID]int `json:"peer_count"`
	LeaderCount map[StoreID]int `json:"leader_count"`
}

// Leaders is how many of the regions PD knows the leader of. A PD that was just
// started knows its regions from its disk, which has no leaders.
func (s *RegionStats) Leaders() int {
	n := 0
	for _, count := range s.LeaderCount {
		n += count
	}
	return n
}
