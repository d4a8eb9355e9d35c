package decommission

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"
)

// Changes of fencing. StepStopUnit and StepDisableUnit are those of prune.
const (
	StepFence     StepKind = "fence"
	StepMaskUnit  StepKind = "mask-unit"
	StepFenceHook StepKind = "fence-hook"
)

// fencedSuffix is appended to the name of a unit file that makes way for the mask.
const fencedSuffix = ".ebb-fenced"

// stopTimeout bounds stopping a unit: systemd kills it after TimeoutStopSec,
// 90 s by default.
const stopTimeout = 3 * time.Minute

// FenceUndo is what a unit was like before it was fenced.
type FenceUndo struct {
	Host    string `json:"host"`
	Unit    Unit   `json:"unit"`
	MovedTo string `json:"moved_to,omitempty"` // the unit file lies there now
}

// identify logs in and proves that the machine is the store's. The SSH layer
// has compared the host key; a machine that took the address over still has one
// that somebody may have accepted, so unit and program are compared as well.
func (l *ladder) identify(ctx context.Context) {
	t := l.target
	if t.Host == "" {
		l.check(rungHost, Unknown, "the topology does not have "+t.name()+", so nobody knows how to log in on its machine")
		return
	}
	h, err := l.deps.Host(ctx, t)
	if err != nil {
		l.check(rungHost, Unknown, fmt.Sprintf("could not log in on %s; that is no sign that it is dead", t.Host), err.Error())
		return
	}
	l.check(rungHost, OK, fmt.Sprintf("%s answers over SSH with the host key that is known", t.Host))
	result, summary, evidence := l.ownUnit(ctx, h)
	l.check(rungStore, result, summary, evidence...)
	if result == OK {
		l.host, l.report.Identified = h, true
	}
}

// ownUnit tells whether the unit on a machine is the one that runs the store.
func (l *ladder) ownUnit(ctx context.Context, h Host) (result Result, summary string, evidence []string) {
	t := l.target
	if t.DeployPath != "" && !within(t.DeployPath, t.DeployDir) {
		return Unknown, "the store that PD knows was deployed elsewhere than the node of the topology", []string{"PD: " + t.DeployPath, "topology: " + t.DeployDir}
	}
	u, err := ReadUnit(ctx, h, t.UserUnits, t.Unit)
	if err != nil {
		return Unknown, fmt.Sprintf("could not ask %s about %s", t.Host, t.Unit), []string{err.Error()}
	}
	runs := u.ExecStart
	if u.Load == "masked" || !u.Exists() {
		// Fenced before: the unit file lies beside the mask.
		if runs, err = readFencedUnit(ctx, h, u); err != nil {
			return Unknown, fmt.Sprintf("%s is %s on %s, and no unit file says whether it was this store's", t.Unit, u.Load, t.Host), []string{err.Error()}
		}
	}
	if !strings.Contains(runs, t.DeployDir+"/") {
		return Unknown, fmt.Sprintf("%s on %s runs something else than this store", t.Unit, t.Host), []string{"ExecStart: " + runs, "want: something below " + t.DeployDir}
	}
	return OK, fmt.Sprintf("%s on %s runs what lies below %s", t.Unit, t.Host, t.DeployDir), nil
}

// readFencedUnit reads the ExecStart of a unit file that was moved aside.
func readFencedUnit(ctx context.Context, h Host, u *Unit) (execStart string, err error) {
	file := path.Join(u.Dir, u.Name+fencedSuffix)
	out, err := h.Run(ctx, Command{Argv: []string{"cat", "--", file}})
	if err != nil {
		return "", fmt.Errorf("read %s: %w", file, err)
	}
	for line := range strings.Lines(out) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart="); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("read %s: it has no ExecStart", file)
}

// maskUnit stops, disables and masks the unit, each only where it is not so
// already. The order matters: a masked unit can no longer be disabled.
func (l *ladder) maskUnit(ctx context.Context) error {
	t := l.target
	u, err := ReadUnit(ctx, l.host, t.UserUnits, t.Unit)
	if err != nil {
		return err
	}
	undo := FenceUndo{Host: t.Host, Unit: *u}
	masked := u.Load == "masked"
	if !masked && u.FragmentPath != "" && path.Dir(u.FragmentPath) == u.Dir {
		undo.MovedTo = u.FragmentPath + fencedSuffix
	}
	for _, change := range []struct {
		kind StepKind
		done bool
		text string
		argv Command
	}{
		{StepStopUnit, !u.Running(), "stop", systemctl(t.UserUnits, "stop", "--", t.Unit)},
		{StepDisableUnit, masked || u.File == "" || u.File == "disabled" || u.File == "static", "disable", systemctl(t.UserUnits, "disable", "--", t.Unit)},
		{StepMaskUnit, masked, "mask", maskCommand(t, undo.MovedTo)},
	} {
		if change.done {
			continue
		}
		step := Step{Kind: change.kind, StoreID: t.StoreID, Host: t.Host, Unit: t.Unit, Text: fmt.Sprintf("%s %s on %s", change.text, t.Unit, t.Host)}
		command := change.argv
		command.Timeout = stopTimeout
		if err := l.change(ctx, &step, undo, func(ctx context.Context) error {
			if _, err := l.host.Run(ctx, command); err != nil {
				return fmt.Errorf("%s: %w", step.Text, err)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// maskCommand masks a unit. systemd masks by a link at the place where tiup puts
// the unit file, and refuses when a file is there ("already exists", also with
// --force; systemd 252 src/shared/install.c create_symlink), so that file is
// moved aside in the same breath. It is what the way back needs.
func maskCommand(t *FenceTarget, movedTo string) Command {
	mask := systemctl(t.UserUnits, "mask", "--", t.Unit)
	if movedTo == "" {
		return mask
	}
	// Only a file is moved: a run that was cut off may have left a link, the mask,
	// which must not take the place of the file that was kept.
	const script = `{ [ -L "$1" ] || [ ! -f "$1" ] || mv -T -- "$1" "$2"; } && shift 2 && exec "$@"`
	file := strings.TrimSuffix(movedTo, fencedSuffix)
	return Command{Argv: append([]string{"sh", "-c", script, "sh", file, movedTo}, mask.Argv...)}
}

// unfence is how to take fencing back by hand.
func (t *FenceTarget) unfence() string {
	file := path.Join(UnitDir(t.UserUnits), t.Unit)
	ctl := "systemctl"
	if t.UserUnits {
		ctl += " --user"
	}
	return fmt.Sprintf("on %s: %s unmask %s && mv %s%s %s && %s daemon-reload", t.Host, ctl, t.Unit, file, fencedSuffix, file, ctl)
}

// change makes one change, unless the context has ended.
func (l *ladder) change(ctx context.Context, step *Step, undo any, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	change := journaled{step: *step, undo: undo, failed: failedAtHost, do: func(ctx context.Context) (string, error) {
		l.report.Changed = true
		return "", do(ctx)
	}}
	return change.make(ctx, l.deps.Journal).Err
}
