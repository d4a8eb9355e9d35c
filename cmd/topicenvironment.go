package cmd

import "github.com/spf13/cobra"

// newEnvironmentTopic is "ebb help environment".
func newEnvironmentTopic() *cobra.Command {
	return &cobra.Command{Use: "environment", Short: "List the variables and files that ebb uses", Long: `Variables:

  NO_COLOR         not empty: print without colour, as --no-color does
  TERM             dumb: print no colour, and nothing twice in the same place
  COLUMNS          the width of the terminal, in place of its own
  HOME             where ~ is
  XDG_STATE_HOME   where state is kept (~/.local/state)
  TIUP_HOME        where tiup keeps its clusters (~/.tiup)
  TIUP_COMPONENT_DATA_DIR
                   the same, as tiup tells the programs that it starts
  HTTP_PROXY, HTTPS_PROXY, NO_PROXY
                   the way to PD, but only with --pd-proxy
  SSH_AUTH_SOCK    the agent that logs in to hosts

No variable confirms a change, or takes the place of a flag that does.

Files:

  $XDG_STATE_HOME/ebb/journal   what was changed, and what is to be put back; with
                                a lock for each cluster
  $XDG_STATE_HOME/ebb/samples   what was seen of leaving stores, for ebb report
  $XDG_STATE_HOME/ebb/history   lines typed in ebb shell
  $TIUP_HOME/storage/cluster/clusters/NAME
                                tiup's files of a cluster: see ebb help topology
  ~/.ssh/config, /etc/ssh/ssh_config, known_hosts
                                how to log in to hosts, and which keys they have

The journal is needed to take changes back. It is not shared between machines.`}
}
