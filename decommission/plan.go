package decommission

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// PlanSchemaVersion is the version of the JSON form of a plan.
const PlanSchemaVersion = 1

// Target is a store that the user named.
type Target struct {
	StoreID cluster.StoreID
	// Node is the tiup ID (host:port) of the node in the topology, "" when the
	// store is in PD only.
	Node string
}

// Request is what the user asks for.
type Request struct {
	Targets []Target
	// EvictLeader also puts the stores under PD's evict-leader scheduler.
	EvictLeader bool
	// Risks are the names given with --accept-risk.
	Risks []string
	// Topology is the path of the topology file, "" when there is none to mark.
	Topology string
	// NodesMarked are the nodes whose offline flag is set in the topology.
	NodesMarked map[string]bool
}

// PlannedStore is the state of a store that the plan was made from. Apply
// compares it with the store as it is then.
type PlannedStore struct {
	ID            cluster.StoreID     `json:"store_id"`
	Address       string              `json:"address"`
	Node          string              `json:"node,omitempty"`
	Engine        cluster.Engine      `json:"engine"`
	State         cluster.StoreState  `json:"-"`
	StateName     string              `json:"state"`
	StartTime     time.Time           `json:"start_time"`
	Leaders       int                 `json:"leaders"`
	Regions       int                 `json:"regions"`
	RegionSizeMiB int64               `json:"region_size_mib"`
	Used          cluster.Size        `json:"used"`
	Limit         *cluster.StoreLimit `json:"limit,omitempty"` // nil when PD lists none for it
	EvictLeader   bool                `json:"evict_leader"`
}

// Plan is what will be done, and what it was decided from.
type Plan struct {
	SchemaVersion int            `json:"schema_version"`
	Verb          string         `json:"verb"`
	ClusterID     uint64         `json:"cluster_id"`
	PDVersion     string         `json:"pd_version"`
	PDLeader      string         `json:"pd_leader"`
	ReadAt        time.Time      `json:"read_at"`
	Topology      string         `json:"topology,omitempty"`
	Stores        []PlannedStore `json:"stores"`
	// CountsOn are the stores that a scale-in was judged safe with: Up, live and
	// staying. Apply refuses when one of them is not any more.
	CountsOn []cluster.StoreID `json:"counts_on,omitempty"`
	Steps    []Step            `json:"steps"`
	Findings []Finding         `json:"findings"`
	Estimate *Estimate         `json:"estimate,omitempty"`
}

// Changes counts the steps that are still to be made.
func (p *Plan) Changes() int {
	n := 0
	for i := range p.Steps {
		if !p.Steps[i].Done {
			n++
		}
	}
	return n
}

// EditsTopology reports whether a step that is still to be made edits the
// topology file.
func (p *Plan) EditsTopology() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return !s.Done && (s.Kind == StepMarkOffline || s.Kind == StepUnmarkOffline || s.Kind == StepRemoveFromTopology)
	})
}

// StoreIDs are the stores that the plan is about.
func (p *Plan) StoreIDs() []cluster.StoreID {
	ids := make([]cluster.StoreID, 0, len(p.Stores))
	for i := range p.Stores {
		ids = append(ids, p.Stores[i].ID)
	}
	return ids
}

// VerbScaleIn and VerbCancelOffline are the verbs as plans and errors name them.
const (
	VerbScaleIn       = "scale-in"
	VerbCancelOffline = "cancel-offline"
)

// PlanScaleIn plans the leaving of the targets. The plan is returned with all
// findings also when they refuse it; Err(plan.Findings) says whether they do.
func PlanScaleIn(ev Evidence, req Request) *Plan {
	leaving := targetIDs(req.Targets)
	c := newChecker(ev, leaving)
	p := newPlan(VerbScaleIn, c, req)
	p.Findings, p.CountsOn = Check(ev, leaving), cluster.StoreIDs(c.receivers)
	for _, risk := range Accept(p.Findings, req.Risks) {
		p.Findings = append(p.Findings, unusedRisk(risk))
	}
	p.Estimate = c.estimate()
	for i := range p.Stores {
		s := &p.Stores[i]
		p.Steps = append(p.Steps, Step{
			Kind: StepDeleteStore, StoreID: s.ID, Undo: undoOffline, Done: s.State == cluster.Offline,
			Text: fmt.Sprintf("set %s Offline in PD, which then moves its regions away", s.name()),
		})
	}
	if req.EvictLeader {
		p.planEviction()
	}
	p.planMark(req, true)
	return p
}

// planEviction skips TiFlash, which leads nothing.
func (p *Plan) planEviction() {
	for i := range p.Stores {
		s := &p.Stores[i]
		if s.Engine != cluster.TiKV {
			continue
		}
		p.Steps = append(p.Steps, Step{
			Kind: StepEvictLeader, StoreID: s.ID, Undo: undoEviction, Done: s.EvictLeader,
			Text: fmt.Sprintf("add %s to the evict-leader scheduler", s.name()),
		})
	}
}

// planMark keeps tiup's offline flag in step with PD.
func (p *Plan) planMark(req Request, offline bool) {
	var nodes []string
	done := true
	for _, t := range req.Targets {
		if t.Node != "" {
			nodes = append(nodes, t.Node)
			done = done && req.NodesMarked[t.Node] == offline
		}
	}
	if req.Topology == "" || len(nodes) == 0 {
		return
	}
	step := Step{
		Kind: StepMarkOffline, Nodes: nodes, Undo: "ebb cancel-offline", Done: done,
		Text: fmt.Sprintf("set offline: true for %s in %s", cluster.Plural(len(nodes), "node"), req.Topology),
	}
	if !offline {
		step.Kind, step.Undo = StepUnmarkOffline, ""
		step.Text = fmt.Sprintf("clear offline: true of %s in %s", cluster.Plural(len(nodes), "node"), req.Topology)
	}
	p.Steps = append(p.Steps, step)
}

func newPlan(verb string, c *checker, req Request) *Plan {
	p := &Plan{
		SchemaVersion: PlanSchemaVersion, Verb: verb, PDVersion: c.snap.PDVersion,
		ReadAt: c.snap.ReadAt, Topology: req.Topology,
	}
	if m := c.snap.Members; m != nil {
		p.ClusterID, p.PDLeader = m.ClusterID, m.Leader.Name
	}
	nodes := make(map[cluster.StoreID]string)
	for _, t := range req.Targets {
		nodes[t.StoreID] = t.Node
	}
	evicting := make(map[cluster.StoreID]bool)
	for _, id := range c.snap.EvictLeader {
		evicting[id] = true
	}
	for _, s := range c.targets {
		planned := PlannedStore{
			ID: s.ID, Address: s.Address, Node: nodes[s.ID], Engine: s.Engine(),
			State: s.State, StateName: s.StateName, StartTime: s.StartTime,
			Leaders: s.LeaderCount, Regions: c.regionCount(s), RegionSizeMiB: s.RegionSizeMiB,
			Used: s.Used, EvictLeader: evicting[s.ID],
		}
		if limit, ok := c.snap.Limits[s.ID]; ok {
			planned.Limit = &limit
		}
		p.Stores = append(p.Stores, planned)
	}
	return p
}

func (s *PlannedStore) name() string { return cluster.StoreName(s.ID, s.Address) }

func targetIDs(targets []Target) []cluster.StoreID {
	ids := make([]cluster.StoreID, 0, len(targets))
	for _, t := range targets {
		ids = append(ids, t.StoreID)
	}
	return ids
}
