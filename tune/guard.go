package tune

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// leastBacklog is the number of snapshots below which nobody speaks of a backlog,
// however low max-snapshot-count is.
const leastBacklog = 12

// strain lists what is wrong with a store, in words; nil when it is well.
func strain(s *cluster.Store) []string {
	var signs []string
	if s.IsBusy {
		signs = append(signs, "it says that it is busy")
	}
	if s.SlowScore >= cluster.SlowStoreScore {
		signs = append(signs, fmt.Sprintf("its slow score is %d", s.SlowScore))
	}
	return signs
}

// backlog lists which snapshots pile up. limit is max-snapshot-count as it works
// now; PD sends nothing more to a store above it, by when reads are slow already.
func backlog(s *cluster.Store, limit int) []string {
	var signs []string
	threshold := max(leastBacklog, limit*3/4)
	for _, c := range []struct {
		name string
		n    int
	}{{"sends", s.SendingSnapCount}, {"receives", s.ReceivingSnapCount}, {"applies", s.ApplyingSnapCount}} {
		if c.n >= threshold {
			signs = append(signs, fmt.Sprintf("it %s %d snapshots", c.name, c.n))
		}
	}
	return signs
}

// Reading is one look at the stores.
type Reading struct {
	At     time.Time // the watcher's own clock
	Stores []cluster.Store
	// SnapshotLimit is max-snapshot-count as it works now.
	SnapshotLimit int
}

// Action is what a guard decides on a reading.
type Action string

// Actions. With Keep nothing changes.
const (
	Keep    Action = "keep"
	BackOff Action = "back-off" // one profile slower
	Stop    Action = "stop"     // back to PD's own speed at once
	Resume  Action = "resume"   // one profile faster again
)

// Decision is what a guard decided.
type Decision struct {
	Action Action   `json:"action"`
	From   Profile  `json:"from"`
	To     Profile  `json:"to"`
	Why    []string `json:"why,omitempty"`
}

// String says it to a person.
func (d Decision) String() string {
	why := strings.Join(d.Why, "; ")
	switch d.Action {
	case BackOff:
		return fmt.Sprintf("backing off from %s to %s: %s", d.From, d.To, why)
	case Stop:
		return fmt.Sprintf("stopping, from %s to %s: %s", d.From, d.To, why)
	case Resume:
		return fmt.Sprintf("the stores are well again: from %s to %s", d.From, d.To)
	}
	return "keeping " + d.From.String()
}

// Times of a guard. Stores report every ten seconds, so a sign has to be in two
// reports; a change takes a while to be felt; and what was backed off from is
// not tried again at once.
const (
	strainedFor = 12 * time.Second
	settleFor   = 30 * time.Second
	calmFor     = 2 * time.Minute
)

// Guard decides how fast to go on. It is a value: Step returns the next one, and
// looks at no clock.
type Guard struct {
	Ceiling Profile // what was asked for; never exceeded
	Level   Profile // what is set now
	// Stores are looked at: those that were well when it began.
	Stores []cluster.StoreID

	strained, calm, changed time.Time
}

// NewGuard watches over the stores of a plan.
func NewGuard(p *Plan) Guard {
	return Guard{Ceiling: p.Profile, Level: p.Profile, Stores: append(slices.Clone(p.Receivers), p.Leaving...)}
}

// Step takes one reading.
func (g Guard) Step(r Reading) (Guard, Decision) {
	d := Decision{Action: Keep, From: g.Level, To: g.Level}
	if g.changed.IsZero() {
		g.changed = r.At
	}
	signs, severe := g.look(r)
	if len(signs) == 0 {
		g.strained = time.Time{}
		if g.calm.IsZero() {
			g.calm = r.At
		}
		if g.Level != g.Ceiling && r.At.Sub(g.calm) >= calmFor {
			d.Action, d.To = Resume, g.Level.faster()
		}
	} else {
		g.calm = time.Time{}
		if g.strained.IsZero() {
			g.strained = r.At
		}
		lasting := r.At.Sub(g.strained) >= strainedFor
		switch {
		case g.Level == None || !lasting:
		case severe:
			d.Action, d.To, d.Why = Stop, None, signs
		case r.At.Sub(g.changed) >= settleFor:
			d.Action, d.To, d.Why = BackOff, g.Level.slower(), signs
		}
	}
	if d.Action != Keep {
		g.Level, g.changed, g.strained, g.calm = d.To, r.At, time.Time{}, time.Time{}
	}
	return g, d
}

// look lists the signs of strain; severe when a store was lost, or half of them
// are strained.
func (g *Guard) look(r Reading) (signs []string, severe bool) {
	strained := 0
	for i := range r.Stores {
		s := &r.Stores[i]
		if !slices.Contains(g.Stores, s.ID) || s.State == cluster.Tombstone {
			continue
		}
		found := append(strain(s), backlog(s, r.SnapshotLimit)...)
		if s.StateName == cluster.StateDisconnected || s.StateName == cluster.StateDown {
			found, severe = append(found, "it is "+s.StateName), true
		}
		if len(found) > 0 {
			strained++
			signs = append(signs, s.String()+": "+strings.Join(found, ", "))
		}
	}
	return signs, severe || strained > 1 && 2*strained >= len(g.Stores)
}
