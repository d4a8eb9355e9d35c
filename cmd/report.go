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
	"ebb/diagnose"
	"ebb/operators"
	"ebb/ui"
)

// pipeInterval is the time between two progress lines of one store where the
// screen cannot be redrawn.
const pipeInterval = 30 * time.Second

// reporter shows what a long verb does: events as JSON lines on stdout, or a
// live frame and lines on stderr. Lines of text are not part of the result, so
// stdout stays empty but for the plan.
type reporter struct {
	env *Env
	out *outputOptions
	// frame is nil until there is progress to show: it hides the cursor, which
	// plans and prompts need.
	frame *ui.Frame
	// curve draws the number of regions over time.
	curve bool
	// interval is the time between two readings; a pipe sees fewer lines.
	interval time.Duration
	lastLine map[uint64]time.Time
	said     []string
	failed   error // the first failure to print
}

func newReporter(env *Env, out *outputOptions, interval time.Duration) *reporter {
	return &reporter{env: env, out: out, interval: interval, lastLine: make(map[uint64]time.Time)}
}

func (r *reporter) close() {
	if r.frame != nil {
		r.frame.Close()
	}
}

// line says something in passing; JSON readers do not need it.
func (r *reporter) line(format string, args ...any) {
	if !r.out.json() {
		_ = r.env.Streams.Err.Hang("", fmt.Sprintf(format, args...)) // nobody reads on
	}
}

// once is line for what need not be said twice in one run.
func (r *reporter) once(text string) {
	if !slices.Contains(r.said, text) {
		r.said = append(r.said, text)
		r.line("%s", text)
	}
}

func (r *reporter) emit(ctx context.Context, e render.Event) {
	e.SchemaVersion = schemaVersion
	if e.Time.IsZero() {
		e.Time = r.env.Now()
	}
	if err := r.out.print(ctx, r.env, e); err != nil && r.failed == nil {
		r.failed = err
	}
}

func (r *reporter) plan(ctx context.Context, p *decommission.Plan, document any) error {
	if r.out.json() {
		r.emit(ctx, render.Event{Type: "plan", Plan: document})
		return r.failed
	}
	err := render.Plan(r.env.Streams.Out, p)
	if tuned, ok := document.(*tunedPlan); ok && err == nil {
		err = render.TuneSection(r.env.Streams.Out, tuned.Tune)
	}
	return err
}

func (r *reporter) step(o decommission.StepOutcome) {
	if r.out.json() {
		e := render.Event{Type: "step", Step: &o}
		if o.Err != nil {
			e.Error = o.Err.Error()
		}
		r.emit(context.Background(), e)
		return
	}
	if err := render.Outcome(r.env.Streams.Err, o); err != nil && r.failed == nil {
		r.failed = err
	}
}

func (r *reporter) event(w decommission.Watch, e decommission.Event) {
	if r.out.json() {
		out := render.Event{Type: string(e.Type), Time: e.At, Store: e.Store}
		if e.Err != nil {
			out.Error = e.Err.Error()
		}
		r.emit(context.Background(), out)
		return
	}
	if r.frame == nil {
		r.frame = r.env.Streams.NewFrame()
	}
	if text := render.Transition(e); text != "" {
		r.frame.Hang(e.At.Format("15:04:05  "), text)
	}
	if e.Type != decommission.EventProgress {
		return
	}
	if r.frame.Live() {
		if e.Store.ID == lastMoving(&w) { // once for all of them
			r.frame.Show(func(width, height int) []string {
				return render.Watch(&w, width, height, r.env.Streams.Err.Color(), r.curve)
			})
		}
		return
	}
	if id := uint64(e.Store.ID); e.At.Sub(r.lastLine[id]) >= pipeInterval {
		if !r.lastLine[id].IsZero() {
			r.frame.Hang(e.At.Format("15:04:05  "), render.StoreLine(e.Store))
		}
		r.lastLine[id] = e.At
	}
}

// lastMoving is the store whose progress is the last to be told of a reading.
func lastMoving(w *decommission.Watch) cluster.StoreID {
	for i := range slices.Backward(w.Stores) {
		if !w.Stores[i].Phase.Final() {
			return w.Stores[i].ID
		}
	}
	return 0
}

// diagnosis shows what a store that has stalled most likely waits for.
func (r *reporter) diagnosis(stalled decommission.Event, report *diagnose.Report, err error) {
	if r.out.json() {
		e := render.Event{Type: "diagnosis", Time: stalled.At, Store: stalled.Store}
		if err != nil {
			e.Error = err.Error()
		} else {
			e.Diagnosis = render.Likeliest(report, likeliest)
		}
		r.emit(context.Background(), e)
		return
	}
	if err != nil {
		r.frame.Line("could not look why: %v", err)
		return
	}
	for _, line := range render.Likeliest(report, likeliest).Lines() {
		r.frame.Line("%s", line)
	}
}

// summary ends the events and passes the error on.
func (r *reporter) summary(ctx context.Context, stores []decommission.StoreWatch, err error) error {
	if r.frame != nil {
		r.frame.Update()
	}
	if r.out.json() {
		code := exitCodeOf(err)
		e := render.Event{Type: "summary", Summary: &render.Summary{Result: code.String(), ExitCode: int(code), Stores: stores}}
		if remain, ok := errors.AsType[*operators.RemainError](err); ok {
			e.Summary.Remaining = remain.Remaining()
		}
		if err != nil {
			e.Error = err.Error()
		}
		r.emit(context.WithoutCancel(ctx), e)
	}
	if err == nil && r.failed != nil {
		return fmt.Errorf("write output: %w", r.failed)
	}
	return err
}
