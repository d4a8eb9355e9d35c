package topology

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
)

// estate makes topologies whose instances share hosts and directories as often
// as can be, under names that no careful person gives.
type estate struct{ *rand.Rand }

func (e estate) pick(choices ...string) string { return choices[e.IntN(len(choices))] }

func (e estate) host() string {
	return e.pick("h1", "h2", "H2", "h3.", "h4", "h5", "127.0.0.1", "localhost", "::1", "[fd00::1]", "FD00:0::1", "::ffff:10.0.0.1", "10.0.0.1")
}

// dir is mostly something sensible, so that a good part is planned.
func (e estate) dir() string {
	if e.IntN(8) == 0 {
		return e.pick("", "/", "//", "/etc", "/usr/lib", "/var/lib", "/var/lib/mysql", "/home", "/home/tidb", "/root/.ssh", "/opt", "/data", "/proc/1",
			"x", "../x", "/a/../b", "/a//b", "/a/b/", "/a/b\n", "/a/\x1bb", "/a/b ", "/~/a", "/a/~", "/a/$b", "/a/`b`", "/$a", "/a/*")
	}
	parts := []string{""}
	for range 1 + e.IntN(4) {
		parts = append(parts, e.pick("a", "a", "b", "b", "c", "aa", "a b", "*", "tikv"))
	}
	return strings.Join(parts, "/")
}

func (e estate) dirs() (list []string) {
	for range e.IntN(3) {
		list = append(list, e.dir())
	}
	return list
}

func (e estate) topology(name string) *Topology {
	t := &Topology{File: name, Global: Global{User: "tidb", DeployDir: e.dir(), DataDir: e.dir()}}
	t.Monitored = Monitored{NodeExporterPort: 9100 + e.IntN(2), BlackboxExporterPort: 9115, DeployDir: e.dir(), DataDir: e.dir(), LogDir: e.dir()}
	for n := range 1 + e.IntN(5) {
		in := Instance{Host: e.host(), DeployDir: e.dir(), DataDirs: e.dirs(), LogDir: e.dir(), OtherDirs: e.dirs(), IgnoreExporter: e.IntN(3) == 0}
		if in.ManageHost = in.Host; e.IntN(2) == 0 {
			in.ManageHost = e.host()
		}
		in.ID = JoinHostPort(in.Host, n)
		t.Instances = append(t.Instances, in)
	}
	return t
}

// sameMachine answers for all instances at once, by joining whoever shares a
// name until nothing changes.
func sameMachine(instances []*Instance) func(a, b *Instance) bool {
	canonical := func(host string) string {
		switch host := strings.ToLower(strings.Trim(host, ".[]")); host {
		case "127.0.0.1", "::1":
			return "localhost"
		case "fd00:0::1":
			return "fd00::1"
		case "::ffff:10.0.0.1":
			return "10.0.0.1"
		default:
			return host
		}
	}
	group := make(map[*Instance]int)
	for i, in := range instances {
		group[in] = i
	}
	for changed := true; changed; {
		changed = false
		for _, a := range instances {
			for _, b := range instances {
				joined := canonical(a.Host) == canonical(b.Host) || canonical(a.ManageHost) == canonical(b.ManageHost) ||
					canonical(a.Host) == canonical(b.ManageHost)
				if joined && group[a] != group[b] {
					group[a], group[b], changed = min(group[a], group[b]), min(group[a], group[b]), true
				}
			}
		}
	}
	return func(a, b *Instance) bool { return group[a] == group[b] }
}

// touches compares two directories part by part.
func touches(a, b string) bool {
	split := func(p string) []string {
		return slices.DeleteFunc(strings.Split(path.Clean(p), "/"), func(part string) bool { return part == "" })
	}
	x, y := split(a), split(b)
	n := min(len(x), len(y))
	return slices.Equal(x[:n], y[:n])
}

