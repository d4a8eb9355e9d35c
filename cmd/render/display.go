package render

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/ui"
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
		case n.Store == nil && n.InTopology && isStoreRole(n.Role):
			list = append(list, fmt.Sprintf("%s is in the topology, but PD has no store at its address", n.ID))
		case n.Store == nil:
		case n.Store.State == cluster.StateTombstone && n.InTopology:
			tombstones = append(tombstones, n.ID)
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

// Table lays the nodes out in tiup's columns and order, with PD's figures after
// the status.
func (d *Display) Table(labels bool) *ui.Table {
	leaving := false
	for i := range d.Nodes {
		leaving = leaving || d.Nodes[i].Store != nil && d.Nodes[i].Store.Leaving != nil
	}
	t := ui.NewTable(d.columns(labels, leaving)...)
	for i := range d.Nodes {
		t.Row(cells(&d.Nodes[i], labels, leaving)...)
	}
	return t
}

func (d *Display) columns(labels, leaving bool) []ui.Column {
	columns := []ui.Column{
		{Name: "ID"},
		{Name: "Role", Drop: 1},
		{Name: "Host", Drop: 7},
		{Name: "Ports", Drop: 6, Min: 12},
		{Name: "OS/Arch", Drop: 8},
		{Name: "Status"},
		{Name: "Store ID", Align: ui.Right},
		{Name: "Leaders", Align: ui.Right, Drop: 4},
		{Name: "Regions", Align: ui.Right},
		{Name: "Size", Align: ui.Right, Drop: 3},
		{Name: "Heartbeat", Align: ui.Right, Drop: 2},
	}
	if leaving {
		columns = append(columns,
			ui.Column{Name: "Left", Align: ui.Right},
			ui.Column{Name: "Rate", Align: ui.Right, Drop: 5},
			ui.Column{Name: "ETA", Align: ui.Right})
	}
	if labels {
		columns = append(columns, ui.Column{Name: "Labels", Min: 12})
	}
	return append(columns,
		ui.Column{Name: "Data Dir", Drop: 9, Min: 24, CutStart: true},
		ui.Column{Name: "Deploy Dir", Drop: 10, Min: 24, CutStart: true})
}

func cells(n *Node, labels, leaving bool) []ui.Cell {
	dash := ui.Cell{Text: "-"}
	row := []ui.Cell{
		ui.Text(n.ID), ui.Text(n.Role), ui.Text(n.Host), ui.Text(portsText(n.Ports)), ui.Text(n.OSArch),
		ui.Styled(n.Status, StatusStyle(n.Status)),
	}
	if s := n.Store; s != nil {
		row = append(row, ui.Text(s.ID.String()), ui.Number(int64(s.Leaders)), ui.Number(int64(s.Regions)),
			ui.Size(uint64(max(s.RegionSizeMiB, 0))*cluster.MiB), heartbeatCell(s))
	} else {
		row = append(row, dash, dash, dash, dash, dash)
	}
	if leaving {
		row = append(row, leavingCells(n.Store)...)
	}
	if labels {
		cell := dash
		if n.Store != nil {
			cell = ui.Text(labelsText(n.Store.Labels))
		}
		row = append(row, cell)
	}
	return append(row, ui.Text(strings.Join(n.DataDirs, ",")), ui.Text(n.DeployDir))
}

func heartbeatCell(s *StoreInfo) ui.Cell {
	if s.HeartbeatAge == nil {
		return ui.Cell{Text: "never"}
	}
	age := time.Duration(*s.HeartbeatAge * float64(time.Second))
	cell := ui.Cell{Text: ui.Age(age), Raw: strconv.FormatFloat(*s.HeartbeatAge, 'f', 0, 64)}
	if age > cluster.DisconnectedAfter && s.State != cluster.StateTombstone {
		cell.Style = ui.Red
	}
	return cell
}

// leavingCells are the share still to go, the rate and the time left.
func leavingCells(s *StoreInfo) []ui.Cell {
	left, rate, eta := ui.Cell{Text: "-"}, ui.Cell{Text: "-"}, ui.Cell{Text: "-"}
	if s == nil || s.Leaving == nil {
		return []ui.Cell{left, rate, eta}
	}
	if f := s.Leaving.Fraction; f != nil {
		left = ui.Cell{Text: fmt.Sprintf("%.1f%%", (1-*f)*100), Raw: strconv.FormatFloat(1-*f, 'f', 4, 64)}
	}
	if r := s.Leaving.RegionsPerSecond; r != nil {
		rate = ui.Cell{Text: ui.Rate(*r), Raw: strconv.FormatFloat(*r, 'f', 3, 64)}
	}
	if e := s.Leaving.ETASeconds; e != nil {
		eta = ui.Cell{Text: ui.Duration(time.Duration(*e * float64(time.Second))), Raw: strconv.FormatFloat(*e, 'f', 0, 64)}
	}
	return []ui.Cell{left, rate, eta}
}

// StatusStyle gives a status the colour that tiup gives it.
func StatusStyle(status string) ui.Style {
	switch strings.ToLower(status) {
	case "up|l", "up|l|ui":
		return ui.BrightGreen
	case "up", "up|ui":
		return ui.Green
	case "down", "down|ui", "err", "inactive", "ambiguous":
		return ui.Red
	case "tombstone", "disconnected", "n/a", "offline", "pending offline":
		return ui.Yellow
	}
	return ui.Plain
}
