package cmd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/cmd/render"
	"ebb/diagnose"
)

type explainOptions struct {
	selection
	outputOptions
	store    uint
	leftover bool
	each     int
}

func newExplainCommand(env *Env) *cobra.Command {
	var opts explainOptions
	c := &cobra.Command{
		Use:   "explain REGION [CLUSTER]",
		Short: "Say why a region has not left a store, and what PD does about it",
		Long: `Explain one region: its peers and their stores, the majority, the placement rules
and which peers they get, and for every store what each of PD's filters says of it
as the new place. ebb decides as PD's rule checker does, or its replica checker
where placement rules are off. What PD does not show, such as what is left of a
store limit, is unknown and never a yes.

Without a store, the peers that PD wants elsewhere are explained; --store or -N asks
about another one. --leftover goes through all regions of the leaving stores, or of
those that -N names, counts why they are still there, and explains a few of each.

Exit status 0 means that nothing is in the way, 3 that something is, 5 that nobody
can tell.` + exitStatus(ExitDone, ExitFailed, ExitNo, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb explain 4711 prod
  ebb explain 4711 -u http://10.0.1.2:2379 --store 5 -o json --jq '.explanations[].candidates[]'
  ebb explain --leftover prod -N 10.0.1.7:20160`,
		GroupID: groupRead,
		Args:    cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return runExplain(c.Context(), env, &opts, args)
		},
	}
	opts.selection.register(c)
	opts.outputOptions.register(c)
	c.Flags().UintVar(&opts.store, "store", 0, "ask about the peer on the store with this `ID`")
	c.Flags().BoolVar(&opts.leftover, "leftover", false, "go through all regions of the leaving stores, or of those of -N")
	c.Flags().IntVar(&opts.each, "each", 2, "regions to explain of each class with --leftover")
	return c
}

// parse tells the region from the name of the cluster.
func (o *explainOptions) parse(args []string) (cluster.RegionID, []string, error) {
	if err := o.validate(); err != nil {
		return 0, nil, err
	}
	switch {
	case o.leftover && o.store != 0:
		return 0, nil, &usageError{errors.New("--leftover and --store"), "name stores with -N"}
	case o.each < 1:
		return 0, nil, &usageError{fmt.Errorf("--each %d: want at least one", o.each), "leave it out for 2"}
	case o.leftover && len(args) > 1:
		return 0, nil, &usageError{errors.New("--leftover takes no region, and one cluster: " + strings.Join(args, " ")), "nodes are given with -N"}
	case o.leftover:
		return 0, args, nil
	case len(args) == 0:
		return 0, nil, &usageError{errors.New("no region given"), "name its id: ebb explain REGION; or use --leftover"}
	case len(args) > 2:
		return 0, nil, &usageError{errors.New("want a region and a cluster: " + strings.Join(args, " ")), "see ebb explain --help"}
	}
	for i := range args {
		// The cluster may come first, as with the other commands.
		if id, err := strconv.ParseUint(args[i], 10, 64); err == nil && id > 0 {
			return cluster.RegionID(id), append(args[:i:i], args[i+1:]...), nil
		}
	}
	return 0, nil, &usageError{fmt.Errorf("%q is no region id", args[0]), "region ids are numbers; see ebb explain --leftover for those that are left"}
}

func runExplain(ctx context.Context, env *Env, opts *explainOptions, args []string) error {
	id, args, err := opts.parse(args)
	if err != nil {
		return err
	}
	t, err := opts.open(env, args)
	if err != nil {
		return err
	}
	t.warn(env)
	snap, err := t.pd.Snapshot(ctx)
	if err != nil {
		return err
	}
	running, runningErr := t.pd.Operators(ctx, "")
	x := &explainer{env: env, opts: opts, t: t, snap: snap, world: diagnose.NewWorld(snap, running), flags: opts.reopenFlags(args)}
	if runningErr != nil {
		x.note("the running operators could not be read: %v", runningErr)
		x.unsure = true
	}
	if opts.leftover {
		return x.leftover(ctx)
	}
	return x.region(ctx, id)
}

// explainer holds one reading of PD.
type explainer struct {
	env    *Env
	opts   *explainOptions
	t      *target
	snap   *cluster.Snapshot
	world  *diagnose.World
	flags  string // how the cluster was named
	notes  []string
	unsure bool
}

func (x *explainer) note(format string, args ...any) {
	x.notes = append(x.notes, fmt.Sprintf(format, args...))
}

func (x *explainer) region(ctx context.Context, id cluster.RegionID) error {
	stores, err := x.stores()
	if err != nil {
		return err
	}
	r, err := x.read(ctx, id)
	if err != nil {
		return err
	}
	if len(stores) == 0 {
		stores = x.world.Departing(&r)
	}
	if len(stores) == 0 {
		stores = []cluster.StoreID{0}
	}
	doc := &render.Explain{
		SchemaVersion: schemaVersion, Type: "explain", PDVersion: x.snap.PDVersion, ReadAt: x.snap.ReadAt,
		Region: render.NewExplainRegion(&r, x.snap, x.world), Explanations: []diagnose.Explanation{},
	}
	if x.snap.Members != nil {
		doc.ClusterID = x.snap.Members.ClusterID
	}
	for _, store := range stores {
		doc.Explanations = append(doc.Explanations, x.explain(&r, store))
	}
	x.readOn(ctx, id, doc)
	doc.Notes = x.notes
	if x.opts.json() {
		err = x.opts.print(ctx, x.env, doc)
	} else {
		err = doc.Write(x.env.Streams.Out)
	}
	return errors.Join(err, x.verdict(doc.Explanations))
}

func (x *explainer) explain(r *cluster.Region, store cluster.StoreID) diagnose.Explanation {
	e := x.world.Explain(r, store)
	if x.flags != "" {
		e.Next = strings.ReplaceAll(e.Next, clusterWord, x.flags)
	}
	return e
}

// stores are those that the command line asks about.
func (x *explainer) stores() ([]cluster.StoreID, error) {
	var ids []cluster.StoreID
	if x.opts.store != 0 {
		ids = append(ids, cluster.StoreID(x.opts.store))
	}
	if len(x.opts.nodes) == 0 {
		return ids, nil
	}
	_, nodes, err := x.opts.storesOf(x.t, x.snap)
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		ids = append(ids, nodes[i].Store.ID)
	}
	return ids, nil
}

// verdict gives the worst of the explanations its exit code.
func (x *explainer) verdict(list []diagnose.Explanation) error {
	var unknown *diagnose.Explanation
	for i := range list {
		e := &list[i]
		if e.Blocks == cluster.Yes {
			err := fmt.Errorf("explain region %d: it stays on store %d: %s", e.Region, e.Store, e.Class)
			return &codedError{&hintedError{err, e.Next}, ExitNo}
		}
		if e.Blocks == cluster.CannotTell && unknown == nil {
			unknown = e
		}
	}
	switch {
	case unknown != nil:
		return &codedError{fmt.Errorf("explain region %d: nobody can tell why it is on store %d", unknown.Region, unknown.Store), ExitCannotTell}
	case x.unsure:
		return &codedError{errors.New("explain: " + x.notes[0]), ExitCannotTell}
	}
	return nil
}
