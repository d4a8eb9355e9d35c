package decommission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// brokenJournal cannot write down what came of a step.
type brokenJournal struct{ fakeJournal }

var errFull = errors.New("no space left on device")

func (*brokenJournal) Outcome(Step, StepResult, error) error { return errFull }

func TestJournaled(t *testing.T) {
	unknown := func(error) StepResult { return StepUnknown }
	for _, tt := range []struct {
		name    string
		journal Recorder
		err     error // of what is done
		done    bool
		want    StepResult
		errs    []error
	}{
		{"done", new(fakeJournal), nil, true, StepDone, nil},
		{"not known", new(fakeJournal), errLost, true, StepUnknown, []error{errLost}},
		{"nothing without an intent", &fakeJournal{fail: errFull}, nil, false, StepFailed, []error{errFull}},
		{"done, and nowhere written", new(brokenJournal), nil, true, StepDone, []error{errFull}},
		{"not known, and nowhere written", new(brokenJournal), errLost, true, StepUnknown, []error{errLost, errFull}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // what has begun is seen through
			done := false
			change := journaled{step: Step{Kind: StepSetUp, Text: "set it Up"}, failed: unknown, do: func(ctx context.Context) (string, error) {
				done = ctx.Err() == nil
				return "noted", tt.err
			}}
			o := change.make(ctx, tt.journal)
			if o.Result != tt.want || done != tt.done || done && o.Note != "noted" || o.Step.Kind != StepSetUp {
				t.Errorf("done %v, outcome %+v, want %v", done, o, tt.want)
			}
			if len(tt.errs) == 0 && o.Err != nil {
				t.Error(o.Err)
			}
			for _, err := range tt.errs {
				if !errors.Is(o.Err, err) {
					t.Errorf("error %v, want %v in it", o.Err, err)
				}
			}
		})
	}
}

func TestFailedAtHost(t *testing.T) {
	for err, want := range map[error]StepResult{
		fmt.Errorf("stop it: %w", hostExit(1)):      StepFailed,
		fmt.Errorf("port 20160: %w", errStillThere): StepFailed,
		errLost:                  StepUnknown,
		context.DeadlineExceeded: StepUnknown,
	} {
		if got := failedAtHost(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

// Nobody knows what a host did that was lost, whatever PD's errors mean.
func TestPruneLosesItsHost(t *testing.T) {
	for err, want := range map[error]StepResult{errFull: StepUnknown, hostExit(1): StepFailed} {
		pd, h, journal := newPrunePD(t), newModelHost(t), new(fakeJournal)
		plan := planned(t, pd, h, PruneRequest{Targets: []PruneTarget{pruneTarget4()}, Topology: "topology.yaml"})
		h.fail["stop tikv-20160.service"] = err
		outcomes, got := ApplyPrune(t.Context(), plan, pruneDeps(pd, h, journal, new(fakeRemover)))
		if !errors.Is(got, err) || outcomes[0].Result != want {
			t.Errorf("%v: %v, first step %s, want %s", err, got, outcomes[0].Result, want)
		}
	}
}

type failingRemover struct{ err error }

func (r failingRemover) RemoveNodes(context.Context, []string) ([]string, string, error) {
	return nil, "", r.err
}

func TestFinishForceRemove(t *testing.T) {
	plan := &ForceRemovePlan{Plan: Plan{Steps: []Step{
		{Kind: StepForceDelete, StoreID: 4}, {Kind: StepRemoveFromTopology, Nodes: []string{"10.0.0.4:20160"}},
	}}}
	var seen []StepOutcome
	notify := func(o StepOutcome) { seen = append(seen, o) }
	topo, journal := new(fakeRemover), new(fakeJournal)
	if err := FinishForceRemove(t.Context(), plan, topo, journal, notify); err != nil || !slices.Equal(topo.removed, []string{"10.0.0.4:20160"}) {
		t.Errorf("removed %q: %v", topo.removed, err)
	}
	if len(seen) != 1 || seen[0].Result != StepDone || seen[0].Note != "10.0.0.4:20160; backup: backup.yaml" {
		t.Errorf("outcomes %+v", seen)
	}
	seen = nil
	err := FinishForceRemove(t.Context(), plan, failingRemover{errFull}, new(fakeJournal), notify)
	if !errors.Is(err, errFull) || len(seen) != 1 || seen[0].Result != StepFailed {
		t.Errorf("%v, outcomes %+v", err, seen)
	}
}
