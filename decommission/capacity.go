package decommission

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// freight is what has to be moved to one group of stores.
type freight struct {
	engine  cluster.Engine
	targets []*cluster.Store
	bytes   uint64
	regions int
	// small, empty and unsized regions are among them; see Move.
	small, empty, unsized int
	// unknown is set when nobody said how large it is.
	unknown bool
}

// freights puts together what the leaving stores hold by the stores that may take
// it: those that the placement rules accept, or all of the same engine where the
// regions could not be read.
func (c *checker) freights() []freight {
	var list []freight
	add := func(f freight) {
		at := slices.IndexFunc(list, func(g freight) bool { return g.engine == f.engine && slices.Equal(g.targets, f.targets) })
		if at < 0 {
			list = append(list, f)
			return
		}
		g := &list[at]
		g.bytes, g.regions, g.unknown = g.bytes+f.bytes, g.regions+f.regions, g.unknown || f.unknown
		g.small, g.empty, g.unsized = g.small+f.small, g.empty+f.empty, g.unsized+f.unsized
	}
	for _, s := range c.targets {
		bytes := c.bytesOn(s)
		regions := c.regionCount(s)
		unknown := bytes == 0 && regions > 0 && !s.Used.Known
		survey := c.ev.Surveys[s.ID]
		if survey == nil || survey.Err != nil || len(survey.Moves) == 0 {
			add(freight{engine: s.Engine(), targets: c.receiversOf(s.Engine()), bytes: bytes, regions: regions, unknown: unknown})
			continue
		}
		for i := range survey.Moves {
			m := &survey.Moves[i]
			add(freight{
				engine: s.Engine(), targets: c.targetsOf(s.Engine(), m), bytes: m.share(survey, bytes), unknown: unknown,
				regions: m.Regions, small: m.Small, empty: m.Empty, unsized: m.Unsized,
			})
		}
	}
	return list
}

// targetsOf are the stores of a move. Where none is left, all that could take it
// if they had room stand for them; that there is none is for other checks to say.
func (c *checker) targetsOf(engine cluster.Engine, m *Move) []*cluster.Store {
	var list []*cluster.Store
	for _, id := range m.Targets {
		list = append(list, c.stores[id])
	}
	if len(list) == 0 {
		return c.receiversOf(engine)
	}
	return list
}

// share is the move's part of what is on the store, by size, or by number where
// PD knows no sizes.
func (m *Move) share(s *Survey, bytes uint64) uint64 {
	var mib int64
	regions := 0
	for i := range s.Moves {
		mib, regions = mib+s.Moves[i].MiB, regions+s.Moves[i].Regions
	}
	if mib > 0 {
		return uint64(float64(bytes) * float64(m.MiB) / float64(mib))
	}
	return uint64(float64(bytes) * float64(m.Regions) / float64(regions))
}

// bytesOn is what has to move: the used disk space of a store that holds
// regions, or the sum of their sizes where the store has reported no space to
// this PD leader.
func (c *checker) bytesOn(s *cluster.Store) uint64 {
	if c.regionCount(s) == 0 {
		return 0
	}
	if s.Used.Known {
		return s.Used.AtMost()
	}
	mib := max(s.RegionSizeMiB, 0)
	if survey := c.ev.Surveys[s.ID]; survey != nil {
		mib = max(mib, survey.BytesMiB)
	}
	return uint64(mib) * cluster.MiB
}

// roomOn is how much a store can take before PD calls it low on space
// (core.StoreInfo.IsLowSpace: available/capacity < 1 - low-space-ratio).
func (c *checker) roomOn(s *cluster.Store) (bytes uint64, known bool) {
	if !s.Capacity.Known || !s.Available.Known || s.Capacity.Bytes == 0 {
		return 0, false
	}
	reserve := uint64(float64(s.Capacity.AtMost()) * (1 - c.snap.Schedule.LowSpaceRatio))
	if available := s.Available.AtLeast(); available > reserve {
		return available - reserve, true
	}
	return 0, true
}

// Receiver is a store that stays, and what it is likely to be given.
type Receiver struct {
	StoreID cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	Engine  cluster.Engine  `json:"engine"`
	// Room is what it can take, in bytes, until PD calls it low on space; nil when
	// it reports no capacity.
	Room *uint64 `json:"room_bytes"`
	// Receives are the bytes it gets where the data is dealt out by room, as PD's
	// region score roughly does.
	Receives uint64 `json:"receives_bytes"`
}

// receiversWithRoom are the receivers of all freights, by id.
func (c *checker) receiversWithRoom(freights []freight) []Receiver {
	receives := make(map[cluster.StoreID]float64)
	var list []Receiver
	for i := range freights {
		f := &freights[i]
		free := float64(c.roomOf(f.targets))
		for _, s := range f.targets {
			room, _ := c.roomOn(s)
			if free > 0 {
				receives[s.ID] += float64(f.bytes) * float64(room) / free
			}
			if !slices.ContainsFunc(list, func(r Receiver) bool { return r.StoreID == s.ID }) {
				list = append(list, Receiver{StoreID: s.ID, Address: s.Address, Engine: s.Engine()})
			}
		}
	}
	for i := range list {
		r := &list[i]
		r.Receives = uint64(receives[r.StoreID])
		if room, known := c.roomOn(c.stores[r.StoreID]); known {
			r.Room = &room
		}
	}
	slices.SortFunc(list, func(a, b Receiver) int { return int(a.StoreID) - int(b.StoreID) })
	return list
}

func (c *checker) roomOf(stores []*cluster.Store) uint64 {
	var sum uint64
	for _, s := range stores {
		room, _ := c.roomOn(s)
		sum += room
	}
	return sum
}

// maxFreights bounds the subsets that are compared with the room of their stores.
const maxFreights = 12

// tooSmall finds freights that together are larger than the room of all stores
// that may take one of them. If there are none such, everything finds a place
// (Gale's theorem on supply and demand). ok is false when there are too many
// groups to tell.
func (c *checker) tooSmall(freights []freight) (need, room uint64, group []freight, ok bool) {
	if len(freights) > maxFreights {
		return 0, 0, nil, false
	}
	for mask := 1; mask < 1<<len(freights); mask++ {
		var some []freight
		var stores []*cluster.Store
		var sum uint64
		for i := range freights {
			if mask>>i&1 == 0 {
				continue
			}
			some = append(some, freights[i])
			sum += freights[i].bytes
			for _, s := range freights[i].targets {
				if !slices.Contains(stores, s) {
					stores = append(stores, s)
				}
			}
		}
		if free := c.roomOf(stores); sum > free {
			return sum, free, some, true
		}
	}
	return 0, 0, nil, true
}

func (f *freight) line() string {
	return fmt.Sprintf("%s of them may only go to %s", cluster.FormatBytes(f.bytes), storeNames(f.targets))
}
