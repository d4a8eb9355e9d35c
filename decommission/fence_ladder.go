package decommission

import (
	"context"
	"fmt"

	"ebb/cluster"
)

// Rungs of the ladder, in its order.
const (
	rungHost       = "host-identity"
	rungStore      = "store-identity"
	rungUnit       = "unit"
	rungHook       = "hook"
	rungHeartbeat  = "heartbeat"
	rungProcesses  = "processes"
	rungPortsThere = "ports-on-host"
	rungPortsHere  = "ports-from-here"
)

// ladder is the state of fencing one store.
type ladder struct {
	target *FenceTarget
	deps   *FenceDeps
	report FenceReport
	host   Host // nil unless its identity was proved
	off    bool // the hook has switched the machine off
}

func newLadder(t *FenceTarget, d *FenceDeps) *ladder {
	return &ladder{target: t, deps: d, report: FenceReport{StoreID: t.StoreID, Address: t.Address, Host: t.Host, Verdict: NotFenced}}
}

func (t *FenceTarget) name() string { return cluster.StoreName(t.StoreID, t.Address) }

// check notes one piece of evidence. Refused means that the store lives, Unknown
// that nobody can tell, Warning that there is something left to do.
func (l *ladder) check(name string, result Result, summary string, evidence ...string) {
	f := Finding{Check: name, Result: result, Summary: summary, Evidence: evidence, Stores: []cluster.StoreID{l.target.StoreID}}
	l.report.Checks = append(l.report.Checks, f)
	if l.deps.Notify != nil {
		l.deps.Notify(l.target, f)
	}
}

// refused reports whether any check says that the store lives.
func (l *ladder) refused() bool {
	for i := range l.report.Checks {
		if l.report.Checks[i].Result == Refused {
			return true
		}
	}
	return false
}

// worst is the gravest result of the named checks. Unknown weighs more than
// Warning, and what was not checked is Unknown.
func (l *ladder) worst(names ...string) Result {
	worst := OK
	for _, name := range names {
		seen := false
		for i := range l.report.Checks {
			f := &l.report.Checks[i]
			if f.Check != name {
				continue
			}
			seen = true
			switch {
			case f.Result == Refused:
				return Refused
			case f.Result == Unknown:
				worst = Unknown
			case f.Result == Warning && worst == OK:
				worst = Warning
			}
		}
		if !seen {
			worst = Unknown
		}
	}
	return worst
}

// verdict sums the evidence up. What the hook did stands for the checks on a
// host that cannot be asked, but for nothing that contradicts it.
func (l *ladder) verdict() FenceVerdict {
	if l.refused() || l.report.Running {
		return Alive
	}
	if l.off && l.worst(rungHeartbeat) == OK {
		return FencedByHook
	}
	switch l.worst(rungHost, rungStore, rungUnit, rungHeartbeat, rungProcesses, rungPortsThere, rungPortsHere) {
	case OK:
		return FencedByHost
	case Warning:
		return Fenceable
	}
	return NotFenced
}

// silence keeps the store from running: on its machine, or else by the hook.
func (l *ladder) silence(ctx context.Context) {
	if l.host != nil {
		err := l.maskUnit(ctx)
		if err == nil {
			return
		}
		l.check(rungUnit, Unknown, fmt.Sprintf("could not stop, disable and mask %s on %s", l.target.Unit, l.target.Host), err.Error())
	}
	l.callHook(ctx)
}

func (l *ladder) callHook(ctx context.Context) {
	hook := l.deps.Hook
	if hook == nil || ctx.Err() != nil {
		return
	}
	if len(l.target.Neighbours) > 0 {
		l.check(rungHook, Unknown, fmt.Sprintf("the hook was not called: it would switch off other live stores on %s", l.target.Machine), l.target.Neighbours...)
		return
	}
	step := Step{Kind: StepFenceHook, StoreID: l.target.StoreID, Host: l.target.Machine, Text: fmt.Sprintf("switch %s off with %s", l.target.Machine, hook)}
	if err := l.change(ctx, &step, nil, func(ctx context.Context) error { return hook.Off(ctx, l.target) }); err != nil {
		l.check(rungHook, Unknown, fmt.Sprintf("%s did not switch %s off", hook, l.target.Machine), err.Error())
		return
	}
	l.off = true
	l.check(rungHook, OK, fmt.Sprintf("%s says that %s is off", hook, l.target.Machine))
}
