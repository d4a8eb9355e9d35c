package store

import (
	"math/rand/v2"
	"sort"
	"time"
)

// sim is the model: all stores, all regions, and what will happen when. It is
// not safe for concurrent use; Fleet guards it with a mutex.
type sim struct {
	now    func() time.Time
	wake   func() // called when a timer became the next one; may be nil
	timing Timing
	rng    *rand.Rand

	timers timerHeap
	seq    uint64

	stores  map[uint64]*member
	regions map[uint64]*region
	// ghosts are store ids PD has no record of. The value says whether the
	// process behind the id still runs, and its peers still vote.
	ghosts    map[uint64]bool
	snapshots []*snapshot // waiting for a free slot at both ends, in order

	// askSplit gets ids for new regions from PD, away from the model's lock,
	// and then calls sim.finishSplit. Nil drops splits.
	askSplit func(order splitOrder)
}

// member is a store as the model sees it: its share of the regions and whether
// its process runs.
type member struct {
	id        uint64
	spec      Spec
	running   bool
	forgotten bool // the process is gone for good
	startedAt time.Time
	stoppedAt time.Time
	term      uint64 // counts starts, so that timers of an earlier run are void

	peers   int   // replicas here
	size    int64 // MiB in them
	ballast int64 // MiB that FillStore put here
	led     []*region
	cursor  int // next of led to be reported unasked

	queue    []*region     // to be reported now
	notify   chan struct{} // signals the store's stream that queue has work
	writing  bool          // heartbeats taken from queue are not written yet
	lastSent uint64        // id of the region written last

	sending, receiving, applying int

	slowFactor float64 // 1 is normal speed
	slowScore  uint64
	busy       bool
	ignore     bool // operators are not obeyed
	lastError  string
}

func newSim(t Timing, seed int64, now func() time.Time) *sim {
	return &sim{
		now: now, timing: t, rng: rand.New(rand.NewPCG(uint64(seed), 0)),
		stores: map[uint64]*member{}, regions: map[uint64]*region{}, ghosts: map[uint64]bool{},
	}
}

func (m *sim) addStore(id uint64, spec Spec) *member {
	s := &member{id: id, spec: spec, notify: make(chan struct{}, 1), slowFactor: 1, slowScore: 1}
	m.stores[id] = s
	return s
}

// addRegion puts a complete region into the model. A region without a leader
// gets one as soon as elections are held.
func (m *sim) addRegion(r *region) {
	r.ledAt = -1
	leader := r.leader
	r.leader = 0
	m.regions[r.id] = r
	m.account(r, 1)
	if leader != 0 {
		m.lead(r, leader)
	}
}

// dropRegion takes a region out, as a merge does with the source.
func (m *sim) dropRegion(r *region) {
	m.lead(r, 0)
	m.account(r, -1)
	delete(m.regions, r.id)
}

// account adds (sign 1) or takes away (-1) a region's share of its stores.
func (m *sim) account(r *region, sign int) {
	for _, p := range r.peers {
		if s := m.stores[p.store]; s != nil {
			s.peers += sign
			s.size += int64(sign) * r.size
		}
	}
}

// setPeers replaces a region's configuration.
func (m *sim) setPeers(r *region, peers []peer) {
	m.account(r, -1)
	r.peers = peers
	m.account(r, 1)
}

func (m *sim) resize(r *region, size int64) {
	m.account(r, -1)
	r.size = size
	m.account(r, 1)
}

// lead hands the leadership of r to a peer (0: to nobody) and reports it.
func (m *sim) lead(r *region, peerID uint64) {
	if old := m.leaderStore(r); old != nil && r.ledAt >= 0 {
		last := len(old.led) - 1
		old.led[r.ledAt] = old.led[last]
		old.led[r.ledAt].ledAt = r.ledAt
		old.led[last] = nil
		old.led = old.led[:last]
	}
	r.leader, r.ledAt, r.queued = peerID, -1, false
	if peerID == 0 {
		return
	}
	r.leaderSince = m.now()
	if s := m.leaderStore(r); s != nil {
		r.ledAt = len(s.led)
		s.led = append(s.led, r)
	}
	m.report(r)
}

func (m *sim) leaderStore(r *region) *member {
	if p := r.leaderPeer(); p != nil {
		return m.stores[p.store]
	}
	return nil
}

// report queues a heartbeat of r at its leader's store.
func (m *sim) report(r *region) {
	s := m.leaderStore(r)
	if s == nil || !s.running || r.queued {
		return
	}
	r.queued = true
	s.queue = append(s.queue, r)
	select {
	case s.notify <- struct{}{}:
	default:
	}
}

// take removes up to n regions from a store's heartbeat queue, leaving out those
// that it no longer leads or may not report.
func (m *sim) take(s *member, n int) []*region {
	var out []*region
	for len(s.queue) > 0 && len(out) < n {
		r := s.queue[0]
		s.queue[0] = nil
		s.queue = s.queue[1:]
		if m.regions[r.id] != r || m.leaderStore(r) != s {
			continue // merged away, or queued again at its new leader
		}
		r.queued = false
		if !r.muted {
			out = append(out, r)
		}
	}
	if len(s.queue) == 0 {
		s.queue = nil
	}
	return out
}

// reportAll queues everything a store leads. TiKV does the same when it has
// reconnected to PD, so that a new PD leader learns the regions at once.
func (m *sim) reportAll(s *member) {
	for _, r := range s.led {
		m.report(r)
	}
}

// reportSlices is into how many parts the re-report interval is cut, so that a
// store's regions are spread over it instead of coming in one burst.
const reportSlices = 32

// keepReporting re-reports a slice of the store's regions, again and again
// until the store stops.
func (m *sim) keepReporting(s *member, term uint64) {
	if !s.running || s.term != term {
		return
	}
	for range (len(s.led) + reportSlices - 1) / reportSlices {
		s.cursor = (s.cursor + 1) % len(s.led)
		m.report(s.led[s.cursor])
	}
	m.after(m.timing.RegionHeartbeat/reportSlices, func() { m.keepReporting(s, term) })
}

// sorted returns the regions in key order.
func (m *sim) sorted() []*region {
	all := make([]*region, 0, len(m.regions))
	for _, r := range m.regions {
		all = append(all, r)
	}
	sort.Slice(all, func(i, j int) bool { return string(all[i].start) < string(all[j].start) })
	return all
}

// alive reports whether the process behind a store id runs.
func (m *sim) alive(store uint64) bool {
	if s := m.stores[store]; s != nil {
		return s.running
	}
	return m.ghosts[store]
}

// responds reports whether a peer answers its leader at all.
func (m *sim) responds(p peer) bool { return !p.dead && m.alive(p.store) }

// votes reports whether a peer's vote counts: it answers and has the log.
func (m *sim) votes(p peer) bool { return m.responds(p) && !p.pending }

// canCommit reports whether the region's group can change anything.
func (m *sim) canCommit(r *region) bool { return hasMajority(r.peers, m.votes) }

// canLead reports whether a peer may be leader: it votes, it is not on its way
// out of a joint configuration, and its store is one of ours, for only those
// have a stream to PD.
func (m *sim) canLead(p peer) bool {
	return m.stores[p.store] != nil && m.votes(p) && inNewHalf(p.role)
}
