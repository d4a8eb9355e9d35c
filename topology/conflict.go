package topology

import (
	"fmt"
	"slices"
	"strings"
)

// checkConflicts looks for entries that are fine by themselves and cannot be
// true together (spec/validate.go of tiup). Everything is keyed on host, as in
// tiup: manage_host is only another way to the same machine.
func (d *decoder) checkConflicts() {
	c := conflicts{decoder: d, taken: make(map[string]string)}
	for i := range d.topology.Instances {
		in, s := &d.topology.Instances[i], d.specs[i]
		host := normalHost(in.Host)
		if !c.claim("id\x00"+normalAddress(in.ID), in.Path, s.at(s.component.ports[0].key), in.Path, "id %s is already taken by %s", in.ID) {
			continue // its ports and directories would all be reported again
		}
		if in.StoreAddress != "" {
			c.claim("store\x00"+normalAddress(in.StoreAddress), in.Path, s.at("advertise_addr"), in.Path,
				"store address %s is already taken by %s", in.StoreAddress)
		}
		if in.Name != "" && in.Role == RolePD {
			c.claim("name\x00"+in.Name, in.Path, s.at("name"), joinPath(in.Path, "name"), "PD name %s is already taken by %s", in.Name)
		}
		c.ports(in, s, host)
		c.dirs(in, s, host)
		c.platform(in, s, host)
	}
	c.exporters()
}

type conflicts struct {
	*decoder
	taken map[string]string // what is claimed -> the path of its holder
}

// claim takes something that only one may have. format has two verbs: what is
// claimed, and who holds it.
func (c *conflicts) claim(key, holder string, at *value, where, format string, what any) bool {
	if other, ok := c.taken[key]; ok {
		c.problem(at, where, "", format, what, other)
		return false
	}
	c.taken[key] = holder
	return true
}

func (c *conflicts) ports(in *Instance, s *spec, host string) {
	if in.Imported {
		return
	}
	for _, p := range s.component.ports {
		port := s.port(p.key)
		if port == 0 || p.key == "http_port" && s.number(p.key) == 0 {
			continue // TiFlash 7.1 and later does not open its http_port
		}
		where := joinPath(in.Path, p.key)
		c.claim(fmt.Sprintf("port\x00%s\x00%d", host, port), where, s.at(p.key), where,
			fmt.Sprintf("port %%d on host %s is already taken by %%s", in.Host), port)
	}
}

// dirs refuses a deploy or data directory that two instances of a host share: to
// remove one of them would remove the other. Log directories may be shared.
func (c *conflicts) dirs(in *Instance, s *spec, host string) {
	type claimed struct{ field, dir string }
	all := []claimed{{"deploy_dir", in.DeployDir}}
	for _, dir := range in.DataDirs {
		all = append(all, claimed{"data_dir", dir})
	}
	for i, dir := range all {
		key := strings.Join([]string{"dir", host, dir.dir}, "\x00")
		if in.Imported {
			c.taken[key] = joinPath(in.Path, dir.field)
			continue
		}
		if slices.Contains(all[:i], dir) {
			c.problem(s.at(dir.field), joinPath(in.Path, dir.field), "", "directory %s is given twice", dir.dir)
			continue
		}
		c.claim(key, joinPath(in.Path, dir.field), s.at(dir.field), joinPath(in.Path, dir.field),
			fmt.Sprintf("directory %%s on host %s is already taken by %%s", in.Host), dir.dir)
	}
}

// platform compares only what is written: an instance that says nothing runs on
// whatever its host is.
func (c *conflicts) platform(in *Instance, s *spec, host string) {
	for _, field := range []string{"os", "arch"} {
		written := strings.ToLower(s.text(field))
		if field == "arch" {
			written = normalArch(written)
		}
		if written == "" {
			continue
		}
		key := strings.Join([]string{field, host}, "\x00")
		if other, ok := c.taken[key]; ok && other != written {
			c.problem(s.at(field), joinPath(in.Path, field), "", "%s %s contradicts %s of another instance on host %s",
				field, written, other, in.Host)
			continue
		}
		c.taken[key] = written
	}
}

// exporters checks the two ports that tiup takes on each host, and that the
// instances of a host agree whether it does. tiproxy has no say in it.
func (c *conflicts) exporters() {
	m := &c.topology.Monitored
	seen := make(map[string]*Instance)
	for i := range c.topology.Instances {
		in, s := &c.topology.Instances[i], c.specs[i]
		if in.Role == RoleTiProxy {
			continue
		}
		host := normalHost(in.Host)
		if first := seen[host]; first != nil {
			if first.IgnoreExporter != in.IgnoreExporter {
				c.problem(s.at("ignore_exporter"), joinPath(in.Path, "ignore_exporter"), "",
					"ignore_exporter must be the same for all instances on host %s, and %s has it %t", in.Host, first.Path, first.IgnoreExporter)
			}
			continue
		}
		seen[host] = in
		if in.IgnoreExporter || in.Imported {
			continue
		}
		for _, port := range []int{m.NodeExporterPort, m.BlackboxExporterPort} {
			if other, ok := c.taken[fmt.Sprintf("port\x00%s\x00%d", host, port)]; ok {
				c.problem(s.value, in.Path, "", "port %d on host %s is taken by %s and by an exporter of the host", port, in.Host, other)
			}
		}
	}
}
