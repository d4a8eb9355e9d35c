package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"ebb/playground/runstate"
)

// Streams are where a command writes: data to Out, everything else to Err.
type Streams struct {
	Out, Err io.Writer
}

func systemStreams() Streams { return Streams{Out: os.Stdout, Err: os.Stderr} }

// Env is what commands take from the process they run in.
type Env struct {
	Streams
	StateHome string // $XDG_STATE_HOME, may be empty
	Home      string
}

func (e *Env) registry() (*runstate.Registry, error) {
	return runstate.Open(e.StateHome, e.Home)
}

const rootLong = `Run the storage layer of a TiDB cluster on this machine: a real PD, and simulated
TiKV and TiFlash stores that register with it, heartbeat, obey its operators and
can be broken on purpose.

Every host has a loopback address of its own and every service its default port.
Without a subcommand, "up" is run.

` + exitStatus

const exitStatus = `EXIT STATUS
    0  done; "up" was stopped with Ctrl-C, or by "stop", after it was ready
    1  failed
    4  wrong usage
  130  interrupted before it was done`

func newRootCmd(env *Env) *cobra.Command {
	root := newUpCmd(env)
	root.Use = "ebb-playground"
	root.Long = rootLong
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &UsageError{Cause: err} })
	root.AddCommand(
		newUpCmd(env),
		newStopCmd(env),
		newListCmd(env),
		newStatusCmd(env),
		newFaultCmd(env),
	)
	return root
}

// noArgs refuses positional arguments. For the root command they are unknown
// subcommands.
func noArgs(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return &UsageError{Cause: err}
	}
	return nil
}

// exclusive refuses two flags that contradict each other. Cobra's own check gives
// an error that cannot be told from a failure.
func exclusive(cmd *cobra.Command, one, other string) error {
	if cmd.Flags().Changed(one) && cmd.Flags().Changed(other) {
		return &UsageError{fmt.Errorf("check flags: --%s and --%s exclude each other", one, other)}
	}
	return nil
}
