package tune

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// Evidence is what a plan is made from.
type Evidence struct {
	Snapshot *cluster.Snapshot
	// Operators are those that PD runs now; OperatorsErr is why they are not known.
	Operators    []cluster.Operator
	OperatorsErr error
	// Leaving are stores that are about to leave; those that are Offline count
	// without being named.
	Leaving []cluster.StoreID
	// Held is what was set before and not put back.
	Held []Held
	// Now is the clock by which Held is judged.
	Now time.Time
}

// UnreadError says that PD could not be asked about something that decides.
type UnreadError struct {
	What string
	Err  error
}

func (e *UnreadError) Error() string {
	return fmt.Sprintf("tune: cannot tell: %s could not be read: %v", e.What, e.Err)
}

func (e *UnreadError) Unwrap() error { return e.Err }

// NothingLeavingError says that there is nothing to make faster.
type NothingLeavingError struct{}

func (*NothingLeavingError) Error() string { return "tune: no store is leaving" }

// Hint says how stores begin to leave.
func (*NothingLeavingError) Hint() string {
	return "start with ebb scale-in; with --tune it sets the speed as well"
}

// view is the evidence with what follows from it at once.
type view struct {
	Evidence
	release   cluster.Release
	leaving   []*cluster.Store
	receivers []*cluster.Store
	// held by item
	held  map[Item]*Held
	notes []string
	// limits is false when store limits do not apply, evict when nobody knows who
	// is under evict-leader.
	limits, evict bool
}

func newView(ev Evidence) (*view, error) {
	snap := ev.Snapshot
	v := &view{Evidence: ev, release: cluster.ParseRelease(snap.PDVersion), held: make(map[Item]*Held), limits: true, evict: true}
	for i := range ev.Held {
		v.held[ev.Held[i].Item] = &ev.Held[i]
	}
	if snap.Schedule == nil {
		return nil, &UnreadError{"the schedule configuration", snap.Unread[cluster.FieldSchedule]}
	}
	if err := snap.Unread[cluster.FieldLimits]; err != nil {
		if snap.Schedule.StoreLimitVersion != "v2" {
			return nil, &UnreadError{"the store limits", err}
		}
		v.limits = false
		v.note("store limits: not applicable, as store-limit-version is v2 and PD limits stores by their snapshots")
	}
	if err := snap.Unread[cluster.FieldEvictLeader]; err != nil {
		v.evict = false
		v.note("evict-leader is left alone: who is under it could not be read: %v", err)
	}
	for i := range snap.Stores {
		if s := &snap.Stores[i]; s.Leaving() || s.State == cluster.Up && slices.Contains(ev.Leaving, s.ID) {
			v.leaving = append(v.leaving, s)
		}
	}
	for i := range snap.Stores {
		if s := &snap.Stores[i]; s.State == cluster.Up && !slices.Contains(v.leaving, s) && v.receives(s) {
			v.receivers = append(v.receivers, s)
		}
	}
	return v, nil
}

func (v *view) note(format string, args ...any) {
	v.notes = append(v.notes, fmt.Sprintf(format, args...))
}

// receives reports whether PD would move regions of a leaving store there, and
// whether the store is fit for more of them.
func (v *view) receives(s *cluster.Store) bool {
	if !slices.ContainsFunc(v.leaving, func(l *cluster.Store) bool { return l.Engine() == s.Engine() }) {
		return false
	}
	switch low := s.LowSpace(v.Snapshot.Schedule); {
	case !s.Live(v.Snapshot.ReadAt):
		v.note("%s is left alone: it does not answer, so PD sends it nothing", s)
	case s.SpecialUse():
		v.note("%s is left alone: its label %s keeps regions off it", s, cluster.SpecialUseLabel)
	case low == cluster.Yes:
		v.note("%s is left alone: it is low on space, so PD sends it nothing", s)
	case low == cluster.CannotTell:
		v.note("%s is left alone: nobody can tell whether it is low on space", s)
	case len(strain(s)) > 0:
		v.note("%s is left alone: %s", s, strings.Join(strain(s), ", "))
	default:
		return true
	}
	return false
}

// shows is the permanent value that PD shows for an item. A store that PD lists
// no limit for has the default, which PD does not show.
func (v *view) shows(i Item) Value { return shown(v.Snapshot, i) }

func shown(snap *cluster.Snapshot, i Item) Value {
	c := snap.Schedule
	switch i.Setting {
	case ReplicaScheduleLimit:
		return number(float64(c.ReplicaScheduleLimit))
	case MaxSnapshotCount:
		return number(float64(c.MaxSnapshotCount))
	case MaxPendingPeerCount:
		return number(float64(c.MaxPendingPeerCount))
	case PatrolRegionInterval:
		return Value(c.PatrolRegionInterval.String())
	case EvictLeader:
		if slices.Contains(snap.EvictLeader, i.StoreID) {
			return On
		}
		return Off
	}
	if limit, ok := snap.Limits[i.StoreID]; ok {
		return number(limit.Rate(cluster.LimitType(i.Setting)))
	}
	if s := snap.Store(i.StoreID); s != nil {
		return Default(cluster.Release{}, i.Setting, s.Engine())
	}
	return ""
}

// works is the value that PD works by, as far as anybody can know: what was set
// here for a time, else what PD shows.
func (v *view) works(i Item) Value {
	if h := v.held[i]; h != nil && h.temporary(v.Now) {
		return h.last()
	}
	return v.shows(i)
}

// base is the value that PD had before anything was set here.
func (v *view) base(i Item) Value {
	now := v.shows(i)
	if h := v.held[i]; h != nil && h.Permanent && slices.Contains(h.Set, now) {
		return h.Old
	}
	return now
}
