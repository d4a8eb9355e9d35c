package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"ebb/playground/control"
	"ebb/playground/hosts"
)

func (f *faultEnv) hostCommands() []*cobra.Command {
	return []*cobra.Command{
		f.onHost("host-down", "Cut the power of a host: its processes and its SSH server are gone", "down", (*control.Client).HostDown),
		f.onHost("host-up", "Boot a host; its enabled units start", "up", (*control.Client).HostUp),
		f.breakSSH("ssh-hang", "Let a host accept SSH connections and say nothing", "hangs", func(undo bool) hosts.SSHFault {
			return hosts.SSHFault{Hang: new(!undo)}
		}),
		f.onHost("ssh-cut", "Break the SSH connections to a host; what runs in them goes on", "cut", brokenBy(hosts.SSHFault{Cut: true})),
		f.breakSSH("ssh-cut-next", "Break the SSH connection of the next command when it has ended, so that nobody learns how", "cuts the next command", func(undo bool) hosts.SSHFault {
			return hosts.SSHFault{CutNext: new(!undo)}
		}),
		f.onHost("ssh-new-key", "Give a host another SSH key than known_hosts has", "has another key", brokenBy(hosts.SSHFault{NewKey: true})),
		f.sudoPassword(),
	}
}

// onHost makes a command whose only argument is a host.
func (f *faultEnv) onHost(verb, short, did string, change func(*control.Client, context.Context, string) error) *cobra.Command {
	return f.command(verb+" HOST", short, 1, 1, func(ctx context.Context, client *control.Client, args []string) (string, error) {
		return fmt.Sprintf("host %s: %s", args[0], did), change(client, ctx, args[0])
	})
}

func brokenBy(fault hosts.SSHFault) func(*control.Client, context.Context, string) error {
	return func(client *control.Client, ctx context.Context, host string) error {
		return client.BreakSSH(ctx, host, fault)
	}
}

// breakSSH makes a command for a fault that lasts until it is undone.
func (f *faultEnv) breakSSH(verb, short, did string, fault func(undo bool) hosts.SSHFault) *cobra.Command {
	var undo bool
	cmd := f.command(verb+" HOST", short, 1, 1, func(ctx context.Context, client *control.Client, args []string) (string, error) {
		said := "host " + args[0] + ": " + did
		if undo {
			said = "host " + args[0] + ": well again"
		}
		return said, client.BreakSSH(ctx, args[0], fault(undo))
	})
	cmd.Flags().BoolVar(&undo, "undo", false, "make it well again")
	return cmd
}

func (f *faultEnv) sudoPassword() *cobra.Command {
	var password string
	cmd := f.command("sudo-password HOST", "Let sudo on a host ask for a password, or, with an empty one, for none", 1, 1,
		func(ctx context.Context, client *control.Client, args []string) (string, error) {
			said := fmt.Sprintf("host %s: sudo asks for the password %q", args[0], password)
			if password == "" {
				said = fmt.Sprintf("host %s: sudo asks for nothing", args[0])
			}
			return said, client.BreakSSH(ctx, args[0], hosts.SSHFault{SudoPassword: &password})
		})
	cmd.Flags().StringVar(&password, "password", "playground", "the `password`")
	return cmd
}
