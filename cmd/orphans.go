package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/operators"
)

// orphanOptions are what every verb about orphans takes.
type orphanOptions struct {
	changeOptions
	stores   []uint
	fullScan bool
}

func (o *orphanOptions) register(c *cobra.Command) {
	o.registerCluster(c)
	c.Flags().UintSliceVar(&o.stores, "store", nil, "look at these store `ID`s only, also when PD knows them")
	c.Flags().BoolVar(&o.fullScan, "full-scan", false, "page through all regions, judge the majority of each, and compare with what PD counts")
}

func (o *orphanOptions) storeIDs() []cluster.StoreID {
	var ids []cluster.StoreID
	for _, id := range o.stores {
		ids = append(ids, cluster.StoreID(id))
	}
	return ids
}

// checkStores refuses an id that no store has: it would make a store without
// orphans out of a variable that was not set.
func (o *orphanOptions) checkStores() error {
	if slices.Contains(o.stores, 0) {
		return &usageError{errors.New("--store 0: no store has this id"), "see ebb store; leave --store out for all stores that are gone"}
	}
	return nil
}

// storeFlag repeats --store for hints, with a space in front.
func (o *orphanOptions) storeFlag() string {
	var ids []string
	for _, id := range o.stores {
		ids = append(ids, strconv.FormatUint(uint64(id), 10))
	}
	if len(ids) == 0 {
		return ""
	}
	return " --store " + strings.Join(ids, ",")
}

func newOrphansCommand(env *Env) *cobra.Command {
	list := newOrphansListCommand(env)
	c := &cobra.Command{
		Use:   "orphans [CLUSTER]",
		Short: "Find and remove peers on stores that are gone",
		Long: `A store that was buried before its regions had left is still named by them: PD has
no record of it, or calls it Tombstone, and yet regions list a peer there. Alone,
orphans lists such peers with a verdict for each.

  SAFE    the other voters are a live majority: the removal is sure to be committed
  WAIT    safe, but PD has a place for another peer and repairs the region itself
  HOLD    not now: an operator runs, another peer is not well, PD has just started
  REFUSE  no majority, no live leader, a joint state, or the process answers

script writes the safe removals as commands, apply makes them. Neither touches a
peer of any other verdict.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb orphans prod
  ebb orphans -u http://10.0.1.4:2379 --full-scan -o json --jq '.summary'`,
		GroupID: groupChange,
		Args:    clusterArg,
		RunE:    list.RunE,
	}
	c.Flags().AddFlagSet(list.Flags())
	c.AddCommand(list, newOrphansScriptCommand(env), newOrphansApplyCommand(env))
	return c
}

type orphansListOptions struct {
	orphanOptions
	all bool
}

func newOrphansListCommand(env *Env) *cobra.Command {
	var opts orphansListOptions
	c := &cobra.Command{
		Use:   "list [CLUSTER]",
		Short: "List peers on stores that are gone, each with a verdict",
		Long: `List the peers on stores that PD has no record of or calls Tombstone. They are found
by what PD counts and by the regions of these stores, without reading all regions;
--full-scan reads them all and must come to the same.

Exit status 0 means that there is none, 3 that there are some.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb orphans list prod --store 97,98
  ebb orphans list -t topology.yaml -o json --jq '.orphans[] | select(.verdict == "refuse")'`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.validate(), opts.checkStores()); err != nil {
				return err
			}
			return runOrphansList(c.Context(), env, &opts, args)
		},
	}
	opts.register(c)
	opts.outputOptions.register(c)
	c.Flags().BoolVar(&opts.all, "all", false, "show every peer on a terminal, not the first ones")
	return c
}

type orphansScriptOptions struct {
	orphanOptions
	scriptFormat string
	validFor     time.Duration
	includeWait  bool
}

func newOrphansScriptCommand(env *Env) *cobra.Command {
	var opts orphansScriptOptions
	c := &cobra.Command{
		Use:   "script [CLUSTER]",
		Short: "Write the safe removals as a script",
		Long: `Write commands that remove the SAFE orphans, for a machine without ebb. Before each
removal the script makes sure that the region is as it was judged, has a leader and
no other peer that is unwell, that no operator runs on it, and that the script is
not too old; it waits for the peer to be gone. It may be run again, also from a pipe.
It looks at what pd-ctl says, since that ends with 0 also when PD refuses. The
orphans that stay are comments, with their reasons.

Exit status 3 means that there are orphans but none that is safe to remove.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb orphans script prod > remove.sh
  ebb orphans script prod --format curl --valid-for 5m | bash`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.check(), opts.checkStores()); err != nil {
				return err
			}
			return runOrphansScript(c.Context(), env, &opts, args)
		},
	}
	opts.register(c)
	c.Flags().StringVar(&opts.scriptFormat, "format", string(operators.FormatPDCtl), "pd-ctl (also for tiup ctl), curl or json")
	c.Flags().DurationVar(&opts.validFor, "valid-for", 10*time.Minute, "how long the script may be run")
	registerIncludeWait(c, &opts.includeWait)
	completeValues(c, "format", formatNames()...)
	return c
}

func registerIncludeWait(c *cobra.Command, v *bool) {
	c.Flags().BoolVar(v, "include-wait", false, "also remove the WAIT ones, which PD would repair by itself")
}

func formatNames() []string {
	var names []string
	for _, f := range operators.Formats() {
		names = append(names, string(f))
	}
	return names
}

func (o *orphansScriptOptions) check() error {
	if !slices.Contains(formatNames(), o.scriptFormat) {
		return &usageError{fmt.Errorf("unknown --format %q", o.scriptFormat), oneOf(o.scriptFormat, formatNames())}
	}
	if o.validFor <= 0 {
		return &usageError{fmt.Errorf("--valid-for %s: want a time", o.validFor), "leave it out for 10 minutes"}
	}
	return nil
}

type orphansApplyOptions struct {
	orphanOptions
	maxOperators int
	timeout      time.Duration
	includeWait  bool
}

func newOrphansApplyCommand(env *Env) *cobra.Command {
	var opts orphansApplyOptions
	c := &cobra.Command{
		Use:   "apply [CLUSTER]",
		Short: "Remove the orphans that are safe to remove",
		Long: `Show which orphans will be removed, ask, and remove them: per region one operator at
a time, each after the region was read and judged again, and followed until the
peer is gone. What changed since the plan is left alone. Other operators are never
cancelled.

Ctrl-C stops submitting and says what PD still works on; the same command
continues. Exit status 8 means that some orphans remain, 3 that none was safe.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitDeclined, ExitPartly, ExitUnreachable, ExitLocked, ExitInterrupted),
		Example: `  ebb orphans apply prod --dry-run
  ebb orphans apply prod --store 97 --max-operators 4 --yes -o json`,
		Args: clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(opts.check(), opts.checkStores(), opts.checkConfirmable(env)); err != nil {
				return err
			}
			return runOrphansApply(c.Context(), env, &opts, args)
		},
	}
	opts.register(c)
	opts.registerConfirm(c)
	c.Flags().IntVar(&opts.maxOperators, "max-operators", 8, "most operators under way at once")
	c.Flags().DurationVar(&opts.timeout, "operator-timeout", 90*time.Second, "longest wait for the end of one operator")
	registerIncludeWait(c, &opts.includeWait)
	return c
}

func (o *orphansApplyOptions) check() error {
	if o.maxOperators < 1 || o.timeout <= 0 {
		return &usageError{
			fmt.Errorf("--max-operators %d and --operator-timeout %s: want at least one, and a time", o.maxOperators, o.timeout),
			"leave them out for the defaults",
		}
	}
	return nil
}
