package tune

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// PlanSchemaVersion is the version of the JSON form of a plan.
const PlanSchemaVersion = 1

// The verbs as plans, journals and errors name them.
const (
	VerbApply   = "tune apply"
	VerbRestore = "tune restore"
)

// Kind is what a change does.
type Kind string

// Kinds of changes.
const (
	Set     Kind = "set"
	Restore Kind = "restore"
)

// Change is one value to be set or put back.
type Change struct {
	Kind Kind `json:"kind"`
	Item
	Address string `json:"address,omitempty"` // of the store
	// Old is what the value was before anything was set here, Now what PD shows,
	// New what it will be.
	Old Value `json:"old"`
	Now Value `json:"now"`
	New Value `json:"new"`
	// Expires is set when PD drops the value by itself.
	Expires bool   `json:"expires"`
	Why     string `json:"why"`
	Undo    string `json:"undo,omitempty"`

	held *Held // what is put back, or set again
}

// ID tells the changes of a plan apart, as a step of the journal.
func (c *Change) ID() string {
	if c.Kind == Restore {
		return stepRestore + c.String()
	}
	return stepSet + c.String()
}

// Plan is what will be changed, and what that was decided from.
type Plan struct {
	SchemaVersion int       `json:"schema_version"`
	Verb          string    `json:"verb"`
	ClusterID     uint64    `json:"cluster_id"`
	PDVersion     string    `json:"pd_version"`
	ReadAt        time.Time `json:"read_at"`
	Profile       Profile   `json:"profile,omitempty"`
	// For is how long temporary values live, in whole seconds.
	For       time.Duration     `json:"for_ns,omitempty"`
	Leaving   []cluster.StoreID `json:"leaving,omitempty"`
	Receivers []cluster.StoreID `json:"receivers,omitempty"`
	Changes   []Change          `json:"changes"`
	Notes     []string          `json:"notes,omitempty"`
}

// SnapshotLimit is max-snapshot-count as it works once the plan is applied.
func (p *Plan) SnapshotLimit(snap *cluster.Snapshot) int {
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Setting == MaxSnapshotCount {
			n, _ := c.New.float()
			return int(n)
		}
	}
	return snap.Schedule.MaxSnapshotCount
}

func newPlan(verb string, snap *cluster.Snapshot) *Plan {
	p := &Plan{SchemaVersion: PlanSchemaVersion, Verb: verb, PDVersion: snap.PDVersion, ReadAt: snap.ReadAt}
	if snap.Members != nil {
		p.ClusterID = snap.Members.ClusterID
	}
	return p
}

// PlanApply turns a profile into changes that live for a time. What was set here
// before and is not of this profile is put back. Errors: *NothingLeavingError,
// *UnreadError.
func PlanApply(ev Evidence, profile Profile, live time.Duration) (*Plan, error) {
	v, err := newView(ev)
	if err != nil {
		return nil, err
	}
	if len(v.leaving) == 0 {
		return nil, &NothingLeavingError{}
	}
	p := newPlan(VerbApply, ev.Snapshot)
	p.Profile, p.For = profile, live
	p.Leaving, p.Receivers = ids(v.leaving), ids(v.receivers)
	planned := make(map[Item]bool)
	for _, w := range v.wishes(profile) {
		planned[w.Item] = true
		if c, ok := v.change(w, live); ok {
			p.Changes = append(p.Changes, c)
		}
	}
	for i := range ev.Held {
		if h := &ev.Held[i]; !planned[h.Item] {
			p.Changes = append(p.Changes, v.putBack(h, fmt.Sprintf("not part of %s", profile)))
		}
	}
	p.Notes = v.notes
	if len(v.receivers) == 0 {
		p.Notes = append(p.Notes, "no store is fit to receive regions: PD cannot move any, at whatever speed")
	}
	return p, nil
}

// wish is a value that a profile asks for.
type wish struct {
	Item
	value   Value
	address string
	why     string
}

// wishes are all values that the profile asks for here, whatever is set now.
func (v *view) wishes(profile Profile) []wish {
	var list []wish
	for _, s := range configSettings {
		if value := profile.Wants(s, ""); value != "" {
			list = append(list, wish{Item: Item{Setting: s}, value: value, why: reasons[s]})
		}
	}
	if v.limits {
		for _, s := range v.leaving {
			if s.State == cluster.Offline { // PD does it itself when a store goes Offline
				list = append(list, wish{
					Item: Item{RemovePeer, s.ID}, value: number(cluster.LimitUnlimited), address: s.Address,
					why: "a store that leaves should not be braked; somebody limited it after PD had lifted its limit",
				})
			}
		}
		for _, s := range v.receivers {
			list = append(list, wish{Item: Item{AddPeer, s.ID}, value: profile.Wants(AddPeer, s.Engine()), address: s.Address, why: reasons[AddPeer]})
		}
	}
	return append(list, v.evictionWishes(profile)...)
}

var reasons = map[Setting]string{
	ReplicaScheduleLimit: "how many regions PD moves off leaving stores at the same time",
	MaxSnapshotCount:     "PD sends nothing to a store that has more snapshots under way",
	MaxPendingPeerCount:  "PD sends nothing to a store that has more pending peers",
	PatrolRegionInterval: "how long PD takes to look at all regions once",
	AddPeer:              "how many regions a minute PD moves to this store",
}

// change compares a wish with what is; ok is false when there is nothing to do.
// What is as fast already is never touched, but what was set here is set again: a
// temporary value then lives for the whole time, and all of it is of this run.
func (v *view) change(w wish, live time.Duration) (c Change, ok bool) {
	h := v.held[w.Item]
	base := v.base(w.Item)
	if w.Setting.fasterOrSame(base, w.value) {
		if h == nil {
			return c, false
		}
		return v.putBack(h, "PD is as fast without"), true
	}
	c = Change{
		Kind: Set, Item: w.Item, Address: w.address, Old: base, Now: v.shows(w.Item), New: w.value,
		Expires: expires(v.release, w.Setting), Why: w.why, held: h,
	}
	c.Undo = undoText(&c, live, v.release)
	return c, true
}

func undoText(c *Change, live time.Duration, r cluster.Release) string {
	switch {
	case !c.Expires:
		return "ebb tune restore"
	case c.Setting.isLimit() && (!r.Known() || r.AtLeast(9, 0)):
		return fmt.Sprintf("expires by itself after %s if this PD can do that, else ebb tune restore", live)
	}
	return fmt.Sprintf("expires by itself after %s, or ebb tune restore", live)
}

// ids are the ids of the stores in order, never nil.
func ids(stores []*cluster.Store) []cluster.StoreID {
	list := cluster.StoreIDs(stores)
	slices.Sort(list)
	return list
}
