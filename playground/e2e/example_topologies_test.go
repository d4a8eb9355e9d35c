package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ebb/playground/hosts"
	"ebb/playground/layout"
	"ebb/playground/store"
)

// newExampleBench starts a playground in the shape of a topology in examples/. The
// file is what ebb reads then, but for the hosts, directories, user and SSH port:
// see layout.Adopt.
func newExampleBench(t *testing.T, name string, s setup) *bench {
	t.Helper()
	s.example, s.direct, s.hosts = name, true, true
	return newBench(t, s)
}

// at is the store with an address in the example; only the last number of its host
// and the port count.
func (b *bench) at(address string) store.StoreState {
	b.Helper()
	last := address[strings.LastIndexByte(address, '.'):]
	for _, s := range b.Fleet().Stores() {
		if strings.HasSuffix(s.Address, last) {
			return s
		}
	}
	b.Fatalf("the playground has no store %s", address)
	return store.StoreState{}
}

// nodes runs ebb display and returns the ids that it shows in a state.
func (b *bench) nodes(state string, args ...string) []string {
	b.Helper()
	r := b.runRaw(append([]string{"display", "-o", "json"}, args...)...)
	b.wantCode(r, 0)
	var document struct {
		Nodes []struct{ ID, Status string }
	}
	b.must(json.Unmarshal([]byte(r.out), &document))
	var found []string
	for _, n := range document.Nodes {
		if strings.HasPrefix(n.Status, state) {
			found = append(found, n.ID)
		}
	}
	return found
}

// shared is where an absolute directory of the example is, on every host.
func (b *bench) shared(dir string) string { return hosts.SharedDir(filepath.Dir(b.Topology())) + dir }

// ofInstance are the places in the tree of an instance of tiup's on a host, less
// its data: found out without ebb.
func (b *bench) ofInstance(host, unit string) []string {
	b.Helper()
	return append(unitFiles(host, unit), b.onDisk(host, b.shared("/tidb-deploy/"+unit)))
}

// ofExporters are those of what goes with the last instance on a host.
func (b *bench) ofExporters(host string) []string {
	b.Helper()
	return slices.Concat(unitFiles(host, "node_exporter-9100"), unitFiles(host, "blackbox_exporter-9115"),
		[]string{b.onDisk(host, b.shared("/tidb-deploy/monitor-9100"))})
}

func unitFiles(host, unit string) []string {
	return []string{
		host + "/etc/systemd/system/" + unit + ".service",
		host + "/etc/systemd/system/multi-user.target.wants/" + unit + ".service",
	}
}

// wantAnswer runs ebb check on the topology, which has to end with a code.
func (b *bench) wantAnswer(code int, args ...string) result {
	b.Helper()
	r := b.runRaw(append([]string{"check", "-t", b.Topology(), "-o", "json"}, args...)...)
	b.wantCode(r, code)
	return r
}

func TestExampleSmall(t *testing.T) {
	b := newExampleBench(t, "topologies/small.yaml", setup{})
	stores := b.tikv()
	if got := b.nodes("Up", "-t", b.Topology(), "-R", "tikv"); !slices.Equal(got, strings.Split(addresses(stores), ",")) || len(got) != 4 {
		t.Errorf("display shows %v", got)
	}
	b.wantAnswer(0, "-N", stores[0].Address)
	// With three left there is no place for a second one.
	b.wantAnswer(3, "-N", addresses(stores[:2]))
	b.wantCode(b.runRaw("scale-in", "-t", b.Topology(), "-N", stores[3].Address, "--dry-run"), 0)
}

func TestExampleTLS(t *testing.T) {
	b := newExampleBench(t, "topologies/tls.yaml", setup{})
	if !strings.HasPrefix(b.PD()[0], "https://") {
		t.Fatalf("PD is at %v", b.PD())
	}
	all := addresses(b.tikv())
	certs := []string{"--cacert", b.Certs().CA, "--cert", b.Certs().Cert, "--key", b.Certs().Key}
	b.wantAnswer(0, append(certs, "-N", b.tikv()[0].Address)...)
	if got := b.nodes("Up", append(certs, "-t", b.Topology(), "-R", "tikv")...); strings.Join(got, ",") != all {
		t.Errorf("display shows %v", got)
	}
	if r := b.runRaw("display", "-t", b.Topology()); r.code == 0 {
		t.Errorf("without certificates: %s", r.out)
	}

	// As a tiup cluster, in which the certificates have their place.
	dir := b.tiupCluster("prod")
	b.must(os.CopyFS(filepath.Join(dir, "tls"), os.DirFS(filepath.Dir(b.Certs().CA))))
	if got := b.nodes("Up", "prod", "-R", "tikv"); strings.Join(got, ",") != all {
		t.Errorf("display of a cluster shows %v", got)
	}
}

