package operators

import (
	"cmp"
	"maps"
	"slices"

	"ebb/cluster"
)

// Count is the number of orphans under each verdict.
type Count struct {
	Safe   int `json:"safe"`
	Wait   int `json:"wait"`
	Hold   int `json:"hold"`
	Refuse int `json:"refuse"`
}

func (c *Count) add(v Verdict) {
	switch v {
	case Safe:
		c.Safe++
	case Wait:
		c.Wait++
	case Refuse:
		c.Refuse++
	default:
		c.Hold++
	}
}

// Total is the number of all.
func (c Count) Total() int { return c.Safe + c.Wait + c.Hold + c.Refuse }

// StoreCount counts the orphans on one store.
type StoreCount struct {
	StoreID cluster.StoreID `json:"store_id"`
	Count
}

// TableCount counts the orphans in the regions of one table. TableID is 0 for
// regions that begin in no table.
type TableCount struct {
	TableID int64 `json:"table_id"`
	// Name is "db.table", "" when nobody could tell.
	Name string `json:"name,omitempty"`
	Count
}

// ReasonCount counts the orphans under one reason.
type ReasonCount struct {
	Verdict Verdict `json:"verdict"`
	Reason  Reason  `json:"reason"`
	Count   int     `json:"count"`
}

// Summary counts orphans in the ways that a person asks for.
type Summary struct {
	Count
	Stores  []StoreCount  `json:"by_store"`
	Tables  []TableCount  `json:"by_table"`
	Reasons []ReasonCount `json:"by_reason"`
}

// Summarize counts. Stores and tables come in the order of their ids, reasons by
// verdict and the most frequent first.
func Summarize(list []Orphan) Summary {
	s := Summary{Stores: []StoreCount{}, Tables: []TableCount{}, Reasons: []ReasonCount{}}
	stores := make(map[cluster.StoreID]*StoreCount)
	tables := make(map[int64]*TableCount)
	type key struct {
		verdict Verdict
		reason  Reason
	}
	reasons := make(map[key]int)
	for i := range list {
		o := &list[i]
		s.add(o.Verdict)
		if stores[o.StoreID] == nil {
			stores[o.StoreID] = &StoreCount{StoreID: o.StoreID}
		}
		stores[o.StoreID].add(o.Verdict)
		if tables[o.TableID] == nil {
			tables[o.TableID] = &TableCount{TableID: o.TableID}
		}
		tables[o.TableID].add(o.Verdict)
		reasons[key{o.Verdict, o.Reason}]++
	}
	for _, id := range slices.Sorted(maps.Keys(stores)) {
		s.Stores = append(s.Stores, *stores[id])
	}
	for _, id := range slices.Sorted(maps.Keys(tables)) {
		s.Tables = append(s.Tables, *tables[id])
	}
	for k, n := range reasons {
		s.Reasons = append(s.Reasons, ReasonCount{k.verdict, k.reason, n})
	}
	slices.SortFunc(s.Reasons, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(b.Verdict, a.Verdict), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return s
}
