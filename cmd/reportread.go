package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/burndown"
	"ebb/burndown/file"
	"ebb/decommission"
	"ebb/journal"
	"ebb/tune"
)

// recordedPast is what this machine has written down about a cluster.
type recordedPast struct {
	cluster uint64
	records []burndown.Record
	skipped int
	runs    []journal.Run
	torn    int
}

// past finds the cluster that is meant and reads what there is of it.
func (o *reportOptions) past(ctx context.Context, env *Env, args []string) (*recordedPast, error) {
	sampled, err := file.Clusters(env.samplesDir())
	if err != nil {
		return nil, err
	}
	journaled, err := journal.Clusters(env.journalDir())
	if err != nil {
		return nil, err
	}
	ids := slices.Concat(sampled, journaled)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(args) == 0 && o.topologyPath == "" && len(o.pd) == 0 {
		switch len(ids) {
		case 0:
			return nil, nothingRecorded(errors.New("nothing has been recorded on this machine"))
		case 1:
			return env.past(ids[0])
		}
		return nil, &usageError{fmt.Errorf("no cluster given, and %d are recorded here: %v", len(ids), ids), "name a tiup cluster, or use -t topology.yaml, or -u http://PD:2379"}
	}
	t, err := o.open(env, args)
	if err != nil {
		return nil, err
	}
	if len(o.pd) == 0 {
		if id, known, err := env.recordedAs(t.recordedName(), sampled); err != nil || known {
			return env.pastUnless(err, id)
		}
	}
	snap, err := t.pd.Snapshot(ctx)
	if err == nil && snap.Members == nil {
		err = snap.Unread["members"]
	}
	if err != nil {
		return nil, &hintedError{fmt.Errorf("find the id of the cluster: %w", err), "PD is only asked for that: name the cluster as it was named when it was watched"}
	}
	return env.past(snap.Members.ClusterID)
}

func (e *Env) pastUnless(err error, id uint64) (*recordedPast, error) {
	if err != nil {
		return nil, err
	}
	return e.past(id)
}

func (e *Env) past(id uint64) (p *recordedPast, err error) {
	p = &recordedPast{cluster: id}
	if p.records, p.skipped, err = file.Read(e.samplesDir(), id); err != nil {
		return nil, err
	}
	records, torn, err := e.journal(id).Read()
	p.runs, p.torn = journal.Runs(records), torn
	return p, err
}

// recordedAs finds the one cluster that was last watched under a name.
func (e *Env) recordedAs(name string, ids []uint64) (found uint64, known bool, err error) {
	for _, id := range ids {
		records, _, err := file.Read(e.samplesDir(), id)
		if err != nil {
			return 0, false, err
		}
		called := ""
		for i := range records {
			if records[i].Kind == burndown.KindWatch && records[i].Cluster != "" {
				called = records[i].Cluster
			}
		}
		if called == name && name != "" {
			if known {
				return 0, false, nil // two of one name: PD has to say
			}
			found, known = id, true
		}
	}
	return found, known, nil
}

func nothingRecorded(err error) error {
	return &codedError{&hintedError{err, "ebb watch and ebb scale-in --wait record while they run"}, ExitCannotTell}
}

// nothing says that the stores have no past in the time asked for, and when they
// had.
func (p *recordedPast) nothing(in *burndown.Input) error {
	in.Since = time.Time{}
	all := burndown.New(in)
	if len(all.Courses) == 0 {
		return nothingRecorded(fmt.Errorf("nothing is recorded of stores of cluster %d that left", p.cluster))
	}
	age := in.Made.Sub(all.To).Truncate(time.Hour) + time.Hour
	return &codedError{&hintedError{
		fmt.Errorf("nothing is recorded of that time; the latest leaving was seen last at %s", all.To.UTC().Format(time.RFC3339)),
		fmt.Sprintf("look further back with --since %dh", int(age.Hours())),
	}, ExitCannotTell}
}

// input is what a report is made from; nodes are the values of -N.
func (p *recordedPast) input(nodes []string) (*burndown.Input, error) {
	in := &burndown.Input{ClusterID: p.cluster, Records: p.records, Skipped: p.skipped + p.torn}
	var entries []tune.Entry
	for i := range p.runs {
		run := &p.runs[i]
		o := burndown.Operation{
			ID: run.ID, Verb: run.Verb, Actor: run.Actor, Command: strings.Join(append([]string{"ebb"}, run.Args...), " "),
			Began: run.Began, Ended: run.Ended, Result: run.Result, Error: run.Error, Steps: []burndown.Step{},
		}
		for k := range run.Steps {
			s := &run.Steps[k]
			o.Steps = append(o.Steps, stepOf(s))
			entries = append(entries, tune.Entry{Operation: run.ID, Actor: run.Actor, Step: s.Step, At: s.At, Result: s.Result, Undo: s.Undo})
		}
		in.Operations = append(in.Operations, o)
	}
	for _, h := range tune.History(entries) {
		in.Settings = append(in.Settings, burndown.Setting{
			Name: h.String(), Before: string(h.Old), Set: string(h.New), At: h.At, Operation: h.Operation,
			Restored: h.Restored, Expires: h.Until, Unsure: h.Unsure,
		})
	}
	return in, p.choose(in, nodes)
}

func stepOf(s *journal.RunStep) burndown.Step {
	out := burndown.Step{Time: s.At, Name: s.Step, Result: s.Result, Error: s.Error}
	if tune.IsStep(s.Step) {
		out.Tunes, out.Renews = true, tune.IsRenewal(s.Step)
		return out
	}
	kind, store := decommission.ParseStepID(s.Step)
	out.StoreID = store
	// PD may have made a change of which nobody knows.
	made := s.Result == string(decommission.StepDone) || s.Result == journal.ResultUnknown
	out.Starts = made && (kind == decommission.StepDeleteStore || kind == decommission.StepForceDelete)
	out.Cancels = made && kind == decommission.StepSetUp
	return out
}
