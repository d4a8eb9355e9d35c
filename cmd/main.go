// Package cmd is the command line: one file per verb, which collects, plans,
// shows, confirms, applies and shows again. The rules are in the packages that
// it joins; only this package knows all of them.
package cmd

import (
	"context"
	"errors"
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
	if !env.inScript {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop)
	}
	defer env.Streams.Restore()

	env.Args = args
	root := newRoot(env)
	root.SetArgs(joinArgs(args))
	command, err := root.ExecuteContextC(ctx)
	code := exitCodeOf(err)
	if code == ExitInterrupted && !errors.As(err, new(*codedError)) {
		err = errInterrupted
	}
	if code != ExitDone && !errors.Is(err, errTold) { // an error that is none has said so itself
		env.printError(err, code, wantsJSON(command) || code == ExitUsage && asksForJSON(args))
	}
	return code
}

func (e *Env) printError(err error, code ExitCode, asJSON bool) {
	hints := hintsOf(err)
	if asJSON {
		e.printJSONMessage(errorDocument{head("error"), err.Error(), hints, code.String(), code})
		return
	}
	label := e.Streams.Err.Paint(ui.Red, "ebb: ")
	for line := range strings.SplitSeq(err.Error(), "\n") {
		_ = e.Streams.Err.Hang(label, ui.Clean(line)) // there is nowhere left to report a failure
		label = "     "
	}
	for _, hint := range hints {
		for line := range strings.SplitSeq(hint, "\n") {
			e.Streams.Hint("%s", ui.Clean(line))
		}
	}
}
