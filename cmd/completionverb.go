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
		writeBashCompletion,
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

// bashWithoutPackage takes the place of what the script calls of the package
// bash-completion, where that is not installed: without it every Tab would print an
// error. Words end at blanks alone; bash itself ends them at = and : as well.
const bashWithoutPackage = `
if ! declare -F _get_comp_words_by_ref >/dev/null; then
    __ebb_init_completion()
    {
        local line=${COMP_LINE:0:COMP_POINT}
        COMPREPLY=()
        read -ra words <<<"$line"
        [[ $line != *[[:blank:]] ]] || words+=("")
        cword=$((${#words[@]} - 1))
        cur=${words[cword]} prev=${words[cword > 0 ? cword - 1 : 0]}
    }
    _filedir()
    {
        local kind=-f
        [[ $1 != -d ]] || kind=-d
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen "$kind" -- "$cur")
    }
fi
`

func writeBashCompletion(root *cobra.Command, w io.Writer) error {
	if err := root.GenBashCompletionV2(w, true); err != nil {
		return err
	}
	_, err := io.WriteString(w, bashWithoutPackage)
	return err
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
			needs = "\n\nIt needs bash 4.1 or later. The package bash-completion loads what is kept, and knows\nquoted words."
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
