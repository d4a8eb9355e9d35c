package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/diagnose"
)

// leftover counts why regions are left on stores, and explains a few of each class.
func (x *explainer) leftover(ctx context.Context) error {
	stores, err := x.stores()
	if err != nil {
		return err
	}
	if len(x.opts.nodes) == 0 {
		for i := range x.snap.Stores {
			if x.snap.Stores[i].Leaving() {
				stores = append(stores, x.snap.Stores[i].ID)
			}
		}
	}
	doc := &render.Leftover{SchemaVersion: schemaVersion, Type: "explain-leftover", Stores: []render.LeftoverStore{}}
	var told []diagnose.Explanation
	for _, id := range stores {
		s, err := x.leftOn(ctx, id)
		if err != nil {
			return err
		}
		doc.Stores = append(doc.Stores, s)
		for i := range s.Classes {
			told = append(told, s.Classes[i].Regions...)
		}
	}
	if len(stores) == 0 {
		x.note("no store is leaving")
	}
	doc.Notes = x.notes
	if x.opts.json() {
		err = x.opts.print(ctx, x.env, doc)
	} else {
		err = doc.Write(x.env.Streams.Out)
	}
	return errors.Join(err, x.leftoverVerdict(doc, told))
}

// leftOn classifies every region of a store. What is explained are the first of
// each class.
func (x *explainer) leftOn(ctx context.Context, id cluster.StoreID) (render.LeftoverStore, error) {
	s := render.LeftoverStore{Store: id, State: "unknown", Classes: []render.LeftoverClass{}}
	if known := x.snap.Store(id); known != nil {
		s.Address, s.State = known.Address, known.StateName
	}
	classes := make(map[diagnose.TailClass]*render.LeftoverClass)
	for r, err := range x.t.pd.RegionsOfStore(ctx, id) {
		if err != nil {
			return s, fmt.Errorf("explain what is left on store %d: %w", id, err)
		}
		s.Regions++
		class := x.world.Classify(&r, id)
		c := classes[class]
		if c == nil {
			c = &render.LeftoverClass{Class: class, Blocks: class.Blocks()}
			classes[class] = c
		}
		c.Count++
		if len(c.Regions) < x.opts.each {
			c.Regions = append(c.Regions, x.explain(&r, id))
		}
	}
	for _, c := range classes {
		s.Classes = append(s.Classes, *c)
	}
	slices.SortFunc(s.Classes, func(a, b render.LeftoverClass) int {
		return cmp.Or(cmp.Compare(urgency(a.Blocks), urgency(b.Blocks)), -cmp.Compare(a.Count, b.Count), cmp.Compare(a.Class, b.Class))
	})
	return s, nil
}

// urgency puts what blocks before what nobody can tell, and that before the rest.
func urgency(a cluster.Answer) int {
	return slices.Index([]cluster.Answer{cluster.Yes, cluster.CannotTell, cluster.No}, a)
}

// leftoverVerdict says how many regions are blocked.
func (x *explainer) leftoverVerdict(doc *render.Leftover, told []diagnose.Explanation) error {
	count := make(map[cluster.Answer]int)
	for i := range doc.Stores {
		for _, c := range doc.Stores[i].Classes {
			count[c.Blocks] += c.Count
		}
	}
	switch {
	case count[cluster.Yes] > 0:
		err := fmt.Errorf("explain: regions that stay until something changes: %d", count[cluster.Yes])
		at := slices.IndexFunc(told, func(e diagnose.Explanation) bool { return e.Blocks == cluster.Yes })
		return &codedError{&hintedError{err, told[at].Next}, ExitNo}
	case count[cluster.CannotTell] > 0:
		return &codedError{fmt.Errorf("explain: regions of which nobody can tell: %d", count[cluster.CannotTell]), ExitCannotTell}
	}
	return x.verdict(nil)
}
