package cmd

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/topology"
	"ebb/topology/file"
)

// pruneTargets resolves where the services and the data of nodes are, and which
// of their directories are theirs alone.
func pruneTargets(t *target, nodes []topology.Node) ([]decommission.PruneTarget, error) {
	var ids []string
	for i := range nodes {
		ids = append(ids, nodes[i].Instance.ID)
	}
	others, objection := otherTopologies(t)
	plans, err := topology.PlanDeletions(t.topology, ids, others)
	if err != nil {
		return nil, err
	}
	targets := make([]decommission.PruneTarget, len(nodes))
	for i := range nodes {
		targets[i] = pruneTarget(t.topology, &nodes[i], &plans[i])
		if objection != "" {
			targets[i].Objections = append(targets[i].Objections, objection)
		}
	}
	return targets, nil
}

func pruneTarget(t *topology.Topology, n *topology.Node, plan *topology.DeletionPlan) decommission.PruneTarget {
	instance := n.Instance
	target := decommission.PruneTarget{
		StoreID: n.Store.ID, Address: n.Store.Address, Node: instance.ID,
		Host: hostAddress(instance), Listen: listenAddresses(instance), Ports: instance.Ports, Unit: instance.Unit,
		UserUnits: t.Global.SystemdMode == topology.UserUnits,
		DeployDir: instance.DeployDir, Others: plan.Others, StatusAddress: instance.StatusAddress,
	}
	var exporterDirs []decommission.PruneDir
	for _, d := range plan.Deletions {
		dir := decommission.PruneDir{Path: d.Path, Kind: string(d.Why)}
		if d.Why == topology.ExporterDir {
			exporterDirs = append(exporterDirs, dir)
		} else {
			target.Dirs = append(target.Dirs, dir)
		}
	}
	for i, unit := range plan.ExporterUnits {
		exporter := decommission.PruneExporter{Unit: unit}
		if i == len(plan.ExporterUnits)-1 {
			exporter.Dirs = exporterDirs // they share them, so they go with the last one
		}
		target.Exporters = append(target.Exporters, exporter)
	}
	for _, refusal := range plan.Refused {
		target.Objections = append(target.Objections, refusal.String())
	}
	for i := range n.Candidates {
		target.Objections = append(target.Objections, fmt.Sprintf("PD also has store %d at its address: nobody can tell whose data lies there", n.Candidates[i].ID))
	}
	return target
}

// revisit looks again at a target that an earlier run left for later: its place
// may be taken by now, by a store at its address or by any instance on its host.
func revisit(t *target, snap *cluster.Snapshot, old decommission.PruneTarget) decommission.PruneTarget {
	now := old
	now.Objections = slices.Clone(old.Objections)
	object := func(text string) {
		if !slices.Contains(now.Objections, text) {
			now.Objections = append(now.Objections, text)
		}
	}
	for i := range snap.Stores {
		if s := &snap.Stores[i]; s.ID != old.StoreID && s.State != cluster.Tombstone && topology.SameAddress(s.Address, old.Address) {
			object(fmt.Sprintf("store %d (%s) is %s at its address now", s.ID, s.Address, s.StateName))
		}
	}
	others, objection := otherTopologies(t)
	if objection != "" {
		object(objection)
	}
	var dirs []string
	for _, d := range old.Dirs {
		dirs = append(dirs, d.Path)
	}
	machine, _, err := net.SplitHostPort(old.Host)
	if err != nil {
		machine = old.Host
	}
	host := machine
	if len(old.Listen) > 0 {
		host = old.Listen[0]
	}
	plan := topology.PlanLateDeletion(t.topology, old.Address, host, machine, dirs, others)
	for _, refusal := range plan.Refused {
		object(refusal.String())
	}
	if plan.ExportersStay != "" {
		now.Exporters = nil
	}
	now.Others = slices.Clone(old.Others)
	for _, dir := range plan.Others {
		if !slices.Contains(now.Others, dir) {
			now.Others = append(now.Others, dir)
		}
	}
	return now
}

// listenAddresses are where the process of an instance may listen.
func listenAddresses(instance *topology.Instance) []string {
	return []string{instance.Host, instance.ListenHost}
}

// otherTopologies are those of the other clusters that tiup manages from here,
// and of what it is adding to them. One that cannot be read is an objection: it
// may use the same directories.
func otherTopologies(t *target) (others []*topology.Topology, objection string) {
	paths, err := file.Tenants("")
	if err != nil {
		return nil, fmt.Sprintf("the other clusters of this tiup cannot be listed: %v", err)
	}
	for _, path := range paths {
		name := filepath.Base(filepath.Dir(path))
		f, err := file.Load(path)
		var parse *topology.ParseError
		switch {
		case err != nil && (!errors.As(err, &parse) || !parse.Conflicts):
			return nil, fmt.Sprintf("the topology of cluster %s cannot be read, and may use the same directories: %v", name, err)
		case f.Path != t.file.Path:
			f.Topology.ClusterName = name
			others = append(others, f.Topology)
		}
	}
	return others, ""
}
