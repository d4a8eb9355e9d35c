package store

// start brings a store's process up. Its peers vote again at once; regions that
// had lost their majority elect a leader an election timeout later.
func (m *sim) start(s *member) {
	s.running = true
	s.term++
	s.startedAt = m.now()
	term := s.term
	m.after(m.timing.RegionHeartbeat/reportSlices, func() { m.keepReporting(s, term) })
	m.after(m.timing.ElectionTimeout, func() { m.electOn(s.id) })
	// Leaders notice that the peers here answer again, and PD must be told.
	m.after(m.timing.OperatorDelay, func() { m.reportPeersOn(s.id); m.pumpSnapshots() })
}

// stop takes the process away. Nothing happens to its regions until the others
// have waited out the election timeout; then each elects a new leader or, when
// too few are left, falls silent.
func (m *sim) stop(s *member) {
	s.running = false
	s.stoppedAt = m.now()
	for _, r := range s.queue {
		r.queued = r.queued && m.leaderStore(r) != s
	}
	s.queue = nil
	s.sending, s.receiving, s.applying = 0, 0, 0
	term := s.term
	m.after(m.timing.ElectionTimeout, func() { m.electOn(s.id) })
	m.after(m.timing.DownPeerAfter, func() {
		if !s.running && s.term == term {
			m.reportPeersOn(s.id)
		}
	})
}

// electOn settles the leadership of every region with a peer on a store.
func (m *sim) electOn(store uint64) {
	for _, r := range m.regions {
		if peerOnStore(r.peers, store) >= 0 {
			m.elect(r)
		}
	}
}

// reportPeersOn makes the leaders of all regions with a peer on a store report,
// because the peer has become down or is so no longer.
func (m *sim) reportPeersOn(store uint64) {
	for _, r := range m.regions {
		if peerOnStore(r.peers, store) >= 0 {
			m.report(r)
		}
	}
}

// elect settles who leads r. A leader that answers and has a majority stays; a
// leader without one steps down (TiKV's check-quorum), which makes the region
// silent: PD keeps its last view of it. Otherwise the first voter that may lead
// does, preferring those of no joint half.
func (m *sim) elect(r *region) {
	if m.regions[r.id] != r {
		return // merged away meanwhile
	}
	lead := r.leaderPeer()
	if !m.canCommit(r) {
		m.lead(r, 0)
		return
	}
	if lead != nil && m.responds(*lead) && !lead.pending {
		return
	}
	best := -1
	for i, n := m.rng.IntN(len(r.peers)), 0; n < len(r.peers); i, n = (i+1)%len(r.peers), n+1 {
		if m.canLead(r.peers[i]) && (best < 0 || r.peers[i].role < r.peers[best].role) {
			best = i
		}
	}
	if best < 0 {
		m.lead(r, 0)
		return
	}
	r.term++
	m.lead(r, r.peers[best].id)
	m.after(m.timing.DownPeerAfter, func() { m.report(r) })
	m.pumpSnapshots()
}

// disturb is called after a fault changed who can vote in r: the group notices
// an election timeout later.
func (m *sim) disturb(r *region) {
	m.after(m.timing.ElectionTimeout, func() { m.elect(r) })
	m.after(m.timing.DownPeerAfter, func() { m.report(r) })
}
