package decommission

import (
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// Estimate is the least time that leaving takes, and what it rests on. PD
// adds at most add-peer peers a minute to each receiver; snapshots, busy stores
// and other scheduling make it longer, so it is a floor and no promise.
type Estimate struct {
	AtLeast time.Duration `json:"at_least_ns"`
	Basis   string        `json:"basis"`
}

// estimate is nil when the limits are not known, or nothing counts against them.
// It is the longest of the floors of what may only go to some stores, and of all
// that runs on one engine together.
func (c *checker) estimate() *Estimate {
	if c.snap.Unread[cluster.FieldLimits] != nil || len(c.snap.Limits) == 0 {
		return nil
	}
	freights := c.freights()
	for _, engine := range c.engines() {
		all := freight{engine: engine}
		for i := range freights {
			if f := &freights[i]; f.engine == engine {
				all.regions, all.small, all.empty, all.unsized = all.regions+f.regions, all.small+f.small, all.empty+f.empty, all.unsized+f.unsized
				for _, s := range f.targets {
					if !slices.Contains(all.targets, s) {
						all.targets = append(all.targets, s)
					}
				}
			}
		}
		freights = append([]freight{all}, freights...)
	}
	var slowest *Estimate
	for i := range freights {
		if e := c.floor(&freights[i]); e != nil && (slowest == nil || e.AtLeast > slowest.AtLeast) {
			slowest = e
		}
	}
	return slowest
}

// floor is regions by the add-peer limits of their targets. Small regions count a
// fifth, empty ones nothing, and what is unsized may turn out to be empty.
func (c *checker) floor(f *freight) *Estimate {
	perMinute, receivers := 0.0, 0
	for _, s := range f.targets {
		if limit, ok := c.snap.Limits[s.ID]; ok {
			perMinute += limit.AddPeer
			receivers++
		}
	}
	cost := float64(f.regions-f.small-f.empty-f.unsized) + float64(f.small)/5
	if perMinute <= 0 || cost <= 0 {
		return nil
	}
	basis := fmt.Sprintf("%s at %.0f a minute, the add-peer limits of %s together", cluster.Plural(f.regions, "region"), perMinute, cluster.Plural(receivers, "receiver"))
	for _, part := range []struct {
		n    int
		text string
	}{{f.small, "small ones count a fifth"}, {f.empty, "empty ones nothing"}, {f.unsized, "of unknown size are left out"}} {
		if part.n > 0 {
			basis += fmt.Sprintf("; %d %s", part.n, part.text)
		}
	}
	return &Estimate{AtLeast: time.Duration(cost / perMinute * float64(time.Minute)).Round(time.Second), Basis: basis}
}

func (c *checker) regionCount(s *cluster.Store) int {
	if survey := c.ev.Surveys[s.ID]; survey != nil && survey.Err == nil {
		return survey.Regions
	}
	return s.RegionCount
}
