package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"ebb/playground/control"
	"ebb/playground/store"
)

func (f *faultEnv) storeCommands() []*cobra.Command {
	return []*cobra.Command{
		f.onStore("stop", "Kill a store's process, as kill -9 or a power cut would", "stopped", (*control.Client).StopStore),
		f.onStore("start", "Start a stopped store's process again", "started", (*control.Client).StartStore),
		f.onStore("restart", "Stop and start a store's process", "restarted", (*control.Client).RestartStore),
		f.onStore("forget", "Kill a store's process for good, as if its machine had burnt", "forgot", (*control.Client).ForgetStore),
		f.slow(),
		f.fill(),
		f.ignoreOperators(),
		f.loseMajority(),
	}
}

// onStore makes a command whose only argument is a store.
func (f *faultEnv) onStore(verb, short, did string, change func(*control.Client, context.Context, uint64) error) *cobra.Command {
	return f.command(verb+" STORE", short, 1, 1, func(ctx context.Context, client *control.Client, args []string) (string, error) {
		s, err := findStore(ctx, client, args[0])
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s store %d (%s)", did, s.ID, tiupID(s.Spec)), change(client, ctx, s.ID)
	})
}

func (f *faultEnv) slow() *cobra.Command {
	var (
		factor float64
		score  uint64
		busy   bool
	)
	cmd := f.command("slow STORE", "Make a store slow or busy, or, without flags, well again", 1, 1,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			s, err := findStore(ctx, client, args[0])
			if err != nil {
				return "", err
			}
			did := fmt.Sprintf("store %d (%s): %g times as slow, slow score %d, busy %t", s.ID, tiupID(s.Spec), factor, score, busy)
			return did, client.SlowStore(ctx, s.ID, store.Slowness{Factor: &factor, Score: &score, Busy: &busy})
		})
	cmd.Flags().Float64Var(&factor, "factor", 1, "`factor` by which snapshots and operators take longer")
	cmd.Flags().Uint64Var(&score, "score", 1, "slow `score`, 1 to 100; PD evicts leaders at 80")
	cmd.Flags().BoolVar(&busy, "busy", false, "report is_busy, so that PD sends no new peers")
	return cmd
}

func (f *faultEnv) fill() *cobra.Command {
	return f.command("fill STORE FRACTION", "Make a store report this fraction of its disk as used; 0 for what its regions take", 2, 2,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			s, err := findStore(ctx, client, args[0])
			if err != nil {
				return "", err
			}
			fraction, err := strconv.ParseFloat(args[1], 64)
			if err != nil || fraction < 0 || fraction > 1 {
				return "", &UsageError{fmt.Errorf("parse fraction %q: want a number from 0 to 1", args[1])}
			}
			return fmt.Sprintf("store %d (%s) is %g %% full", s.ID, tiupID(s.Spec), fraction*100), client.FillStore(ctx, s.ID, fraction)
		})
}

func (f *faultEnv) ignoreOperators() *cobra.Command {
	var undo bool
	cmd := f.command("ignore-operators [STORE]", "Make the leaders on a store, or on all, deaf to PD's orders", 0, 1,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			order := store.Obedience{Ignore: !undo}
			where := "all stores"
			if len(args) == 1 {
				s, err := findStore(ctx, client, args[0])
				if err != nil {
					return "", err
				}
				order.Store, where = s.ID, fmt.Sprintf("store %d (%s)", s.ID, tiupID(s.Spec))
			}
			verb := "ignore"
			if undo {
				verb = "obey"
			}
			return fmt.Sprintf("leaders on %s %s PD's operators", where, verb), client.IgnoreOperators(ctx, order)
		})
	cmd.Flags().BoolVar(&undo, "undo", false, "listen again")
	return cmd
}

func (f *faultEnv) loseMajority() *cobra.Command {
	var loss store.Loss
	cmd := f.command("lose-majority [STORE]", "Destroy most peers of regions, but for the one on STORE, while all stores run", 0, 1,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			if (len(args) == 1) == (loss.Region != 0) {
				return "", &UsageError{fmt.Errorf("choose regions: want either STORE or --region")}
			}
			if len(args) == 1 {
				s, err := findStore(ctx, client, args[0])
				if err != nil {
					return "", err
				}
				loss.Store = s.ID
			}
			regions, err := client.LoseMajority(ctx, loss)
			return "without a majority: regions " + joinIDs(regions), err
		})
	cmd.Flags().IntVar(&loss.Count, "count", 1, "`number` of regions")
	cmd.Flags().Uint64Var(&loss.Region, "region", 0, "the `region` that loses its majority")
	return cmd
}
