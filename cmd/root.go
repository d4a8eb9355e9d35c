package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ebb/ui"
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
Until it is Tombstone, ebb cancel-offline takes it back.` + exitStatus(ExitDone, ExitUsage),
		Example: "  ebb playground --background\n  ebb display prod\n  ebb scale-in prod -N 10.0.1.7:20160 --dry-run",
		Args:    noArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceUsage: true, SilenceErrors: true,
		Version: Version,
	}
	root.SetIn(env.Streams.In)
	root.SetOut(env.Streams.Out)
	root.SetErr(env.Streams.Err)
	root.SetVersionTemplate("ebb {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.Flags().Bool("version", false, "print the version")
	root.PersistentFlags().Bool("no-color", false, "print without colour (NO_COLOR does the same)")
	root.PersistentFlags().Bool("no-headers", false, "print tables without a header line, for scripts (JSON has none)")
	root.PersistentFlags().Bool("wide", false, "cut and leave out nothing of a table on a narrow terminal")
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		if off, _ := c.Flags().GetBool("no-color"); off {
			env.Streams.DisableColor()
		}
		env.Streams.SetTables(tableOptions(c, env.tables))
		env.jsonMessages = func() bool { return wantsJSON(c) }
	}
	root.CompletionOptions.DisableDefaultCmd = true // there is one of our own
	root.AddGroup(
		&cobra.Group{ID: groupRead, Title: "Look:"},
		&cobra.Group{ID: groupChange, Title: "Change:"},
		&cobra.Group{ID: groupLocal, Title: "Try out:"},
	)
	for group, commands := range map[string][]*cobra.Command{
		groupRead:   {newDisplayCommand(env), newCheckCommand(env), newWatchCommand(env), newDiagnoseCommand(env), newExplainCommand(env), newReportCommand(env), newAuditCommand(env), newRegionCommand(env), newStoreCommand(env)},
		groupChange: {newScaleInCommand(env), newCancelOfflineCommand(env), newPruneCommand(env), newTuneCommand(env), newFenceCommand(env), newForceRemoveCommand(env), newOrphansCommand(env)},
		groupLocal:  {newPlaygroundCommand(env)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	help := newHelpCommand()
	root.SetHelpCommand(help)
	root.AddCommand(help, newShellCommand(env), newVersionCommand(env), newCompletionCommand(env))
	root.AddCommand(newExitCodesTopic(), newSafetyTopic(), newTopologyTopic(), newEnvironmentTopic())
	completeTree(env, root)
	return root
}

// tableOptions are what a command line says of tables, and before it the shell's.
func tableOptions(c *cobra.Command, base ui.TableOptions) ui.TableOptions {
	noHeaders, _ := c.Flags().GetBool("no-headers") // every command has these two
	wide, _ := c.Flags().GetBool("wide")
	return ui.TableOptions{NoHeaders: base.NoHeaders || noHeaders, Wide: base.Wide || wide}
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
