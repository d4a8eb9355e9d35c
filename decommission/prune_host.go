package decommission

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errStillThere says that something did not go away; the command itself ended.
var errStillThere = errors.New("still there")

// stopPatience is how often, a second apart, a stopped unit is looked at until
// its processes and ports are gone. systemd has waited for the main process by
// then; what is left are children and sockets.
const stopPatience = 30

// removeTimeout bounds the deleting of one directory: terabytes on a slow disk.
const removeTimeout = 6 * time.Hour

// onHost makes one step on a machine. Every step that deletes takes the proof
// that no region needs the store.
func (r *pruneRun) onHost(ctx context.Context, h Host, proof Drained, t *PruneTarget, step *Step) error {
	switch step.Kind {
	case StepCleanLater:
		return nil // its intent in the journal is all there is to it
	case StepStopUnit:
		return r.systemctl(ctx, h, t, "stop", "--", step.Unit)
	case StepVerifyStopped:
		return r.verifyStopped(ctx, h, t)
	case StepDisableUnit:
		return r.systemctl(ctx, h, t, "disable", "--", step.Unit)
	case StepRemoveUnitFile:
		if err := remove(ctx, h, proof, step, `rm -f -- "$1"`); err != nil {
			return err
		}
		return r.systemctl(ctx, h, t, "daemon-reload")
	case StepDelete, StepEmpty, StepRename:
		if err := unmounted(ctx, h, step); err != nil {
			return err
		}
		return remove(ctx, h, proof, step, removeScripts[step.Kind])
	}
	return fmt.Errorf("apply step %s: this version does not know how", step.Kind)
}

// removeScripts take away $1, or rename it to $2. The path is looked at once more
// in the same breath: a symbolic link that appeared since the plan must not lead
// out of it.
var removeScripts = map[StepKind]string{
	StepDelete: `[ "$(readlink -f -- "$1")" = "$1" ] && rm -rf --one-file-system -- "$1" && [ ! -e "$1" ]`,
	StepEmpty:  `[ "$(readlink -f -- "$1")" = "$1" ] && find "$1" -xdev -mindepth 1 -delete`,
	StepRename: `[ "$(readlink -f -- "$1")" = "$1" ] && [ ! -e "$2" ] && mv -T -- "$1" "$2"`,
}

// unmounted looks again for file systems mounted since the plan. A bind mount of
// the same one would be followed: rm and find tell file systems by their device.
func unmounted(ctx context.Context, h Host, step *Step) error {
	mounts, err := readMounts(ctx, h)
	if err != nil {
		return err
	}
	for _, mount := range mounts {
		if within(mount, step.Path) && (mount != step.Path || step.Kind != StepEmpty) {
			return fmt.Errorf("%s %s:%s: %s is mounted there by now: %w", step.Kind, step.Host, step.Path, mount, errStillThere)
		}
	}
	return nil
}

func (r *pruneRun) systemctl(ctx context.Context, h Host, t *PruneTarget, args ...string) error {
	c := systemctl(t.UserUnits, args...)
	if _, err := h.Run(ctx, c); err != nil {
		return fmt.Errorf("%v on %s: %w", c.Argv, t.Host, err)
	}
	return nil
}

// remove runs a script that takes something away: $1 is the path, $2 its new
// name. Without the proof it does nothing.
func remove(ctx context.Context, h Host, proof Drained, step *Step, script string) error {
	if !proof.Of(step.StoreID) {
		return fmt.Errorf("%s: there is no proof that store %d has left", step.Text, step.StoreID)
	}
	argv := []string{"sh", "-c", script, "sh", step.Path}
	if step.To != "" {
		argv = append(argv, step.To)
	}
	if _, err := h.Run(ctx, Command{Argv: argv, Timeout: removeTimeout}); err != nil {
		return fmt.Errorf("%s %s:%s: %w", step.Kind, step.Host, step.Path, err)
	}
	return nil
}

// verifyStopped waits until nothing of the store runs any more.
func (r *pruneRun) verifyStopped(ctx context.Context, h Host, t *PruneTarget) error {
	for attempt := 0; ; attempt++ {
		left, err := runningParts(ctx, h, t)
		if err != nil || left == "" {
			return err
		}
		if attempt >= stopPatience {
			return fmt.Errorf("verify that %s has stopped: %s: %w", t.name(), left, errStillThere)
		}
		if err := r.deps.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// runningParts names what of a store still runs, "" when nothing does.
func runningParts(ctx context.Context, h Host, t *PruneTarget) (string, error) {
	u, err := ReadUnit(ctx, h, t.UserUnits, t.Unit)
	if err != nil {
		return "", err
	}
	if u.Exists() && u.Running() {
		return fmt.Sprintf("unit %s is %s", u.Name, u.Active), nil
	}
	processes, err := ProcessesUsing(ctx, h, t.paths())
	if err != nil {
		return "", err
	}
	if len(processes) > 0 {
		return fmt.Sprintf("process %d (%s)", processes[0].PID, processes[0].Command), nil
	}
	ports, err := ListeningPorts(ctx, h, t.Listen, t.Ports)
	if err != nil {
		return "", err
	}
	if len(ports) > 0 {
		return fmt.Sprintf("listener on ports %v", ports), nil
	}
	return "", nil
}
