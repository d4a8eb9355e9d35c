package diagnose

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// outsideRules compare PD with what is outside: the topology, TiDB, the hosts.
func outsideRules() []Rule {
	return []Rule{
		{
			ID: "D08", Name: "not-pruned", Title: "A store has left and is not cleaned up",
			Needs: []Field{FieldTopology}, look: notPruned,
		},
		{
			ID: "D09", Name: "stale-tiflash-rules", Title: "TiFlash rules of dropped tables are left behind",
			Needs: placementNeeds, wants: []Field{FieldTables, FieldRegions},
			scope: nobodyLeaves, skip: either(noShortTable, noTiDB), look: staleRules,
		},
		{
			ID: "D24", Name: "not-in-topology", Title: "PD has a store that the topology does not have",
			Needs: []Field{FieldTopology}, look: notInTopology,
		},
		{
			ID: "D23", Name: "process-state", Title: "The process of a store does not match its record",
			Needs: []Field{FieldHosts}, look: processState,
		},
		{
			ID: "D34", Name: "maintenance-running", Title: "Another run of ebb holds PD's lock for maintenance",
			Needs: []Field{FieldMaintenance}, versions: versions{since: "8.5.5"}, look: maintenanceRunning,
		},
	}
}

// noTiDB is why nobody knows which tables are there; names of tables are asked for
// only where they matter, so this comes last.
func noTiDB(v *view) string { return v.ev.Absent[FieldTables] }

func noShortTable(v *view) string {
	if len(v.shortTables()) == 0 {
		return "no TiFlash rule asks for more replicas than stores stay"
	}
	return ""
}

// notPruned: tiup cleans up only what it has marked as offline itself.
func notPruned(v *view) []Cause {
	var causes []Cause
	for _, n := range v.ev.Nodes {
		s := v.stores[n.StoreID]
		switch {
		case s == nil || v.wasUp[n.StoreID]:
		case s.State == cluster.Tombstone:
			causes = append(causes, Cause{
				Severity: Note, Certainty: Certain, Stores: []cluster.StoreID{s.ID},
				Sentence: fmt.Sprintf("%s has left and waits to be cleaned up", s),
				Evidence: []string{fmt.Sprintf("stores: Tombstone; topology: node %s, offline: %t", n.ID, n.Offline)},
				Next:     "ebb prune CLUSTER -N " + s.ID.String() + " --dry-run", Risk: "none: a dry run changes nothing",
			})
		case s.State == cluster.Offline && !n.Offline:
			causes = append(causes, Cause{
				Severity: Note, Certainty: Certain, Stores: []cluster.StoreID{s.ID},
				Sentence: fmt.Sprintf("%s leaves, but the topology does not mark it: tiup cluster prune will pass it over", s),
				Evidence: []string{fmt.Sprintf("stores: Offline; topology: node %s has no offline: true", n.ID)},
				Next:     "when it is Tombstone: ebb prune CLUSTER -N " + s.ID.String(), Risk: "deletes its data, after looking at every region again",
			})
		}
	}
	return causes
}

func (v *view) inTopology(id cluster.StoreID) bool {
	return slices.ContainsFunc(v.ev.Nodes, func(n Node) bool { return n.StoreID == id })
}

// removedWithoutPD: nobody will start such a store again.
func (v *view) removedWithoutPD(s *cluster.Store) bool {
	return v.ev.Nodes != nil && !v.inTopology(s.ID) && s.State == cluster.Up && !v.wasUp[s.ID] && !s.Live(v.now)
}

// notInTopology: a delete that PD refused, and a tool that went on all the same.
func notInTopology(v *view) []Cause {
	var causes []Cause
	for i := range v.snap.Stores {
		s := &v.snap.Stores[i]
		if v.inTopology(s.ID) || s.State == cluster.Tombstone {
			continue
		}
		c := Cause{
			Severity: Note, Certainty: Possible, Stores: []cluster.StoreID{s.ID},
			Sentence: fmt.Sprintf("%s is not in the topology", s),
			Evidence: []string{"stores: " + s.StateName + ", " + v.silence(s)},
			Next:     "ebb display CLUSTER", Risk: "none: it only looks",
		}
		if v.removedWithoutPD(s) {
			c.Severity, c.Certainty = Problem, Likely
			c.Sentence = fmt.Sprintf("%s is Up for PD, silent, and not in the topology: it was removed without PD", s)
			c.Next, c.Risk = fmt.Sprintf("ebb scale-in CLUSTER -N %d --dry-run", s.ID), "none: a dry run changes nothing"
		}
		causes = append(causes, c)
	}
	return causes
}

// processState compares the units on the hosts with the heartbeats.
func processState(v *view) []Cause {
	var causes []Cause
	for _, id := range sortedKeys(v.ev.Hosts) {
		h, s := v.ev.Hosts[id], v.stores[id]
		if s == nil || h.Err != "" {
			continue
		}
		c := Cause{
			Severity: Problem, Certainty: Certain, Stores: []cluster.StoreID{id},
			Evidence: []string{fmt.Sprintf("ssh: unit %s, running: %t; stores: %s, %s", h.Unit, h.Running, s.StateName, v.silence(s))},
		}
		age, heard := s.HeartbeatAge(v.now)
		switch {
		case h.Running && s.State == cluster.Tombstone:
			c.Sentence = fmt.Sprintf("%s is Tombstone, but its process runs", s)
			c.Next, c.Risk = "ebb prune CLUSTER -N "+id.String()+" --dry-run", "none: a dry run changes nothing"
		case h.Running && heard && age > cluster.DisconnectedAfter:
			c.Sentence = fmt.Sprintf("the process of %s runs, but PD does not hear it", s)
			c.Next, c.Risk = "look at its log: it may hang, or not reach PD", "do not force its removal: it holds live data"
		case !h.Running && s.State != cluster.Tombstone && v.regionsOn(s) > 0:
			c.Sentence = fmt.Sprintf("the process of %s does not run, and %s left on it", s, cluster.Agree(v.regionsOn(s), "region", "is", "are"))
			c.Next, c.Risk = "start it: systemctl start "+h.Unit, "none while its data is the original"
		default:
			continue
		}
		causes = append(causes, c)
	}
	return causes
}

// maintenanceRunning: PD has one such lock for a cluster (RFC 0118). A run that
// was cut off leaves its task behind.
func maintenanceRunning(v *view) []Cause {
	var causes []Cause
	for _, task := range v.ev.Maintenance {
		causes = append(causes, Cause{
			Severity: Note, Certainty: Certain,
			Sentence: fmt.Sprintf("a task of ebb holds PD's lock for maintenance: %s (%s)", task.Description, task.ID),
			Evidence: []string{fmt.Sprintf("maintenance/%s: task %s", task.Type, task.ID)},
			Next:     "look at that machine with ebb audit", Risk: "none: it only looks",
		})
	}
	return causes
}
