package decommission

import (
	"slices"
	"time"

	"ebb/cluster"
)

// Phase is where a watched store stands.
type Phase string

// Phases. All but PhaseLeaving are final.
const (
	PhaseLeaving Phase = "leaving"
	// PhaseTombstone: PD has buried the store and no region names it.
	PhaseTombstone Phase = "tombstone"
	// PhaseBuriedEarly: PD says Tombstone, but regions still name the store
	// (9.0-beta.2 and master bury by region size, which is 0 after a restart).
	PhaseBuriedEarly Phase = "tombstone-with-regions"
	// PhaseCameBack: the store is Up again; somebody cancelled.
	PhaseCameBack Phase = "came-back"
	// PhaseGone: PD has no record of the store any more.
	PhaseGone Phase = "gone"
)

// Final reports whether the phase ends the watching of the store.
func (p Phase) Final() bool { return p != PhaseLeaving }

// Observation is one reading of PD.
type Observation struct {
	// At is the watcher's own clock; rates and stalls are measured by it.
	At time.Time
	// Err is why PD could not be read; nothing else is set then.
	Err    error
	ReadAt time.Time // PD's clock, for heartbeat ages
	Stores []cluster.Store
	// Remaining counts the regions that still name a store that PD calls
	// Tombstone or does not know. No entry means that nobody looked.
	Remaining map[cluster.StoreID]int
	// Progress is PD's own estimate, where it has one.
	Progress map[cluster.StoreID]cluster.Progress
	// Stuck counts the regions of a store that will not leave as things are. No
	// entry means that nobody looked.
	Stuck map[cluster.StoreID]int
}

// Watch is the state of watching some stores leave. It is a value: Step returns
// the next one and the events on the way, and never looks at a clock.
type Watch struct {
	Stores []StoreWatch
	// LostSince is when PD stopped answering, zero while it answers.
	LostSince time.Time
	Started   time.Time
}

// StoreWatch is the state of one store.
type StoreWatch struct {
	ID      cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	Node    string          `json:"node,omitempty"`
	Phase   Phase           `json:"phase"`
	// State is PD's own word.
	State         string `json:"state"`
	Regions       int    `json:"regions"`
	Leaders       int    `json:"leaders"`
	RegionSizeMiB int64  `json:"region_size_mib"`
	// InitialRegions is the count when the watching began.
	InitialRegions int `json:"initial_regions"`
	// PerSecond is the rate at which regions left over the last minute, and ETA
	// the time that the rest takes at that rate; ETA is 0 when the rate is 0.
	PerSecond float64       `json:"regions_per_second"`
	ETA       time.Duration `json:"eta_ns"`
	// Forecast is the same as a range, from the last minutes; nil while there is
	// nothing to go by.
	Forecast *Forecast `json:"forecast,omitempty"`
	// Stalled is set while no region has left for a while. Stuck is then the number
	// of regions that will not leave as things are, nil when nobody looked.
	Stalled bool `json:"stalled"`
	Stuck   *int `json:"stuck,omitempty"`
	// PD is PD's own estimate, nil when it has none about removing.
	PD *cluster.Progress `json:"pd_progress,omitempty"`

	seen    bool
	samples []sample
	curve   curve
	lastCut time.Time // when a region last left
}

// Curve is the number of regions since the watching began.
func (s *StoreWatch) Curve() []CurvePoint { return s.curve.points }

// NewWatch starts watching. Nodes gives the tiup IDs of stores that have one.
func NewWatch(ids []cluster.StoreID, nodes map[cluster.StoreID]string) Watch {
	w := Watch{}
	for _, id := range ids {
		w.Stores = append(w.Stores, StoreWatch{ID: id, Node: nodes[id], Phase: PhaseLeaving})
	}
	return w
}

// With is the watch extended by stores that it does not watch yet.
func (w Watch) With(ids []cluster.StoreID) Watch {
	next := w
	next.Stores = append([]StoreWatch(nil), w.Stores...)
	for _, id := range ids {
		known := slices.ContainsFunc(next.Stores, func(s StoreWatch) bool { return s.ID == id })
		if !known {
			next.Stores = append(next.Stores, StoreWatch{ID: id, Phase: PhaseLeaving})
		}
	}
	return next
}

// Done reports whether every store has come to an end.
func (w *Watch) Done() bool {
	for i := range w.Stores {
		if !w.Stores[i].Phase.Final() {
			return false
		}
	}
	return true
}

