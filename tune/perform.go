package tune

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
)

// make makes one change, with an intent before and an outcome after it.
func (a *applying) make(ctx context.Context, c *Change) Outcome {
	if c.Kind == Restore {
		return a.journaled(ctx, c, Record{Item: c.Item, Old: c.Now, New: c.New}, a.restore)
	}
	if c.Expires {
		r := Record{Item: c.Item, Old: c.Old, New: c.New, For: a.plan.For, Until: a.Now().Add(a.plan.For)}
		o := a.journaled(ctx, c, r, a.setTemporary)
		if o.Err == nil || !a.NotSupported(o.Err) {
			return o
		}
		// What PD will not do for a time is done until it is put back.
		plain := *c
		plain.Expires, plain.Undo = false, "ebb tune restore"
		o = a.journaled(ctx, &plain, Record{Item: c.Item, Old: c.Old, New: c.New}, a.setPermanent)
		o.Note = "this PD sets it for good only: ebb tune restore puts it back"
		return o
	}
	return a.journaled(ctx, c, Record{Item: c.Item, Old: c.Old, New: c.New}, a.setPermanent)
}

// result is the verdict on a change that was tried without error.
type result struct {
	Result Result
	note   string
}

func (a *applying) journaled(ctx context.Context, c *Change, r Record, do func(context.Context, *Change) (result, error)) Outcome {
	o := Outcome{Change: *c}
	if err := a.Journal.Intent(c.ID(), r); err != nil {
		o.Result, o.Err = Failed, fmt.Errorf("set %s: write the journal before the change: %w", c.Item, err)
		return o
	}
	res, err := do(ctx, c)
	o.Result, o.Note, o.Err = res.Result, res.note, err
	switch {
	case err == nil:
	case a.OutcomeUnknown(err):
		o.Result = Unsure
	default:
		o.Result = Failed
	}
	if err := a.Journal.Outcome(c.ID(), string(o.Result), o.Err); err != nil {
		o.Err = errors.Join(o.Err, fmt.Errorf("set %s: write the journal after the change: %w", c.Item, err))
	}
	return o
}

// setTemporary sets a value that PD drops by itself. Where nothing of ours is
// under way, the permanent value is set to what it is before: PD does nothing
// then, and says no while somebody else has a temporary value there.
func (a *applying) setTemporary(ctx context.Context, c *Change) (result, error) {
	if c.Setting.isConfig() && (c.held == nil || !c.held.temporary(a.Now())) {
		err := a.PD.SetConfig(ctx, map[string]any{string(c.Setting): c.Now.wire()})
		switch {
		case err != nil && a.TTLActive(err):
			return result{Kept, "it has a temporary value already, of another tool (a backup, an import) or of a run whose journal is not here"}, nil
		case err != nil:
			return result{}, err
		}
	}
	return result{Result: Done}, a.temporary(ctx, c.Item, c.New, a.plan.For)
}

func (a *applying) temporary(ctx context.Context, i Item, value Value, live time.Duration) error {
	if i.Setting.isConfig() {
		return a.PD.SetConfigTTL(ctx, map[string]any{string(i.Setting): value.wire()}, live)
	}
	rate, _ := value.float()
	return a.PD.SetStoreLimitTTL(ctx, i.StoreID, cluster.LimitType(i.Setting), rate, live)
}

// setPermanent sets a value that stays until it is put back.
func (a *applying) setPermanent(ctx context.Context, c *Change) (result, error) {
	err := a.permanent(ctx, c.Item, c.New)
	if err != nil && a.TTLActive(err) {
		return result{Kept, "it has a temporary value of another tool"}, nil
	}
	return result{Result: Done}, err
}

