package e2e

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ebb/playground/layout"
	"ebb/playground/machine"
	"ebb/playground/store"
)

// newHostedBench starts a playground whose stores are on hosts like those that
// tiup deploys to.
func newHostedBench(t *testing.T, s setup) *bench {
	t.Helper()
	s.hosts = true
	b := newBench(t, s)
	if b.Hosts().User() == "" {
		t.Fatal("nobody can log in")
	}
	if !s.userUnits && strings.Contains(b.topologyText(), "systemd_mode: user") {
		t.Skip("this machine allows no namespaces")
	}
	return b
}

// overSSH runs a verb that logs in on hosts, with JSON output, to its end.
func (b *bench) overSSH(verb string, args ...string) result {
	b.Helper()
	r := b.startOverSSH(verb, args...)
	return r.wait()
}

func (b *bench) startOverSSH(verb string, args ...string) *running {
	b.Helper()
	return b.start(verb, append([]string{"-i", b.Hosts().KeyFile(), "--known-hosts", b.Hosts().KnownHosts()}, args...)...)
}

// ids and addresses of stores, the latter as a value for -N.
func ids(stores []store.StoreState) []uint64 {
	list := make([]uint64, len(stores))
	for i := range stores {
		list[i] = stores[i].ID
	}
	return list
}

func addresses(stores []store.StoreState) string {
	list := make([]string, len(stores))
	for i := range stores {
		list[i] = stores[i].Address
	}
	return strings.Join(list, ",")
}

// retire takes stores out by scale-in, until they are Tombstone.
func (b *bench) retire(stores ...store.StoreState) {
	b.Helper()
	b.wantCode(b.run("scale-in", "-N", addresses(stores), "--wait", "--interval", "200ms", "--yes"), 0)
	b.wantEmptied(ids(stores)...)
}

func (b *bench) topologyText() string {
	b.Helper()
	text, err := os.ReadFile(b.Topology())
	b.must(err)
	return string(text)
}

// tree is all that lies on the disks of the hosts: a line for each path.
type tree map[string]string

// hostsDir holds a directory for each host.
func (b *bench) hostsDir() string { return filepath.Join(filepath.Dir(b.Topology()), "hosts") }

// tree reads the disks of all hosts. What lives is left out: the sockets and
// logs of a host's first process, and of its services.
func (b *bench) tree() tree {
	b.Helper()
	root, found := b.hostsDir(), make(tree)
	b.must(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // went away meanwhile, which the line of its absence tells
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		switch parts := strings.SplitN(name, "/", 2); {
		case len(parts) == 2 && parts[1] == "run":
			return fs.SkipDir
		case len(parts) == 2 && parts[1] == "sbin/.password":
			return nil // a fault
		}
		found[name], err = describe(path, entry)
		return err
	}))
	return found
}

// describe says what a file is, in its kind, mode and contents.
func describe(path string, entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	switch {
	case entry.IsDir():
		return info.Mode().String(), nil
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		return "-> " + to, err
	case !info.Mode().IsRegular() || strings.HasSuffix(path, ".log"):
		return info.Mode().String(), nil
	}
	text, err := os.ReadFile(path)
	return fmt.Sprintf("%s %d %x", info.Mode(), len(text), sha256.Sum256(text)), err
}

// below reports whether a path is a directory of the list or lies in one.
func below(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") })
}

// wantGone fails unless exactly the listed paths, with all below them, are gone,
// and all else is byte for byte what it was.
func (b *bench) wantGone(before, after tree, gone []string) {
	b.Helper()
	for _, path := range slices.Sorted(maps.Keys(before)) {
		switch now, there := after[path]; {
		case below(path, gone) == there:
			b.Errorf("%s: is there: %v, want the contrary", path, there)
		case there && now != before[path]:
			b.Errorf("%s changed from %s to %s", path, before[path], now)
		}
	}
	for path := range after {
		if _, there := before[path]; !there {
			b.Errorf("%s is new", path)
		}
	}
	for _, path := range gone {
		if _, there := before[path]; !there {
			b.Errorf("%s was never there: the test shows nothing", path)
		}
	}
}

// wantTree fails unless nothing on any host differs.
func (b *bench) wantTree(before tree) {
	b.Helper()
	b.wantGone(before, b.tree(), nil)
}

// onDisk is where a path of a host lies in the tree. Hosts have the units and the
// exporters at one path each, as machines have.
func (b *bench) onDisk(host, path string) string {
	b.Helper()
	if name, ok := strings.CutPrefix(path, "/etc/systemd/system/"); ok {
		return filepath.Join(host, "etc", "systemd", "system", name)
	}
	if name, ok := strings.CutPrefix(path, filepath.Join(b.hostsDir(), "deploy")+"/"); ok {
		return filepath.Join(host, "monitored", name)
	}
	name, ok := strings.CutPrefix(path, b.hostsDir()+"/")
	if !ok {
		b.Fatalf("%s is on no host of this playground", path)
	}
	return name
}

