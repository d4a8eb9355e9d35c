package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// memberStatus is tiup's word for a PD: "Up|L" leads, "|UI" serves the dashboard.
func (inv *Inventory) memberStatus(instance *topology.Instance) (status string, known bool) {
	if inv.Snapshot == nil || inv.Snapshot.Members == nil {
		return "N/A", false // PD was not heard, which does not make it dead
	}
	for _, m := range inv.Snapshot.Health {
		if m.Name != instance.Name && !servesAt(m.ClientURLs, instance) {
			continue
		}
		status = "Up"
		if !m.Healthy {
			status = "Down"
		} else if m.ID == inv.Snapshot.Members.Leader.ID {
			status += "|L"
		}
		if slices.Contains(m.ClientURLs, inv.Snapshot.DashboardURL) {
			status += "|UI"
		}
		return status, true
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
