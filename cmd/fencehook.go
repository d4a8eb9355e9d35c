package cmd

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ebb/decommission"
)

// fenceOptions are the flags of the verbs that fence.
type fenceOptions struct {
	hook        string
	hookTimeout time.Duration
	window      time.Duration
}

func (o *fenceOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.hook, "fence-hook", "", "`PROGRAM` that switches a machine off where its unit cannot be masked (protocol of pacemaker's fence agents)")
	f.DurationVar(&o.hookTimeout, "fence-hook-timeout", 2*time.Minute, "longest run of the fence hook")
	f.DurationVar(&o.window, "observe", decommission.DefaultFenceWindow, "watch this long that PD does not hear the stores (at least 20s)")
}

// check also finds the hook, so that its absence is not found out half way.
func (o *fenceOptions) check() error {
	if o.window < decommission.MinFenceWindow {
		return &usageError{fmt.Errorf("--observe %s is too short to prove anything", o.window), fmt.Sprintf("an election alone may take %s", decommission.MinFenceWindow)}
	}
	if o.hook == "" {
		return nil
	}
	if _, err := exec.LookPath(o.hook); err != nil {
		return &usageError{fmt.Errorf("fence hook: %w", err), "name an executable program"}
	}
	return nil
}

func (o *fenceOptions) program() decommission.FenceHook {
	if o.hook == "" {
		return nil
	}
	return &fenceHook{path: o.hook, timeout: o.hookTimeout}
}

// fenceHook runs a program by the protocol of pacemaker's fence agents (FenceAgentAPI):
// key=value lines on standard input, and an exit status, where 0 says that the
// machine is off. "port" and "plug" are the older and the newer name of one key.
type fenceHook struct {
	path    string
	timeout time.Duration
}

func (h *fenceHook) String() string { return h.path }

// outputLimit bounds how much of a hook's output is repeated.
const outputLimit = 400

func (h *fenceHook) Off(ctx context.Context, t *decommission.FenceTarget) error {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	c := exec.CommandContext(ctx, h.path)
	c.Stdin = strings.NewReader(fmt.Sprintf("action=off\nnodename=%[1]s\nport=%[1]s\nplug=%[1]s\nstore_id=%[2]d\nstore_address=%[3]s\n", t.Machine, t.StoreID, t.Address))
	c.WaitDelay = time.Second // for children that hold its output open
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("run %s: not done after %s", h.path, h.timeout)
	case errors.As(err, &exit) && exit.Exited():
		return &exitStatusError{fmt.Errorf("run %s: %w: %s", h.path, err, lastPart(out)), exit.ExitCode()}
	}
	return fmt.Errorf("run %s: %w", h.path, err)
}

func lastPart(out []byte) string {
	text := strings.TrimSpace(string(out))
	return text[max(len(text)-outputLimit, 0):]
}