// Step takes one observation.
func (w Watch) Step(o Observation) (Watch, []Event) {
	next := w
	next.Stores = append([]StoreWatch(nil), w.Stores...)
	if next.Started.IsZero() {
		next.Started = o.At
	}
	if o.Err != nil {
		if !next.LostSince.IsZero() {
			return next, nil
		}
		next.LostSince = o.At
		return next, []Event{{Type: EventContactLost, At: o.At, Err: o.Err}}
	}
	var events []Event
	if !next.LostSince.IsZero() {
		next.LostSince = time.Time{}
		events = append(events, Event{Type: EventContactRegained, At: o.At})
	}
	stores := cluster.IndexStores(o.Stores)
	for i := range next.Stores {
		if s := &next.Stores[i]; !s.Phase.Final() {
			events = append(events, s.step(o, stores[s.ID])...)
		}
	}
	return next, events
}

func (s *StoreWatch) step(o Observation, now *cluster.Store) []Event {
	before := *s
	first := !s.seen
	s.seen = true
	s.observe(o, now)
	var events []Event
	event := func(t EventType) { events = append(events, Event{Type: t, At: o.At, Store: s.copy()}) }
	switch {
	case first && !s.Phase.Final():
		event(EventWatching)
	case s.Phase != before.Phase:
		event(phaseEvents[s.Phase])
		return events
	case s.State != before.State:
		event(EventState)
	}
	if s.Stalled != before.Stalled {
		event(map[bool]EventType{true: EventStalled, false: EventMoving}[s.Stalled])
	}
	event(EventProgress)
	return events
}

var phaseEvents = map[Phase]EventType{
	PhaseTombstone: EventTombstone, PhaseBuriedEarly: EventBuriedEarly,
	PhaseCameBack: EventCameBack, PhaseGone: EventGone,
}

func (s *StoreWatch) copy() *StoreWatch {
	c := *s
	return &c
}

func (s *StoreWatch) observe(o Observation, now *cluster.Store) {
	if now == nil {
		s.State, s.Phase = "", PhaseGone
		s.settle(o)
		return
	}
	s.Address, s.State = now.Address, now.StateName
	s.Regions, s.Leaders, s.RegionSizeMiB = now.RegionCount, now.LeaderCount, now.RegionSizeMiB
	switch now.State {
	case cluster.Tombstone:
		s.Phase = PhaseTombstone
		s.settle(o)
		return
	case cluster.Up:
		s.Phase = PhaseCameBack
		return
	}
	s.PD = nil
	if p, ok := o.Progress[s.ID]; ok && p.Action == cluster.ActionRemoving {
		s.PD = &p
	}
	s.measure(o)
}

// settle looks at what still names a store that PD is done with.
func (s *StoreWatch) settle(o Observation) {
	remaining, looked := o.Remaining[s.ID]
	s.PD, s.PerSecond, s.ETA, s.Forecast, s.Stalled, s.Stuck = nil, 0, 0, nil, false, nil
	switch {
	case !looked:
		s.Phase = PhaseLeaving // cannot tell yet; look again
	case remaining > 0:
		s.Phase, s.Regions = PhaseBuriedEarly, remaining
	default:
		s.Regions, s.Leaders, s.RegionSizeMiB = 0, 0, 0
	}
}

// measure updates rate, forecast and stall from the number of regions.
func (s *StoreWatch) measure(o Observation) {
	at := o.At
	if len(s.samples) == 0 {
		s.InitialRegions, s.lastCut = s.Regions, at
	} else if s.Regions < s.samples[len(s.samples)-1].regions {
		s.lastCut = at
	}
	s.samples = append(append([]sample(nil), since(s.samples, at.Add(-forecastWindow))...), sample{at, s.Regions})
	s.curve = s.curve.with(at, s.Regions)
	s.ETA = 0
	s.PerSecond = perSecond(since(s.samples, at.Add(-rateWindow)))
	if s.PerSecond > 0 {
		s.ETA = duration(float64(s.Regions) / s.PerSecond)
	}
	s.Forecast = forecast(s.samples)
	s.Stalled = s.Regions > 0 && at.Sub(s.lastCut) >= stallAfter
	switch n, looked := o.Stuck[s.ID]; {
	case !s.Stalled:
		s.Stuck = nil
	case looked:
		s.Stuck = &n
	}
}
