package render

import (
	"fmt"
	"strings"
	"time"

	"ebb/cluster"
)

// Display is the JSON document of display.
type Display struct {
	SchemaVersion int            `json:"schema_version"`
	Type          string         `json:"type"` // "display"
	Cluster       DisplayCluster `json:"cluster"`
	Nodes         []Node         `json:"nodes"`
	// Notes are what the nodes together call for, one sentence each.
	Notes []string `json:"notes"`
}

// DisplayCluster is the head of display.
type DisplayCluster struct {
	Name      string     `json:"name,omitempty"`
	ID        uint64     `json:"id,omitempty"`
	Version   string     `json:"version,omitempty"`
	PDVersion string     `json:"pd_version,omitempty"`
	PDLeader  string     `json:"pd_leader,omitempty"`
	ReadAt    *time.Time `json:"read_at"`
}

// NewDisplay makes the document. Only nodes for which keep is true are listed;
// the notes are about all of them.
func NewDisplay(schemaVersion int, inv *Inventory, keep func(*Node) bool) *Display {
	all := inv.Nodes()
	d := &Display{SchemaVersion: schemaVersion, Type: "display", Nodes: []Node{}, Notes: notes(inv, all)}
	d.Cluster.Name = inv.Cluster
	if inv.Topology != nil {
		d.Cluster.Version = inv.Topology.Version
	}
	if snap := inv.Snapshot; snap != nil {
		d.Cluster.PDVersion, d.Cluster.ReadAt = snap.PDVersion, &snap.ReadAt
		if snap.Members != nil {
			d.Cluster.ID, d.Cluster.PDLeader = snap.Members.ClusterID, snap.Members.Leader.Name
		}
	}
	for i := range all {
		if keep(&all[i]) {
			d.Nodes = append(d.Nodes, all[i])
		}
	}
	return d
}

// notes names what waits for somebody, and where topology and PD drift apart.
func notes(inv *Inventory, nodes []Node) []string {
	list := []string{}
	var tombstones []string
	for i := range nodes {
		n := &nodes[i]
		switch {
		case len(n.Candidates) > 0:
			list = append(list, fmt.Sprintf("%s: PD has several stores at this address (ids %s); name one by its id", n.ID, joinIDs(n.Candidates)))
		case inv.Snapshot == nil:
		case n.Store == nil && n.InTopology && n.Offline && inv.Topology.Meta:
			list = append(list, fmt.Sprintf("%s is in the topology and marked offline, but PD has no store at its address: tiup cluster prune fails for all nodes because of it", n.ID))
		case n.Store == nil && n.InTopology && isStoreRole(n.Role):
			list = append(list, fmt.Sprintf("%s is in the topology, but PD has no store at its address", n.ID))
		case n.Store == nil:
		case n.Store.State == cluster.StateTombstone && n.InTopology:
			tombstones = append(tombstones, n.ID)
			if inv.Topology.Meta && !n.Offline {
				list = append(list, fmt.Sprintf("%s is not marked offline in the topology: tiup cluster prune passes it over; ebb prune does not", n.ID))
			}
		case inv.Topology != nil && n.InTopology && inv.Topology.Meta && n.Store.State == cluster.StateOffline && !n.Offline:
			list = append(list, fmt.Sprintf("%s is Offline, but not marked so in the topology, as tiup needs it for its prune; ebb scale-in -N %s marks it", n.ID, n.ID))
		case inv.Topology != nil && !n.InTopology:
			list = append(list, fmt.Sprintf("store %d (%s, %s) is known to PD, but is not in the topology", n.Store.ID, n.Store.Address, n.Store.State))
		case n.Offline && n.Store.State != cluster.StateOffline:
			list = append(list, fmt.Sprintf("%s is marked offline in the topology, but PD says %s", n.ID, n.Store.State))
		}
	}
	if len(tombstones) > 0 {
		list = append(list, fmt.Sprintf("Tombstone, waiting for prune: %s", strings.Join(tombstones, ", ")))
	}
	return list
}

func joinIDs(ids []cluster.StoreID) string {
	parts := make([]string, 0, len(ids))
	for _, id := range ids {
		parts = append(parts, id.String())
	}
	return strings.Join(parts, ", ")
}

func isStoreRole(role string) bool {
	return role == string(cluster.TiKV) || role == string(cluster.TiFlash)
}
