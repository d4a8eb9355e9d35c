package diagnose

import (
	"fmt"

	"ebb/cluster"
)

// lowOnSpace: some of the receivers are low on space, or what is left to move
// would fill them. Neither blocks a region yet.
func (v *view) lowOnSpace() []Cause {
	ratio := v.snap.Schedule.LowSpaceRatio
	var causes []Cause
	for _, engine := range v.engines() {
		receivers := ofEngine(v.receivers, engine)
		full := keepStores(receivers, func(s *cluster.Store) bool { return s.LowSpace(v.snap.Schedule) == cluster.Yes })
		if len(full) > 0 {
			causes = append(causes, Cause{
				Severity: Pace, Certainty: Certain, Stores: cluster.StoreIDs(full),
				Sentence: fmt.Sprintf("%d of %d %s stores that stay are low on space, PD sends them nothing", len(full), len(receivers), engine),
				Evidence: append([]string{fmt.Sprintf("config/schedule: low-space-ratio %.2g", ratio)}, spaceLines(full)...),
				Next:     "free space on them or add a store", Risk: "none",
			})
		}
		need, room := v.bytesLeft(engine), roomOn(receivers, ratio)
		if len(receivers) > 0 && need > room {
			causes = append(causes, Cause{
				Severity: Note, Certainty: Possible,
				Sentence: fmt.Sprintf("%s of %s data are left to move, and only %s fit before the receivers are low on space", cluster.FormatBytes(need), engine, cluster.FormatBytes(room)),
				Evidence: append([]string{"stores: used_size and region_size of the leaving stores, the smaller of both"}, spaceLines(receivers)...),
				Next:     fmt.Sprintf("add a %s store or free space before they are full", engine), Risk: "none",
			})
		}
	}
	return causes
}

// bytesLeft is what is to move at least: region sizes are from before compression,
// and the space used shrinks later than the regions leave.
func (v *view) bytesLeft(engine cluster.Engine) uint64 {
	var need uint64
	for _, s := range ofEngine(v.subjects, engine) {
		size := uint64(max(v.summary(s).SizeMiB, 0)) * cluster.MiB
		if s.Used.Known {
			size = min(size, s.Used.AtMost())
		}
		need += size
	}
	return need
}

// roomOn is how much fits onto the stores before the last is low on space; a
// store that did not say counts as empty enough.
func roomOn(stores []*cluster.Store, ratio float64) uint64 {
	var room uint64
	for _, s := range stores {
		if !s.Capacity.Known || !s.Available.Known {
			return ^uint64(0)
		}
		if reserve := uint64(float64(s.Capacity.Bytes) * (1 - ratio)); s.Available.Bytes > reserve {
			room += s.Available.Bytes - reserve
		}
	}
	return room
}

func spaceLines(stores []*cluster.Store) []string {
	var lines []string
	for _, s := range stores[:min(len(stores), 4)] {
		lines = append(lines, fmt.Sprintf("stores: %s has %s available of %s", s, cluster.FormatBytes(s.Available.Bytes), cluster.FormatBytes(s.Capacity.Bytes)))
	}
	return lines
}
