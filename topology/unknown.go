package topology

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// sectionEndings are how tiup names its sections of instances, those of DM
// included (components/dm/spec/topology_dm.go).
var sectionEndings = []string{"_servers", "_server", "_masters", "_workers"}

// unknownSections reads the sections that look like tiup's and that this program
// does not know, for the sake of what their instances use on their hosts: tiup
// gets new components faster than this table does, and a host that one of them
// runs on is not an empty host. Nothing in them is an error.
func (d *decoder) unknownSections(sections *value, prefix string) {
	known := sectionNames()
	for _, e := range sections.entries {
		isSection := slices.ContainsFunc(sectionEndings, func(end string) bool { return strings.HasSuffix(e.key, end) })
		if !isSection || slices.Contains(known, e.key) || e.value.kind != sequenceKind {
			continue
		}
		for i, item := range e.value.items {
			s := &spec{value: item, path: fmt.Sprintf("%s[%d]", joinPath(prefix, e.key), i)}
			if host := item.get("host"); !host.isNull() && host.kind == scalarKind && bareHost(s.text("host")) != "" {
				d.topology.Unknown = append(d.topology.Unknown, d.resolveUnknown(s, roleOfSection(e.key)))
			}
		}
	}
}

// roleOfSection guesses tiup's name of a component: "tikv_worker_servers" are
// tikv-worker.
func roleOfSection(section string) Role {
	for _, end := range []string{"_servers", "_server"} {
		section = strings.TrimSuffix(section, end)
	}
	return Role(strings.ReplaceAll(section, "_", "-"))
}

// resolveUnknown takes from an instance what all instances have. Directories
// that are not written are left out where their names need a port that is not
// written either: they are then below the global ones under a name that nothing
// else has.
func (d *decoder) resolveUnknown(s *spec, role Role) Instance {
	g := &d.topology.Global
	host := bareHost(s.text("host"))
	in := Instance{
		ID: host, Role: role, Host: host, ManageHost: bareHost(orDefault(s.text("manage_host"), host)),
		ListenHost: s.text("listen_host"), SSHPort: s.number("ssh_port"), Port: s.number("port"),
		IgnoreExporter: s.flag("ignore_exporter"), Imported: s.flag("imported"), Patched: s.flag("patched"),
		Path: s.path, Line: s.value.line, Column: s.value.column,
	}
	if in.SSHPort == 0 {
		in.SSHPort = g.SSHPort
	}
	deploy, data, log := s.text("deploy_dir"), s.text("data_dir"), s.text("log_dir")
	if in.Port != 0 {
		in.ID, in.Ports = JoinHostPort(host, in.Port), []int{in.Port}
		leaf := fmt.Sprintf("%s-%d", role, in.Port)
		in.Unit = leaf + ".service"
		deploy = orDefault(deploy, path.Join(g.DeployDir, leaf))
		data = orDefault(data, underGlobal(g.DataDir, leaf, in.Imported))
		log = orDefault(log, underGlobal(g.LogDir, leaf, in.Imported))
	}
	if deploy != "" {
		in.DeployDir = inHome(g.User, deploy)
		log = orDefault(log, "log")
	}
	placed := func(dir string) bool { return dir != "" && (in.DeployDir != "" || path.IsAbs(dir)) }
	if placed(log) {
		in.LogDir = inside(in.DeployDir, log)
	}
	for dir := range strings.SplitSeq(data, ",") {
		if dir = strings.TrimSpace(dir); placed(dir) {
			in.DataDirs = append(in.DataDirs, inside(in.DeployDir, dir))
		}
	}
	return in
}

// tenants are all instances that run on hosts of the topology, those of unknown
// sections last. They point into t.
func (t *Topology) tenants() []*Instance {
	all := make([]*Instance, 0, len(t.Instances)+len(t.Unknown))
	for _, list := range [][]Instance{t.Instances, t.Unknown} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	return all
}
