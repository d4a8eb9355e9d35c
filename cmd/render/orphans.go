package render

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/operators"
	"ebb/ui"
)

// Orphans is the JSON document of ebb orphans, and what its text is made of.
type Orphans struct {
	SchemaVersion int       `json:"schema_version"`
	Type          string    `json:"type"`
	ClusterID     uint64    `json:"cluster_id"`
	PDVersion     string    `json:"pd_version"`
	ReadAt        time.Time `json:"read_at"`
	// Regions is the number of all regions as PD counts them.
	Regions int                   `json:"regions"`
	Stores  []operators.GoneStore `json:"stores"`
	Summary operators.Summary     `json:"summary"`
	// FullScan is nil without --full-scan.
	FullScan    *operators.Tally   `json:"full_scan,omitempty"`
	Differences []string           `json:"differences,omitempty"`
	Orphans     []operators.Orphan `json:"orphans"`
}

// shownOrphans is how many peers a terminal shows unless all are asked for.
const shownOrphans = 20

var orphanStyles = map[operators.Verdict]ui.Style{
	operators.Safe: ui.Green, operators.Wait: ui.Green, operators.Hold: ui.Yellow, operators.Refuse: ui.Red,
}

// Write prints counts and reasons and then the peers on a terminal, and nothing
// but the peers, one a line, in a pipe.
func (l *Orphans) Write(o *ui.Output, all bool) error {
	if !o.IsTerminal() {
		return orphanTable(l.Orphans).Write(o)
	}
	p := &printer{o: o}
	p.hang(o.Paint(ui.Bold, "orphan peers: "), readFrom(l.ClusterID, l.PDVersion, "", l.ReadAt)+"; "+ui.Counted(l.Regions, "region"))
	if t := l.FullScan; t != nil {
		p.hang("full scan: ", fmt.Sprintf("%s; %s with a live majority, %s without, %s nobody can tell of, %s in a joint state",
			ui.Counted(t.Regions, "region"), ui.Count(int64(t.Majority)), countOf(t.NoMajority), countOf(t.CannotTell), countOf(t.Joint)))
	}
	for _, d := range l.Differences {
		p.hang(o.Paint(ui.Red, "differs: "), ui.Clean(d))
	}
	if len(l.Orphans) == 0 {
		p.hang("", "no region has a peer on a store that is gone")
		return errors.Join(p.errs...)
	}
	parts := []*ui.Table{goneTable(l.Stores, l.Summary.Stores), reasonTable(l.Summary.Reasons)}
	if len(l.Summary.Tables) > 1 || len(l.Summary.Tables) == 1 && l.Summary.Tables[0].TableID != 0 {
		parts = append(parts, tableTable(l.Summary.Tables, all))
	}
	shown := l.Orphans
	if !all && len(shown) > shownOrphans {
		shown = shown[:shownOrphans]
	}
	for _, t := range append(parts, orphanTable(shown)) {
		p.printf("\n")
		p.table(t)
	}
	if hidden := len(l.Orphans) - len(shown); hidden > 0 {
		p.printf("and %s more; --all shows them\n", ui.Count(int64(hidden)))
	}
	p.insteads(l.Summary.Reasons)
	return errors.Join(p.errs...)
}

func countOf(c cluster.RegionCount) string {
	text := ui.Count(int64(c.Count))
	if len(c.Examples) > 0 {
		text += " (" + regionList(c.Examples, c.Count) + ")"
	}
	return text
}

func regionList(ids []cluster.RegionID, total int) string {
	parts := make([]string, 0, len(ids)+1)
	for _, id := range ids {
		parts = append(parts, id.String())
	}
	if total > len(ids) {
		parts = append(parts, "...")
	}
	return strings.Join(parts, ", ")
}

func verdictWord(v operators.Verdict) ui.Cell {
	return ui.Cell{Text: strings.ToUpper(v.String()), Raw: v.String(), Style: orphanStyles[v]}
}

