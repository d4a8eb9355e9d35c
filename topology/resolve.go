package topology

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// resolveInstances fills in what the instances leave to defaults.
func (d *decoder) resolveInstances(configs *value) {
	for _, s := range d.specs {
		d.topology.Instances = append(d.topology.Instances, d.resolve(s, configs))
	}
}

func (d *decoder) resolve(s *spec, configs *value) Instance {
	c, g := s.component, &d.topology.Global
	host := bareHost(s.text("host"))
	in := Instance{
		Role: c.role, Host: host, ManageHost: bareHost(orDefault(s.text("manage_host"), host)),
		ListenHost: d.listenHost(s, host), SSHPort: s.number("ssh_port"), Port: s.port(c.ports[0].key),
		Offline: c.offline && s.flag("offline"), Patched: s.flag("patched"), Imported: s.flag("imported"),
		IgnoreExporter: s.flag("ignore_exporter"),
		OS:             strings.ToLower(orDefault(s.text("os"), g.OS)), Arch: orDefault(normalArch(s.text("arch")), g.Arch),
		Path: s.path, Line: s.value.line, Column: s.value.column,
	}
	if in.SSHPort == 0 {
		in.SSHPort = g.SSHPort
	}
	for _, p := range c.ports {
		if n := s.port(p.key); n != 0 {
			in.Ports = append(in.Ports, n)
		}
	}
	in.ID = JoinHostPort(host, in.Port)
	in.Unit = fmt.Sprintf("%s-%d.service", c.role, in.Port)
	if c.status != "" {
		in.StatusPort = s.port(c.status)
		in.StatusAddress = JoinHostPort(host, in.StatusPort)
	}
	if _, named := c.fields["name"]; named {
		in.Name = orDefault(s.text("name"), defaultName(c.role, host, in.Port))
	}
	d.resolveDirs(s, &in)
	switch c.role {
	case RoleTiKV:
		in.StoreAddress = orDefault(s.text("advertise_addr"), in.ID)
		in.StatusAddress = orDefault(s.text("advertise_status_addr"), in.StatusAddress)
		in.Labels = storeLabels(configs.get("tikv"), s.value.get("config"))
	case RoleTiFlash:
		in.StoreAddress = JoinHostPort(host, s.port("flash_service_port"))
		in.StatusAddress = JoinHostPort(host, s.port("flash_proxy_status_port"))
		in.Labels = storeLabels(configs.get("tiflash-learner"), s.value.get("learner_config"))
		engineLabels(&in, configs.get("tiflash"), s.value.get("config"))
		d.tiflashDirs(s, configs.get("tiflash"), &in)
	}
	in.OtherDirs = otherDirs(s, configs, &in)
	return in
}

// defaultName is the name of a PD or PD micro-service that has none. The role
// is spelt without dashes (spec/spec.go, setCustomDefaults).
func defaultName(role Role, host string, port int) string {
	return fmt.Sprintf("%s-%s-%d", strings.ReplaceAll(string(role), "-", ""), host, port)
}

func (d *decoder) listenHost(s *spec, host string) string {
	own := ""
	if s.component.listens {
		own = s.text("listen_host")
	}
	if own = orDefault(own, d.topology.Global.ListenHost); own != "" {
		return own
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		return "::"
	}
	return "0.0.0.0"
}

// resolveDirs applies tiup's path rules (spec/spec.go setCustomDefaults, then
// spec/parse_topology.go expandRelativePath). A relative deploy_dir lies in
// /home/<user>, literally, whoever the user is; relative data and log
// directories lie in the deploy_dir.
func (d *decoder) resolveDirs(s *spec, in *Instance) {
	g := &d.topology.Global
	leaf := fmt.Sprintf("%s-%d", in.Role, in.Port)
	in.DeployDir = inHome(g.User, orDefault(s.text("deploy_dir"), path.Join(g.DeployDir, leaf)))
	// Only a component with a log_dir of its own looks at the global one.
	in.LogDir = s.text("log_dir")
	if in.LogDir == "" && s.component.hasLogDir() {
		in.LogDir = underGlobal(g.LogDir, leaf, in.Imported)
	}
	in.LogDir = inside(in.DeployDir, orDefault(in.LogDir, "log"))
	if !s.component.data {
		return
	}
	data := s.text("data_dir")
	if data == "" {
		data = underGlobal(g.DataDir, leaf, in.Imported)
	}
	for dir := range strings.SplitSeq(data, ",") {
		if dir = strings.TrimSpace(dir); dir != "" {
			in.DataDirs = append(in.DataDirs, inside(in.DeployDir, dir))
		}
	}
}

