package cluster

// SpecialUseLabel is the store label that sets a store aside for some regions
// (filter.SpecialUseKey, PD 4.0 to master).
const SpecialUseLabel = "specialUse"

// SpecialUse reports whether PD gives the store no ordinary peers, because it is
// set aside for hot regions or reserved (filter.NewSpecialUseFilter, PD 4.0 to
// master).
func (s *Store) SpecialUse() bool {
	switch s.Label(SpecialUseLabel) {
	case "hotRegion", "reserved":
		return true
	}
	return false
}

// PD calls no store low on space that has fewer regions than this and more bytes
// available (core.InitClusterRegionThreshold and initialMinSpace).
const (
	initialRegions  = 100
	initialMinSpace = 8 << 30
)

// LowSpace tells whether PD sends the store nothing more for want of space
// (core.StoreInfo.IsLowSpace, PD 4.0 to master: available/capacity is less than
// 1 - low-space-ratio).
//
// PD judges by exact sizes and shows rounded ones: nobody can tell when both
// answers lie within the rounding, nor when conf is nil. Nor can anybody for a
// store of which PD shows no capacity: PD lets it pass, but only until it hears.
func (s *Store) LowSpace(conf *ScheduleConfig) Answer {
	if !s.Capacity.Known || s.Capacity.Bytes == 0 || !s.Available.Known {
		return CannotTell
	}
	few := s.RegionCount < initialRegions
	if few && s.Available.AtLeast() > initialMinSpace {
		return No
	}
	if conf == nil {
		return CannotTell
	}
	free := 1 - conf.LowSpaceRatio
	surely := float64(s.Available.AtMost()) < free*float64(s.Capacity.AtLeast())
	maybe := float64(s.Available.AtLeast()) < free*float64(s.Capacity.AtMost())
	excused := few && s.Available.AtMost() > initialMinSpace
	switch {
	case surely && !excused:
		return Yes
	case maybe:
		return CannotTell
	}
	return No
}
