package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ebb/ui"
)

type shellOptions struct {
	selection
	command   string
	keepGoing bool
}

func newShellCommand(env *Env) *cobra.Command {
	var opts shellOptions
	c := &cobra.Command{
		Use:   "shell [CLUSTER]",
		Short: "Prompt for commands, or run those of a script",
		Long: `Read commands and run them, without the ebb in front. The cluster that is named
here is given to every command that names none itself: no CLUSTER, no -t, no -u.

At a terminal there are a history (kept in $XDG_STATE_HOME/ebb/history, but for
lines that begin with a blank or contain a password) and completion with Tab.
Ctrl-C drops the line, or interrupts the command that runs, and only that. Ctrl-D,
exit and quit leave.

Off a terminal the commands are read from standard input, or from -c. The first
one that fails ends the script with its exit code; --keep-going goes on and ends
with the first exit code that was not 0. An interrupt always ends a script.

Words are quoted as in a POSIX shell: '...', "...", \; # begins a comment, and ;
or the end of a line ends a command. A line with an open quote goes on in the next
one. Nothing is expanded, and there are no pipes.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitInProgress, ExitPartly, ExitUnreachable, ExitLocked, ExitTuningNotUndone, ExitInterrupted),
		Example: `  ebb shell prod
  ebb shell -u http://10.0.1.4:2379 -c 'check -N 4; scale-in -N 4 --yes --wait'
  ebb shell -t topology.yaml <script`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			return runShell(c.Context(), env, c, &opts, args)
		},
	}
	opts.registerCluster(c)
	c.Flags().StringVarP(&opts.command, "command", "c", "", "run these `COMMANDS` and leave")
	c.Flags().BoolVarP(&opts.keepGoing, "keep-going", "k", false, "in a script, go on after a command that failed")
	return c
}

// shell runs command lines, each on a command tree of its own.
type shell struct {
	env *Env
	// cluster is what names the shell's cluster on a command line, empty when none
	// was named: its name, or flags.
	cluster []string
	noColor bool
	tables  ui.TableOptions
	script  bool // nobody is asked for the next line
}

func runShell(ctx context.Context, env *Env, c *cobra.Command, opts *shellOptions, args []string) error {
	if env.inShell {
		return &usageError{errors.New("this is a shell already"), "leave it with exit"}
	}
	s := &shell{env: env, cluster: clusterWords(c.Flags(), args)}
	s.noColor, _ = c.Flags().GetBool("no-color")
	s.tables = tableOptions(c, env.tables)
	var t *target
	if len(args) > 0 || opts.topologyPath != "" || len(opts.pd) > 0 {
		var err error
		if t, err = opts.open(env, args); err != nil {
			return err
		}
		defer t.pd.Close()
	}
	switch {
	case c.Flags().Changed("command"):
		s.script = true
		return s.runText(ctx, opts.command, opts.keepGoing)
	case !env.Streams.IsInputTerminal():
		s.script = true
		return s.runScript(ctx, env.Streams.In, opts.keepGoing)
	case !env.Streams.CanPrompt():
		return &usageError{errors.New("cannot show a prompt: stderr is no terminal"), "give the commands with -c, or on standard input"}
	}
	return s.interact(ctx, t)
}

// clusterFlags are the flags that name a cluster and how to reach it.
var clusterFlags = []string{"topology", "pd", "cacert", "cert", "key", "pd-timeout", "pd-proxy"}

// clusterWords names on a command line the cluster that this one names.
func clusterWords(flags *pflag.FlagSet, args []string) []string {
	words := slices.Clone(args)
	for _, name := range clusterFlags {
		f := flags.Lookup(name)
		if f == nil || !f.Changed {
			continue
		}
		value := f.Value.String()
		if list, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(list.GetSlice(), ",")
		}
		words = append(words, "--"+name+"="+value)
	}
	return words
}

// withCluster gives a command line the shell's cluster, if it takes one and
// names none. A line that names a part of it names all: the topology of one
// cluster must not be joined with the PD of another.
func (s *shell) withCluster(words []string) []string {
	if len(s.cluster) == 0 {
		return words
	}
	c, rest, err := newRoot(s.env).Find(joinArgs(words))
	if err != nil || c.Flags().Lookup("pd") == nil {
		return words
	}
	_ = c.ParseFlags(rest) // whoever runs it will see the error; what stands before it counts
	if c.Flags().Changed("topology") || c.Flags().Changed("pd") || slices.ContainsFunc(c.Flags().Args(), isName) {
		return words
	}
	return slices.Concat(strings.Fields(c.CommandPath())[1:], s.cluster, rest)
}

// isName tells the name of a cluster from the id of a region or store.
func isName(arg string) bool { return strings.Trim(arg, "0123456789") != "" }

// errLeave is returned for exit and quit.
var errLeave = errors.New("leave the shell")

// run runs one command.
func (s *shell) run(ctx context.Context, words []string) (ExitCode, error) {
	if words[0] == "ebb" {
		words = words[1:] // hints say so, and people copy them
	}
	if len(words) == 1 && (words[0] == "exit" || words[0] == "quit") {
		return ExitDone, errLeave
	}
	env := *s.env
	env.inShell, env.inScript, env.tables = true, s.script, s.tables
	code := run(ctx, &env, s.withCluster(words))
	if !s.noColor {
		s.env.Streams.EnableColor() // --no-color was for that line
	}
	return code, nil
}

// failure ends a script. What went wrong has been said by the command.
func failure(place string, words []string, code ExitCode) error {
	return &codedError{fmt.Errorf("%s%s ended with exit code %d (%s)", place, words[0], int(code), code), code}
}
