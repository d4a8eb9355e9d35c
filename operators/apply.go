package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"ebb/cluster"
)

// PD is what applying works with.
type PD interface {
	// Scene reads the cluster again.
	Scene(ctx context.Context) (*Scene, error)
	Region(ctx context.Context, id cluster.RegionID) (r cluster.Region, ok bool, err error)
	// Operator returns the operator of a region, also one that ended lately.
	Operator(ctx context.Context, id cluster.RegionID) (op cluster.Operator, ok bool, err error)
	// AddRemovePeer creates an operator; nil means created, not done.
	AddRemovePeer(ctx context.Context, id cluster.RegionID, store cluster.StoreID) error
}

// Recorder writes down what is about to happen and what came of it. An intent is
// durable before the change is made. It is called from several goroutines.
type Recorder interface {
	Intent(o Orphan) error
	Outcome(o Orphan, result Outcome) error
}

// Options are the bounds and clocks of an apply.
type Options struct {
	// MaxOperators is how many operators may be under way at once.
	MaxOperators int
	// Timeout is how long to wait for the end of one operator before it is left to
	// PD, which gives up after 1 min (6.1.4, 6.4 and later; 10 min before).
	Timeout time.Duration
	Now     func() time.Time
	// Sleep returns early, with the context's error, when the context ends.
	Sleep func(ctx context.Context, d time.Duration) error
	// OutcomeUnknown tells an error after which nobody knows whether PD took the
	// operator from one after which it did not.
	OutcomeUnknown func(error) bool
	// Notify is told of every outcome, one at a time. It may be nil.
	Notify func(Outcome)
}

// sceneAge is how old a reading of the stores may be when an operator is
// submitted. It is well below the 20 s after which a silent store is not live.
const sceneAge = 2 * time.Second

// Apply removes the orphans of a plan. Before each removal the region and its
// operator are read again, and the stores if they were read more than sceneAge ago;
// it is judged again and left alone unless it is what the plan says and still as
// safe. One operator per region is under way at a time; it is followed until the
// peer is gone.
//
// When the context ends no further operator is submitted and nobody waits for
// those under way, which the outcomes name. The error is a *RemainError when
// anything is left, a *MovedError when this is another cluster.
func Apply(ctx context.Context, pd PD, p *Plan, rec Recorder, opts Options) ([]Outcome, error) {
	a := &applier{pd: pd, plan: p, rec: rec, opts: opts}
	if _, err := a.currentScene(ctx); err != nil {
		if _, moved := errors.AsType[*MovedError](err); !moved {
			err = fmt.Errorf("%s: %w", VerbApply, err)
		}
		return nil, err
	}
	outcomes := make([]Outcome, len(p.Removals))
	groups := make(chan []int)
	var wg sync.WaitGroup
	for range max(opts.MaxOperators, 1) {
		wg.Go(func() {
			for group := range groups {
				a.region(ctx, group, outcomes)
			}
		})
	}
	for _, group := range byRegion(p.Removals) {
		groups <- group
	}
	close(groups)
	wg.Wait()

	e := &RemainError{Outcomes: outcomes, Left: p.Left, Err: cmp.Or(a.fatal, ctx.Err())}
	if e.Count() == 0 && a.fatal == nil {
		return outcomes, nil
	}
	return outcomes, e
}

// byRegion groups the removals of each region, as indexes.
func byRegion(removals []Orphan) [][]int {
	var groups [][]int
	for i := range removals {
		if i > 0 && removals[i].RegionID == removals[i-1].RegionID {
			groups[len(groups)-1] = append(groups[len(groups)-1], i)
			continue
		}
		groups = append(groups, []int{i})
	}
	return groups
}

type applier struct {
	pd   PD
	plan *Plan
	rec  Recorder
	opts Options

	mu     sync.Mutex
	scene  *Scene
	readAt time.Time // of scene, by our own clock
	fatal  error     // ends the run: the journal cannot be written, or the cluster not read

	notify sync.Mutex
}

// currentScene reads the cluster again when the last reading is too old.
func (a *applier) currentScene(ctx context.Context) (*Scene, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scene != nil && a.opts.Now().Sub(a.readAt) < sceneAge {
		return a.scene, nil
	}
	at := a.opts.Now()
	scene, err := a.pd.Scene(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the cluster again: %w", err)
	}
	if scene.ClusterID != a.plan.ClusterID {
		return nil, &MovedError{Was: a.plan.ClusterID, Is: scene.ClusterID}
	}
	// The operator of each region is read on its own, later than this; the list
	// would also hold those of our own run.
	scene.Running = nil
	a.scene, a.readAt = scene, at
	return scene, nil
}

func (a *applier) stopped() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fatal != nil
}

// region removes the orphans of one region one after the other. After the first
// that does not succeed the others wait for another run.
func (a *applier) region(ctx context.Context, group []int, outcomes []Outcome) {
	var after *cluster.RegionEpoch // the epoch that our own last removal led to
	for at, i := range group {
		o := a.plan.Removals[i]
		if after != nil {
			o.Epoch = *after
		}
		out := Outcome{Result: NotTried}
		switch {
		case ctx.Err() != nil || a.stopped():
		case at > 0 && !outcomes[group[at-1]].Gone():
			out.Note = "the removal before it in this region did not succeed"
		default:
			out, after = a.remove(ctx, o)
		}
		out.RegionID, out.StoreID, out.Verdict = o.RegionID, o.StoreID, o.Verdict
		outcomes[i] = out
		if a.opts.Notify != nil {
			a.notify.Lock()
			a.opts.Notify(out)
			a.notify.Unlock()
		}
	}
}

// remove removes one orphan, if it is still what was judged. epoch is set when the
// region was seen without the peer.
func (a *applier) remove(ctx context.Context, o Orphan) (out Outcome, epoch *cluster.RegionEpoch) {
	before, out, ok := a.reconsider(ctx, o)
	if !ok {
		if out.Result == Already {
			epoch = &before.region.Epoch
		}
		return out, epoch
	}
	if err := a.rec.Intent(o); err != nil {
		a.fail(fmt.Errorf("write the journal before the change of region %d: %w", o.RegionID, err))
		return Outcome{Result: NotTried, Err: err}, nil
	}
	// A request that has begun is seen through, so that its outcome is known.
	err := a.pd.AddRemovePeer(context.WithoutCancel(ctx), o.RegionID, o.StoreID)
	switch {
	case err == nil, a.opts.OutcomeUnknown(err):
		out, epoch = a.follow(ctx, o, before, err)
	default:
		out = Outcome{Result: Failed, Err: err, Note: err.Error()}
	}
	if err := a.rec.Outcome(o, out); err != nil {
		a.fail(fmt.Errorf("write the journal after the change of region %d: %w", o.RegionID, err))
	}
	return out, epoch
}

func (a *applier) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fatal == nil {
		a.fatal = err // the first one; those that were under way have the same to say
	}
}
