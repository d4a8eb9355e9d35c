package decommission

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// PrunePlan is what prune will do, with the targets that it was made from.
type PrunePlan struct {
	Plan
	Targets []PruneTarget `json:"targets"`
	// cleaned are the stores whose records may go with those of the targets.
	cleaned map[cluster.StoreID]bool
}

// PruneEvidence is all that a prune is decided from.
type PruneEvidence struct {
	Snapshot *cluster.Snapshot
	// Drained holds the findings of the second opinion on each store.
	Drained map[cluster.StoreID][]Finding
	// Hosts holds what the machines said, by store.
	Hosts map[cluster.StoreID]*HostEvidence
}

// PlanPrune plans the cleaning of stores that have left: first the machines,
// one after the other or in parallel, then the topology, and PD's records last,
// so that a run that is cut short still finds in PD and in the topology what is
// left to do.
func PlanPrune(ev PruneEvidence, req PruneRequest) *PrunePlan {
	var ids []Target
	for i := range req.Targets {
		ids = append(ids, Target{StoreID: req.Targets[i].StoreID, Node: req.Targets[i].Node})
	}
	c := newChecker(Evidence{Snapshot: ev.Snapshot}, targetIDs(ids))
	p := &PrunePlan{Plan: *newPlan(VerbPrune, c, Request{Targets: ids, Topology: req.Topology}), Targets: req.Targets, cleaned: req.Cleaned}
	p.Findings = append(p.Findings, c.pd()...)
	for i := range req.Targets {
		t := &req.Targets[i]
		p.Findings = append(p.Findings, ev.Drained[t.StoreID]...)
		e := ev.Hosts[t.StoreID]
		p.Findings = append(p.Findings, checkPruneTarget(t, e, &req)...)
		if e.Err != nil && !e.Unreachable {
			continue
		}
		if e.Err != nil {
			p.Steps = append(p.Steps, Step{
				Kind: StepCleanLater, StoreID: t.StoreID, Host: t.Host,
				Text: fmt.Sprintf("note that %s on %s is still to be cleaned: ebb prune does it when the host is back", t.name(), t.Host),
			})
			continue
		}
		p.planHost(t, e, &req)
	}
	for _, risk := range Accept(p.Findings, req.Risks) {
		p.Findings = append(p.Findings, unusedRisk(risk))
	}
	p.planRemoval(c, &req)
	return p
}

// planHost plans the steps on one machine for one target.
func (p *PrunePlan) planHost(t *PruneTarget, e *HostEvidence, req *PruneRequest) {
	p.planUnit(t, t.Unit, e.Unit)
	p.planDirs(t, e.Dirs, req)
	for i := range e.Exporters {
		p.planUnit(t, t.Exporters[i].Unit, e.Exporters[i].Unit)
		p.planDirs(t, e.Exporters[i].Dirs, req)
	}
}

func (p *PrunePlan) planUnit(t *PruneTarget, name string, u *Unit) {
	gone := !u.Exists()
	step := func(kind StepKind, done bool, format string, args ...any) {
		p.Steps = append(p.Steps, Step{Kind: kind, StoreID: t.StoreID, Host: t.Host, Unit: name, Done: done, Text: fmt.Sprintf(format, args...)})
	}
	step(StepStopUnit, gone || !u.Running(), "stop %s on %s", name, t.Host)
	if name == t.Unit {
		step(StepVerifyStopped, false, "verify that no process uses the directories of %s and that nothing listens on its ports", t.name())
	}
	step(StepDisableUnit, gone || u.File == "disabled" || u.File == "", "disable %s on %s", name, t.Host)
	step(StepRemoveUnitFile, gone || u.FragmentPath == "", "remove its unit file %s/%s and reload systemd", UnitDir(t.UserUnits), name)
	if !gone && u.FragmentPath != "" {
		p.Steps[len(p.Steps)-1].Path = u.FragmentPath
	}
}

