package cmd

import (
	"context"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/diagnose"
)

// likeliest is how many causes are shown when a store stalls: the full list is for
// ebb diagnose.
const likeliest = 3

// mostDiagnosed is the size of store up to which a stall is looked into again and
// again: PD writes all of its regions for that.
const mostDiagnosed = 50_000

// stallDoctor looks into stores that no region leaves any more.
type stallDoctor struct {
	env *Env
	t   *target
	r   *reporter
	// sampler keeps what is found; it may be nil.
	sampler *sampler
}

func (d *stallDoctor) report(ctx context.Context, id cluster.StoreID) (*diagnose.Report, error) {
	snap, err := d.t.pd.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	ev, err := evidenceOf(ctx, d.env, d.t, snap, []cluster.StoreID{id}, 0)
	if err != nil {
		return nil, err
	}
	ev.NoteAbsent(diagnose.FieldHosts, "the hosts are not asked while watching")
	report := diagnose.Run(ev)
	nameCluster(report, d.t.flags)
	d.sampler.diagnosed(id, report)
	return report, nil
}

// watch passes events on, and shows the likeliest causes behind a stall.
func (d *stallDoctor) watch(ctx context.Context) func(decommission.Watch, decommission.Event) {
	return func(w decommission.Watch, e decommission.Event) {
		d.r.event(w, e)
		d.sampler.event(e)
		if e.Type != decommission.EventStalled {
			return
		}
		report, err := d.report(ctx, e.Store.ID)
		if ctx.Err() != nil {
			return
		}
		d.r.diagnosis(e, report, err)
	}
}

// countStuck serves decommission.WaitOptions.
func (d *stallDoctor) countStuck(ctx context.Context, s *decommission.StoreWatch) (int, bool) {
	if s.Regions > mostDiagnosed {
		return 0, false
	}
	report, err := d.report(ctx, s.ID)
	if err != nil || len(report.Tails) != 1 {
		return 0, false
	}
	return report.Tails[0].Stuck()
}