// TestPlanDeletionsRandom: whatever the topologies are like, nothing that is
// planned touches what remains, or is a path that no cluster owns.
func TestPlanDeletionsRandom(t *testing.T) {
	planned, exporters := 0, 0
	for seed := range uint64(6_000) {
		e := estate{rand.New(rand.NewPCG(seed, 4))}
		topologies := []*Topology{e.topology("own"), e.topology("second"), e.topology("third")}[:1+e.IntN(3)]
		var all []*Instance
		for _, topo := range topologies {
			for i := range topo.Instances {
				all = append(all, &topo.Instances[i])
			}
		}
		own := topologies[0]
		var ids []string
		for _, i := range e.Perm(len(own.Instances))[:1+e.IntN(len(own.Instances))] {
			ids = append(ids, own.Instances[i].ID)
		}
		plans, err := PlanDeletions(own, ids, topologies[1:])
		if err != nil || len(plans) != len(ids) {
			t.Fatalf("seed %d: %d plans, %v", seed, len(plans), err)
		}
		same := sameMachine(all)
		for i, plan := range plans {
			leaving, gone := own.Instance(ids[i]), ids[:i+1]
			planned += len(plan.Deletions)
			exporters += len(plan.ExporterUnits)
			rest := slices.DeleteFunc(slices.Clone(all), func(in *Instance) bool {
				isOwn := own.Instance(in.ID) == in
				return isOwn && slices.Contains(gone, in.ID) || !same(in, leaving)
			})
			if err := checkPlan(&plan, leaving, own, rest); err != nil {
				t.Fatalf("seed %d: %s: %v\nplan %+v\nleaving %+v", seed, plan.Instance, err, plan, leaving)
			}
		}
	}
	if planned < 4000 || exporters < 400 {
		t.Errorf("only %d directories and %d exporters were planned", planned, exporters)
	}
}

// checkPlan looks for what must never be planned while rest remains on the host.
func checkPlan(plan *DeletionPlan, leaving *Instance, own *Topology, rest []*Instance) error {
	mine := append([]string{leaving.DeployDir, leaving.LogDir}, append(slices.Clone(leaving.DataDirs), leaving.OtherDirs...)...)
	m := own.Monitored
	for i, d := range plan.Deletions {
		if d.Why == ExporterDir {
			mine = []string{m.DeployDir, m.DataDir, m.LogDir}
		}
		if !slices.Contains(mine, d.Path) {
			return fmt.Errorf("%q is no directory of it", d.Path)
		}
		for _, in := range rest {
			for _, dir := range slices.Concat([]string{in.DeployDir, in.LogDir}, in.DataDirs, in.OtherDirs) {
				if dir != "" && touches(d.Path, dir) {
					return fmt.Errorf("%q touches %q of %s", d.Path, dir, in.ID)
				}
			}
		}
		if len(plan.ExporterUnits) == 0 && slices.ContainsFunc([]string{m.DeployDir, m.DataDir, m.LogDir}, func(dir string) bool {
			return dir != "" && touches(d.Path, dir)
		}) {
			return fmt.Errorf("%q touches the exporters, which stay", d.Path)
		}
		if err := neverPlanned(d.Path); err != nil {
			return err
		}
		for _, other := range plan.Deletions[:i] {
			if touches(d.Path, other.Path) {
				return fmt.Errorf("%q and %q overlap", d.Path, other.Path)
			}
		}
		for _, r := range plan.Refused {
			if path.IsAbs(r.Path) && touches(d.Path, r.Path) && len(d.Path) <= len(path.Clean(r.Path)) {
				return fmt.Errorf("%q takes %q along, which stays", d.Path, r.Path)
			}
		}
	}
	if len(plan.ExporterUnits) == 0 {
		return nil
	}
	for _, in := range rest {
		if own.Instance(in.ID) == in || in.IgnoreExporter {
			return fmt.Errorf("the exporters go and %s remains", in.ID)
		}
	}
	if leaving.IgnoreExporter {
		return fmt.Errorf("the exporters are not its own")
	}
	return nil
}

func neverPlanned(p string) error {
	parts := strings.Split(p, "/")
	switch {
	case len(parts) < 3 || parts[0] != "":
		return fmt.Errorf("%q has fewer than two parts", p)
	case slices.Contains([]string{"etc", "usr", "bin", "sbin", "lib", "lib64", "boot", "dev", "proc", "sys", "run"}, parts[1]):
		return fmt.Errorf("%q belongs to the system", p)
	case slices.Contains([]string{"/home/tidb", "/var/lib", "/var/log", "/var/lib/mysql", "/root/.ssh"}, p):
		return fmt.Errorf("%q is shared", p)
	case slices.ContainsFunc(parts[1:], func(part string) bool { return part == "" || part == "." || part == ".." || part == "~" }):
		return fmt.Errorf("%q is not clean", p)
	case strings.ContainsAny(p, "\n\x1b") || strings.HasSuffix(p, " "):
		return fmt.Errorf("%q is odd", p)
	}
	return nil
}