func (p *PrunePlan) planDirs(t *PruneTarget, dirs []DirEvidence, req *PruneRequest) {
	for _, d := range dirs {
		step := Step{Kind: StepDelete, StoreID: t.StoreID, Host: t.Host, Path: d.Path, Bytes: d.Bytes, Done: !d.Exists}
		size := cluster.FormatBytes(d.Bytes)
		switch {
		case !d.Exists:
			step.Text = fmt.Sprintf("delete %s directory %s:%s", d.Kind, t.Host, d.Path)
		case req.KeepData:
			step.Kind, step.To = StepRename, d.Path+".ebb-"+req.Now.UTC().Format("20060102T150405")
			step.Text = fmt.Sprintf("rename %s directory %s:%s (%s) to %s", d.Kind, t.Host, d.Path, size, step.To)
		case d.MountPoint:
			step.Kind = StepEmpty
			step.Text = fmt.Sprintf("delete everything in %s directory %s:%s (%s), which is a mount point", d.Kind, t.Host, d.Path, size)
		default:
			step.Text = fmt.Sprintf("delete %s directory %s:%s (%s)", d.Kind, t.Host, d.Path, size)
		}
		p.Steps = append(p.Steps, step)
	}
}

// planRemoval ends the plan: the topology, then PD's records.
func (p *PrunePlan) planRemoval(c *checker, req *PruneRequest) {
	var nodes []string
	for i := range req.Targets {
		if req.Targets[i].Node != "" {
			nodes = append(nodes, req.Targets[i].Node)
		}
	}
	if req.Topology != "" && len(nodes) > 0 {
		p.Steps = append(p.Steps, Step{
			Kind: StepRemoveFromTopology, Nodes: nodes, Undo: "from the backup that is made beside it",
			Text: fmt.Sprintf("remove %s from %s", cluster.Plural(len(nodes), "node"), req.Topology),
		})
	}
	if slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == StepCleanLater }) {
		// A store whose record is gone, and whose host comes back with its unit and
		// its data, would register with PD again, Up and under its old id.
		p.Findings = append(p.Findings, Finding{
			Check: "records", Result: Warning,
			Summary: "PD's records stay until the hosts that are left for later are clean: without them PD would take these stores back when their hosts boot",
		})
		return
	}
	others := otherTombstones(c.snap.Stores, req.Targets, req.Cleaned)
	if len(others) > 0 {
		p.Findings = append(p.Findings, Finding{
			Check: "records", Result: Warning, Stores: cluster.StoreIDs(others),
			Summary:  "PD's records stay: PD removes all Tombstone stores at once, and there are others",
			Evidence: []string{storeNames(others)},
			Fix:      "prune those too; PD also drops such records by itself after 30 days (6.5 and later)",
		})
		return
	}
	gone := !slices.ContainsFunc(c.snap.Stores, isTombstone)
	p.Steps = append(p.Steps, Step{Kind: StepRemoveTombstone, Done: gone, Text: "remove the records of the Tombstone stores from PD"})
}

func isTombstone(s cluster.Store) bool { return s.State == cluster.Tombstone }

// RecordsLeft reports whether PD has records of nothing but stores whose hosts
// earlier runs have cleaned. A run that was cut off between the topology and PD
// leaves such, and only they tell that something is left to do.
func (r *PruneRequest) RecordsLeft(stores []cluster.Store) bool {
	return slices.ContainsFunc(stores, isTombstone) && len(otherTombstones(stores, nil, r.Cleaned)) == 0
}

// otherTombstones are the Tombstone records that remove-tombstone would take
// along without anybody having asked for it.
func otherTombstones(stores []cluster.Store, targets []PruneTarget, cleaned map[cluster.StoreID]bool) []*cluster.Store {
	var others []*cluster.Store
	for i := range stores {
		s := &stores[i]
		mine := slices.ContainsFunc(targets, func(t PruneTarget) bool { return t.StoreID == s.ID })
		if s.State == cluster.Tombstone && !mine && !cleaned[s.ID] {
			others = append(others, s)
		}
	}
	return others
}

func unusedRisk(risk string) Finding {
	return Finding{
		Check: "accept-risk", Result: Refused,
		Summary: fmt.Sprintf("--accept-risk=%s was given, but no check names that risk", risk),
		Fix:     "leave it out",
	}
}
