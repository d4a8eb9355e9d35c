package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/docker/go-units"

	"ebb/playground/store"
)

// regionInPD is a region as PD lists it.
type regionInPD struct {
	ID    uint64 `json:"id"`
	Start string `json:"start_key"`
	End   string `json:"end_key"`
	Size  int    `json:"approximate_size"`
	Peers []struct {
		Store uint64 `json:"store_id"`
		Role  string `json:"role_name"`
	} `json:"peers"`
	Leader struct {
		Store uint64 `json:"store_id"`
	} `json:"leader"`
}

func (r *regionInPD) voters() []uint64 {
	var ids []uint64
	for _, p := range r.Peers {
		if p.Role == "Voter" {
			ids = append(ids, p.Store)
		}
	}
	return ids
}

func (r *regionInPD) stores() []uint64 {
	var ids []uint64
	for _, p := range r.Peers {
		ids = append(ids, p.Store)
	}
	return ids
}

// pdRegions are all regions in the order of their keys, as PD lists them at once.
func (b *bench) pdRegions() []regionInPD {
	b.Helper()
	var list struct{ Regions []regionInPD }
	b.read("/regions", &list)
	slices.SortFunc(list.Regions, func(x, y regionInPD) int { return cmp.Compare(x.Start, y.Start) })
	return list.Regions
}

// pdDetail is more of PD's record of a store.
type pdDetail struct {
	Store struct {
		ID      uint64
		Address string
		Version string
		State   string `json:"state_name"`
		Labels  []struct{ Key, Value string }
		Heard   int64 `json:"last_heartbeat"` // nanoseconds
	}
	Status struct {
		Leaders int `json:"leader_count"`
		Regions int `json:"region_count"`
	}
}

func (b *bench) details() []pdDetail {
	b.Helper()
	var list struct{ Stores []pdDetail }
	b.read(allStates, &list)
	slices.SortFunc(list.Stores, func(x, y pdDetail) int { return cmp.Compare(x.Store.ID, y.Store.ID) })
	return list.Stores
}

// zones are those of the stores that have one, engine by engine.
func (b *bench) zones() map[uint64]string {
	b.Helper()
	zones := make(map[uint64]string)
	for _, s := range b.details() {
		for _, l := range s.Store.Labels {
			if l.Key == "zone" {
				zones[s.Store.ID] = l.Value
			}
		}
	}
	return zones
}

func (b *bench) silentFor(id uint64) time.Duration {
	b.Helper()
	for _, s := range b.details() {
		if s.Store.ID == id {
			return time.Since(time.Unix(0, s.Store.Heard))
		}
	}
	b.Fatalf("PD has no store %d", id)
	return 0
}

type object = map[string]any

// crowded are the regions with two voters in a zone.
func crowded(regions []regionInPD, zones map[uint64]string) []any {
	var list []any
	for _, r := range regions {
		voters, full := make(map[string]int), []string(nil)
		for _, id := range r.voters() {
			if zone := zones[id]; zone != "" {
				voters[zone]++
			}
		}
		for _, zone := range slices.Sorted(maps.Keys(voters)) {
			if voters[zone] > 1 {
				full = append(full, zone)
			}
		}
		if full != nil {
			list = append(list, object{"id": r.ID, "zones": full})
		}
	}
	return list
}

// each makes a list of what some regions come to.
func each(regions []regionInPD, of func(*regionInPD) any) []any {
	var list []any
	for i := range regions {
		if value := of(&regions[i]); value != nil {
			list = append(list, value)
		}
	}
	return list
}

// recipes is what each of them has to find, in its order.
var recipes = map[string]func(*bench) []any{
	"zone-of-store": func(b *bench) []any {
		zones := make(object)
		for _, s := range b.details() {
			zones[strconv.FormatUint(s.Store.ID, 10)] = b.zones()[s.Store.ID]
		}
		return []any{zones}
	},
	"voters-together": func(b *bench) []any { return crowded(b.pdRegions(), b.zones()) },
	"voters-per-zone": votersPerZone,
	"on-both-stores": func(b *bench) []any {
		return each(b.pdRegions(), func(r *regionInPD) any {
			if slices.Contains(r.voters(), 1) && slices.Contains(r.voters(), 2) {
				return r.ID
			}
			return nil
		})
	},
	"short-of-voters": func(b *bench) []any {
		return each(b.pdRegions(), func(r *regionInPD) any {
			if len(r.voters()) < 3 {
				return object{"id": r.ID, "stores": r.voters()}
			}
			return nil
		})
	},
	"leaderless": func(b *bench) []any {
		return each(b.pdRegions(), func(r *regionInPD) any {
			if r.Leader.Store == 0 {
				return object{"id": r.ID, "start_key": r.Start, "end_key": r.End, "stores": r.stores()}
			}
			return nil
		})
	},
	"largest": func(b *bench) []any {
		regions := b.pdRegions()
		slices.SortFunc(regions, func(x, y regionInPD) int { return cmp.Or(cmp.Compare(y.Size, x.Size), cmp.Compare(x.ID, y.ID)) })
		return each(regions[:10], func(r *regionInPD) any { return object{"id": r.ID, "mib": r.Size} })
	},
	"to-move": func(b *bench) []any {
		sum := map[string]int{"regions": 0, "mib": 0, "leaders": 0}
		for _, r := range b.pdRegions() {
			if slices.Contains(r.stores(), leavingStore) {
				sum["regions"]++
				sum["mib"] += r.Size
				if r.Leader.Store == leavingStore {
					sum["leaders"]++
				}
			}
		}
		return []any{sum}
	},
	"senders":       senders,
	"without-label": func(b *bench) []any { return withoutZone(b) },
	"versions":      versions,
	"free-space":    freeSpace,
	"silent":        silent,
	"leaving":       leavingNow,
	"orphans-by-store": func(b *bench) []any {
		var status struct {
			Start int64 `json:"start_timestamp"`
		}
		b.read("/status", &status)
		// Two of three voters are gone in one region, one in the other, which is left
		// alone as long as PD may not know of all leaders.
		verdicts := []string{"refuse", "safe"}
		if time.Since(time.Unix(status.Start, 0)) < 5*time.Minute {
			verdicts = []string{"hold", "refuse"}
		}
		return []any{
			object{"store": unknownStore, "verdict": verdicts[0], "peers": 1},
			object{"store": unknownStore, "verdict": verdicts[1], "peers": 1},
			object{"store": unknownStore + 1, "verdict": "refuse", "peers": 1},
		}
	},
	// Three TiKV of six, of which one is silent and one is leaving; nothing is scheduled;
	// and there are regions without a leader, and without a majority.
	"refusals": func(*bench) []any {
		var list []any
		for _, check := range []string{"placement", "scheduling", "regions"} {
			list = append(list, object{"check": check, "summary": "some", "fix": "some"})
		}
		return list
	},
	"progress": func(b *bench) []any {
		line := object{"time": "some", "store": leavingStore, "left": b.regionsOn(leavingStore)}
		return []any{line, object{"result": "in-progress", "exit_code": 7}}
	},
	"causes": func(b *bench) []any {
		leaderless := 0
		for _, r := range b.pdRegions() {
			if r.Leader.Store == 0 && slices.Contains(r.stores(), leavingStore) {
				leaderless++
			}
		}
		return []any{
			object{"id": "D13", "name": "scheduling-halted", "regions_blocked": b.regionsOn(leavingStore), "next": "some"},
			object{"id": "D02", "name": "no-leader-or-majority", "regions_blocked": leaderless, "next": "some"},
		}
	},
}

