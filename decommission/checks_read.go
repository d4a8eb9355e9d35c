package decommission

import (
	"context"
	"slices"

	"ebb/cluster"
)

// ReadLeaving streams the regions of the stores, one store after the other, and
// judges each of them: for leaving in order, which is the evidence, and for the
// loss of all of the stores at this moment. A read that fails is kept in the Err
// of the survey and of the losses.
func ReadLeaving(ctx context.Context, pd RegionReader, snap *cluster.Snapshot, ids []cluster.StoreID) (Evidence, *Losses) {
	ids = slices.Sorted(slices.Values(ids))
	ev := Evidence{Snapshot: snap, Surveys: make(map[cluster.StoreID]*Survey, len(ids))}
	losses := &Losses{Stores: ids, ReadAt: snap.ReadAt}
	c := newChecker(ev, ids)
	movers := newMovers(c)
	for i, id := range ids {
		survey := new(Survey)
		ev.Surveys[id] = survey
		for region, err := range pd.RegionsOfStore(ctx, id) {
			if err != nil {
				survey.Err, losses.Err = err, err
				break
			}
			survey.Add(&region, id, c.stores, c.now)
			movers.add(survey, &region)
			losses.add(&region, cluster.JudgeSuddenLoss(&region, c.stores, c.leaving, c.now), ids[:i])
		}
	}
	return ev, losses
}

// movers judge where the peers of regions can go.
type movers struct {
	rules     *cluster.RuleIndex // nil when the rules could not be read
	relocator *cluster.Relocator
}

func newMovers(c *checker) *movers {
	if _, ok := c.snap.RuleSets(); !ok || c.snap.Schedule == nil {
		return new(movers)
	}
	rules, groups := c.snap.Rules, c.snap.RuleGroups
	if !c.snap.Replication.EnablePlacementRules {
		rules, groups = []cluster.Rule{c.snap.Replication.DefaultRule()}, nil
	}
	others := make(map[cluster.StoreID]bool)
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		if !c.leaving[s.ID] && (s.State != cluster.Up || !s.Live(c.now)) {
			others[s.ID] = true
		}
	}
	targets := slices.DeleteFunc(slices.Clone(c.receivers), func(s *cluster.Store) bool { return !c.acceptsPeers(s) })
	return &movers{rules: cluster.NewRuleIndex(rules, groups), relocator: cluster.NewRelocator(c.stores, targets, c.leaving, others)}
}

func (m *movers) add(s *Survey, r *cluster.Region) {
	if m.rules == nil {
		return
	}
	rules := m.rules.At(r)
	if len(rules) == 0 {
		s.AcrossRules.Add(r.ID)
		return
	}
	relocation := m.relocator.Judge(r, rules)
	switch relocation.Answer {
	case cluster.No:
		s.NoTarget.Add(r.ID)
	case cluster.CannotTell:
		s.TargetUnclear.Add(r.ID)
	}
	s.addMove(r, relocation.Targets)
}

func (s *Survey) addMove(r *cluster.Region, targets []cluster.StoreID) {
	at := slices.IndexFunc(s.Moves, func(m Move) bool { return slices.Equal(m.Targets, targets) })
	if at < 0 {
		at = len(s.Moves)
		s.Moves = append(s.Moves, Move{Targets: targets})
	}
	m := &s.Moves[at]
	m.Regions++
	m.MiB += r.ApproximateSizeMiB
	switch size := r.ApproximateSizeMiB; {
	case size <= 0:
		m.Unsized++
	case size <= cluster.EmptyRegionMiB:
		m.Empty++
	case size <= cluster.SmallRegionMiB:
		m.Small++
	}
}

// acceptsPeers reports whether PD gives peers to the store at all: it is not set
// aside and surely not low on space. Where PD shows no sizes of the store it lets
// it pass, and so does this; the check of space reports it.
func (c *checker) acceptsPeers(s *cluster.Store) bool {
	if s.SpecialUse() {
		return false
	}
	_, known := c.roomOn(s)
	return !known || s.LowSpace(c.snap.Schedule) == cluster.No
}