func (a *applying) permanent(ctx context.Context, i Item, value Value) error {
	switch {
	case i.Setting == EvictLeader && value == On:
		return a.PD.AddEvictLeader(ctx, i.StoreID)
	case i.Setting == EvictLeader:
		return a.PD.RemoveEvictLeader(ctx, i.StoreID)
	case i.Setting.isConfig():
		return a.PD.SetConfig(ctx, map[string]any{string(i.Setting): value.wire()})
	}
	rate, _ := value.float()
	return a.PD.SetStoreLimit(ctx, i.StoreID, cluster.LimitType(i.Setting), rate)
}

// restore puts one value back: first the temporary one goes, then the permanent
// one is compared, and only what was set here is set to what it was. A limit is
// gone with its store, but PD keeps evict-leader for a Tombstone (4.0 to master).
func (a *applying) restore(ctx context.Context, c *Change) (result, error) {
	h := c.held
	if c.Setting.isLimit() && a.snap.Store(c.StoreID).Gone() {
		return result{Already, "the store has left, and its limits with it"}, nil
	}
	cleared, err := a.clear(ctx, h, shown(a.snap, c.Item))
	if err != nil || !h.Permanent {
		if err == nil && !cleared {
			return result{Already, "it has expired by itself"}, nil
		}
		return result{Result: Done}, err
	}
	// Read now, and not with the others: somebody may have set it since.
	now, err := a.reread(ctx, c.Item)
	switch {
	case err != nil:
		return result{}, fmt.Errorf("read %s again before it is put back: %w", c.Item, err)
	case now == h.Old:
		return result{Result: Already}, nil
	case !slices.Contains(h.Set, now):
		return result{Kept, fmt.Sprintf("somebody has set it to %s meanwhile: left as it is", now)}, nil
	}
	return result{Result: Done}, a.permanent(ctx, c.Item, h.Old)
}

// reread reads what PD shows for an item now.
func (a *applying) reread(ctx context.Context, i Item) (Value, error) {
	snap := *a.snap
	var err error
	switch {
	case i.Setting.isConfig():
		snap.Schedule, err = a.PD.ScheduleConfig(ctx)
	case i.Setting.isLimit():
		snap.Limits, err = a.PD.StoreLimits(ctx)
	default:
		snap.EvictLeader, err = a.PD.EvictLeaderStores(ctx)
	}
	if err != nil {
		return "", err
	}
	return shown(&snap, i), nil
}

// leastTTL is the shortest life of a temporary value that PD can be told; it
// keeps it for five seconds (the least of etcd).
const leastTTL = time.Second

// clear ends a temporary value of ours. Limits have no way to be cleared (a
// ttlSecond of 0 would set the permanent one), so the permanent value is laid over
// it for the shortest time there is.
func (a *applying) clear(ctx context.Context, h *Held, permanent Value) (cleared bool, err error) {
	if !h.temporary(a.Now()) {
		return false, nil
	}
	if h.Setting.isConfig() {
		err = a.PD.ClearConfigTTL(ctx, map[string]any{string(h.Setting): permanent.wire()})
	} else {
		err = a.temporary(ctx, h.Item, permanent, leastTTL)
	}
	if err != nil && a.NotSupported(err) {
		return false, nil // then it was never set either
	}
	return true, err
}

// Extend sets the temporary values of an applied plan again, so that they live
// on for the whole time from now.
func Extend(ctx context.Context, applied []Outcome, live time.Duration, d Deps) error {
	a := &applying{Deps: d}
	if err := d.Journal.Intent(stepExtend, extension{Until: d.Now().Add(live)}); err != nil {
		return fmt.Errorf("extend: write the journal before the change: %w", err)
	}
	var errs []error
	for i := range applied {
		c := &applied[i].Change
		if c.Kind != Set || !c.Expires || applied[i].Result != Done {
			continue
		}
		if err := a.temporary(context.WithoutCancel(ctx), c.Item, c.New, live); err != nil {
			errs = append(errs, fmt.Errorf("extend %s: %w", c.Item, err))
		}
	}
	err := errors.Join(errs...)
	outcome := Done
	if err != nil {
		outcome = Unsure // of some of them
	}
	return errors.Join(err, d.Journal.Outcome(stepExtend, string(outcome), err))
}
