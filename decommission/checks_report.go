package decommission

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// VerbCheck is the verb as errors name it.
const VerbCheck = "check"

// CheckReport answers two questions about a set of stores: may it leave, and what
// if it were lost now.
type CheckReport struct {
	SchemaVersion int       `json:"schema_version"`
	Type          string    `json:"type"` // "check"
	ClusterID     uint64    `json:"cluster_id"`
	PDVersion     string    `json:"pd_version"`
	PDLeader      string    `json:"pd_leader"`
	ReadAt        time.Time `json:"read_at"`
	// Stores are those that are asked about.
	Stores []PlannedStore `json:"stores"`
	Leave  LeaveReport    `json:"leave"`
	Loss   LossReport     `json:"loss"`
}

// LeaveReport says whether the stores may leave in order. Its findings are those
// of a scale-in.
type LeaveReport struct {
	Answer   cluster.Answer `json:"answer"`
	Findings []Finding      `json:"findings"`
	// Budget is nil when the placement rules could not be read.
	Budget    *Budget    `json:"failure_budget,omitempty"`
	Receivers []Receiver `json:"receivers,omitempty"`
	Estimate  *Estimate  `json:"estimate,omitempty"`
}

// LossReport says what would be if the stores were lost together at this moment,
// whatever else is dead already.
type LossReport struct {
	Answer   cluster.Answer `json:"answer"`
	Findings []Finding      `json:"findings"`
	Losses   *Losses        `json:"losses"`
}

// NewCheckReport answers both questions. It is pure.
func NewCheckReport(ev Evidence, losses *Losses, req Request) *CheckReport {
	c := newChecker(ev, targetIDs(req.Targets))
	plan := newPlan(VerbCheck, c, req)
	r := &CheckReport{
		SchemaVersion: PlanSchemaVersion, Type: VerbCheck, ClusterID: plan.ClusterID, PDVersion: plan.PDVersion,
		PDLeader: plan.PDLeader, ReadAt: plan.ReadAt, Stores: plan.Stores,
		Leave: LeaveReport{Findings: c.check(), Budget: c.budget(), Estimate: c.estimate()},
		Loss:  LossReport{Findings: losses.sudden(ev.Tables), Losses: losses},
	}
	if c.snap.Schedule != nil {
		r.Leave.Receivers = c.receiversWithRoom(c.freights())
	}
	r.Leave.Answer, r.Loss.Answer = answerOf(r.Leave.Findings), answerOf(r.Loss.Findings)
	return r
}

func answerOf(findings []Finding) cluster.Answer {
	switch Verdict(findings) {
	case OK:
		return cluster.Yes
	case Refused:
		return cluster.No
	}
	return cluster.CannotTell
}

// sudden words the losses for stores that still run.
func (l *Losses) sudden(tables map[int64]TableName) []Finding {
	findings := l.findings()
	for i := range findings {
		f := &findings[i]
		if f.Check == checkMajority && f.Result == Refused {
			f.Fix = "keep the stores running; when they are to go, let them leave in order: ebb scale-in"
		}
		if f.Check == checkMajority && f.Result == OK {
			if n := l.count(cluster.LossElects); n > 0 {
				f.Summary = fmt.Sprintf("of %s with a peer there, none loses its majority; %d elect another leader", cluster.Plural(l.Regions, "region"), n)
			}
		}
	}
	if l.Err == nil {
		if names := l.tableNames(tables); names != "" {
			findings = append(findings, Finding{
				Check: "tables", Result: Warning, Stores: l.Stores, Summary: "among the examples are regions of " + names,
			})
		}
	}
	return findings
}

func (l *Losses) count(reason cluster.LossReason) int {
	for i := range l.Groups {
		if l.Groups[i].Reason == reason {
			return l.Groups[i].Count
		}
	}
	return 0
}

// Tables are the tables of the examples that would be lost or lose their last
// TiFlash replica.
func (l *Losses) Tables() []int64 {
	var ids []int64
	add := func(g *LossGroup) {
		for i := range g.Examples {
			if id := g.Examples[i].TableID; id != nil && !slices.Contains(ids, *id) {
				ids = append(ids, *id)
			}
		}
	}
	for i := range l.Groups {
		if l.Groups[i].Answer != cluster.Yes {
			add(&l.Groups[i])
		}
	}
	add(&l.LastTiFlash)
	return ids
}

// tableNames lists the tables that somebody knows the name of; the others are
// shown by id with their regions.
func (l *Losses) tableNames(tables map[int64]TableName) string {
	var names []string
	for _, id := range l.Tables() {
		if name, ok := tables[id]; ok && name.Table != "" {
			names = append(names, fmt.Sprintf("%s.%s (table %d)", name.Schema, name.Table, id))
		}
	}
	return few(names)
}
