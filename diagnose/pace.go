package diagnose

import (
	"fmt"
	"math"
	"time"

	"ebb/cluster"
)

// Paced says how fast the stores leave, and what sets that pace.
type Paced struct {
	// Limit names what sets the pace, as the name of a rule ("add-peer-limit"); ""
	// when nobody can tell.
	Limit string `json:"limit,omitempty"`
	Text  string `json:"text,omitempty"`
	// PerSecond is the rate that was measured between two readings, 0 without.
	PerSecond float64 `json:"regions_per_second,omitempty"`
	// AtLeast is the time that the limits leave for what remains; 0: not known.
	AtLeast time.Duration `json:"at_least_ns,omitempty"`
	// ETA is the time that the rest takes at the present pace; 0: not known. Basis
	// says by whom it was measured.
	ETA   time.Duration `json:"eta_ns,omitempty"`
	Basis string        `json:"basis,omitempty"`
}

// floor is the least time in which the receivers of one engine can take what is
// left: PD adds at most add-peer peers a minute to each.
type floor struct {
	regions   int
	receivers int
	perMinute float64
	least     float64
	most      float64
	time      time.Duration
}

func (f *floor) spread() string {
	if f.least == f.most {
		return fmt.Sprintf("%.0f", f.least)
	}
	return fmt.Sprintf("%.0f to %.0f", f.least, f.most)
}

// floorOf counts a small region as a fifth and an empty one as nothing, as PD's
// store limit does.
func (v *view) floorOf(engine cluster.Engine) floor {
	f := floor{least: math.Inf(1)}
	load := 0.0
	for _, s := range ofEngine(v.subjects, engine) {
		n := v.regionsOn(s)
		f.regions += n
		load += float64(n)
		if t := v.tally(s.ID); t.Err == "" && t.Regions == n {
			load -= float64(t.Empty) + float64(t.Small)*4/5
		}
	}
	for _, s := range ofEngine(v.receivers, engine) {
		limit, known := v.snap.Limits[s.ID]
		if !known || s.SpecialUse() || s.LowSpace(v.snap.Schedule) == cluster.Yes {
			continue
		}
		f.receivers++
		f.perMinute += limit.AddPeer
		f.least, f.most = min(f.least, limit.AddPeer), max(f.most, limit.AddPeer)
	}
	if f.perMinute > 0 && f.regions > 0 {
		f.time = time.Duration(load / f.perMinute * float64(time.Minute)).Round(time.Second)
	} else {
		f.perMinute = 0
	}
	return f
}

// pace is nil when nothing is leaving, or nothing is left.
func (v *view) pace(causes []Cause) *Paced {
	if v.allUp() || v.remaining() == 0 {
		return nil
	}
	p := new(Paced)
	if _, failed := v.ev.Unread[FieldLimits]; !failed {
		for _, engine := range v.engines() {
			p.AtLeast = max(p.AtLeast, v.floorOf(engine).time)
		}
	}
	p.measure(v)
	p.limit(v, causes)
	return p
}

// measure takes the rate of our own two readings, else PD's.
func (p *Paced) measure(v *view) {
	if later := v.ev.Later; later != nil && later.After > 0 {
		gone := 0
		for _, s := range v.subjects {
			if l, ok := later.Stores[s.ID]; ok {
				gone += s.RegionCount - l.RegionCount
			}
		}
		if gone > 0 {
			p.PerSecond = float64(gone) / later.After.Seconds()
			p.ETA = time.Duration(float64(v.remaining()-gone) / p.PerSecond * float64(time.Second))
			p.Basis = fmt.Sprintf("%s left within %s", cluster.Plural(gone, "region"), clock(later.After))
			return
		}
	}
	for _, s := range v.subjects {
		if progress, ok := v.ev.Progress[s.ID]; ok && progress.Action == cluster.ActionRemoving && progress.Left > p.ETA {
			p.ETA = progress.Left
			p.Basis = fmt.Sprintf("PD measures %.1f MiB/s on store %d", progress.SpeedMiB, s.ID)
		}
	}
}

// paceOrder are the causes that set a pace, the one that binds hardest first:
// where PD runs all the operators it may, the limits behind them do not bind.
var paceOrder = []string{"P23", "P07", "P06", "D18", "P08", "D17", "P20", "D03", "P24", "D30"}

// binds reports whether a cause sets the pace of all, not of a few: one big region
// or one busy store of many does not.
func (v *view) binds(c *Cause) bool {
	switch c.ID {
	case "D17":
		return 2*c.Blocked >= v.remaining()
	case "D18":
		return 2*len(c.Stores) >= len(v.receivers)
	}
	return true
}

func (p *Paced) limit(v *view, causes []Cause) {
	for _, id := range paceOrder {
		for i := range causes {
			if c := &causes[i]; c.ID == id && c.Severity == Pace && v.binds(c) {
				p.Limit, p.Text = c.Name, c.Sentence
				return
			}
		}
	}
}
