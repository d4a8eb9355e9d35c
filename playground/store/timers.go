package store

import (
	"container/heap"
	"time"
)

// timer is one thing the model will do. Timers due at the same moment run in
// the order in which they were set, so that a seeded run repeats.
type timer struct {
	at  time.Time
	seq uint64
	run func()
}

type timerHeap []timer

func (h timerHeap) Len() int      { return len(h) }
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h timerHeap) Less(i, j int) bool {
	if h[i].at.Equal(h[j].at) {
		return h[i].seq < h[j].seq
	}
	return h[i].at.Before(h[j].at)
}
func (h *timerHeap) Push(x any) {
	t, _ := x.(timer) // container/heap passes on what it was given
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = timer{} // let the closure be collected
	*h = (*h)[:last]
	return t
}

// after runs fn when d has passed on the model's clock.
func (m *sim) after(d time.Duration, fn func()) {
	m.seq++
	heap.Push(&m.timers, timer{at: m.now().Add(d), seq: m.seq, run: fn})
	if m.timers[0].seq == m.seq && m.wake != nil {
		m.wake()
	}
}

// advance runs every timer that is due and returns the time to the next one.
func (m *sim) advance() time.Duration {
	for len(m.timers) > 0 {
		if wait := m.timers[0].at.Sub(m.now()); wait > 0 {
			return wait
		}
		if t, ok := heap.Pop(&m.timers).(timer); ok {
			t.run()
		}
	}
	return time.Hour
}
