package decommission

import (
	"fmt"
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

// estimate is nil when the limits are not known.
func (c *checker) estimate() *Estimate {
	if c.snap.Unread["limits"] != nil || len(c.snap.Limits) == 0 {
		return nil
	}
	var slowest *Estimate
	for _, engine := range c.engines() {
		regions, perMinute, receivers := 0, 0.0, 0
		for _, s := range c.targets {
			if s.Engine() == engine {
				regions += c.regionCount(s)
			}
		}
		for _, s := range c.receiversOf(engine) {
			if limit, ok := c.snap.Limits[s.ID]; ok {
				perMinute += limit.AddPeer
				receivers++
			}
		}
		if perMinute <= 0 || regions == 0 {
			continue
		}
		floor := time.Duration(float64(regions) / perMinute * float64(time.Minute)).Round(time.Second)
		if slowest == nil || floor > slowest.AtLeast {
			slowest = &Estimate{AtLeast: floor, Basis: fmt.Sprintf(
				"%s at %.0f a minute, the add-peer limits of %s together", plural(regions, "region"), perMinute, plural(receivers, "receiver"))}
		}
	}
	return slowest
}

func (c *checker) regionCount(s *cluster.Store) int {
	if survey := c.ev.Surveys[s.ID]; survey != nil && survey.Err == nil {
		return survey.Regions
	}
	return s.RegionCount
}

// binarySize writes bytes as PD does, with 1024-based units.
func binarySize(bytes uint64) string {
	value, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.4g%s", value, units[unit])
}
