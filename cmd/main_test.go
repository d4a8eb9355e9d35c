package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"ebb/internal/golden"
	"ebb/ui"
)

func TestMain(m *testing.M) {
	testscript.Main(allTests{m}, map[string]func(){
		"ebb": func() { os.Exit(exitAsDocumented(os.Args[1:], recordedMain())) },
	})
}

// TestScripts runs the program as a user does, against a PD that lives in the
// test process. The verbs besides those of testscript:
//
//	pd ...           the PD, see pdVerbs
//	exitcode N cmd   runs cmd and wants this very exit code
//	start cmd        runs cmd in the background; one at a time
//	await stderr RE  waits until the background command has printed that
//	signal INT       sends a signal to the background command
//	finish N         waits for it and wants this exit code
//	expand FILE      replaces $VARIABLES in a file
//	tidy             makes the last output comparable: no times, no ports, no paths
//	pretty           the same, and spreads the lines of JSON over many lines
func TestScripts(t *testing.T) {
	t.Parallel()
	printed := t.TempDir()
	t.Cleanup(func() { checkRecordings(t, printed) }) // when all scripts have ended
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       golden.Update(),
		Setup: func(env *testscript.Env) error {
			env.Setenv(recordDir, printed)
			return setUpScript(env)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"pd": runPDVerb, "exitcode": runExitCode,
			"start": runStart, "await": runAwait, "signal": runSignal, "finish": runFinish,
			"expand": runExpand, "tidy": runTidy, "pretty": runPretty,
		},
	})
}

// script is what the verbs of one script share.
type script struct {
	pd   *scriptPD
	vars []string            // names of the environment
	job  atomic.Pointer[job] // also read by faults, which happen in PD's goroutines
}

type scriptKey struct{}

func scriptOf(ts *testscript.TestScript) *script { return ts.Value(scriptKey{}).(*script) }

// setUpScript keeps the script away from the user's files and from proxies.
func setUpScript(env *testscript.Env) error {
	s := &script{}
	env.Values[scriptKey{}] = s
	for name, value := range map[string]string{
		"HOME": env.WorkDir + "/home", "XDG_STATE_HOME": env.WorkDir + "/state", "TIUP_HOME": env.WorkDir + "/tiup",
		"TIUP_COMPONENT_DATA_DIR": "", "NO_COLOR": "", "TERM": "xterm", "TZ": "UTC",
		// Under the race detector a program sleeps for a second before it ends.
		"GORACE":     "atexit_sleep_ms=0",
		"HTTP_PROXY": "", "HTTPS_PROXY": "", "PD": "", "PD1": "", "PD2": "", "PD3": "", "PORT1": "", "PORT2": "", "PORT3": "",
	} {
		env.Setenv(name, value)
	}
	for _, pair := range env.Vars {
		name, _, _ := strings.Cut(pair, "=")
		s.vars = append(s.vars, name)
	}
	env.Defer(func() {
		if j := s.job.Load(); j != nil {
			j.cmd.Process.Kill()
		}
		if s.pd == nil {
			return
		}
		s.pd.Close()
		if problems := append(s.pd.Violations(), s.pd.Unused()...); len(problems) > 0 {
			env.T().Fatal("pd: " + strings.Join(problems, "\npd: "))
		}
	})
	return nil
}

func runExitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exitcode N command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	checkCode(ts, args[1:], want, err)
}

func checkCode(ts *testscript.TestScript, command []string, want int, err error) {
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v: %v", command, err)
	}
	if got != want {
		ts.Fatalf("%v: exit code %d, want %d", command, got, want)
	}
}

// job is a command that runs in the background.
type job struct {
	args     []string
	cmd      *exec.Cmd
	out, err ui.Buffer
	done     chan error
}

func runStart(ts *testscript.TestScript, neg bool, args []string) {
	s := scriptOf(ts)
	if neg || len(args) == 0 || s.job.Load() != nil {
		ts.Fatalf("usage: start command..., one at a time")
	}
	path, err := exec.LookPath(args[0]) // the test process has the same PATH
	ts.Check(err)
	j := &job{args: args, cmd: exec.Command(path, args[1:]...), done: make(chan error, 1)}
	j.cmd.Dir, j.cmd.Stdout, j.cmd.Stderr = ts.MkAbs("."), &j.out, &j.err
	for _, name := range s.vars {
		j.cmd.Env = append(j.cmd.Env, name+"="+ts.Getenv(name))
	}
	ts.Check(j.cmd.Start())
	go func() { j.done <- j.cmd.Wait() }()
	s.job.Store(j)
}

// patience bounds every wait for something that must happen.
const patience = 15 * time.Second

// eventually polls until the condition holds.
func eventually(ts *testscript.TestScript, what string, holds func() bool) {
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			if j := scriptOf(ts).job.Load(); j != nil {
				ts.Logf("[stdout]\n%s[stderr]\n%s", j.out.String(), j.err.String())
			}
			ts.Fatalf("waited %v in vain for %s", patience, what)
		}
	}
}

