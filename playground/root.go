package main

import (
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

` + upStatus

func newRootCmd(env *Env) *cobra.Command {
	root := newUpCmd(env)
	root.Use = "ebb-playground"
	root.Long = rootLong
	root.SilenceErrors = true
	root.SilenceUsage = true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newUpCmd(env),
		newStopCmd(env),
		newListCmd(env),
		newStatusCmd(env),
		newFaultCmd(env),
	)
	return root
}
