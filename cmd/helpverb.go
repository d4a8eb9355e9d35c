package cmd

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newHelpCommand is cobra's help, which says yes to whatever it is asked: here a
// command or topic that does not exist is a usage error.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Explain a command or a topic",
		Long: `Explain a command, with its flags and examples, or one of the topics that
ebb help lists at its end. ebb COMMAND --help says the same.` + exitStatus(ExitDone, ExitUsage),
		Example: "  ebb help scale-in\n  ebb help tune apply\n  ebb help safety",
		RunE: func(c *cobra.Command, args []string) error {
			about := c.Root()
			for _, name := range args {
				next := commandOf(about, name)
				if next == nil && !about.HasSubCommands() {
					return &usageError{fmt.Errorf("%s has no commands: %s", about.CommandPath(), name), seeHelp(about)}
				}
				if next == nil {
					return unknownCommand(about, name)
				}
				about = next
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: completeHelp,
	}
}

// commandOf is the command or topic right below c that has this name, nil if
// there is none.
func commandOf(c *cobra.Command, name string) *cobra.Command {
	for _, sub := range c.Commands() {
		if sub.Name() == name {
			return sub
		}
	}
	return nil
}

func completeHelp(c *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
	about := c.Root()
	for _, name := range args {
		if about = commandOf(about, name); about == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
	}
	var offers []cobra.Completion
	for _, sub := range about.Commands() {
		if strings.HasPrefix(sub.Name(), toComplete) {
			offers = append(offers, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}
