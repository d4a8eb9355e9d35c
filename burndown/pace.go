package burndown

import "time"

// densest is the shortest time between two samples of a store, and samplesPerSpan
// how many samples the time since the beginning is divided into after that: a
// leaving of an hour has some 1,800 samples, one of a month some 12,000.
const (
	densest        = 2 * time.Second
	samplesPerSpan = 1800
)

// Pace thins the readings of one store, so that what is kept of a long leaving
// stays small. The zero value begins with the first reading.
type Pace struct {
	began, last time.Time
}

// Due reports whether a reading is to be kept, and how long it may take until the
// next one is due. Readings that tell of a change are kept whenever they come.
func (p *Pace) Due(at time.Time, change bool) (every time.Duration, due bool) {
	if p.began.IsZero() {
		p.began = at
	}
	every = max(densest, at.Sub(p.began)/samplesPerSpan)
	// A clock that was set back must not end the recording.
	if since := at.Sub(p.last); change || p.last.IsZero() || since >= every || since < 0 {
		p.last = at
		return every, true
	}
	return every, false
}
