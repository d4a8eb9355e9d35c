package tune

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// PlanRestore plans to put back what is held. Errors: *UnreadError.
func PlanRestore(ev Evidence) (*Plan, error) {
	v, err := newView(ev)
	if err != nil {
		return nil, err
	}
	p := newPlan(VerbRestore, ev.Snapshot)
	for i := range ev.Held {
		p.Changes = append(p.Changes, v.putBack(&ev.Held[i], "set by "+ev.Held[i].Operation))
	}
	return p, nil
}

// putBack plans to restore one value.
func (v *view) putBack(h *Held, why string) Change {
	c := Change{Kind: Restore, Item: h.Item, Old: h.Old, Now: v.shows(h.Item), New: h.Old, Why: why, held: h}
	if s := v.Snapshot.Store(h.StoreID); s != nil {
		c.Address = s.Address
	}
	if !h.Permanent {
		c.New = c.Now // only the temporary value over it goes
	}
	return c
}

// PlanDefaults plans without a journal: values that are those of a profile and
// not the defaults of this version may have been set by a run whose journal is
// lost, and are taken back to the defaults. That is a guess, and said so. Only
// what PD shows can be found: temporary values expire by themselves. Errors:
// *UnreadError.
func PlanDefaults(ev Evidence) (*Plan, error) {
	v, err := newView(ev)
	if err != nil {
		return nil, err
	}
	p := newPlan(VerbRestore, ev.Snapshot)
	p.Notes = append(v.notes[:0:0], "temporary values cannot be seen; those that were set with an expiry go by themselves, at the latest after the time that was given with --for")
	look := func(item Item, engine cluster.Engine, address string) {
		standard, now := Default(v.release, item.Setting, engine), v.shows(item)
		if standard == "" || item.Setting.fasterOrSame(standard, now) || !isOfProfile(item.Setting, engine, now) {
			return
		}
		p.Changes = append(p.Changes, Change{
			Kind: Restore, Item: item, Address: address, Old: standard, Now: now, New: standard,
			Why:  fmt.Sprintf("guess: %s is what a profile sets, and %s the default of this version", now, standard),
			held: &Held{Item: item, Old: standard, Set: []Value{now}, Permanent: true},
		})
	}
	if v.release.Known() {
		for _, s := range configSettings {
			look(Item{Setting: s}, "", "")
		}
	} else {
		p.Notes = append(p.Notes, "this PD does not say its version, so the defaults of its configuration are not known; they are left alone")
	}
	for i := range ev.Snapshot.Stores {
		if s := &ev.Snapshot.Stores[i]; v.limits && s.State == cluster.Up {
			look(Item{AddPeer, s.ID}, s.Engine(), s.Address)
		}
	}
	return p, nil
}

// isOfProfile reports a value that one of the profiles sets.
func isOfProfile(s Setting, engine cluster.Engine, now Value) bool {
	return slices.ContainsFunc(Profiles(), func(p Profile) bool { return p.Wants(s, engine) == now })
}
