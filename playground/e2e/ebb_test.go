package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// event is one line of NDJSON, decoded by the names that scripts rely on.
type event struct {
	SchemaVersion int       `json:"schema_version"`
	Type          string    `json:"type"`
	Time          time.Time `json:"time"`
	Error         string    `json:"error"`
	Plan          *plan     `json:"plan"`
	Step          *struct {
		Step   step   `json:"step"`
		Result string `json:"result"`
		Note   string `json:"note"`
	} `json:"step"`
	Store *leaving `json:"store"`
	Fence *struct {
		Verdict string `json:"verdict"`
		Changed bool   `json:"changed"`
	} `json:"fence"`
	Summary *struct {
		Result   string    `json:"result"`
		ExitCode int       `json:"exit_code"`
		Stores   []leaving `json:"stores"`
	} `json:"summary"`

	line string
}

type plan struct {
	Verb     string `json:"verb"`
	Stores   []struct{ Node string }
	Cluster  uint64    `json:"cluster_id"`
	Steps    []step    `json:"steps"`
	Findings []finding `json:"findings"`
}

type step struct {
	Kind    string `json:"kind"`
	StoreID uint64 `json:"store_id"`
	Done    bool   `json:"already_done"`
	Guessed bool   `json:"guessed"`
	// Of steps on a machine.
	Host string `json:"host"`
	Unit string `json:"unit"`
	Path string `json:"path"`
	To   string `json:"to"`
}

type finding struct {
	Check    string   `json:"check"`
	Result   string   `json:"result"`
	Summary  string   `json:"summary"`
	Regions  []uint64 `json:"regions"`
	Fix      string   `json:"fix"`
	Risk     string   `json:"risk"`
	Accepted bool     `json:"accepted"`
}

type leaving struct {
	ID         uint64 `json:"store_id"`
	Phase      string `json:"phase"`
	State      string `json:"state"`
	Regions    int    `json:"regions"`
	Initial    int    `json:"initial_regions"`
	PDProgress *struct {
		Action   string  `json:"action"`
		Fraction float64 `json:"fraction"`
	} `json:"pd_progress"`
}

// failure is the error object on stderr.
type failure struct {
	Type     string   `json:"type"`
	Message  string   `json:"message"`
	Hints    []string `json:"hints"`
	Code     string   `json:"code"`
	ExitCode int      `json:"exit_code"`
}

// result is a run of ebb that has ended.
type result struct {
	code      int
	out, errs string
	events    []event
}

// of returns the events of a type.
func (r *result) of(kind string) []event {
	return slices.DeleteFunc(slices.Clone(r.events), func(e event) bool { return e.Type != kind })
}

// failure decodes the error object that ends stderr.
func (r *result) failure(t *testing.T) failure {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(r.errs), "\n")
	var f failure
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &f); err != nil || f.Type != "error" || f.ExitCode != r.code {
		t.Errorf("stderr of exit code %d ends in no such error object (%v):\n%s", r.code, err, r.errs)
	}
	return f
}

// refusals are the findings that refused a plan, by check.
func (r *result) refusals() map[string]finding {
	refused := make(map[string]finding)
	for _, e := range r.of("plan") {
		for _, f := range e.Plan.Findings {
			if f.Result == "refused" && !f.Accepted {
				refused[f.Check] = f
			}
		}
	}
	return refused
}

// stepResults maps the kinds of the steps made to what came of them.
func (r *result) stepResults() map[string]string {
	results := make(map[string]string)
	for _, e := range r.of("step") {
		results[e.Step.Step.Kind] = e.Step.Result
	}
	return results
}

// running is a run of ebb that has not ended.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	events chan event
	seen   []event
	// out is complete when events is closed, errs when the process has ended.
	out, errs bytes.Buffer
	killed    bool
}

// run runs a verb on the cluster of the bench, with JSON output, to its end.
func (b *bench) run(verb string, args ...string) result {
	b.Helper()
	r := b.start(verb, args...)
	return r.wait()
}

// start starts a verb on the cluster of the bench with JSON output.
func (b *bench) start(verb string, args ...string) *running {
	b.Helper()
	return b.startRaw(append([]string{verb, "-t", b.Topology(), "-u", b.endpoints, "-o", "json"}, args...)...)
}

// runRaw runs a command line as it is, to its end.
func (b *bench) runRaw(args ...string) result {
	b.Helper()
	r := b.startRaw(args...)
	return r.wait()
}