// listed are the places in the tree that the plan of a prune says will go: its
// directories and unit files, and the links that enable the units.
func (b *bench) listed(p *plan) []string {
	b.Helper()
	var list []string
	for _, s := range p.Steps {
		if s.Host == "" {
			continue
		}
		host, _, err := net.SplitHostPort(s.Host)
		b.must(err)
		switch s.Kind {
		case "delete", "remove-unit-file":
			list = append(list, b.onDisk(host, s.Path))
		case "disable-unit":
			list = append(list, b.onDisk(host, "/etc/systemd/system/multi-user.target.wants/"+s.Unit))
		}
	}
	return list
}

// places are where tiup put an instance: what prune has to remove of it, found
// out without ebb. with says that it was the last one on its host.
func places(s store.StoreState, withExporters bool) []string {
	unit := fmt.Sprintf("tikv-%d", s.Port)
	if s.Engine == store.TiFlash {
		unit = fmt.Sprintf("tiflash-%d", layout.TiFlashTCPPort)
	}
	units := []string{unit}
	list := []string{s.Host + "/deploy/" + unit, s.Host + "/data/" + unit}
	if withExporters {
		units = append(units, fmt.Sprintf("node_exporter-%d", layout.NodeExporterPort), fmt.Sprintf("blackbox_exporter-%d", layout.BlackboxExporterPort))
		list = append(list, fmt.Sprintf("%s/monitored/monitor-%d", s.Host, layout.NodeExporterPort))
	}
	for _, unit := range units {
		list = append(list, s.Host+"/etc/systemd/system/"+unit+".service", s.Host+"/etc/systemd/system/multi-user.target.wants/"+unit+".service")
	}
	return list
}

// wantDead fails if a process of the store still runs or one of its ports answers.
func (b *bench) wantDead(s store.StoreState) {
	b.Helper()
	if found := processesOf(b.T, s); len(found) > 0 {
		b.Errorf("store %d (%s) still runs: %v", s.ID, s.Address, found)
	}
	for _, port := range []int{s.Port, s.PeerPort, s.StatusPort} {
		if port == 0 {
			continue
		}
		address := net.JoinHostPort(s.Host, strconv.Itoa(port))
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			b.Errorf("%s still answers", address)
		}
	}
}

// wantAlive fails unless the store's process runs.
func (b *bench) wantAlive(s store.StoreState) {
	b.Helper()
	if len(processesOf(b.T, s)) == 0 {
		b.Errorf("store %d (%s) does not run", s.ID, s.Address)
	}
}

// processesOf looks for a store's processes on this machine, which sees those of
// all hosts. Its directories are on their command lines; a TiFlash has them in
// its configuration and runs in its deploy directory.
func processesOf(t *testing.T, s store.StoreState) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || len(text) == 0 {
			continue // ended meanwhile
		}
		if host := hostOf(filepath.Base(filepath.Dir(file))); host != "" && host != s.Host {
			continue // one that has directories of the same name
		}
		dir, _ := os.Readlink(filepath.Join(filepath.Dir(file), "cwd"))
		if strings.HasPrefix(dir, s.DeployDir) || strings.Contains(string(text), s.DataDir) {
			found = append(found, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return found
}

// hostOf is the address of the host that a process runs on, "" when it is on none
// or has ended.
func hostOf(pid string) string {
	for pid != "0" {
		text, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
		if err != nil {
			return ""
		}
		if words := strings.Split(string(text), "\x00"); words[0] == machine.Program {
			return words[1]
		}
		status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
		_, rest, ok := strings.Cut(string(status), "\nPPid:\t")
		if err != nil || !ok {
			return ""
		}
		pid, _, _ = strings.Cut(rest, "\n")
	}
	return ""
}

// backups are the texts of the copies that ebb made of the topology.
func (b *bench) backups() []string {
	b.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(b.Topology()), "topology-*.bak"))
	b.must(err)
	var texts []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		b.must(err)
		texts = append(texts, string(text))
	}
	return texts
}

// without is a topology as the playground writes it, less the blocks of some
// stores: cut out of the text by line, with no knowledge of YAML that ebb could
// share.
func without(text string, stores ...store.StoreState) string {
	var kept strings.Builder
	section, dropping := "", false
	for line := range strings.Lines(text) {
		if line[0] != ' ' {
			section, dropping = strings.TrimSpace(line), false
		}
		if strings.HasPrefix(line, "  - ") {
			dropping = slices.ContainsFunc(stores, func(s store.StoreState) bool {
				return section == s.Engine+"_servers:" && line == "  - host: "+s.Host+"\n"
			})
		}
		if !dropping {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// stillListed are the stores of which display has a node.
func (b *bench) stillListed(stores []store.StoreState) []string {
	b.Helper()
	var list []string
	for _, n := range b.display().Nodes {
		if n.Store != nil && slices.Contains(ids(stores), n.Store.ID) || slices.ContainsFunc(stores, func(s store.StoreState) bool { return strings.HasPrefix(n.ID, s.Host+":") }) {
			list = append(list, n.ID)
		}
	}
	return list
}
