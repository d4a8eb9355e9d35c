package cmd

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ebb/cluster"
	"ebb/pdclient"
)

type regionOptions struct {
	selection
	queryOptions
	store            uint64
	check            string
	startKey, endKey string
	limit            int
}

func newRegionCommand(env *Env) *cobra.Command {
	var opts regionOptions
	c := &cobra.Command{
		Use:   "region [CLUSTER] [ID]",
		Short: "Print regions as PD describes them, through jq if wanted",
		Long: `Print all regions, one of them, those of a store, or those that PD lists under a
check. The JSON is PD's own; a list is printed as {"regions":[...],"count":N}.

With --jq the program runs region by region while they arrive, in the memory of a
few pages, if it goes through .regions[]: as pd-ctl's programs do. One value is
printed on each line. A program that needs the whole document gets it, too.

All regions are read in pages, in the order of their keys. They are no snapshot: a
region that splits or merges meanwhile is there once, as PD had it last. Keys that
no region holds, and answers that break off, end the output with an error.

These are the checks. PD fills them from heartbeats; regions without leader are in
none:

  ` + strings.Join(regionChecks[:6], ", ") + `,
  ` + strings.Join(regionChecks[6:], ", ") +
			exitStatus(ExitDone, ExitFailed, ExitUsage, ExitCannotTell, ExitUnreachable, ExitInterrupted),
		Example: `  ebb region -u http://10.0.1.4:2379 1042
  ebb region prod --jq '.regions[] | select(any(.peers[]; .store_id == 4)) | .id'
  ebb region prod --store 4 --jq '.regions[].id'
  ebb region prod --query no-majority
  ebb region prod --check down-peer --arg s 4 --jq '.regions[] | select(.leader.store_id == ($s | tonumber))'`,
		GroupID: groupRead,
		Args:    clusterAndID,
		RunE: func(c *cobra.Command, args []string) error {
			return runRegion(c.Context(), env, c, &opts, args)
		},
	}
	opts.registerCluster(c)
	opts.queryOptions.register(c)
	f := c.Flags()
	f.Uint64Var(&opts.store, "store", 0, "regions with a peer on the store `ID`, also when PD has no record of it")
	f.StringVar(&opts.check, "check", "", "regions that PD lists under the check `NAME`")
	f.StringVar(&opts.startKey, "start-key", "", "regions from the one that holds the key `HEX`")
	f.StringVar(&opts.endKey, "end-key", "", "regions that begin before the key `HEX`")
	f.IntVar(&opts.limit, "limit", 0, "no more than `N` regions (0: all)")
	f.StringVar(&opts.query, "query", "", "run the query `NAME` that comes with ebb; list shows what there is")
	completeValues(c, "check", regionChecks...)
	completeValues(c, "query", queryNames()...)
	return c
}

var regionChecks = []string{
	pdclient.CheckMissPeer, pdclient.CheckExtraPeer, pdclient.CheckDownPeer, pdclient.CheckPendingPeer, pdclient.CheckOfflinePeer,
	pdclient.CheckLearnerPeer, pdclient.CheckEmptyRegion, pdclient.CheckOversizedRegion, pdclient.CheckUndersizedRegion,
}

func runRegion(ctx context.Context, env *Env, c *cobra.Command, opts *regionOptions, args []string) error {
	if opts.query == queryList {
		return printQueries(env)
	}
	rest, id, err := splitID("region", args)
	if err != nil {
		return err
	}
	scan, err := opts.scan(c, id != 0)
	if err != nil {
		return err
	}
	array := "regions"
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
	if id != 0 {
		return opts.printRegion(ctx, env, t, id)
	}
	return opts.printList(ctx, env, array, opts.read(ctx, t, c, scan))
}

// splitID takes an id from the end of the arguments. A number is an id, any
// other word the name of a cluster.
func splitID(what string, args []string) (rest []string, id uint64, err error) {
	if len(args) == 0 {
		return nil, 0, nil
	}
	last := len(args) - 1
	id, err = strconv.ParseUint(args[last], 10, 64)
	switch {
	case err == nil && id != 0:
		return args[:last], id, nil
	case err != nil && last == 0 && strings.Trim(args[0], "0123456789") != "":
		return args, 0, nil
	}
	return nil, 0, &usageError{fmt.Errorf("%q is no id of a %s", args[last], what), "an id is a number above 0, behind the name of the cluster"}
}