func (b *bench) startRaw(args ...string) *running {
	b.Helper()
	// Unless a test is about that, PD may take its time: this machine may be busy.
	if i := slices.Index(args, "-u"); i > 0 && !slices.Contains(args, "--pd-timeout") {
		args = slices.Insert(slices.Clone(args), i, "--pd-timeout", eventually.String())
	}
	r := &running{t: b.T, cmd: exec.Command(program, args...), events: make(chan event, 1<<16)}
	r.cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+b.state, "HOME="+b.state, "TIUP_HOME="+b.state)
	r.cmd.Stderr = &r.errs
	out, err := r.cmd.StdoutPipe()
	b.must(err)
	b.must(r.cmd.Start())
	// A test that fails half-way must not leave a watcher behind.
	b.Cleanup(func() { _ = r.cmd.Process.Kill() })
	go func() {
		defer close(r.events)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			r.out.WriteString(lines.Text() + "\n")
			e := event{line: lines.Text()}
			if json.Unmarshal(lines.Bytes(), &e) != nil {
				e.Type = "malformed"
			}
			r.events <- e
		}
	}()
	return r
}

// await returns the next event that is wanted.
func (r *running) await(what string, wanted func(event) bool) event {
	r.t.Helper()
	return r.awaitWithin(eventually, what, wanted)
}

func (r *running) awaitWithin(limit time.Duration, what string, wanted func(event) bool) event {
	r.t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case e, ok := <-r.events:
			if !ok {
				_ = r.cmd.Wait()
				r.t.Fatalf("ebb ended without %s:\n%s%s", what, r.out.String(), r.errs.String())
			}
			r.seen = append(r.seen, e)
			if wanted(e) {
				return e
			}
		case <-timeout:
			r.t.Fatalf("no %s in time; the last of %d events: %s", what, len(r.seen), r.lastLine())
		}
	}
}

// lastLine is the latest event that was looked at.
func (r *running) lastLine() string {
	if len(r.seen) == 0 {
		return "none"
	}
	return r.seen[len(r.seen)-1].line
}

// awaitType returns the next event of a type.
func (r *running) awaitType(kind string) event {
	r.t.Helper()
	return r.await("event "+kind, func(e event) bool { return e.Type == kind })
}

// signal sends a signal; SIGKILL also says that no summary is to be expected.
func (r *running) signal(s os.Signal) {
	r.t.Helper()
	r.killed = r.killed || s == os.Kill
	if err := r.cmd.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// wait returns when ebb has ended, and checks what holds for every JSON run.
func (r *running) wait() result {
	r.t.Helper()
	timeout := time.AfterFunc(2*eventually, func() { _ = r.cmd.Process.Kill() })
	for e := range r.events {
		r.seen = append(r.seen, e)
	}
	_ = r.cmd.Wait() // the exit code says more
	if !timeout.Stop() {
		r.t.Fatalf("ebb %q did not end:\n%s%s", r.cmd.Args, r.out.String(), r.errs.String())
	}
	res := result{code: r.cmd.ProcessState.ExitCode(), out: r.out.String(), errs: r.errs.String(), events: r.seen}
	if slices.Contains(r.cmd.Args, "json") && !r.killed {
		res.wantWellFormed(r.t)
	}
	return res
}

// wantWellFormed checks the contract of NDJSON: every line is an object with a
// version, a type and a time, and the last one is the only summary and gives the
// exit code. display and its like print one document instead.
func (r *result) wantWellFormed(t *testing.T) {
	t.Helper()
	for i, e := range r.events {
		if slices.Contains([]string{"display", "check", "report"}, e.Type) {
			return
		}
		if e.SchemaVersion != 1 || e.Type == "" || e.Type == "malformed" || e.Time.IsZero() {
			t.Errorf("line %d is no event: %s", i+1, e.line)
		}
		if last := i == len(r.events)-1; last != (e.Type == "summary") {
			t.Errorf("line %d of %d: %s", i+1, len(r.events), e.line)
		} else if last && e.Summary.ExitCode != r.code {
			t.Errorf("the summary says exit code %d, ebb ended with %d", e.Summary.ExitCode, r.code)
		}
	}
}

// wantCode fails the test, with all that ebb said, unless it ended as wanted.
func (b *bench) wantCode(r result, code int) {
	b.Helper()
	if r.code != code {
		b.Fatalf("exit code %d, want %d\n%s%s", r.code, code, r.out, r.errs)
	}
}
