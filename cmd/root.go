package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const (
	groupRead   = "read"
	groupChange = "change"
	groupLocal  = "local"
)

// newRoot builds a fresh command tree. Flag values live in it, so it is built
// once per command line.
func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "ebb",
		Short: "Take TiKV and TiFlash stores out of a TiDB cluster",
		Long: `ebb takes TiKV and TiFlash stores out of a TiDB cluster: safely, and with a way
back. It reads a tiup-style topology and speaks PD's HTTP API.

A store that leaves goes Up -> Offline (PD moves its regions away) -> Tombstone.
Until it is Tombstone, ebb cancel-offline takes it back.`,
		Args: noArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceUsage: true, SilenceErrors: true,
		Version: Version,

		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(env.Streams.In)
	root.SetOut(env.Streams.Out)
	root.SetErr(env.Streams.Err)
	root.SetVersionTemplate("ebb {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{err, fmt.Sprintf("see %s --help", c.CommandPath())}
	})
	root.Flags().Bool("version", false, "print the version")
	root.PersistentFlags().Bool("no-color", false, "print without colour (NO_COLOR does the same)")
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		if off, _ := c.Flags().GetBool("no-color"); off {
			env.Streams.DisableColor()
		}
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: groupRead, Title: "Look:"},
		&cobra.Group{ID: groupChange, Title: "Change:"},
		&cobra.Group{ID: groupLocal, Title: "Try out:"},
	)
	for group, commands := range map[string][]*cobra.Command{
		groupRead:   {newDisplayCommand(env), newCheckCommand(env), newWatchCommand(env), newDiagnoseCommand(env), newExplainCommand(env), newAuditCommand(env), newRegionCommand(env), newStoreCommand(env)},
		groupChange: {newScaleInCommand(env), newCancelOfflineCommand(env), newPruneCommand(env), newTuneCommand(env), newFenceCommand(env), newForceRemoveCommand(env), newOrphansCommand(env)},
		groupLocal:  {newPlaygroundCommand(env)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.AddCommand(newShellCommand(env), newVersionCommand(env), newExitCodesTopic(), newSafetyTopic(), newTopologyTopic())
	completeTree(env, root)
	return root
}

// noArgs refuses arguments, naming the nearest command where one was meant.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := &usageError{err: fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		err.hint = "did you mean " + strings.Join(near, " or ") + "?"
	} else {
		err.hint = fmt.Sprintf("see %s --help", c.CommandPath())
	}
	return err
}

// clusterArg takes at most one argument, the name of a tiup cluster.
func clusterArg(c *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return &usageError{
		errors.New("more than one cluster name: " + strings.Join(args, " ")),
		fmt.Sprintf("see %s --help; nodes are given with -N", c.CommandPath()),
	}
}

// newExitCodesTopic is "ebb help exit-codes".
func newExitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("Every command ends with one of these, in every output format:\n\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "  %3d  %s\n", e.Code, e.Text)
	}
	b.WriteString("\n2 is never used: it is what a crash of the program ends with.")
	return &cobra.Command{Use: "exit-codes", Short: "List the exit codes", Long: b.String()}
}

// exitStatus is the EXIT STATUS block of a command's help.
func exitStatus(codes ...ExitCode) string {
	var b strings.Builder
	b.WriteString("\n\nEXIT STATUS\n")
	for _, e := range exitCodes {
		for _, c := range codes {
			if e.Code == c {
				fmt.Fprintf(&b, "  %3d  %s\n", e.Code, e.Text)
			}
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
