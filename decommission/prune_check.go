package decommission

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"ebb/cluster"
)

// checkPruneTarget judges what a host said about a target.
func checkPruneTarget(t *PruneTarget, e *HostEvidence, req *PruneRequest) []Finding {
	if e.Err != nil {
		f := Finding{
			Check: "host", Result: Unknown, Stores: []cluster.StoreID{t.StoreID},
			Summary: fmt.Sprintf("could not look at host %s of %s", t.Host, t.name()), Evidence: []string{e.Err.Error()},
			Fix: "reach the host, or leave its cleaning for later with --skip-unreachable",
		}
		if req.SkipUnreachable && e.Unreachable {
			f.Result, f.Fix = Warning, "prune again when the host is back: it is cleaned then"
		}
		return []Finding{f}
	}
	var findings []Finding
	refuse := func(check, summary, fix string, evidence ...string) {
		findings = append(findings, Finding{
			Check: check, Result: Refused, Stores: []cluster.StoreID{t.StoreID},
			Summary: t.name() + ": " + summary, Fix: fix, Evidence: evidence,
		})
	}
	for _, objection := range t.Objections {
		refuse("paths", objection, "find out whose data lies there before anything is deleted by hand")
	}
	checkUnit(t, e.Unit, refuse)
	checkUsers(t, e, refuse)
	dirs := e.Dirs
	for i := range e.Exporters {
		checkUnitFile(e.Exporters[i].Unit, refuse)
		dirs = append(slices.Clip(dirs), e.Exporters[i].Dirs...)
	}
	for i := range dirs {
		checkDir(&dirs[i], req.KeepData, refuse)
		for _, other := range e.Others {
			if dirs[i].Exists && within(other, dirs[i].Resolved) {
				refuse("paths", fmt.Sprintf("%s directory %s holds %s, which an instance that remains uses", dirs[i].Kind, dirs[i].Path, other), "clean this node by hand")
			}
		}
	}
	if len(findings) == 0 {
		findings = append(findings, Finding{
			Check: "host", Result: OK, Stores: []cluster.StoreID{t.StoreID},
			Summary: fmt.Sprintf("%s: unit, processes, ports and directories on %s are its own", t.name(), t.Host),
		})
	}
	return findings
}

func (t *PruneTarget) name() string {
	if t.Node != "" {
		return t.Node
	}
	return t.Address
}

// checkUnit: a unit of this name that runs something else belongs to somebody
// else, who reused the name or the host.
func checkUnit(t *PruneTarget, u *Unit, refuse func(check, summary, fix string, evidence ...string)) {
	if !u.Exists() || u.Load == "masked" {
		return
	}
	checkUnitFile(u, refuse)
	if u.ExecStart != "" && !strings.Contains(u.ExecStart, t.DeployDir+"/") {
		refuse("identity", fmt.Sprintf("unit %s does not run anything below %s", u.Name, t.DeployDir), "find out whose unit that is", u.ExecStart)
	}
}

// checkUnitFile: only a file where tiup puts unit files may be removed.
func checkUnitFile(u *Unit, refuse func(check, summary, fix string, evidence ...string)) {
	if u.FragmentPath != "" && path.Dir(u.FragmentPath) != u.Dir {
		refuse("identity", fmt.Sprintf("unit %s comes from %s, not from %s", u.Name, u.FragmentPath, u.Dir), "find out whose unit that is")
	}
}

// checkUsers: whoever else uses the directories or the ports is not stopped
// with the unit.
func checkUsers(t *PruneTarget, e *HostEvidence, refuse func(check, summary, fix string, evidence ...string)) {
	if !e.Unit.Running() || !e.Unit.Exists() {
		for _, p := range e.Processes {
			refuse("identity", fmt.Sprintf("unit %s does not run, but process %d uses its directories", t.Unit, p.PID), "find out what that process is, and stop it", p.Command)
		}
		if len(e.Listening) > 0 {
			refuse("identity", fmt.Sprintf("unit %s does not run, but something listens on its ports %v", t.Unit, e.Listening), "find out what listens there, and stop it")
		}
	}
	for _, dir := range e.StatusDirs {
		if !withinAny(dir, t.paths()) {
			refuse("identity", "the process at its status port uses "+dir+", which is none of its directories", "another store may run at this address: find out which")
		}
	}
}

func checkDir(d *DirEvidence, keep bool, refuse func(check, summary, fix string, evidence ...string)) {
	switch {
	case !d.Exists:
	case d.Resolved != d.Path:
		refuse("paths", fmt.Sprintf("%s directory %s is, or lies behind, a symbolic link to %s", d.Kind, d.Path, d.Resolved), "remove it by hand, when nothing else uses its target")
	case len(d.Mounts) > 0:
		refuse("paths", fmt.Sprintf("something is mounted below %s directory %s: %s", d.Kind, d.Path, strings.Join(d.Mounts, ", ")), "unmount it first")
	case d.MountPoint && keep:
		refuse("paths", fmt.Sprintf("%s directory %s is a mount point and cannot be renamed", d.Kind, d.Path), "leave --keep-data out to delete its contents, or move them by hand")
	}
}
