package store

import "time"

// snapshot is the copy of a region on its way to a new peer.
type snapshot struct {
	region, peer uint64
}

// sendSnapshot queues the snapshot a pending peer waits for.
func (m *sim) sendSnapshot(r *region, peerID uint64) {
	m.snapshots = append(m.snapshots, &snapshot{region: r.id, peer: peerID})
	m.pumpSnapshots()
}

// pumpSnapshots starts every waiting snapshot whose sender (the leader's store)
// and receiver both run and have a free slot. Those that have no purpose any
// more, because the peer was removed, are dropped.
func (m *sim) pumpSnapshots() {
	waiting := m.snapshots[:0]
	for _, s := range m.snapshots {
		r := m.regions[s.region]
		if r == nil {
			continue
		}
		at := peerByID(r.peers, s.peer)
		if at < 0 || !r.peers[at].pending {
			continue
		}
		if r.peers[at].stuck || !m.transfer(s, r, r.peers[at]) {
			waiting = append(waiting, s)
		}
	}
	clear(m.snapshots[len(waiting):])
	m.snapshots = waiting
}

// transfer starts one snapshot if both ends can take it. The bandwidth of a
// store is shared by what is in flight there when the snapshot starts.
func (m *sim) transfer(s *snapshot, r *region, p peer) bool {
	from, to := m.leaderStore(r), m.stores[p.store]
	if from == nil || to == nil || !from.running || !to.running || p.dead {
		return false
	}
	if from.sending >= m.timing.SnapshotLimit || to.receiving >= m.timing.SnapshotLimit {
		return false
	}
	from.sending++
	to.receiving++
	rate := min(m.share(from, from.sending), m.share(to, to.receiving))
	took := time.Duration(float64(r.size) / rate * float64(time.Second))
	fromTerm, toTerm := from.term, to.term
	m.after(took, func() {
		sent, received := from.running && from.term == fromTerm, to.running && to.term == toTerm
		if sent {
			from.sending--
		}
		if received {
			to.receiving--
		}
		if sent && received {
			m.apply(s, to)
		} else {
			m.snapshots = append(m.snapshots, s) // interrupted: begin again
		}
		m.pumpSnapshots()
	})
	return true
}

// share is the MiB/s one of n transfers gets at a store.
func (m *sim) share(s *member, n int) float64 {
	return m.timing.SnapshotBandwidth / s.slowFactor / float64(n)
}

// apply ingests an arrived snapshot; then the peer is a full replica, and the
// leader tells PD that it is no longer pending.
func (m *sim) apply(s *snapshot, to *member) {
	to.applying++
	term := to.term
	m.after(m.delay(to), func() {
		if !to.running || to.term != term {
			m.snapshots = append(m.snapshots, s)
			m.pumpSnapshots()
			return
		}
		to.applying--
		r := m.regions[s.region]
		if r == nil {
			return
		}
		if at := peerByID(r.peers, s.peer); at >= 0 && r.peers[at].store == to.id && !r.peers[at].stuck {
			r.peers[at].pending = false
			m.report(r)
		}
	})
}

// delay is the operator delay on a store, longer on a slow one.
func (m *sim) delay(s *member) time.Duration {
	return time.Duration(float64(m.timing.OperatorDelay) * s.slowFactor)
}
