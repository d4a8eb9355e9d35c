package decommission

import (
	"context"
	"fmt"
	"sync"
	"time"

	"ebb/cluster"
)

// heartbeats is one reading of PD.
type heartbeats struct {
	err    error
	readAt time.Time // PD's clock
	stores cluster.Stores
}

func readHeartbeats(ctx context.Context, pd StoreReader) heartbeats {
	stores, readAt, err := pd.Stores(ctx)
	return heartbeats{err, readAt, cluster.IndexStores(stores)}
}

// age is how long PD has not heard a store; ok is false when nobody can tell.
func (h *heartbeats) age(id cluster.StoreID) (age time.Duration, ok bool) {
	if s := h.stores[id]; h.err == nil && s != nil {
		return s.HeartbeatAge(h.readAt)
	}
	return 0, false
}

// silentIn reports whether PD has clearly not heard the store for a while. Only
// then may anything be done to its machine.
func (l *ladder) silentIn(h heartbeats) bool {
	age, ok := h.age(l.target.StoreID)
	switch {
	case h.err != nil:
		l.check(rungHeartbeat, Unknown, "could not ask PD for heartbeats", h.err.Error())
	case !ok:
		l.check(rungHeartbeat, Unknown, "PD has no heartbeat of "+l.target.name())
	case age <= cluster.DisconnectedAfter:
		l.check(rungHeartbeat, Refused, fmt.Sprintf("%s sent a heartbeat %s ago", l.target.name(), age.Round(time.Second)))
	default:
		return true
	}
	return false
}

// watchInterval is the time between two readings in the window.
const watchInterval = 5 * time.Second

// watchHeartbeats watches that no heartbeat of the targets arrives at PD during the
// window. PD keeps the last heartbeat of every store, so no reading in between
// can be missed. The length of the window is measured by our own clock, which
// does not change with PD's leader.
func watchHeartbeats(ctx context.Context, ladders []*ladder, d *FenceDeps) {
	first, start := readHeartbeats(ctx, d.PD), d.Now()
	last := first
	for d.Window > 0 && ctx.Err() == nil && d.Now().Sub(start) < d.Window {
		if d.Sleep(ctx, min(watchInterval, d.Window-d.Now().Sub(start))) != nil {
			break
		}
		last = readHeartbeats(ctx, d.PD)
		if wentBack(ladders, &first, &last) {
			// A new PD leader, which knows the heartbeats as they were last saved (every
			// 5 minutes; PD 4.0 to master): nothing seen so far counts.
			first, start = last, d.Now()
		}
	}
	for _, l := range ladders {
		l.checkHeartbeats(&first, &last, d.Now().Sub(start))
	}
}

func wentBack(ladders []*ladder, first, last *heartbeats) bool {
	for _, l := range ladders {
		a, b := first.stores[l.target.StoreID], last.stores[l.target.StoreID]
		if a != nil && b != nil && b.LastHeartbeat.Before(a.LastHeartbeat) {
			return true
		}
	}
	return false
}

// checkHeartbeats judges what the window has shown about one store, unless that
// is clear already.
func (l *ladder) checkHeartbeats(first, last *heartbeats, watched time.Duration) {
	for i := range l.report.Checks {
		if l.report.Checks[i].Check == rungHeartbeat {
			return
		}
	}
	if !l.silentIn(*first) || !l.silentIn(*last) {
		return
	}
	id := l.target.StoreID
	before, after := first.stores[id].LastHeartbeat, last.stores[id].LastHeartbeat
	age, _ := last.age(id)
	switch {
	case !before.Equal(after):
		l.check(rungHeartbeat, Refused, fmt.Sprintf("%s sent a heartbeat while it was watched", l.target.name()), after.UTC().Format(time.RFC3339))
	case watched < MinFenceWindow:
		l.check(rungHeartbeat, Warning, fmt.Sprintf("PD has not heard %s for %s, at one look", l.target.name(), age.Round(time.Second)))
	default:
		l.report.LastHeartbeat = after
		l.check(rungHeartbeat, OK, fmt.Sprintf("PD has not heard %s for %s, and not while it was watched for %s", l.target.name(), age.Round(time.Second), watched.Round(time.Second)))
	}
}