func TestExampleTiFlashDisks(t *testing.T) {
	b := newExampleBench(t, "topologies/tiflash-disks.yaml", setup{tiflash: 2})
	flash := b.at("10.0.1.21:3930")
	b.retire(flash)
	before := b.tree()
	disks := []string{"/nvme1/tiflash", "/hdd1/tiflash", "/hdd2/tiflash"}

	r := b.overSSH("prune", "-N", flash.Address, "--dry-run")
	b.wantCode(r, 0)
	var planned []string
	for _, s := range r.of("plan")[0].Plan.Steps {
		planned = append(planned, s.Path)
	}
	var onDisk []string
	for _, disk := range disks {
		dir := b.shared(disk)
		onDisk = append(onDisk, b.onDisk(flash.Host, dir))
		if !slices.Contains(planned, dir) {
			t.Errorf("the plan does not name %s: %v", dir, planned)
		}
	}
	b.wantTree(before)

	b.wantCode(b.overSSH("prune", "-N", flash.Address, "--yes"), 0)
	b.wantGone(before, b.tree(), slices.Concat(onDisk, b.ofInstance(flash.Host, "tiflash-9000"), b.ofExporters(flash.Host)))
	b.wantDead(flash)
	b.wantAlive(b.at("10.0.1.22:3930"))
}

func TestExampleSharedHosts(t *testing.T) {
	b := newExampleBench(t, "topologies/shared-hosts.yaml", setup{})
	leaver, sibling := b.at("10.0.1.11:20161"), b.at("10.0.1.11:20160")
	b.retire(leaver)
	before := b.tree()
	b.wantCode(b.overSSH("prune", "-N", leaver.Address, "--yes"), 0)
	b.wantGone(before, b.tree(), append(b.ofInstance(leaver.Host, "tikv-20161"), b.onDisk(leaver.Host, b.shared("/data2/tikv-20161"))))
	b.wantDead(leaver)
	b.wantAlive(sibling)
	if got := b.nodes("", "-t", b.Topology(), "-N", sibling.Address); len(got) != 1 {
		t.Errorf("the sibling is not in the topology: %v", got)
	}
	if got := strings.Count(b.topologyText(), " port: 20161\n"); got != 2 {
		t.Errorf("the topology has %d instances with that port, want 2", got)
	}
}

func TestExampleZones(t *testing.T) {
	b := newExampleBench(t, "topologies/zones.yaml", setup{})
	b.wantAnswer(0, "-N", b.at("10.0.1.11:20160").Address)
	// Not both of a zone: isolation-level leaves no place for the third replica.
	r := b.wantAnswer(3, "--zone", "zone=az-1")
	if !strings.Contains(r.out, "isolation") {
		t.Errorf("the refusal does not tell why:\n%s", r.out)
	}
	b.wantAnswer(0, "--zone", "zone=az-1", "--lost")
	b.wantAnswer(3, "-N", b.at("10.0.1.11:20160").Address+","+b.at("10.0.2.21:20160").Address+","+b.at("10.0.1.12:20160").Address, "--lost")
}

// jumpNumber is the last number of the jump host in the example.
const jumpNumber = 99

func TestExampleJumpHost(t *testing.T) {
	b := newExampleBench(t, "topologies/jump-host.yaml", setup{jump: jumpNumber})
	leaver := b.at("10.0.1.14:20160")
	b.retire(leaver)
	before := b.tree()

	// Nobody gets there without the jump host.
	r := b.overSSH("prune", "-N", leaver.Address, "--dry-run")
	if r.code == 0 || !strings.Contains(r.out+r.errs, leaver.Host) {
		t.Fatalf("exit code %d without the jump host:\n%s%s", r.code, r.out, r.errs)
	}
	// With the file in its place nothing has to be said on the command line.
	config := string(readExample(t, "topologies/jump-host.ssh_config"))
	network, _, _ := strings.Cut(leaver.Host, ".14")
	for old, moved := range map[string]string{
		"10.0.1.": network + ".", "Port 22\n": "Port " + strconv.Itoa(layout.SSHPort) + "\n", "User tidb\n": "User " + b.Hosts().User() + "\n",
	} {
		if !strings.Contains(config, old) {
			t.Errorf("jump-host.ssh_config does not have %q", old)
		}
		config = strings.ReplaceAll(config, old, moved)
	}
	home := filepath.Join(b.state, ".ssh")
	b.must(os.CopyFS(home, os.DirFS(filepath.Dir(b.Hosts().KeyFile()))))
	b.must(os.Chmod(filepath.Join(home, "id_ed25519"), 0o600))
	b.must(os.WriteFile(filepath.Join(home, "config"), []byte(config), 0o600))
	b.wantTree(before)
	b.wantCode(b.run("prune", "-N", leaver.Address, "--yes"), 0)
	b.wantGone(before, b.tree(), slices.Concat(b.ofInstance(leaver.Host, "tikv-20160"), b.ofExporters(leaver.Host), []string{b.onDisk(leaver.Host, b.shared("/tidb-data/tikv-20160"))}))
	b.wantDead(leaver)
}
