package tune

import "ebb/cluster"

// evictionWishes are those for stores whose leaders are in the way. The store of
// a region's leader sends the snapshot, so a store that leaves would send about a
// third of all by itself; without leaders the others share that.
//
// Evict-leader makes PD replace its own operators half-way, which leaves learners
// behind that go at the remove-peer limit of the receivers. Left at 15 a minute
// that takes longer than the leaders ever do, so that limit is raised first, and
// where it cannot be, leaders stay.
func (v *view) evictionWishes(profile Profile) []wish {
	var evict, limits []wish
	if !v.evict || !v.limits {
		return nil
	}
	staying := 0
	for _, s := range v.receivers {
		if s.Engine() == cluster.TiKV {
			staying++
			limits = append(limits, wish{
				Item: Item{RemovePeer, s.ID}, value: profile.Wants(RemovePeer, s.Engine()), address: s.Address,
				why: "evict-leader leaves learners behind, which go at this rate",
			})
		}
	}
	leaving, evicting := 0, false
	for _, s := range v.leaving {
		if s.Engine() != cluster.TiKV {
			continue
		}
		leaving++
		item := Item{EvictLeader, s.ID}
		held := v.held[item] != nil
		evicting = evicting || v.base(item) == On
		if profile != Gentle && (s.LeaderCount > 0 || held) {
			evict = append(evict, wish{Item: item, value: On, address: s.Address, why: "a store sends the snapshots of the regions that it leads: the others share that better"})
		}
	}
	if staying <= leaving { // they would have to take more leaders than they give away
		evict = nil
	}
	if len(evict) == 0 && !evicting {
		return nil
	}
	return append(limits, evict...)
}
