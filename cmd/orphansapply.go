package cmd

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/operators"
	"ebb/pdclient"
)

func runOrphansApply(ctx context.Context, env *Env, opts *orphansApplyOptions, args []string) error {
	r := newReporter(env, &opts.outputOptions, 0)
	defer r.close()
	t, s, err := opts.survey(ctx, env, args)
	if err != nil {
		return err
	}
	plan := operators.NewPlan(s.scene, s.orphans, opts.includeWait)
	if err := r.orphanPlan(ctx, plan, s.gone); err != nil {
		return err
	}
	if len(plan.Removals) == 0 {
		if len(plan.Left) == 0 {
			r.line("no region has an orphan peer")
		}
		return r.summary(ctx, nil, noneSafe(plan))
	}
	apply, err := opts.agreed(ctx, r, func() (bool, error) {
		return env.Prompter.TypedConfirm(ctx, "remove these peers", strconv.Itoa(len(plan.Removals)))
	})
	if err != nil || !apply {
		return r.summary(ctx, nil, err)
	}
	err = env.operation(ctx, t, r, plan.ClusterID, plan.Verb, plan, func(j *recorder) error {
		pd := &orphanPD{Client: t.pd, t: t, answers: answerMemo{now: env.Now, find: env.answering}}
		for i := range s.gone {
			pd.gone = append(pd.gone, s.gone[i].ID)
		}
		_, err := operators.Apply(ctx, pd, plan, &removalRecorder{j: j}, operators.Options{
			MaxOperators: opts.maxOperators, Timeout: opts.timeout, Now: env.Now, Sleep: env.Sleep,
			OutcomeUnknown: outcomeUnknown, Notify: r.removal(len(plan.Removals)),
		})
		return err
	})
	if remain, ok := errors.AsType[*operators.RemainError](err); ok && !opts.json() {
		if err := render.Remaining(env.Streams.Err, remain.Remaining()); err != nil {
			return err
		}
	}
	return r.summary(ctx, nil, err)
}

// orphanPD is PD as applying sees it.
type orphanPD struct {
	*pdclient.Client
	t *target
	// gone are the stores whose orphans are removed.
	gone    []cluster.StoreID
	answers answerMemo
}

// Scene is read every two seconds, so it asks for no more than the judging of single
// regions needs: their operators are read one by one, the stores that are gone are
// known, and PD walks over all of its regions only while it may not know them all.
func (p *orphanPD) Scene(ctx context.Context) (*operators.Scene, error) {
	in := operators.SceneReading{Stats: new(cluster.RegionStats)}
	if err := readSnapshot(ctx, p.t, &in); err != nil {
		return nil, err
	}
	if operators.Settling(in.LeaderStarted, in.Snapshot.ReadAt) {
		stats, err := p.RegionStats(ctx)
		if err != nil {
			return nil, err
		}
		in.Stats = stats
	}
	gone := operators.GoneStores(in.Stats, cluster.IndexStores(in.Snapshot.Stores), p.gone)
	in.Answering = p.answers.answering(ctx, p.t, in.Snapshot, gone)
	return operators.NewScene(in)
}

// removalRecorder writes removals into the journal, one at a time.
type removalRecorder struct {
	j  *recorder
	mu sync.Mutex
}

func (r *removalRecorder) Intent(o operators.Orphan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.j.op.Intent(o.StepID(), o)
}

func (r *removalRecorder) Outcome(o operators.Orphan, out operators.Outcome) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.j.op.Outcome(o.StepID(), string(out.Result), out.Err)
}

// orphanPlan shows which orphans will be removed.
func (r *reporter) orphanPlan(ctx context.Context, p *operators.Plan, gone []operators.GoneStore) error {
	if r.out.json() {
		r.emit(ctx, render.Event{Type: "plan", Plan: p})
		return r.failed
	}
	return render.OrphanPlan(r.env.Streams.Out, p, gone)
}

// removal returns what shows each removal when it ends.
func (r *reporter) removal(total int) func(operators.Outcome) {
	n := 0
	return func(o operators.Outcome) {
		n++
		if r.out.json() {
			e := render.Event{Type: "removal", Removal: &o}
			if o.Err != nil {
				e.Error = o.Err.Error()
			}
			r.emit(context.Background(), e)
			return
		}
		if o.Result == operators.NotTried && o.Note == "" {
			return // thousands may come at once; the end counts them
		}
		if err := render.Removal(r.env.Streams.Err, o, n, total); err != nil && r.failed == nil {
			r.failed = err
		}
	}
}
