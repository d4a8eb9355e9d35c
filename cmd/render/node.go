package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/topology"
)

// Inventory is what display shows: the nodes of the topology and of PD.
type Inventory struct {
	Cluster string
	// Topology is nil when only PD was asked.
	Topology *topology.Topology
	// Snapshot is nil when PD could not be read.
	Snapshot *cluster.Snapshot
	Match    topology.Match
	// Answers says for components that are no stores whether their port accepts
	// connections.
	Answers map[string]bool
	// Leaving has what is known of the stores that are leaving.
	Leaving map[cluster.StoreID]decommission.StoreWatch
}

// Node is one line of display, and one element of its JSON.
type Node struct {
	ID        string   `json:"id"`
	Role      string   `json:"role"`
	Host      string   `json:"host"`
	Ports     []int    `json:"ports,omitempty"`
	OSArch    string   `json:"os_arch,omitempty"`
	Status    string   `json:"status"`
	DataDirs  []string `json:"data_dirs,omitempty"`
	DeployDir string   `json:"deploy_dir,omitempty"`
	Offline   bool     `json:"offline,omitempty"`
	// InTopology and InPD are both true but where the two drift apart.
	InTopology bool `json:"in_topology"`
	InPD       bool `json:"in_pd"`
	// Store is nil for components that are no stores, and where PD has no record.
	Store *StoreInfo `json:"store,omitempty"`
	// Candidates are the store ids between which nobody can choose.
	Candidates []cluster.StoreID `json:"candidates,omitempty"`
}

// StoreInfo is what PD says of the store of a node.
type StoreInfo struct {
	ID             cluster.StoreID     `json:"id"`
	Address        string              `json:"address"`
	State          string              `json:"state"`
	NodeState      string              `json:"node_state,omitempty"`
	Leaders        int                 `json:"leaders"`
	Regions        int                 `json:"regions"`
	RegionSizeMiB  int64               `json:"region_size_mib"`
	CapacityBytes  uint64              `json:"capacity_bytes"`
	AvailableBytes uint64              `json:"available_bytes"`
	Version        string              `json:"version,omitempty"`
	Labels         []cluster.Label     `json:"labels,omitempty"`
	LastHeartbeat  *time.Time          `json:"last_heartbeat"`
	HeartbeatAge   *float64            `json:"heartbeat_age_seconds"`
	Leaving        *LeavingInfo        `json:"leaving,omitempty"`
	FormerIDs      []cluster.StoreID   `json:"former_ids,omitempty"`
	Limit          *cluster.StoreLimit `json:"limit,omitempty"`
}

// LeavingInfo is how far a leaving store has come.
type LeavingInfo struct {
	// Fraction is 0..1, absent while nobody knows where it began.
	Fraction         *float64 `json:"fraction"`
	RegionsPerSecond *float64 `json:"regions_per_second"`
	ETASeconds       *float64 `json:"eta_seconds"`
	// Basis names whose figures these are: "counted" or "pd".
	Basis string `json:"basis"`
}

// Nodes lists every node of the topology and every store of PD that it lacks:
// by role, host and port, as tiup sorts them, what only PD knows last.
func (inv *Inventory) Nodes() []Node {
	var nodes []Node
	if inv.Topology != nil {
		for i := range inv.Topology.Instances {
			if instance := &inv.Topology.Instances[i]; !instance.Role.IsStore() {
				nodes = append(nodes, inv.component(instance))
			}
		}
	}
	for i := range inv.Match.Nodes {
		nodes = append(nodes, inv.store(&inv.Match.Nodes[i]))
	}
	slices.SortStableFunc(nodes, func(a, b Node) int {
		if c := strings.Compare(a.Role, b.Role); c != 0 {
			return c
		}
		if c := strings.Compare(a.Host, b.Host); c != 0 {
			return c
		}
		return slices.Compare(a.Ports, b.Ports)
	})
	for i := range inv.Match.PDOnly {
		nodes = append(nodes, inv.store(&inv.Match.PDOnly[i]))
	}
	return nodes
}

func ofInstance(instance *topology.Instance) Node {
	return Node{
		ID: instance.ID, Role: string(instance.Role), Host: instance.Host, Ports: instance.Ports,
		OSArch:   strings.Trim(instance.OS+"/"+instance.Arch, "/"),
		DataDirs: instance.DataDirs, DeployDir: instance.DeployDir, Offline: instance.Offline, InTopology: true,
	}
}

func (inv *Inventory) component(instance *topology.Instance) Node {
	n := ofInstance(instance)
	n.Status = "Down"
	if instance.Role == topology.RolePD {
		n.Status, n.InPD = inv.memberStatus(instance)
	} else if inv.Answers[instance.ID] {
		n.Status = "Up"
	}
	return n
}

