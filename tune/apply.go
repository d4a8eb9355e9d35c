package tune

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ebb/cluster"
)

// Result is what came of a change.
type Result string

// Results of a change.
const (
	Done    Result = "done"
	Already Result = "already" // nothing was left to do
	Kept    Result = "kept"    // somebody else has set it meanwhile: left as it is
	Failed  Result = "failed"  // PD said no; nothing changed
	Unsure  Result = "unknown" // sent, but nobody knows whether it was done
	Left    Result = "left"    // not tried, because an earlier one failed
)

// restored reports results after which nothing of ours is left.
func (r Result) restored() bool { return r == Done || r == Already || r == Kept }

// Outcome is a change and what came of it.
type Outcome struct {
	Change Change `json:"change"`
	Result Result `json:"result"`
	Note   string `json:"note,omitempty"`
	Err    error  `json:"-"`
}

// Deps are what Apply works with.
type Deps struct {
	PD interface {
		Reader
		Writer
	}
	Journal Recorder
	// OutcomeUnknown tells an error after which nobody knows whether PD made the
	// change from one after which it did not.
	OutcomeUnknown func(error) bool
	// TTLActive tells PD's refusal to change a setting while it has a temporary
	// value (6.1 and later), and NotSupported that PD has no such call.
	TTLActive    func(error) bool
	NotSupported func(error) bool
	// Notify is told of every change when it ends. It may be nil.
	Notify func(Outcome)
	Now    func() time.Time
}

// Reader reads what PD shows, which is never a temporary value.
type Reader interface {
	Snapshot(ctx context.Context) (*cluster.Snapshot, error)
	ScheduleConfig(ctx context.Context) (*cluster.ScheduleConfig, error)
	StoreLimits(ctx context.Context) (cluster.StoreLimits, error)
	EvictLeaderStores(ctx context.Context) ([]cluster.StoreID, error)
}

// Writer changes values in PD. A temporary value lives in whole seconds.
type Writer interface {
	SetConfig(ctx context.Context, values map[string]any) error
	SetConfigTTL(ctx context.Context, values map[string]any, ttl time.Duration) error
	ClearConfigTTL(ctx context.Context, values map[string]any) error
	SetStoreLimit(ctx context.Context, id cluster.StoreID, limit cluster.LimitType, perMinute float64) error
	SetStoreLimitTTL(ctx context.Context, id cluster.StoreID, limit cluster.LimitType, perMinute float64, ttl time.Duration) error
	AddEvictLeader(ctx context.Context, id cluster.StoreID) error
	RemoveEvictLeader(ctx context.Context, id cluster.StoreID) error
}

// Recorder writes down what is about to happen and what came of it. An intent
// is durable before the change is made.
type Recorder interface {
	Intent(step string, undo any) error
	Outcome(step, result string, err error) error
}

// MovedError says that PD shows another value than the plan was made from.
type MovedError struct {
	Item     Item
	Was, Now Value
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("tune: %s was %s when the plan was made, and is %s now; nothing was changed", e.Item, e.Was, e.Now)
}

// Hint says what to do.
func (*MovedError) Hint() string {
	return "somebody else is changing it: look at ebb tune show, and run it again"
}

// PartialError says that some values were set and others were not.
type PartialError struct {
	Outcomes []Outcome
	Err      error
}

func (e *PartialError) Error() string {
	done := 0
	for i := range e.Outcomes {
		if e.Outcomes[i].Result.restored() {
			done++
		}
	}
	return fmt.Sprintf("tune: %d of %d values set: %v", done, len(e.Outcomes), e.Err)
}

func (e *PartialError) Unwrap() error { return e.Err }

// NotRestoredError says that values could not be put back.
type NotRestoredError struct {
	Outcomes []Outcome // of what is left
	Err      error     // of the first of them
}

func (e *NotRestoredError) Error() string {
	if len(e.Outcomes) == 0 {
		return fmt.Sprintf("tune: nothing was put back: %v", e.Err)
	}
	c := &e.Outcomes[0].Change
	more := ""
	if n := len(e.Outcomes) - 1; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("tune: %s%s could not be put back to %s: %v", c.Item, more, c.New, e.Err)
}

func (e *NotRestoredError) Unwrap() error { return e.Err }

// Hint says what to do.
func (*NotRestoredError) Hint() string { return "put it back with: ebb tune restore" }

// Apply makes the changes of a plan in order, after it has read PD again and has
// compared. It stops at the first value that cannot be set, and between two when
// the context ends; a value that cannot be put back does not stop the others, and
// the context does not either. A change that has begun is seen through.
//
// Errors: *MovedError with nothing changed; *PartialError when some of the values
// were set; *NotRestoredError when some were not put back.
func Apply(ctx context.Context, p *Plan, d Deps) ([]Outcome, error) {
	snap, err := d.PD.Snapshot(context.WithoutCancel(ctx))
	switch {
	case err != nil && p.Verb == VerbRestore:
		return nil, &NotRestoredError{Err: err}
	case err != nil:
		return nil, fmt.Errorf("%s: read PD again before the first change: %w", p.Verb, err)
	case snap.Schedule == nil:
		return nil, &UnreadError{"the schedule configuration", snap.Unread[cluster.FieldSchedule]}
	}
	if err := unmoved(p, snap); err != nil {
		return nil, err
	}
	run := &applying{plan: p, Deps: d, snap: snap}
	for i := range p.Changes {
		c := &p.Changes[i]
		o := Outcome{Change: *c, Result: Left}
		if c.Kind == Restore || run.failed == nil && ctx.Err() == nil {
			o = run.make(context.WithoutCancel(ctx), c)
		} else if run.failed == nil {
			run.failed = ctx.Err()
		}
		run.take(o)
	}
	return run.outcomes, run.verdict()
}

// applying is one run of Apply.
type applying struct {
	Deps
	plan     *Plan
	snap     *cluster.Snapshot
	outcomes []Outcome
	// failed is why no more values are set, stuck what could not be put back.
	failed  error
	stuck   []Outcome
	changed bool
}

func (a *applying) take(o Outcome) {
	a.outcomes = append(a.outcomes, o)
	switch {
	case o.Change.Kind == Restore && !o.Result.restored():
		a.stuck = append(a.stuck, o)
	case o.Change.Kind == Set && o.Err != nil && a.failed == nil:
		a.failed = o.Err
	}
	a.changed = a.changed || o.Result == Done || o.Result == Unsure
	if a.Notify != nil {
		a.Notify(o)
	}
}

func (a *applying) verdict() error {
	var errs []error
	if len(a.stuck) > 0 {
		errs = append(errs, &NotRestoredError{Outcomes: a.stuck, Err: a.stuck[0].Err})
	}
	switch {
	case a.failed != nil && a.changed:
		errs = append(errs, &PartialError{Outcomes: a.outcomes, Err: a.failed})
	case a.failed != nil:
		errs = append(errs, a.failed)
	}
	return errors.Join(errs...)
}

// unmoved compares what PD shows with what the plan was made from. Values that
// are to be put back are compared one by one, see restore.
func unmoved(p *Plan, snap *cluster.Snapshot) error {
	for i := range p.Changes {
		c := &p.Changes[i]
		if now := shown(snap, c.Item); c.Kind == Set && now != c.Now {
			return &MovedError{c.Item, c.Now, now}
		}
	}
	return nil
}
