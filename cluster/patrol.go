package cluster

import "time"

// Regions that PD looks at in one interval: that many before 8.4, and from then on
// a 1024th of all within these bounds.
const (
	leastPatrolBatch = 128
	mostPatrolBatch  = 8192
)

// PatrolRound is how long PD takes to look at every region once
// (Coordinator.PatrolRegions, in 8.4 and later checker.Controller). interval is
// patrol-region-interval, and conf tells the number of workers.
func PatrolRound(r Release, regions int, interval time.Duration, conf *ScheduleConfig) time.Duration {
	batch, workers := leastPatrolBatch, 1
	if r.AtLeast(8, 4) {
		batch = min(max(batch, regions/1024), mostPatrolBatch)
	}
	if n := conf.PatrolRegionWorkerCount; n != nil {
		workers = max(workers, *n)
	}
	return time.Duration(float64(interval) * float64(regions) / float64(batch*workers))
}
