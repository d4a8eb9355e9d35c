package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/decommission"
	"ebb/journal"
	"ebb/tune"
)

// While a wait lives it sets its temporary values again and again, so they can
// be short: they are what is left of it after a kill.
const (
	tunedLife   = 10 * time.Minute
	extendAfter = tunedLife / 2
)

// tuner holds a speed for the time of a wait.
type tuner struct {
	env     *Env
	target  *target
	report  *reporter
	cluster uint64
	guard   tune.Guard
	// applied is what is set at the guard's level, extended when it was set last.
	applied  []tune.Outcome
	extended time.Time
	// operations of ours in the journal, by which our values are known.
	operations []string
	// handedOver is set when another run has changed the speed: it is its then.
	handedOver bool
	// stores is the latest reading, nil once it has been judged.
	stores        []cluster.Store
	snapshotLimit int
}

func (u *tuner) plan(ctx context.Context, profile tune.Profile) (*tune.Plan, error) {
	snap, err := u.target.pd.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	ev, err := new(selection).tuneEvidence(u.env, u.target, snap)
	if err != nil {
		return nil, err
	}
	plan, err := tune.PlanApply(ev, profile, tunedLife)
	if err == nil {
		u.snapshotLimit = plan.SnapshotLimit(snap)
	}
	return plan, err
}

// set applies a plan and remembers what is to be extended.
func (u *tuner) set(ctx context.Context, plan *tune.Plan) error {
	now := u.env.Now()
	outcomes, err := u.env.applyTune(ctx, u.target, u.report, plan, u.began)
	if err == nil {
		u.applied, u.extended = outcomes, now
	}
	return err
}

func (u *tuner) began(id string) { u.operations = append(u.operations, id) }

// mine reports what was set here, and by nobody since.
func (u *tuner) mine(h *tune.Held) bool { return slices.Contains(u.operations, h.Operation) }

// tunedReader shows a tuner every reading of the stores.
type tunedReader struct {
	decommission.WatchReader
	tuner *tuner
}

func (r *tunedReader) Stores(ctx context.Context) ([]cluster.Store, time.Time, error) {
	stores, at, err := r.WatchReader.Stores(ctx)
	if err == nil {
		r.tuner.stores = stores
	}
	return stores, at, err
}

// sleep looks after the speed between two readings.
func (u *tuner) sleep(ctx context.Context, d time.Duration) error {
	if !u.handedOver && ctx.Err() == nil {
		if err := u.look(ctx); err != nil && ctx.Err() == nil {
			// The next reading tries again, and the temporary values go by themselves.
			u.report.line("the speed could not be looked after, trying on: %v", err)
		}
	}
	return u.env.Sleep(ctx, d)
}

// look lets the guard judge the latest reading, and does what it decides.
func (u *tuner) look(ctx context.Context) error {
	now := u.env.Now()
	next, decision := u.guard, tune.Decision{Action: tune.Keep}
	if u.stores != nil {
		next, decision = u.guard.Step(tune.Reading{At: now, Stores: u.stores, SnapshotLimit: u.snapshotLimit})
		u.stores = nil
	}
	due := len(u.applied) > 0 && now.Sub(u.extended) >= extendAfter
	if decision.Action == tune.Keep && !due {
		u.guard = next
		return nil
	}
	if ours, err := u.stillOurs(); err != nil || !ours {
		return err
	}
	if decision.Action == tune.Keep {
		u.guard = next
		return u.extend(ctx, now)
	}
	if err := u.change(ctx, decision); err != nil {
		return err // not taken over: the next reading decides again
	}
	u.guard = next
	return nil
}

// stillOurs looks in the journal whether another run has set another speed, or
// put it back.
func (u *tuner) stillOurs() (bool, error) {
	held, err := u.env.held(u.cluster)
	if err != nil {
		return false, err
	}
	for i := range held {
		u.handedOver = u.handedOver || !u.mine(&held[i])
	}
	u.handedOver = u.handedOver || len(held) == 0 && len(u.applied) > 0
	if u.handedOver {
		u.report.line("another run of ebb has changed the speed: it is left to that from now on")
	}
	return !u.handedOver, nil
}

func (u *tuner) change(ctx context.Context, d tune.Decision) error {
	u.report.guard(ctx, d)
	if d.To == tune.None {
		err := u.env.restoreTune(ctx, u.target, u.report, u.mine)
		if err == nil {
			u.applied = nil
		}
		return err
	}
	plan, err := u.plan(ctx, d.To)
	if errors.As(err, new(*tune.NothingLeavingError)) {
		return nil
	}
	if err != nil {
		return err
	}
	return u.set(ctx, plan)
}

func (u *tuner) extend(ctx context.Context, now time.Time) error {
	err := u.env.operation(ctx, u.target, u.report, u.cluster, tune.VerbApply, nil, func(j *recorder) error {
		return tune.Extend(ctx, u.applied, tunedLife, u.env.tuneDeps(u.target, u.report, j.op))
	})
	if err == nil {
		u.extended = now
	}
	return err
}

// endAttempts is how often the end tries to put the speed back: another run may
// hold the lock, or PD elect a leader.
const endAttempts = 5

// end puts the speed back, also after an interrupt.
func (u *tuner) end(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	for attempt := 1; ; attempt++ {
		err := u.env.restoreTune(ctx, u.target, u.report, u.mine)
		var locked *journal.LockedError
		switch {
		case err == nil:
			return nil
		case attempt == endAttempts:
			return err
		case errors.As(err, &locked):
			u.report.once(fmt.Sprintf("waiting for %s to end, to put the speed back", locked.Holder.Verb))
		}
		if u.env.Sleep(ctx, time.Duration(attempt)*time.Second) != nil {
			return err
		}
	}
}

// announceRestore says, before anybody is asked, what restoreUnused is going to do
// when these stores stay.
func (e *Env) announceRestore(snap *cluster.Snapshot, clusterID uint64, staying []cluster.StoreID) error {
	if slices.ContainsFunc(snap.Stores, func(s cluster.Store) bool { return s.Leaving() && !slices.Contains(staying, s.ID) }) {
		return nil
	}
	held, err := e.held(clusterID)
	if err != nil || len(held) == 0 {
		return err
	}
	e.say(kindNote, "no store is leaving then: %s put back as well", cluster.Agree(len(held), "tuned value", "is", "are"))
	return nil
}

// restoreUnused puts the speed back when no store is leaving any more.
func (e *Env) restoreUnused(ctx context.Context, t *target, r *reporter) error {
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(snap.Stores, func(s cluster.Store) bool { return s.Leaving() }) {
		return nil
	}
	return e.restoreTune(ctx, t, r, nil)
}

// guard says that the speed is changed, and why.
func (r *reporter) guard(ctx context.Context, d tune.Decision) {
	if r.out.json() {
		r.emit(ctx, render.Event{Type: "tune-guard", Guard: &d})
		return
	}
	r.line("%s  %s", r.env.Now().Format("15:04:05"), d)
}
