package operators

import (
	"fmt"
	"time"
)

// PlanSchemaVersion is the version of the JSON form of a plan.
const PlanSchemaVersion = 1

// VerbApply is the verb as plans, errors and the journal name it.
const VerbApply = "orphans apply"

// Plan is which orphans will be removed, and what it was decided from.
type Plan struct {
	SchemaVersion int       `json:"schema_version"`
	Verb          string    `json:"verb"`
	ClusterID     uint64    `json:"cluster_id"`
	PDVersion     string    `json:"pd_version"`
	ReadAt        time.Time `json:"read_at"` // PD's clock
	// Removals are in the order of regions; those of one region are made one after
	// the other.
	Removals []Orphan `json:"removals"`
	// Left are the orphans that stay for now, with their reasons.
	Left []Orphan `json:"left"`
}

// NewPlan plans the removal of the safe orphans, and with includeWait of those
// that PD would repair by itself.
func NewPlan(s *Scene, orphans []Orphan, includeWait bool) *Plan {
	p := &Plan{
		SchemaVersion: PlanSchemaVersion, Verb: VerbApply, ClusterID: s.ClusterID, PDVersion: s.PDVersion, ReadAt: s.ReadAt,
		Removals: []Orphan{}, Left: []Orphan{},
	}
	for _, o := range orphans {
		if o.Verdict == Safe || includeWait && o.Verdict == Wait {
			p.Removals = append(p.Removals, o)
		} else {
			p.Left = append(p.Left, o)
		}
	}
	return p
}

// MovedError says that the cluster is no longer the one that the plan was made
// from. Nothing was changed.
type MovedError struct{ Was, Is uint64 }

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s: cluster id is %d, the plan was made for %d", VerbApply, e.Is, e.Was)
}
