package cmd

import (
	"github.com/spf13/cobra"

	"ebb/ui"
)

// Tree is the tree of commands, for what is made from their help.
func Tree() *cobra.Command { return newRoot(systemEnv(ui.System())) }
