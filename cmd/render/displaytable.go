package render

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/ui"
)

// Table lays the nodes out in tiup's columns and order, with PD's figures after
// the status.
func (d *Display) Table(labels bool) *ui.Table { return nodeTable(d.Nodes, labels) }

func nodeTable(nodes []Node, labels bool) *ui.Table {
	t := ui.NewTable(displayColumns(labels)...)
	for i := range nodes {
		t.Row(cells(&nodes[i], labels)...)
	}
	return t
}

// Fit is Table for a screen that has room for so many lines: when there are more
// nodes, those that somebody should look at are kept, and rest says how many are
// left out.
func (d *Display) Fit(labels bool, lines int) (t *ui.Table, rest string) {
	const head = 2 // the names and their underline
	room := max(lines-head, 1)
	if len(d.Nodes) <= room {
		return d.Table(labels), ""
	}
	room = max(room-1, 1) // for the rest
	var nodes []Node
	for need := range calm + 1 {
		for i := range d.Nodes {
			if d.Nodes[i].need() == need && len(nodes) < room {
				nodes = append(nodes, d.Nodes[i])
			}
		}
	}
	hidden := make(map[string]int)
	for i := range d.Nodes {
		hidden[d.Nodes[i].Status]++
	}
	for i := range nodes {
		hidden[nodes[i].Status]--
	}
	parts := make([]string, 0, len(hidden))
	for status, n := range hidden {
		if n > 0 {
			parts = append(parts, ui.Count(int64(n))+" "+status)
		}
	}
	slices.Sort(parts)
	return nodeTable(nodes, labels), fmt.Sprintf("and %s more: %s", ui.Count(int64(len(d.Nodes)-len(nodes))), strings.Join(parts, ", "))
}

// calm is the need of a node that is up.
const calm = 2

// need says how much a node needs somebody, 0 most: it is not heard of, it is on
// its way, it is up.
func (n *Node) need() int {
	switch status := n.Status; {
	case strings.HasPrefix(status, cluster.StateUp):
		return calm
	case strings.HasSuffix(status, cluster.StateOffline), status == cluster.StateTombstone:
		return 1
	}
	return 0
}

// displayColumns: the drop order is from what the ID says already to what tells
// how far a leaving store has come.
func displayColumns(labels bool) []ui.Column {
	columns := []ui.Column{
		{Name: "ID"},
		{Name: "Role", Drop: 6},
		{Name: "Host", Drop: 14, Optional: true},
		{Name: "Ports", Drop: 11, Min: 12, Optional: true},
		{Name: "OS/Arch", Drop: 13, Optional: true},
		{Name: "Status"},
		{Name: "Store ID", Align: ui.Right, Drop: 5},
		{Name: "Leaders", Align: ui.Right, Drop: 8},
		{Name: "Regions", Align: ui.Right, Drop: 4},
		{Name: "Size", Align: ui.Right, Drop: 7},
		{Name: "Heartbeat", Align: ui.Right, Drop: 6},
		{Name: "Left", Align: ui.Right, Drop: 1, Optional: true},
		{Name: "Rate", Align: ui.Right, Drop: 9, Optional: true},
		{Name: "ETA", Align: ui.Right, Drop: 2, Optional: true},
	}
	if labels {
		columns = append(columns, ui.Column{Name: "Labels", Min: 12, Drop: 3})
	}
	return append(columns,
		ui.Column{Name: "Data Dir", Drop: 10, Min: 24, CutStart: true, Optional: true},
		ui.Column{Name: "Deploy Dir", Drop: 12, Min: 24, CutStart: true, Optional: true})
}

func cells(n *Node, labels bool) []ui.Cell {
	dash := ui.Text("-")
	row := []ui.Cell{
		ui.Text(n.ID), ui.Text(orDash(n.Role)), ui.Text(orDash(n.Host)), ui.Text(orDash(portsText(n.Ports))), ui.Text(orDash(n.OSArch)),
		ui.Styled(n.Status, StatusStyle(n.Status)),
	}
	if s := n.Store; s != nil {
		row = append(row, ui.Text(s.ID.String()), ui.Number(int64(s.Leaders)), ui.Number(int64(s.Regions)),
			ui.Size(uint64(max(s.RegionSizeMiB, 0))*cluster.MiB), heartbeatCell(s))
	} else {
		row = append(row, dash, dash, dash, dash, dash)
	}
	row = append(row, leavingCells(n.Store)...)
	if labels {
		cell := dash
		if n.Store != nil {
			cell = ui.Text(orDash(labelsText(n.Store.Labels)))
		}
		row = append(row, cell)
	}
	return append(row, ui.Text(orDash(strings.Join(n.DataDirs, ","))), ui.Text(orDash(n.DeployDir)))
}

func heartbeatCell(s *StoreInfo) ui.Cell {
	if s.HeartbeatAge == nil {
		return ui.Cell{Text: "never", Raw: "-"}
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
		left = ui.Cell{Text: leftShare(*f), Raw: strconv.FormatFloat(1-*f, 'f', 4, 64)}
	}
	if r := s.Leaving.RegionsPerSecond; r != nil {
		rate = ui.Cell{Text: ui.Rate(*r), Raw: strconv.FormatFloat(*r, 'f', 3, 64)}
	}
	if e := s.Leaving.ETASeconds; e != nil {
		eta = ui.Cell{Text: ui.Duration(time.Duration(*e * float64(time.Second))), Raw: strconv.FormatFloat(*e, 'f', 0, 64)}
	}
	return []ui.Cell{left, rate, eta}
}

// leftShare rounds up: "0.0%" means that nothing is left.
func leftShare(done float64) string {
	return strconv.FormatFloat(math.Ceil((1-done)*1000-1e-9)/10, 'f', 1, 64) + "%"
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
