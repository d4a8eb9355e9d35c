package journal

import (
	"encoding/json"
	"time"
)

// Run is one operation as the journal tells it.
type Run struct {
	ID       string    `json:"id"`
	Verb     string    `json:"verb"`
	Actor    string    `json:"actor"`
	PID      int       `json:"pid"`
	Args     []string  `json:"args,omitempty"`
	PlanHash string    `json:"plan_hash,omitempty"`
	Began    time.Time `json:"began"`
	// Ended is zero for an operation that was cut off or is still running.
	Ended  time.Time `json:"ended,omitzero"`
	Result string    `json:"result"` // ResultUnknown without an end
	Error  string    `json:"error,omitempty"`
	Steps  []RunStep `json:"steps"`
}

// RunStep is one change of an operation.
type RunStep struct {
	Step   string          `json:"step"`
	At     time.Time       `json:"at"`
	Result string          `json:"result"` // ResultUnknown without an outcome
	Error  string          `json:"error,omitempty"`
	Undo   json.RawMessage `json:"undo,omitempty"`
}

// ResultUnknown stands for what the journal does not say: the process ended
// between an intent and its outcome, or before its end.
const ResultUnknown = "unknown"

// Runs groups records by operation, in the order in which the operations began.
func Runs(records []Record) []Run {
	var runs []Run
	index := make(map[string]int)
	for i := range records {
		r := &records[i]
		at, seen := index[r.Operation]
		if !seen {
			at = len(runs)
			index[r.Operation] = at
			runs = append(runs, Run{ID: r.Operation, Verb: r.Verb, Actor: r.Actor, PID: r.PID, Began: r.Time, Result: ResultUnknown})
		}
		runs[at].add(r)
	}
	return runs
}

func (run *Run) add(r *Record) {
	switch r.Kind {
	case Begin:
		run.Args, run.PlanHash = r.Args, r.PlanHash
	case Intent:
		run.Steps = append(run.Steps, RunStep{Step: r.Step, At: r.Time, Result: ResultUnknown, Undo: r.Undo})
	case Outcome:
		// The last intent of the step: a step can be made twice in one operation.
		for i := len(run.Steps) - 1; i >= 0; i-- {
			if run.Steps[i].Step == r.Step {
				run.Steps[i].Result, run.Steps[i].Error = r.Result, r.Error
				return
			}
		}
	case End:
		run.Ended, run.Result, run.Error = r.Time, r.Result, r.Error
	}
}
