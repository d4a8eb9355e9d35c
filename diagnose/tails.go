package diagnose

import (
	"cmp"
	"slices"

	"ebb/cluster"
)

// Tail is what is left on one store: every region is in exactly one class.
type Tail struct {
	Store   cluster.StoreID `json:"store_id"`
	Regions int             `json:"regions"`
	Classes []TailCount     `json:"classes,omitempty"`
	// Err is why the regions could not all be read; the counts are incomplete.
	Err string `json:"err,omitempty"`
}

// TailCount is one class of regions on a store.
type TailCount struct {
	Class    TailClass     `json:"class"`
	Count    int           `json:"count"`
	Examples []TailExample `json:"examples,omitempty"`
}

// TailExample is one region and why it is still there.
type TailExample struct {
	Region  cluster.RegionID `json:"region_id"`
	TableID int64            `json:"table_id,omitempty"`
	Table   string           `json:"table,omitempty"`
	// Sentence is empty for regions that merely wait for their turn or move.
	Sentence string `json:"sentence,omitempty"`
}

// tails explains a few regions of each class.
func (v *view) tails() []Tail {
	world := NewWorld(v.snap, v.ev.Running)
	var tails []Tail
	for _, s := range v.subjects {
		t := v.ev.Tallies[s.ID]
		if t == nil {
			continue
		}
		tail := Tail{Store: s.ID, Regions: t.Regions, Err: t.Err}
		for _, name := range sortedKeys(t.Classes) {
			class := t.Classes[name]
			if class == nil {
				continue
			}
			count := TailCount{Class: name, Count: class.Count}
			for i := range class.Kept[:min(len(class.Kept), cluster.MaxExamples)] {
				kept := &class.Kept[i]
				example := TailExample{Region: kept.ID, TableID: kept.Table, Table: v.ev.Tables[kept.Table].Name}
				example.Sentence = world.Explain(&kept.Region, s.ID).Sentence
				count.Examples = append(count.Examples, example)
			}
			tail.Classes = append(tail.Classes, count)
		}
		slices.SortStableFunc(tail.Classes, func(a, b TailCount) int { return -cmp.Compare(a.Count, b.Count) })
		tails = append(tails, tail)
	}
	return tails
}