func votersPerZone(b *bench) []any {
	zones := b.zones()
	count := make(map[string]*[2]int)
	at := func(zone string, what int) {
		if count[zone] == nil {
			count[zone] = new([2]int)
		}
		count[zone][what]++
	}
	known := make(map[uint64]bool)
	for _, s := range b.details() {
		known[s.Store.ID] = true
	}
	place := func(id uint64, otherwise string) string {
		if known[id] {
			return zones[id]
		}
		return otherwise
	}
	for _, r := range b.pdRegions() {
		for _, id := range r.voters() {
			at(place(id, "unknown store"), 0)
		}
		at(place(r.Leader.Store, "no leader"), 1)
	}
	var list []any
	for _, zone := range slices.Sorted(maps.Keys(count)) {
		list = append(list, object{"zone": zone, "voters": count[zone][0], "leaders": count[zone][1]})
	}
	return list
}

func senders(b *bench) []any {
	leads := make(map[uint64]int)
	for _, r := range b.pdRegions() {
		if slices.Contains(r.stores(), leavingStore) {
			leads[r.Leader.Store]++
		}
	}
	ids := slices.SortedFunc(maps.Keys(leads), func(x, y uint64) int { return cmp.Or(cmp.Compare(leads[y], leads[x]), cmp.Compare(x, y)) })
	var list []any
	for _, id := range ids {
		list = append(list, object{"store": id, "leads": leads[id]})
	}
	return list
}

func withoutZone(b *bench) []any {
	var list []any
	for _, s := range b.details() {
		if b.zones()[s.Store.ID] == "" {
			list = append(list, s.Store.Address)
		}
	}
	return list
}

func versions(b *bench) []any {
	stores := make(map[string][]uint64)
	for _, s := range b.details() {
		stores[s.Store.Version] = append(stores[s.Store.Version], s.Store.ID)
	}
	var list []any
	for _, version := range slices.Sorted(maps.Keys(stores)) {
		list = append(list, object{"version": version, "stores": stores[version]})
	}
	return list
}

// freeSpace is worked out from what PD prints, which is "1.986TiB".
func freeSpace(b *bench) []any {
	type free struct {
		id      string
		percent int64
	}
	var all []free
	for _, s := range b.Fleet().Stores() {
		var at struct {
			Status struct{ Capacity, Available string }
		}
		b.read(fmt.Sprintf("/store/%d", s.ID), &at)
		capacity, err := units.RAMInBytes(at.Status.Capacity)
		b.must(err)
		available, err := units.RAMInBytes(at.Status.Available)
		b.must(err)
		all = append(all, free{nodeID(s), available * 100 / capacity})
	}
	slices.SortFunc(all, func(x, y free) int { return cmp.Or(cmp.Compare(x.percent, y.percent), cmp.Compare(x.id, y.id)) })
	var list []any
	for _, f := range all {
		list = append(list, object{"id": f.id, "free_percent": f.percent})
	}
	return list
}

// nodeID is what tiup calls a store.
func nodeID(s store.StoreState) string {
	if s.Engine == store.TiFlash {
		return s.Host + ":9000"
	}
	return s.Address
}

func silent(b *bench) []any {
	var list []any
	for _, s := range b.details() {
		if time.Since(time.Unix(0, s.Store.Heard)) > 20*time.Second {
			list = append(list, object{"id": s.Store.Address, "store": s.Store.ID, "state": s.Store.State, "silent_seconds": "some"})
		}
	}
	return list
}

func leavingNow(b *bench) []any {
	var list []any
	for _, s := range b.details() {
		if s.Store.State == "Offline" {
			list = append(list, object{"id": s.Store.Address, "store": s.Store.ID, "regions": s.Status.Regions, "leaders": s.Status.Leaders, "eta_seconds": nil})
		}
	}
	return list
}