// lookAgain looks at what runs after the window.
func (l *ladder) lookAgain(ctx context.Context) {
	if l.host != nil && !l.off {
		l.lookAtUnit(ctx)
		l.lookAtProcesses(ctx)
		l.lookAtPorts(ctx)
	}
	l.dial(ctx)
}

// running notes that something runs: a verdict where it should have been
// stopped, else what fencing would stop.
func (l *ladder) running(check, summary string, evidence ...string) {
	l.report.Running = true
	result := Refused
	if l.deps.Journal == nil {
		result = Warning
	}
	l.check(check, result, summary, evidence...)
}

func (l *ladder) lookAtUnit(ctx context.Context) {
	t := l.target
	u, err := ReadUnit(ctx, l.host, t.UserUnits, t.Unit)
	switch {
	case err != nil:
		l.check(rungUnit, Unknown, fmt.Sprintf("could not ask %s about %s", t.Host, t.Unit), err.Error())
	case u.Running():
		l.running(rungUnit, fmt.Sprintf("%s is %s on %s", t.Unit, u.Active, t.Host))
	case u.Load == "masked":
		l.check(rungUnit, OK, fmt.Sprintf("%s is stopped and masked on %s: neither a reboot nor tiup starts it", t.Unit, t.Host))
	case l.deps.Journal == nil:
		l.check(rungUnit, Warning, fmt.Sprintf("%s is stopped on %s, but not masked: it may be started again", t.Unit, t.Host))
	default:
		l.check(rungUnit, Unknown, fmt.Sprintf("%s is stopped on %s, but not masked: somebody or something may start it again", t.Unit, t.Host), "LoadState "+u.Load)
	}
}

func (l *ladder) lookAtProcesses(ctx context.Context) {
	t := l.target
	processes, err := ProcessesUsing(ctx, l.host, t.Dirs)
	if err != nil {
		l.check(rungProcesses, Unknown, "could not look for processes on "+t.Host, err.Error())
		return
	}
	if len(processes) == 0 {
		l.check(rungProcesses, OK, fmt.Sprintf("no process on %s uses its directories", t.Host))
		return
	}
	var evidence []string
	for _, p := range processes[:min(len(processes), cluster.MaxExamples)] {
		evidence = append(evidence, fmt.Sprintf("%d: %s", p.PID, p.Command))
	}
	l.running(rungProcesses, "its directories are used on "+t.Host, evidence...)
}

func (l *ladder) lookAtPorts(ctx context.Context) {
	t := l.target
	open, err := ListeningPorts(ctx, l.host, t.Listen, t.Ports)
	switch {
	case err != nil:
		l.check(rungPortsThere, Unknown, "could not look for listeners on "+t.Host, err.Error())
	case len(open) > 0:
		l.running(rungPortsThere, fmt.Sprintf("something listens on its ports %v on %s", open, t.Host))
	default:
		l.check(rungPortsThere, OK, fmt.Sprintf("nothing listens on its ports %v on %s", t.Ports, t.Host))
	}
}

// dial tries the store's addresses from here, all at once.
func (l *ladder) dial(ctx context.Context) {
	states := make([]PortState, len(l.target.Dial))
	var wg sync.WaitGroup
	for i, address := range l.target.Dial {
		wg.Go(func() { states[i] = l.deps.Dial(ctx, address) })
	}
	wg.Wait()
	var open, silent []string
	for i, address := range l.target.Dial {
		switch states[i] {
		case PortOpen:
			open = append(open, address)
		case PortUnknown:
			silent = append(silent, address)
		}
	}
	switch {
	case len(open) > 0 && l.report.Identified:
		l.running(rungPortsHere, "something answers at its addresses, as seen from here", open...)
	case len(open) > 0:
		l.report.Running = true
		l.check(rungPortsHere, Refused, "something answers at its addresses, as seen from here", open...)
	case len(silent) > 0 || len(states) == 0:
		l.check(rungPortsHere, Unknown, "its addresses, as seen from here, neither answer nor refuse", silent...)
	default:
		l.check(rungPortsHere, OK, "its addresses, as seen from here, refuse connections")
	}
}