// memberStatus is tiup's word for a PD: "Up|L" leads.
func (inv *Inventory) memberStatus(instance *topology.Instance) (status string, known bool) {
	if inv.Snapshot == nil || inv.Snapshot.Members == nil {
		return "Down", false
	}
	for _, m := range inv.Snapshot.Health {
		if m.Name != instance.Name && !servesAt(m.ClientURLs, instance) {
			continue
		}
		switch {
		case !m.Healthy:
			return "Down", true
		case m.ID == inv.Snapshot.Members.Leader.ID:
			return "Up|L", true
		}
		return "Up", true
	}
	return "N/A", false
}

func servesAt(urls []string, instance *topology.Instance) bool {
	for _, u := range urls {
		if strings.HasSuffix(strings.TrimSuffix(u, "/"), "//"+topology.JoinHostPort(instance.Host, instance.Port)) {
			return true
		}
	}
	return false
}

func (inv *Inventory) store(node *topology.Node) Node {
	n := Node{ID: node.Name(), Status: "N/A"}
	if node.Instance != nil {
		n = ofInstance(node.Instance)
		n.Status = "N/A"
	}
	if node.Ambiguous() && node.Store == nil {
		n.Status = "Ambiguous"
		for i := range node.Candidates {
			n.Candidates = append(n.Candidates, node.Candidates[i].ID)
		}
	}
	s := node.Store
	if s == nil {
		return n
	}
	n.InPD, n.Status = true, s.StateName
	if node.Instance == nil {
		n.Role, n.DeployDir = string(s.Engine()), s.DeployPath
		n.Host, n.Ports = splitAddress(s.Address)
	}
	if n.Offline && s.StateName == cluster.StateOffline {
		n.Status = "Pending Offline"
	}
	n.Store = inv.storeInfo(s)
	for i := range node.Former {
		n.Store.FormerIDs = append(n.Store.FormerIDs, node.Former[i].ID)
	}
	return n
}

func splitAddress(address string) (host string, ports []int) {
	i := strings.LastIndexByte(address, ':')
	if i < 0 {
		return address, nil
	}
	if port, err := strconv.Atoi(address[i+1:]); err == nil {
		ports = []int{port}
	}
	return strings.Trim(address[:i], "[]"), ports
}

func (inv *Inventory) storeInfo(s *cluster.Store) *StoreInfo {
	info := &StoreInfo{
		ID: s.ID, Address: s.Address, State: s.StateName, NodeState: s.NodeState.String(),
		Leaders: s.LeaderCount, Regions: s.RegionCount, RegionSizeMiB: s.RegionSizeMiB,
		CapacityBytes: s.Capacity.Bytes, AvailableBytes: s.Available.Bytes, Version: s.Version, Labels: s.Labels,
	}
	if !s.LastHeartbeat.IsZero() {
		info.LastHeartbeat = &s.LastHeartbeat
	}
	if age, ok := s.HeartbeatAge(inv.Snapshot.ReadAt); ok {
		seconds := age.Seconds()
		info.HeartbeatAge = &seconds
	}
	if limit, ok := inv.Snapshot.Limits[s.ID]; ok {
		info.Limit = &limit
	}
	if w, ok := inv.Leaving[s.ID]; ok {
		info.Leaving = Leaving(&w)
	}
	return info
}

// Leaving prefers what was counted to PD's own estimate, which starts over at
// a change of its leader and has no basis before 6.1.
func Leaving(w *decommission.StoreWatch) *LeavingInfo {
	info := &LeavingInfo{Basis: "counted"}
	if w.InitialRegions > w.Regions {
		fraction := float64(w.InitialRegions-w.Regions) / float64(w.InitialRegions)
		info.Fraction = &fraction
	}
	if w.PerSecond > 0 {
		eta := w.ETA.Seconds()
		info.RegionsPerSecond, info.ETASeconds = &w.PerSecond, &eta
	}
	if w.PD == nil || w.PerSecond > 0 {
		return info
	}
	info.Basis = "pd"
	if info.Fraction == nil && w.PD.Fraction >= 0 && w.PD.Fraction <= 1 {
		info.Fraction = &w.PD.Fraction
	}
	if w.PD.Left > 0 && w.PD.SpeedMiB > 0 {
		eta := w.PD.Left.Seconds()
		info.ETASeconds = &eta
		if w.RegionSizeMiB > 0 {
			rate := w.PD.SpeedMiB * float64(w.Regions) / float64(w.RegionSizeMiB)
			info.RegionsPerSecond = &rate
		}
	}
	return info
}

func portsText(ports []int) string {
	parts := make([]string, 0, len(ports))
	for _, p := range ports {
		parts = append(parts, strconv.Itoa(p))
	}
	return strings.Join(parts, "/")
}

func labelsText(labels []cluster.Label) string {
	parts := make([]string, 0, len(labels))
	for _, l := range labels {
		parts = append(parts, fmt.Sprintf("%s=%s", l.Key, l.Value))
	}
	slices.Sort(parts)
	return strings.Join(parts, ",")
}