// hasLogDir is false for the components whose tiup spec has no log_dir: their
// log is always "log" in the deploy_dir.
func (c *component) hasLogDir() bool {
	switch c.role {
	case RoleTiProxy, RoleGrafana, RoleTiSparkMaster, RoleTiSparkWorker:
		return false
	}
	return true
}

// underGlobal is the directory that an instance without its own takes from the
// global one: a subdirectory of an absolute one, a relative one as it is. An
// instance imported from tidb-ansible takes a subdirectory in both cases.
func underGlobal(global, leaf string, imported bool) string {
	if global != "" && (imported || path.IsAbs(global)) {
		return path.Join(global, leaf)
	}
	return global
}

func inHome(user, dir string) string { return inside(path.Join("/home", user), dir) }

// inside is dir as seen from base, clean.
func inside(base, dir string) string {
	if path.IsAbs(dir) {
		return path.Clean(dir)
	}
	return path.Join(base, dir)
}

// resolveMonitored reads the section "monitored". tiup joins the deploy_dir into
// log_dir before it makes it absolute, so that a relative one ends up in the path
// twice; that is what runs on the hosts, so it is kept (spec/spec.go
// UnmarshalYAML, locked in by spec/parse_topology_test.go).
func (d *decoder) resolveMonitored(v *value, where string) {
	d.group(v, where, monitoredFields)
	g := &d.topology.Global
	s := &spec{value: v}
	m := Monitored{NodeExporterPort: s.number("node_exporter_port"), BlackboxExporterPort: s.number("blackbox_exporter_port")}
	if m.NodeExporterPort == 0 {
		m.NodeExporterPort = 9100
	}
	if m.BlackboxExporterPort == 0 {
		m.BlackboxExporterPort = 9115
	}
	leaf := fmt.Sprintf("monitor-%d", m.NodeExporterPort)
	deploy := orDefault(s.text("deploy_dir"), path.Join(g.DeployDir, leaf))
	log := orDefault(s.text("log_dir"), "log")
	if !path.IsAbs(log) && !strings.HasPrefix(log, deploy) {
		log = path.Join(deploy, log)
	}
	m.DeployDir = inHome(g.User, deploy)
	m.DataDir = inside(m.DeployDir, orDefault(s.text("data_dir"), path.Join(g.DataDir, leaf)))
	m.LogDir = inside(m.DeployDir, log)
	d.topology.Monitored = m
}

// otherDirs are the directories named by a store's configuration outside the
// ones that tiup knows of.
func otherDirs(s *spec, configs *value, in *Instance) []string {
	own := s.value.get("config")
	var named []string
	collect := func(section string, items ...string) {
		for _, item := range items {
			named = append(named, effectiveDirs(item, configs.get(section), own)...)
		}
	}
	switch in.Role {
	case RoleTiKV:
		collect("tikv", "storage.data-dir", "raft-engine.dir", "raftstore.raftdb-path", "rocksdb.wal-dir", "raftdb.wal-dir")
	case RoleTiFlash:
		named = append(named, s.text("tmp_path"))
		collect("tiflash", "storage.raft.dir", "storage.remote.cache.dir", "tmp_path")
	}
	var other []string
	for _, dir := range named {
		if !path.IsAbs(dir) {
			continue
		}
		dir = path.Clean(dir)
		covered := slices.ContainsFunc(append([]string{in.DeployDir, in.LogDir}, in.DataDirs...), func(base string) bool {
			return within(dir, base)
		})
		if !covered && !slices.Contains(other, dir) {
			other = append(other, dir)
		}
	}
	return other
}
