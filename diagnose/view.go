package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// view is the evidence as the rules need it.
type view struct {
	ev *Evidence
	// snap shows the stores that are asked about as leaving, also those that are
	// Up: the question is then what would keep them.
	snap    *cluster.Snapshot
	now     time.Time
	stores  cluster.Stores
	release cluster.Release
	// subjects are the stores that are asked about and that PD knows.
	subjects []*cluster.Store
	// wasUp are those of them that are Up in truth.
	wasUp map[cluster.StoreID]bool
	// forced are stores that were deleted by force and are heard all the same. PD moves
	// their regions as if nobody had used force, so they are judged like that here.
	forced map[cluster.StoreID]bool
	// staying are Up and not asked about; receivers are those that are live.
	staying   []*cluster.Store
	receivers []*cluster.Store
	short     []shortage
}

func newView(ev *Evidence) *view {
	ev = ev.complete()
	v := &view{ev: ev, snap: ev.snapshot(), wasUp: make(map[cluster.StoreID]bool), forced: make(map[cluster.StoreID]bool)}
	v.now, v.release = v.snap.ReadAt, cluster.ParseRelease(v.snap.PDVersion)
	slices.SortFunc(v.snap.Stores, func(a, b cluster.Store) int { return cmp.Compare(a.ID, b.ID) })
	v.stores = cluster.IndexStores(v.snap.Stores)
	for id, s := range v.stores {
		if age, known := s.HeartbeatAge(v.now); s.PhysicallyDestroyed && known && age <= cluster.DisconnectedAfter {
			v.forced[id] = true
			s.PhysicallyDestroyed = false
		}
	}
	for _, id := range ev.Stores {
		s := v.stores[id]
		if s == nil {
			continue
		}
		v.subjects = append(v.subjects, s)
		if s.State == cluster.Up {
			v.wasUp[id] = true
			s.State = cluster.Offline
		}
	}
	for i := range v.snap.Stores {
		s := &v.snap.Stores[i]
		if s.State != cluster.Up || s.Engine() == cluster.TiFlashCompute {
			continue
		}
		v.staying = append(v.staying, s)
		if s.Live(v.now) {
			v.receivers = append(v.receivers, s)
		}
	}
	v.short = v.shortages()
	return v
}

// tally is never nil.
func (v *view) tally(id cluster.StoreID) *Tally {
	if t := v.ev.Tallies[id]; t != nil {
		return t
	}
	return new(Tally)
}

// regionsOn is how many regions are on a store: counted, else as PD has it.
func (v *view) regionsOn(s *cluster.Store) int {
	if t := v.ev.Tallies[s.ID]; t != nil && t.Err == "" {
		return t.Regions
	}
	return s.RegionCount
}

// remaining are the regions on all stores that are asked about.
func (v *view) remaining() int {
	n := 0
	for _, s := range v.subjects {
		n += v.regionsOn(s)
	}
	return n
}

// inClass adds up some classes over the stores that are asked about.
func (v *view) inClass(classes ...TailClass) cluster.RegionCount {
	return v.inClassOf(v.subjects, classes...)
}

func (v *view) inClassOf(stores []*cluster.Store, classes ...TailClass) cluster.RegionCount {
	var sum cluster.RegionCount
	for _, s := range stores {
		for _, name := range classes {
			class := v.tally(s.ID).Classes[name]
			if class == nil {
				continue
			}
			count := cluster.RegionCount{Count: class.Count}
			for i := range class.Kept[:min(len(class.Kept), cluster.MaxExamples)] {
				count.Examples = append(count.Examples, class.Kept[i].ID)
			}
			sum = sum.Plus(count)
		}
	}
	return sum
}

// heading adds up one heading over the stores that are asked about.
func (v *view) heading(pick func(*Tally) cluster.RegionCount) cluster.RegionCount {
	var sum cluster.RegionCount
	for _, s := range v.subjects {
		sum = sum.Plus(pick(v.tally(s.ID)))
	}
	return sum
}

// isSubject reports whether a store is asked about.
func (v *view) isSubject(id cluster.StoreID) bool { return slices.Contains(v.ev.Stores, id) }

// keepStores keeps what fits.
func keepStores(stores []*cluster.Store, keep func(*cluster.Store) bool) []*cluster.Store {
	var list []*cluster.Store
	for _, s := range stores {
		if keep(s) {
			list = append(list, s)
		}
	}
	return list
}

func ofEngine(stores []*cluster.Store, engine cluster.Engine) []*cluster.Store {
	return keepStores(stores, func(s *cluster.Store) bool { return s.Engine() == engine })
}

// engines are the engines of the stores that are asked about, TiKV first.
func (v *view) engines() []cluster.Engine {
	var list []cluster.Engine
	for _, engine := range []cluster.Engine{cluster.TiKV, cluster.TiFlash} {
		if len(ofEngine(v.subjects, engine)) > 0 {
			list = append(list, engine)
		}
	}
	return list
}

// storeNames names a few stores.
func storeNames(stores []*cluster.Store) string {
	const most = 4
	var names []string
	for _, s := range stores[:min(len(stores), most)] {
		names = append(names, s.String())
	}
	if more := len(stores) - most; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// nodeFlag names the stores that are asked about on a command line.
func (v *view) nodeFlag() string {
	var ids []string
	for _, s := range v.subjects {
		ids = append(ids, s.ID.String())
	}
	return "-N " + strings.Join(ids, ",")
}

// silence says how long a store has been silent.
func (v *view) silence(s *cluster.Store) string {
	age, ok := s.HeartbeatAge(v.now)
	if !ok {
		return "no heartbeat known"
	}
	return fmt.Sprintf("last heartbeat %s ago", age.Round(time.Second))
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
