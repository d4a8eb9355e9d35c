package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ebb/playground/control"
	"ebb/playground/store"
)

func (f *faultEnv) regionCommands() []*cobra.Command {
	return []*cobra.Command{
		f.orphan(),
		f.onPeer("pending REGION STORE", "Let a region's peer on a store wait for a snapshot that never comes", "is pending", (*control.Client).PendingPeer),
		f.onPeer("down-peer REGION STORE", "Silence a region's peer on a store that runs", "is down", (*control.Client).DownPeer),
		f.onRegion("joint REGION", "Hold a region in a joint state", "is held in a joint state", (*control.Client).JointStuck),
		f.onRegion("heal REGION", "Undo a region's faults", "is healed", (*control.Client).HealRegion),
		f.mute(),
		f.resize(),
	}
}

func (f *faultEnv) orphan() *cobra.Command {
	var orphan store.Orphan
	cmd := f.command("orphan", "Give regions a peer on a store id that PD does not know", 0, 0,
		func(ctx context.Context, client *control.Client, _ []string) (string, error) {
			regions, err := client.OrphanPeers(ctx, orphan)
			return fmt.Sprintf("a peer on store %d: regions %s", orphan.Store, joinIDs(regions)), err
		})
	cmd.Flags().IntVar(&orphan.Count, "count", 1, "`number` of regions")
	cmd.Flags().Uint64Var(&orphan.Store, "store", 99, "unknown store `id`")
	cmd.Flags().Uint64Var(&orphan.Region, "region", 0, "this `region` instead of the first that qualify")
	cmd.Flags().BoolVar(&orphan.Replace, "replace", false, "in the place of a peer, not beside the others")
	cmd.Flags().BoolVar(&orphan.Learner, "learner", false, "as a learner, not a voter")
	cmd.Flags().BoolVar(&orphan.Alive, "alive", false, "the process behind the id still runs and votes")
	return cmd
}

// onRegion makes a command whose only argument is a region.
func (f *faultEnv) onRegion(use, short, did string, change func(*control.Client, context.Context, uint64) error) *cobra.Command {
	return f.command(use, short, 1, 1, func(ctx context.Context, client *control.Client, args []string) (string, error) {
		id, err := parseRegion(args[0])
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("region %d %s", id, did), change(client, ctx, id)
	})
}

// onPeer makes a command for the peer of a region on a store.
func (f *faultEnv) onPeer(use, short, did string, change func(*control.Client, context.Context, uint64, uint64) error) *cobra.Command {
	return f.command(use, short, 2, 2, func(ctx context.Context, client *control.Client, args []string) (string, error) {
		id, err := parseRegion(args[0])
		if err != nil {
			return "", err
		}
		s, err := findStore(ctx, client, args[1])
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("the peer of region %d on store %d (%s) %s", id, s.ID, tiupID(s.Spec), did), change(client, ctx, id, s.ID)
	})
}

func (f *faultEnv) mute() *cobra.Command {
	var undo bool
	cmd := f.command("mute REGION", "Stop a region's heartbeats to PD", 1, 1,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			id, err := parseRegion(args[0])
			if err != nil {
				return "", err
			}
			state := "does not heartbeat"
			if undo {
				state = "heartbeats again"
			}
			return fmt.Sprintf("region %d %s", id, state), client.MuteRegion(ctx, id, !undo)
		})
	cmd.Flags().BoolVar(&undo, "undo", false, "heartbeat again")
	return cmd
}

func (f *faultEnv) resize() *cobra.Command {
	return f.command("resize REGION SIZE", "Set a region's size, such as 10GiB", 2, 2,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			id, err := parseRegion(args[0])
			if err != nil {
				return "", err
			}
			var bytes size
			if err := bytes.Set(args[1]); err != nil {
				return "", &UsageError{fmt.Errorf("parse size %q: %w", args[1], err)}
			}
			return fmt.Sprintf("region %d has %s", id, &bytes), client.ResizeRegion(ctx, id, int64(bytes>>20))
		})
}

func joinIDs(ids []uint64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatUint(id, 10)
	}
	return strings.Join(texts, ", ")
}
