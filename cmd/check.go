package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/decommission"
	"ebb/topology"
)

type checkOptions struct {
	selection
	outputOptions
	zones []string
	lost  bool
}

func newCheckCommand(env *Env) *cobra.Command {
	var opts checkOptions
	c := &cobra.Command{
		Use:   "check [CLUSTER] -N NODE[,NODE]",
		Short: "Say whether stores may leave, and what if they were lost now",
		Long: `Answer two questions about a set of stores, and change nothing.

May they leave in order? These are the checks of scale-in: every placement rule
over the stores that stay, the way of each region's peers to new stores, room for
the data, a home for the leaders, and what else would keep PD from moving them.
With that comes what the cluster still bears afterwards: whether any one host, or
any one place of a location label, may then be lost as well. It is judged by what
the rules allow, at its worst.

And if they were lost at this moment? Every region with a peer there is looked at:
does it keep a live majority, in every half of its configuration?

The exit code is the answer to the first question, or with --lost to the second.` +
			exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb check prod -N 10.0.1.7:20160,10.0.1.8:20160
  ebb check -t topology.yaml --zone zone=eu-1 --lost
  ebb check -u http://10.0.1.1:2379 -N 4 --jq .leave.failure_budget`,
		GroupID: groupRead,
		Args:    clusterArg,
		RunE: func(c *cobra.Command, args []string) error {
			if err := opts.check(c); err != nil {
				return err
			}
			return runCheck(c.Context(), env, &opts, args)
		},
	}
	opts.selection.register(c)
	opts.outputOptions.register(c)
	c.Flags().StringArrayVar(&opts.zones, "zone", nil, "all stores with this label, `LABEL=VALUE`")
	c.Flags().BoolVar(&opts.lost, "lost", false, "end with the answer to the second question")
	return c
}

func (o *checkOptions) check(c *cobra.Command) error {
	if len(o.nodes) == 0 && len(o.zones) == 0 {
		return &usageError{errors.New("no store given"), fmt.Sprintf("name nodes with -N, or a label with --zone; see %s --help", c.CommandPath())}
	}
	for _, zone := range o.zones {
		if key, value, ok := strings.Cut(zone, "="); !ok || key == "" || value == "" {
			return &usageError{fmt.Errorf("--zone %q is not LABEL=VALUE", zone), "for instance --zone zone=eu-1; see ebb display --labels"}
		}
	}
	return o.validate()
}

func runCheck(ctx context.Context, env *Env, opts *checkOptions, args []string) error {
	t, err := opts.open(env, args)
	if err != nil {
		return err
	}
	if t.conflicts != nil {
		return &usageError{err: t.conflicts}
	}
	t.warn(env)
	snap, err := settledSnapshot(ctx, env, t)
	if err != nil {
		return err
	}
	nodes, err := opts.asked(t, snap)
	if err != nil {
		return err
	}
	req := requestOf(t, nodes)
	ids := storeIDs(nodes)
	ev, losses := decommission.ReadLeaving(ctx, t.pd, snap, ids)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	ev.Tables = t.tables(ctx, append(decommission.ShortTables(snap, ids, maxTableNames), losses.Tables()...))
	report := decommission.NewCheckReport(ev, losses, req)
	if err := opts.show(ctx, env, report); err != nil {
		return err
	}
	findings := report.Leave.Findings
	if opts.lost {
		findings = report.Loss.Findings
	}
	return decommission.Err(decommission.VerbCheck, findings)
}

func (o *checkOptions) show(ctx context.Context, env *Env, report *decommission.CheckReport) error {
	if o.json() {
		return o.print(ctx, env, report)
	}
	return render.Check(env.Streams.Out, report)
}

// asked are the nodes of -N and those of --zone, each once.
func (o *checkOptions) asked(t *target, snap *cluster.Snapshot) ([]topology.Node, error) {
	match := topology.MatchStores(t.topology, snap.Stores)
	var nodes []topology.Node
	if len(o.nodes) > 0 {
		var err error
		if match, nodes, err = o.storesOf(t, snap); err != nil {
			return nil, err
		}
	}
	for _, zone := range o.zones {
		key, value, _ := strings.Cut(zone, "=")
		found := false
		for _, n := range match.All() {
			s := n.Store
			if s.Gone() || s.Label(key) != value {
				continue
			}
			found = true
			if !slices.Contains(storeIDs(nodes), s.ID) {
				nodes = append(nodes, n)
			}
		}
		if !found {
			return nil, &usageError{fmt.Errorf("no store has the label %s", zone), "see ebb display --labels"}
		}
	}
	return nodes, nil
}

func storeIDs(nodes []topology.Node) []cluster.StoreID {
	ids := make([]cluster.StoreID, 0, len(nodes))
	for i := range nodes {
		ids = append(ids, nodes[i].Store.ID)
	}
	return ids
}
