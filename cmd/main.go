// Package cmd is the command line: one file per verb, which collects, plans,
// shows, confirms, applies and shows again. The rules are in the packages that
// it joins; only this package knows all of them.
package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"ebb/ui"
)

// Main runs the program and returns its exit code.
func Main(args []string, streams *ui.Streams) int {
	return int(run(context.Background(), systemEnv(streams), args))
}

// run executes one command line. The first interrupt cancels the context: what
// runs ends in order and says what it leaves. The second one gets the default
// action of the system, which ends the program at once.
func run(ctx context.Context, env *Env, args []string) ExitCode {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	defer env.Streams.Restore()

	env.Args = args
	root := newRoot(env)
	root.SetArgs(joinArgs(args))
	command, err := root.ExecuteContextC(ctx)
	code := exitCodeOf(err)
	if code == ExitInterrupted && !errors.As(err, new(*codedError)) {
		err = errInterrupted
	}
	if code != ExitDone { // an error that is none has said so itself
		output, _ := command.Flags().GetString("output")
		env.printError(err, code, output == outputJSON)
	}
	return code
}

// errorJSON is the form of an error on stderr with -o json.
type errorJSON struct {
	SchemaVersion int      `json:"schema_version"`
	Type          string   `json:"type"`
	Message       string   `json:"message"`
	Hints         []string `json:"hints,omitempty"`
	Code          string   `json:"code"`
	ExitCode      ExitCode `json:"exit_code"`
}

func (e *Env) printError(err error, code ExitCode, asJSON bool) {
	hints := hintsOf(err)
	if asJSON {
		line, marshalErr := json.Marshal(errorJSON{schemaVersion, "error", err.Error(), hints, code.String(), code})
		if marshalErr == nil {
			fmt.Fprintln(e.Streams.Err, string(line))
			return
		}
	}
	head := e.Streams.Err.Paint(ui.Red, "ebb: ")
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_ = e.Streams.Err.Hang(head, ui.Clean(line)) // there is nowhere left to report a failure
		head = "     "
	}
	for _, hint := range hints {
		for line := range strings.SplitSeq(hint, "\n") {
			e.Streams.Hint("%s", ui.Clean(line))
		}
	}
}
