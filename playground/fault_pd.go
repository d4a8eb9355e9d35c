package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/playground/control"
)

func (f *faultEnv) pdCommands() []*cobra.Command {
	return []*cobra.Command{
		f.command("pd-stop MEMBER", "Kill a PD member", 1, 1,
			func(ctx context.Context, client *control.Client, args []string) (string, error) {
				return fmt.Sprintf("stopped PD member %q", args[0]), client.StopPD(ctx, args[0])
			}),
		f.command("pd-start MEMBER", "Start a killed PD member again", 1, 1,
			func(ctx context.Context, client *control.Client, args []string) (string, error) {
				return fmt.Sprintf("started PD member %q", args[0]), client.StartPD(ctx, args[0])
			}),
		f.command("pd-leader [MEMBER]", "Move PD's leadership to a member, or to any other", 0, 1, transferLeader),
	}
}

func transferLeader(ctx context.Context, client *control.Client, args []string) (string, error) {
	to := ""
	if len(args) == 1 {
		to = args[0]
	}
	if err := client.TransferPDLeader(ctx, to); err != nil {
		return "", err
	}
	leader, err := client.PDLeader(ctx)
	return fmt.Sprintf("PD's leader is %q", leader), err
}
