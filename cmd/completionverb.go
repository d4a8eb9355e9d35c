package cmd

import (
	"io"

	"github.com/spf13/cobra"
)

// completionScripts are the shells that completion scripts are made for.
var completionScripts = []struct {
	shell, load, keep string
	write             func(root *cobra.Command, w io.Writer) error
}{
	{
		"bash", "source <(ebb completion bash)",
		"ebb completion bash > /usr/local/share/bash-completion/completions/ebb",
		func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	},
	{
		"zsh", "source <(ebb completion zsh)",
		"ebb completion zsh > /usr/local/share/zsh/site-functions/_ebb",
		func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	},
	{
		"fish", "ebb completion fish | source",
		"ebb completion fish > ~/.config/fish/completions/ebb.fish",
		func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	},
}

func newCompletionCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use: "completion", Short: "Print the completion script for a shell",
		Long: `Print a script that makes a shell complete ebb's commands, flags, clusters and
stores with Tab. For the stores PD is asked, for less than a second; what does not
answer is not offered.` + exitStatus(ExitDone, ExitUsage),
		Example: "  ebb completion bash\n  ebb completion zsh --help",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, script := range completionScripts {
		needs := ""
		if script.shell == "bash" {
			needs = "\n\nIt needs bash 4.1 or later, and the package bash-completion."
		}
		c.AddCommand(&cobra.Command{
			Use: script.shell, Short: "Print the completion script for " + script.shell,
			Long: "Print the script that makes " + script.shell + " complete ebb's commands. The first example\n" +
				"loads it into the running shell, the second one keeps it for those to come." + needs +
				exitStatus(ExitDone, ExitFailed, ExitUsage),
			Example: "  " + script.load + "\n  " + script.keep,
			Args:    noArgs,
			RunE:    func(c *cobra.Command, _ []string) error { return script.write(c.Root(), env.Streams.Out) },
		})
	}
	return c
}
