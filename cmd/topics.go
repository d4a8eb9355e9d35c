package cmd

import "github.com/spf13/cobra"

// newSafetyTopic is "ebb help safety".
func newSafetyTopic() *cobra.Command {
	return &cobra.Command{Use: "safety", Short: "Explain what is checked, asked and kept before something changes", Long: `A store that leaves goes Up -> Offline -> Tombstone. ebb scale-in only sets it
Offline; PD then moves its regions away, and makes it Tombstone when none is left.
Until then ebb cancel-offline takes it back.

Looking first
  Every change is shown as a plan, with what it was decided from; --dry-run stops
  there. All checks are made before the first change and all findings are shown.
  Right before the change the cluster is read again, and nothing is done when a
  store is another one than in the plan. ebb check makes the checks alone.

Three answers
  Yes, no, and cannot tell. What does not answer is unknown, which is neither safe
  nor dead: exit 5, not a guess. An answer of no is exit 3.

Being asked
  What can be taken back is asked with y/N. Before data is deleted (ebb prune), or
  a store is written off (ebb force-remove), something has to be typed: the address
  of the store, for several nodes to prune their number. --yes answers for scripts;
  off a terminal it is needed, and its lack is a usage error before the first
  request. ebb force-remove with --yes also wants --cluster-id.

Going on in spite of a refusal
  A refusal that may be overridden names its risk, for --accept-risk=NAME. Each
  risk has a name of its own. No flag and no variable skips all checks.

What cannot be taken back
  ebb prune deletes directories. It does so only while PD says Tombstone, no region
  names the store, and unit, processes, ports and directories on the host are its
  own. --keep-data renames them instead.
  ebb force-remove tells PD that a store is destroyed, after a proof for every
  region with a peer there that a live majority remains, and after the host was
  fenced (ebb fence). A host that cannot be reached is not dead: it needs a
  program that switches it off, or --accept-risk=unfenced.

The way back
  What is changed for a while (store limits, settings of ebb tune) is written down
  before the change with the value that it had, in the journal of this machine
  ($XDG_STATE_HOME/ebb/journal). It is put back at the end, on Ctrl-C and on
  errors; after a crash by ebb tune restore. ebb audit shows what was done.

Writes go to the PD leader once. When an answer is lost the state is read again;
nothing is sent twice. A command that was cut off is run again as it was: it goes
on, or says that everything is as asked already.`}
}

// newTopologyTopic is "ebb help topology".
func newTopologyTopic() *cobra.Command {
	return &cobra.Command{Use: "topology", Short: "Explain how clusters and nodes are named, and what is read from the topology", Long: `A cluster is named in one of these ways:

  NAME        a cluster that tiup manages from here: its meta.yaml, SSH key and
              client certificate below ${TIUP_HOME:-~/.tiup}/storage/cluster
  -t FILE     a topology as tiup takes it (topology.yaml), or a meta.yaml
  -u URL,...  PD alone, where nothing has to be known of hosts; beside one of the
              others it takes the place of the PD addresses there

--cacert, --cert and --key are for PD, in place of tiup's certificate.

A node (-N) is named by

  10.0.1.7:20160   its id in tiup: host and port; for TiFlash the TCP port (9000)
  10.0.1.8:3930    its address in PD; for TiFlash the service port (3930)
  4                its store id in PD, which is never ambiguous

-N takes several with commas between, and may be repeated. At a terminal the verbs
that need it offer a list without it; completion offers nodes as well (see
ebb completion --help).

The topology is joined with PD's stores by address. A node that PD does not know,
and a store that the topology does not have, are shown by ebb display. Where PD
has two stores at one address, nobody can tell whose data lies there: the store id
has to be given.

From the topology come the hosts, ports, deploy and data directories, units and
labels, with tiup's defaults for what is left out. A topology that contradicts
itself (two instances with one port or directory on a host) is shown but not acted
on. Sections and fields that are not known stay as they are; instances in them
count as in use on their hosts, as do those of other clusters of this tiup, of DM
clusters, and what a scale-out is about to add.

Next to tiup
  The file is edited in two cases only: tiup's offline flag is set and taken back
  with a store's leaving, and nodes are dropped by ebb prune and at the end of
  ebb force-remove. Only the bytes of those entries change; the file before is
  kept, in tiup's backup directory or beside it as .bak. An entry that cannot be
  edited alone (others take values from it through an anchor) is refused.

  So tiup cluster display and prune go on as if tiup had done it, and a store that
  tiup scale-in has taken out can be watched, taken back and pruned by ebb. Where
  marks and PD have drifted apart, ebb display says so. After ebb prune the
  monitoring still asks the nodes that are gone, until
  tiup cluster reload NAME -R prometheus; and tiup's key stays on their hosts.

  While tiup is between the two stages of a scale-out, the topology is not edited
  (exit 10). A file that was changed since the plan was made is not written, and
  PD not asked (exit 3). Apart from that scale-out tiup has no lock: it reads
  meta.yaml when it begins and writes all of it when it ends, edit-config when the
  editor is closed. An edit in between is then lost without a word, so end the one
  before you begin the other.`}
}
