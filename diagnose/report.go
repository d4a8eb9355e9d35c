package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// Report is what the rules make of the evidence.
type Report struct {
	ReadAt    time.Time `json:"read_at"`
	ClusterID uint64    `json:"cluster_id,omitempty"`
	PDVersion string    `json:"pd_version,omitempty"`
	// Result is Problem, CouldNotLook or OK.
	Result Result `json:"result"`
	// Headline is the answer in one sentence.
	Headline string         `json:"headline"`
	Stores   []StoreSummary `json:"stores"`
	// Causes are those that hold now: problems first, and of these the ones that
	// block the most regions.
	Causes []Cause `json:"causes"`
	// Tails are the regions that are left, by store and class.
	Tails []Tail `json:"tails,omitempty"`
	Pace  *Paced `json:"pace,omitempty"`
	Bugs  []Bug  `json:"bugs,omitempty"`
	// Rules has what every rule said, in the order of their ids.
	Rules []Judged `json:"rules"`
}

// StoreSummary is one store that was asked about.
type StoreSummary struct {
	ID      cluster.StoreID `json:"id"`
	Address string          `json:"address"`
	Engine  cluster.Engine  `json:"engine"`
	State   string          `json:"state"`
	Regions int             `json:"regions"`
	Leaders int             `json:"leaders"`
	SizeMiB int64           `json:"size_mib"`
}

// Run judges the evidence by every rule. It is pure: the same evidence gives the
// same report.
func Run(ev *Evidence) *Report {
	v := newView(ev)
	r := &Report{ReadAt: v.now, PDVersion: v.snap.PDVersion, Causes: []Cause{}}
	if v.snap.Members != nil {
		r.ClusterID = v.snap.Members.ClusterID
	}
	rules := Rules()
	for i := range rules {
		judged, causes := rules[i].judge(v)
		r.Rules = append(r.Rules, judged)
		r.Causes = append(r.Causes, causes...)
	}
	rank(r.Causes)
	r.Pace = v.pace(r.Causes)
	r.Bugs = v.knownBugs()
	r.Tails = v.tails()
	for _, s := range v.subjects {
		r.Stores = append(r.Stores, v.summary(s))
	}
	r.Result = overall(r.Rules)
	r.Headline = v.headline(r)
	return r
}

func (v *view) summary(s *cluster.Store) StoreSummary {
	out := StoreSummary{
		ID: s.ID, Address: s.Address, Engine: s.Engine(), State: s.StateName,
		Regions: v.regionsOn(s), Leaders: s.LeaderCount, SizeMiB: s.RegionSizeMiB,
	}
	if t := v.ev.Tallies[s.ID]; t != nil && t.Err == "" {
		out.Leaders, out.SizeMiB = t.Leaders, t.SizeMiB
	}
	return out
}

// rank puts problems first, then what blocks more regions, then what is surer.
func rank(causes []Cause) {
	slices.SortStableFunc(causes, func(a, b Cause) int {
		return cmp.Or(
			-cmp.Compare(a.Severity, b.Severity), -cmp.Compare(a.Blocked, b.Blocked),
			cmp.Compare(a.Certainty, b.Certainty), cmp.Compare(a.ID, b.ID),
		)
	})
}

// overall: one problem is enough; else what could not be looked at keeps anybody
// from saying that nothing is wrong.
func overall(rules []Judged) Result {
	result := OK
	for i := range rules {
		switch rules[i].Result {
		case Problem:
			return Problem
		case CouldNotLook:
			result = CouldNotLook
		case OK, NotApplicable, Note, Pace:
		}
	}
	return result
}

func (v *view) headline(r *Report) string {
	switch r.Result {
	case Problem:
		n := 0
		for i := range r.Causes {
			if r.Causes[i].Severity == Problem {
				n++
			}
		}
		return fmt.Sprintf("%s found; first: %s", cluster.Plural(n, "problem"), r.Causes[0].Sentence)
	case CouldNotLook:
		return fmt.Sprintf("cannot tell: %s could not look", cluster.Plural(v.blind(r), "rule"))
	case OK, NotApplicable, Note, Pace:
	}
	switch {
	case len(v.subjects) == 0:
		return "nothing is wrong; no store is leaving"
	case v.allUp():
		return "nothing is wrong; nothing would keep " + named(v.subjects) + " from leaving"
	case !slices.ContainsFunc(v.subjects, func(s *cluster.Store) bool { return s.State != cluster.Tombstone }):
		return "nothing is wrong; " + named(v.subjects) + " left the cluster: Tombstone, and no region is on it"
	case v.remaining() == 0:
		return "nothing is wrong; no region is left, PD looks every ten seconds whether to say Tombstone"
	}
	return "nothing is wrong; " + r.Pace.String()
}

func named(stores []*cluster.Store) string {
	if len(stores) > 1 {
		return "these stores"
	}
	return fmt.Sprintf("store %d", stores[0].ID)
}

func (v *view) blind(r *Report) int {
	n := 0
	for i := range r.Rules {
		if r.Rules[i].Result == CouldNotLook {
			n++
		}
	}
	return n
}

// String is "limited by add-peer-limit; ETA 4m40s".
func (p *Paced) String() string {
	var parts []string
	if p.Limit != "" {
		parts = append(parts, "limited by "+p.Limit)
	}
	switch {
	case p.ETA > 0:
		parts = append(parts, fmt.Sprintf("ETA %s (%s)", clock(p.ETA), p.Basis))
	case p.AtLeast > 0:
		parts = append(parts, "at least "+clock(p.AtLeast)+" to go")
	default:
		parts = append(parts, "ETA not known")
	}
	return strings.Join(parts, "; ")
}