// scan checks what the flags say together and returns the range to read.
func (o *regionOptions) scan(c *cobra.Command, one bool) (scan pdclient.RegionScan, err error) {
	var given []string
	if one {
		given = append(given, "an ID")
	}
	for _, name := range []string{"store", "check"} {
		if c.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	for _, name := range []string{"start-key", "end-key", "limit"} {
		if c.Flags().Changed(name) {
			given = append(given, "--"+name)
			break // these go together
		}
	}
	switch {
	case len(given) > 1:
		return scan, &usageError{fmt.Errorf("%s cannot be given together", strings.Join(given, " and ")), "take one of them, and select the rest with --jq"}
	case c.Flags().Changed("store") && o.store == 0:
		return scan, &usageError{errors.New("--store 0: no store has this id"), "see ebb store"}
	case o.check != "" && !slices.Contains(regionChecks, o.check), c.Flags().Changed("check") && o.check == "":
		return scan, &usageError{fmt.Errorf("unknown check %q", o.check), oneOf(o.check, regionChecks)}
	case o.limit < 0:
		return scan, &usageError{fmt.Errorf("--limit %d is negative", o.limit), "0 is no limit"}
	}
	scan.Limit = o.limit
	if scan.StartKey, err = hexKey("start-key", o.startKey); err != nil {
		return scan, err
	}
	if scan.EndKey, err = hexKey("end-key", o.endKey); err != nil {
		return scan, err
	}
	if len(scan.EndKey) > 0 && bytes.Compare(scan.StartKey, scan.EndKey) >= 0 {
		return scan, &usageError{fmt.Errorf("--start-key %s is not below --end-key %s", o.startKey, o.endKey), "an empty key is the end of the key space on its side"}
	}
	return scan, nil
}

func hexKey(flag, text string) ([]byte, error) {
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--%s %s: %w", flag, text, err), "give the key in hex, as start_key and end_key of a region are printed"}
	}
	return key, nil
}

func (o *regionOptions) read(ctx context.Context, t *target, c *cobra.Command, scan pdclient.RegionScan) iter.Seq2[[][]byte, error] {
	switch {
	case c.Flags().Changed("store"):
		return t.pd.RawRegionsOfStore(ctx, cluster.StoreID(o.store))
	case o.check != "":
		return t.pd.RawRegionsCheck(ctx, o.check)
	}
	scan.PageSize = rawPage
	return t.pd.RawRegions(ctx, scan)
}

// rawPage is the number of regions on a page. The text of some pages is held at
// once, and twice the size was not measurably faster.
const rawPage = 2048

func (o *regionOptions) printRegion(ctx context.Context, env *Env, t *target, id uint64) error {
	text, ok, err := t.pd.RawRegion(ctx, cluster.RegionID(id))
	if errors.Is(err, pdclient.ErrPanicked) {
		env.say(kindNote, "this version of PD cannot be asked for one region without leader; looking through all of them")
		text, ok, err = findRegion(ctx, t.pd, cluster.RegionID(id))
	}
	switch {
	case err != nil:
		return err
	case !ok:
		return &hintedError{fmt.Errorf("region %d: PD does not know it", id),
			"it was merged into another, or never was; right after an election PD also does not know regions which exist"}
	}
	return o.printObject(ctx, env, text)
}

// findRegion looks for a region in the list of all: where it is first, then as
// PD prints it.
func findRegion(ctx context.Context, pd *pdclient.Client, id cluster.RegionID) ([]byte, bool, error) {
	for r, err := range pd.Regions(ctx, pdclient.RegionScan{}) {
		if err != nil {
			return nil, false, err
		}
		if r.ID != id {
			continue
		}
		for batch, err := range pd.RawRegions(ctx, pdclient.RegionScan{StartKey: r.StartKey, Limit: 1}) {
			if err != nil {
				return nil, false, err
			}
			var found struct {
				ID cluster.RegionID `json:"id"`
			}
			if err := json.Unmarshal(batch[0], &found); err != nil || found.ID != id {
				return nil, false, err // it has gone meanwhile
			}
			return batch[0], true, nil
		}
	}
	return nil, false, nil
}
