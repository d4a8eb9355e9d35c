package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/pdclient"
)

type storeOptions struct {
	selection
	queryOptions
}

func newStoreCommand(env *Env) *cobra.Command {
	var opts storeOptions
	c := &cobra.Command{
		Use:   "store [CLUSTER] [ID]",
		Short: "Print stores as PD describes them, through jq if wanted",
		Long: `Print all stores or one of them. The JSON is PD's own; the list is printed as
{"stores":[...],"count":N}. With --jq one value is printed on each line.

Tombstones are in the list, other than in that of pd-ctl, which shows them only
when it is asked for their state: select(.store.state_name != "Tombstone") leaves
them out.` +
			exitStatus(ExitDone, ExitFailed, ExitUsage, ExitUnreachable, ExitInterrupted),
		Example: `  ebb store -u http://10.0.1.4:2379 4
  ebb store prod --jq '.stores[] | {id: .store.id, state: .store.state_name, regions: .status.region_count}'
  ebb store prod -r --jq '.stores[].store.address'`,
		GroupID: groupRead,
		Args:    clusterAndID,
		RunE: func(c *cobra.Command, args []string) error {
			return runStore(c.Context(), env, &opts, args)
		},
	}
	opts.registerCluster(c)
	opts.queryOptions.register(c)
	return c
}

func runStore(ctx context.Context, env *Env, opts *storeOptions, args []string) error {
	rest, id, err := splitID("store", args)
	if err != nil {
		return err
	}
	array := "stores"
	if id != 0 {
		array = ""
	}
	if err := opts.compile(array); err != nil {
		return err
	}
	t, err := opts.open(env, rest)
	if err != nil {
		return err
	}
	if id == 0 {
		return opts.printList(ctx, env, array, t.pd.RawStores(ctx))
	}
	text, err := t.pd.RawStore(ctx, cluster.StoreID(id))
	switch {
	case pdclient.IsNotFound(err):
		return &hintedError{fmt.Errorf("store %d: PD does not know it: %w", id, err),
			"ebb display shows the ids; the record of a Tombstone store may have been removed"}
	case err != nil:
		return err
	}
	return opts.printObject(ctx, env, text)
}
