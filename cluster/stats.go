package cluster

// RegionStats counts peers by store over all regions, also for store ids that
// PD has no record of: that is how peers left behind are found.
type RegionStats struct {
	Regions     int             `json:"regions"`
	PeerCount   map[StoreID]int `json:"peer_count"`
	LeaderCount map[StoreID]int `json:"leader_count"`
}