func runAwait(ts *testscript.TestScript, neg bool, args []string) {
	j := scriptOf(ts).job.Load()
	if neg || len(args) != 2 || args[0] != "stdout" && args[0] != "stderr" || j == nil {
		ts.Fatalf("usage: await stdout|stderr REGEXP, after start")
	}
	re, err := regexp.Compile(`(?m)` + args[1])
	ts.Check(err)
	output := map[string]*ui.Buffer{"stdout": &j.out, "stderr": &j.err}[args[0]]
	eventually(ts, fmt.Sprintf("%q on %s", args[1], args[0]), func() bool { return re.MatchString(output.String()) })
}

func runSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	j := scriptOf(ts).job.Load()
	if neg || len(args) != 1 || signals[args[0]] == 0 || j == nil {
		ts.Fatalf("usage: signal INT|TERM, after start")
	}
	ts.Check(j.cmd.Process.Signal(signals[args[0]]))
}

func runFinish(ts *testscript.TestScript, neg bool, args []string) {
	s := scriptOf(ts)
	j := s.job.Load()
	if neg || len(args) != 1 || j == nil {
		ts.Fatalf("usage: finish N, after start")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	select {
	case err = <-j.done:
	case <-time.After(patience):
		j.cmd.Process.Kill()
		ts.Fatalf("%v did not end; stderr: %s", j.args, j.err.String())
	}
	s.job.Store(nil)
	fmt.Fprint(ts.Stdout(), j.out.String())
	fmt.Fprint(ts.Stderr(), j.err.String())
	ts.Logf("[stdout]\n%s[stderr]\n%s", j.out.String(), j.err.String())
	checkCode(ts, j.args, want, err)
}

func runExpand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: expand file...")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

// volatile is what differs from run to run, and what stands for it.
var volatile = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`), "TIME"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\dZ?\b`), "CLOCK"},
	{regexp.MustCompile(`\d{8}T\d{6}[0-9.]*Z?`), "STAMP"},
	{regexp.MustCompile(`heartbeat \d+s ago`), "heartbeat Ns ago"},
	{regexp.MustCompile(`silent for [0-9hms]+`), "silent for SOME TIME"},
	{regexp.MustCompile(`"heartbeat_age_seconds": ?[0-9.]+`), `"heartbeat_age_seconds": 0`},
	{regexp.MustCompile(`127\.0\.0\.1:\d+->127\.0\.0\.1:\d+`), "CONNECTION"},
	{regexp.MustCompile(`go1\.\d+(\.\d+)?[-\w]*`), "GOVERSION"},
}

func runTidy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: tidy")
	}
	out, err := tidied(ts, ts.ReadFile("stdout")), tidied(ts, ts.ReadFile("stderr"))
	fmt.Fprint(ts.Stdout(), out)
	fmt.Fprint(ts.Stderr(), err)
}

func tidied(ts *testscript.TestScript, text string) string {
	for _, v := range volatile {
		text = v.re.ReplaceAllString(text, v.by)
	}
	text = strings.ReplaceAll(text, ts.Getenv("WORK"), "$WORK")
	for i := range 3 {
		if port := ts.Getenv(fmt.Sprintf("PORT%d", i+1)); port != "" {
			text = strings.ReplaceAll(text, "127.0.0.1:"+port, fmt.Sprintf("pd-%d", i+1))
			text = strings.ReplaceAll(text, port, fmt.Sprintf("PORT%d", i+1))
		}
	}
	return text
}

func runPretty(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: pretty")
	}
	out, err := pretty(ts, ts.ReadFile("stdout")), pretty(ts, ts.ReadFile("stderr"))
	fmt.Fprint(ts.Stdout(), tidied(ts, out))
	fmt.Fprint(ts.Stderr(), tidied(ts, err))
}

// pretty wants JSON on each line.
func pretty(ts *testscript.TestScript, text string) string {
	var b bytes.Buffer
	for line := range strings.Lines(text) {
		if err := json.Indent(&b, []byte(strings.TrimSpace(line)), "", "  "); err != nil {
			ts.Fatalf("no JSON: %v: %s", err, line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// words reads the arguments of a verb, in the order in which they stand.
type words struct{ left []string }

func (w *words) empty() bool { return len(w.left) == 0 }

func (w *words) next() string {
	if len(w.left) == 0 {
		panic(verbError("a word is missing at the end"))
	}
	word := w.left[0]
	w.left = w.left[1:]
	return word
}

// take consumes the next word if it is the given one.
func (w *words) take(word string) bool {
	if len(w.left) > 0 && w.left[0] == word {
		w.left = w.left[1:]
		return true
	}
	return false
}

func (w *words) rest() []string {
	rest := slices.Clone(w.left)
	w.left = nil
	return rest
}

func (w *words) uint() uint64 {
	word := w.next()
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil {
		panic(verbError("want a number, got " + word))
	}
	return n
}

func (w *words) int() int { return int(w.uint()) }

func (w *words) duration() time.Duration {
	word := w.next()
	d, err := time.ParseDuration(word)
	if err != nil {
		panic(verbError("want a duration, got " + word))
	}
	return d
}

// verbError is a mistake in a script. It is panicked with, so that the verbs
// read as plainly as the scripts do.
type verbError string
