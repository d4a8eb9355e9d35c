package diagnose

import (
	"context"

	"ebb/cluster"
)

// transient are classes that a region on the move passes through. It was read
// after the operators, so its own may have been created in between.
var transient = []TailClass{TailJointState, TailPendingReplica, TailDownReplica, TailNoLeader, TailOrphan}

// confirm looks once more at the regions that were found in such a class. Those
// that have moved on are counted where they are now; where all that were kept
// have, the rest is taken to have done so too.
func (c *collector) confirm(ctx context.Context) {
	found := false
	for _, t := range c.ev.Tallies {
		for _, name := range transient {
			found = found || t.Classes[name] != nil
		}
	}
	if !found {
		return
	}
	running, err := c.pd.Operators(ctx, "")
	if err != nil {
		return // what was found stands
	}
	world := NewWorld(newView(c.ev).snap, running)
	for _, id := range c.ev.Stores {
		t := c.ev.Tallies[id]
		for _, name := range transient {
			if t.Classes[name] != nil {
				c.confirmClass(ctx, world, id, name)
			}
		}
	}
	c.ev.Running = running
}

func (c *collector) confirmClass(ctx context.Context, world *World, store cluster.StoreID, name TailClass) {
	t := c.ev.Tallies[store]
	class := t.Classes[name]
	var stay []KeptRegion
	for _, kept := range class.Kept {
		now := name
		region, ok, err := c.pd.Region(ctx, kept.ID)
		if err == nil && ok {
			now = world.Classify(&region, store)
		}
		if now == name {
			stay = append(stay, kept)
			continue
		}
		class.Count--
		if now == TailNotHere {
			t.Regions--
			continue
		}
		to := t.class(now)
		to.Count++
		if len(to.Kept) < MaxKept {
			to.Kept = append(to.Kept, KeptRegion{Table: kept.Table, Region: region})
		}
	}
	class.Kept = stay
	if len(stay) == 0 && class.Count > 0 {
		t.class(TailMoving).Count += class.Count
		class.Count = 0
	}
	if class.Count == 0 {
		delete(t.Classes, name)
	}
}
