package decommission

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ebb/cluster"
)

// History knows what stores were like before this tool changed them. ok is
// false when it has no record of the store in this cluster, or none of a leaving
// that still goes on.
type History func(id cluster.StoreID) (before UndoRecord, ok bool)

// ReturnedStore reads the name of a step in the journal: ok when it is one of
// those with which a cancel takes a store back.
func ReturnedStore(step string) (id cluster.StoreID, ok bool) {
	kind, text, _ := strings.Cut(step, "/")
	n, err := strconv.ParseUint(text, 10, 64)
	return cluster.StoreID(n), err == nil && (kind == string(StepSetUp) || kind == string(StepRestoreLimit))
}

// PlanCancel plans the way back of stores that are leaving: Up in PD, and then
// everything around it that scale-in or PD itself had changed. It is planned
// for stores that are Up again as well, so that a cancel that was cut short, or
// was made by another tool, can be completed.
func PlanCancel(snap *cluster.Snapshot, req Request, history History) *Plan {
	c := newChecker(Evidence{Snapshot: snap}, targetIDs(req.Targets))
	p := newPlan(VerbCancelOffline, c, req)
	for _, f := range c.pd() {
		// The way back is not barred by a bad word on some members: PD takes the
		// change or it does not.
		if f.Result == Refused && hasLeader(snap) {
			f.Result = Warning
		}
		p.Findings = append(p.Findings, f)
	}
	for _, s := range c.targets {
		p.Findings = append(p.Findings, cancelState(s))
	}
	if snap.Unread[cluster.FieldEvictLeader] != nil {
		p.Findings = append(p.Findings, c.unread("evict-leader", cluster.FieldEvictLeader, "the evict-leader scheduler"))
	}
	for i := range p.Stores {
		s := &p.Stores[i]
		before, recorded := history(s.ID)
		p.Steps = append(p.Steps, Step{
			Kind: StepSetUp, StoreID: s.ID, Done: s.State == cluster.Up, Undo: "ebb scale-in",
			Text: fmt.Sprintf("set %s Up in PD, which then leaves its regions where they are", s.name()),
		})
		p.planLimit(c, s, before, recorded)
		p.planStopEviction(s, before, recorded)
	}
	p.planMark(req, false)
	return p
}

// cancelState says for one store whether there is a way back.
func cancelState(s *cluster.Store) Finding {
	f := Finding{Check: "store-state", Result: OK, Stores: []cluster.StoreID{s.ID}}
	switch {
	case s.State == cluster.Tombstone:
		f.Result = Refused
		f.Summary = s.String() + " is Tombstone: its regions have moved away and PD never takes such a store back"
		f.Fix = "to use the host again, clear its data directory and start it as a new store: ebb prune, then tiup cluster scale-out"
	case s.PhysicallyDestroyed:
		f.Result = Refused
		f.Summary = s.String() + " was deleted by force (physically destroyed), which PD never takes back"
		f.Fix = "let it become Tombstone, then start the host as a new store with an empty data directory"
	case s.State == cluster.Up:
		f.Summary = s.String() + " is " + s.StateName + " already"
	default:
		f.Summary = fmt.Sprintf("%s is Offline with %s left", s, cluster.Plural(s.RegionCount, "region"))
	}
	return f
}

// planLimit puts the store's limits back. PD remembers them only in the memory
// of the leader that took the delete, and before 6.1 not at all, so a value of
// our own record comes first; without one the limits of the other stores are
// the best guess, and they are only used where PD left the store unlimited.
func (p *Plan) planLimit(c *checker, s *PlannedStore, before UndoRecord, recorded bool) {
	step := Step{Kind: StepRestoreLimit, StoreID: s.ID}
	unlimited := s.Limit != nil && s.Limit.RemovePeer >= cluster.LimitUnlimited
	switch {
	case recorded && before.Limit != nil:
		step.Limit = before.Limit
		step.Done = s.State == cluster.Up && s.Limit != nil && *s.Limit == *before.Limit
		step.Text = fmt.Sprintf("restore the limits of store %d as recorded: add-peer %g, remove-peer %g", s.ID, before.Limit.AddPeer, before.Limit.RemovePeer)
	case c.snap.Unread[cluster.FieldLimits] != nil:
		p.Findings = append(p.Findings, c.unread("store-limit", cluster.FieldLimits, "the store limits"))
		return
	case s.State == cluster.Up && !unlimited:
		return
	default:
		guess := c.commonLimit(s)
		step.Limit, step.Guessed = &guess, true
		step.Text = fmt.Sprintf("if PD leaves store %d unlimited: set add-peer %g, remove-peer %g, as the other stores have", s.ID, guess.AddPeer, guess.RemovePeer)
		p.Findings = append(p.Findings, Finding{
			Check: "store-limit", Result: Warning, Stores: []cluster.StoreID{s.ID},
			Summary: fmt.Sprintf("the old limits of store %d are not recorded on this machine", s.ID),
		})
	}
	p.Steps = append(p.Steps, step)
}

// commonLimit is the limit that most other Up stores of the engine have, the
// default of PD when there is none.
func (c *checker) commonLimit(s *PlannedStore) cluster.StoreLimit {
	votes := make(map[cluster.StoreLimit]int)
	best := cluster.DefaultStoreLimit(s.Engine)
	for _, other := range c.receiversOf(s.Engine) {
		limit, ok := c.snap.Limits[other.ID]
		if !ok || limit.RemovePeer >= cluster.LimitUnlimited {
			continue
		}
		votes[limit]++
		if votes[limit] > votes[best] {
			best = limit
		}
	}
	return best
}

// planStopEviction removes evict-leader unless the store had it before.
func (p *Plan) planStopEviction(s *PlannedStore, before UndoRecord, recorded bool) {
	if !s.EvictLeader || recorded && before.EvictLeader {
		return
	}
	p.Steps = append(p.Steps, Step{
		Kind: StepStopEviction, StoreID: s.ID,
		Text: fmt.Sprintf("remove %s from the evict-leader scheduler", s.name()),
	})
}

// PlanFinish plans what is left to do for stores that have become Tombstone:
// they need no evict-leader any more, and PD would keep it (4.0 to master).
func PlanFinish(snap *cluster.Snapshot, ids []cluster.StoreID) *Plan {
	req := Request{}
	for _, id := range ids {
		s := snap.Store(id)
		if s != nil && s.State == cluster.Tombstone && slices.Contains(snap.EvictLeader, id) {
			req.Targets = append(req.Targets, Target{StoreID: id})
		}
	}
	p := newPlan(VerbScaleIn, newChecker(Evidence{Snapshot: snap}, targetIDs(req.Targets)), req)
	for i := range p.Stores {
		p.planStopEviction(&p.Stores[i], UndoRecord{}, false)
	}
	return p
}
