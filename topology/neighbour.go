package topology

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
)

// neighbours are an instance that leaves and everything that remains with it on
// its host.
type neighbours struct {
	topology *Topology
	leaving  *Instance
	own      []*Instance   // that remain of the same topology
	foreign  []*foreigners // of other topologies
}

type foreigners struct {
	topology  *Topology
	instances []*Instance
}

// newNeighbours looks for whoever shares the host with in. gone has in itself
// and the instances that have left before it.
func newNeighbours(t *Topology, in *Instance, gone map[*Instance]bool, others []*Topology) *neighbours {
	others = slices.DeleteFunc(slices.Clone(others), func(o *Topology) bool { return o == t })
	n := &neighbours{topology: t, leaving: in}
	host := namesOfHost(in, append([]*Topology{t}, others...))
	for _, other := range t.tenants() {
		if !gone[other] && host[hostKey(other.Host)] {
			n.own = append(n.own, other)
		}
	}
	for _, o := range others {
		f := &foreigners{topology: o}
		for _, in := range o.tenants() {
			if host[hostKey(in.Host)] {
				f.instances = append(f.instances, in)
			}
		}
		if len(f.instances) > 0 {
			n.foreign = append(n.foreign, f)
		}
	}
	return n
}

// namesOfHost are all names under which the host of an instance goes, as far as
// the topologies tell: an instance says that its host and its manage_host are
// one. Those that have left count too. A relay whose ports lead to several hosts
// makes one of them, which only means that more is kept.
func namesOfHost(in *Instance, topologies []*Topology) map[string]bool {
	names := map[string]bool{hostKey(in.Host): true, hostKey(in.ManageHost): true}
	for size := 0; size < len(names); {
		size = len(names)
		for _, t := range topologies {
			for _, in := range t.tenants() {
				host, manage := hostKey(in.Host), hostKey(in.ManageHost)
				if names[host] || names[manage] {
					names[host], names[manage] = true, true
				}
			}
		}
	}
	return names
}

// thisMachine are the loopback addresses that mean the machine itself. The rest
// of 127.0.0.0/8 serves to play several hosts on one machine.
var thisMachine = netip.MustParsePrefix("127.0.0.0/24")

// hostKey is normalHost with one name for all that mean this very machine.
func hostKey(host string) string {
	host = strings.TrimSuffix(normalHost(host), ".")
	ip, err := netip.ParseAddr(host)
	switch ip = ip.Unmap(); {
	case err != nil:
		return host
	case thisMachine.Contains(ip), ip.Is6() && ip.IsLoopback():
		return "localhost"
	}
	return ip.String()
}

// exportersStay says why the exporters of the host stay, "" if nobody is left
// who uses them. Another topology uses them when it has the same ports, and when
// it has no exporters of its own on the host.
func (n *neighbours) exportersStay() string {
	if len(n.own) > 0 {
		return n.own[0].ID + " remains on the host"
	}
	if n.leaving.IgnoreExporter {
		return "ignore_exporter is set: they are not of this cluster"
	}
	m := &n.topology.Monitored
	for _, f := range n.foreign {
		o := &f.topology.Monitored
		same := slices.ContainsFunc([]int{o.NodeExporterPort, o.BlackboxExporterPort}, func(port int) bool {
			return port == m.NodeExporterPort || port == m.BlackboxExporterPort
		})
		for _, in := range f.instances {
			if same || in.IgnoreExporter {
				return fmt.Sprintf("%s of %s is on the host and may use them", in.ID, f.topology.name())
			}
		}
	}
	return ""
}

// name is what to call a topology in a message.
func (t *Topology) name() string {
	switch {
	case t.ClusterName != "":
		return "cluster " + t.ClusterName
	case t.File != "":
		return t.File
	}
	return "another topology"
}

// heldDir is a directory that must not be touched.
type heldDir struct {
	path   string
	holder string // who needs it
	// shared is true for a directory in which all instances have theirs: what lies
	// inside of it may go.
	shared bool
}

// held are the directories of all who remain on the host.
func (n *neighbours) held(exporters bool) []heldDir {
	var list []heldDir
	instance := func(in *Instance, of string) {
		for _, dir := range in.directories() {
			list = append(list, heldDir{path: dir.Path, holder: fmt.Sprintf("the %s directory of %s%s", dir.Why, in.ID, of)})
		}
	}
	monitored := func(t *Topology, of string) {
		for _, dir := range t.Monitored.directories() {
			list = append(list, heldDir{path: dir, holder: "a directory of the exporters" + of})
		}
	}
	for _, in := range n.own {
		instance(in, "")
	}
	if exporters {
		monitored(n.topology, "")
	}
	list = append(list, n.topology.globalDirs()...)
	for _, f := range n.foreign {
		of := " of " + f.topology.name()
		for _, in := range f.instances {
			instance(in, of)
		}
		monitored(f.topology, of)
		list = append(list, f.topology.globalDirs()...)
	}
	return list
}

// globalDirs are the directories in which instances have theirs by default, also
// those of topologies that nobody here knows of.
func (t *Topology) globalDirs() []heldDir {
	var list []heldDir
	add := func(field, dir string) {
		if path.IsAbs(dir) {
			list = append(list, heldDir{path: path.Clean(dir), holder: "global." + field + " of " + t.name(), shared: true})
		}
	}
	if t.Global.DeployDir != "" {
		add("deploy_dir", inHome(t.Global.User, t.Global.DeployDir))
	}
	add("data_dir", t.Global.DataDir)
	add("log_dir", t.Global.LogDir)
	return list
}