func goneTable(gone []operators.GoneStore, counts []operators.StoreCount) *ui.Table {
	byID := make(map[cluster.StoreID]operators.Count)
	for i := range counts {
		byID[counts[i].StoreID] = counts[i].Count
	}
	t := ui.NewTable(
		ui.Column{Name: "Store", Align: ui.Right}, ui.Column{Name: "State"}, ui.Column{Name: "Address", Min: 12, Drop: 2, Optional: true},
		ui.Column{Name: "Peers", Align: ui.Right}, ui.Column{Name: "Safe", Align: ui.Right}, ui.Column{Name: "Wait", Align: ui.Right},
		ui.Column{Name: "Hold", Align: ui.Right}, ui.Column{Name: "Refuse", Align: ui.Right}, ui.Column{Name: "Process", Optional: true, Drop: 1})
	for i := range gone {
		g := &gone[i]
		n := byID[g.ID]
		process := "-"
		if g.Answers != "" {
			process = "answers at " + g.Answers
		}
		t.Row(ui.Text(g.ID.String()), ui.Text(g.State), ui.Text(orDash(g.Address)), ui.Number(int64(n.Total())), ui.Number(int64(n.Safe)),
			ui.Number(int64(n.Wait)), ui.Number(int64(n.Hold)), ui.Number(int64(n.Refuse)), ui.Text(process))
	}
	return t
}

func reasonTable(reasons []operators.ReasonCount) *ui.Table {
	t := ui.NewTable(ui.Column{Name: "Verdict"}, ui.Column{Name: "Peers", Align: ui.Right}, ui.Column{Name: "Reason", Min: 30, Wrap: true})
	for _, r := range reasons {
		t.Row(verdictWord(r.Verdict), ui.Number(int64(r.Count)), ui.Text(r.Reason.Text()))
	}
	return t
}

// tableTable shows all tables, or those with the most orphans.
func tableTable(tables []operators.TableCount, all bool) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Table", Min: 20}, ui.Column{Name: "Peers", Align: ui.Right}, ui.Column{Name: "Safe", Align: ui.Right},
		ui.Column{Name: "Wait", Align: ui.Right}, ui.Column{Name: "Hold", Align: ui.Right}, ui.Column{Name: "Refuse", Align: ui.Right})
	shown := tables
	if !all && len(tables) > shownOrphans {
		shown = slices.SortedStableFunc(slices.Values(tables), func(a, b operators.TableCount) int { return cmp.Compare(b.Total(), a.Total()) })[:shownOrphans]
	}
	for i := range shown {
		n := &shown[i]
		t.Row(ui.Text(tableName(n.TableID, n.Name)), ui.Number(int64(n.Total())), ui.Number(int64(n.Safe)),
			ui.Number(int64(n.Wait)), ui.Number(int64(n.Hold)), ui.Number(int64(n.Refuse)))
	}
	if hidden := len(tables) - len(shown); hidden > 0 {
		t.Row(ui.Text(fmt.Sprintf("and %s more", ui.Counted(hidden, "table"))))
	}
	return t
}

func tableName(id int64, name string) string {
	switch {
	case id == 0:
		return "(no table)"
	case name == "":
		return fmt.Sprintf("table %d", id)
	}
	return ui.Clean(name)
}

func orphanTable(list []operators.Orphan) *ui.Table {
	t := ui.NewTable(
		ui.Column{Name: "Region", Align: ui.Right}, ui.Column{Name: "Store", Align: ui.Right}, ui.Column{Name: "Peer", Align: ui.Right, Drop: 4},
		ui.Column{Name: "Role", Drop: 3}, ui.Column{Name: "Leader", Align: ui.Right, Drop: 2}, ui.Column{Name: "Live", Align: ui.Right},
		ui.Column{Name: "Table", Align: ui.Right, Drop: 5, Optional: true}, ui.Column{Name: "Verdict"}, ui.Column{Name: "Reason", Min: 41})
	for i := range list {
		o := &list[i]
		table := ui.Cell{Text: fmt.Sprint(o.TableID)}
		if o.TableID == 0 {
			table = ui.Cell{Text: "-", Raw: "0"}
		}
		t.Row(ui.Text(o.RegionID.String()), ui.Text(o.StoreID.String()), ui.Text(fmt.Sprint(o.PeerID)), ui.Text(o.Role.String()),
			ui.Text(o.Leader.String()), ui.Text(fmt.Sprintf("%d/%d", o.Votes.Live, o.Votes.Voters)), table,
			verdictWord(o.Verdict), ui.Cell{Text: o.Reason.Text(), Raw: string(o.Reason)})
	}
	return t
}

// insteads says what to do about the peers that are not safe to remove.
func (p *printer) insteads(reasons []operators.ReasonCount) {
	p.printf("\n")
	for _, r := range reasons {
		text := r.Reason.Instead()
		if text == "" {
			continue
		}
		p.hang(p.o.Paint(orphanStyles[r.Verdict], strings.ToUpper(r.Verdict.String()))+"  ", r.Reason.Text())
		p.hang("      ", text)
	}
}
