package e2e

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/playground/layout"
	"ebb/playground/local"
	"ebb/playground/loopback"
	"ebb/playground/store"
)

// setup describes a playground. Zero fields take the values in brackets.
type setup struct {
	members  int     // of PD (1)
	tikv     int     // stores (5)
	tiflash  int     // stores, with one replica of some tables if there are any
	zones    int     // label values that the stores are spread over; 0 for no zones
	regions  int     // (120)
	limit    float64 // add-peer of each store, a minute (noBrake, and for remove-peer as well)
	speed    float64 // of the stores (4)
	capacity uint64  // bytes of each store (2 TiB)
	// hosts gives the stores machines with SSH, units, processes and directories.
	hosts bool
	// userUnits gives the hosts units of a user (tiup's systemd_mode: user).
	userUnits bool
	// example is a topology below examples/ to adopt, in place of the numbers of
	// stores; jump is the number of a host through which alone the others can be
	// logged in to, 0 for none.
	example string
	jump    int
	// direct lets ebb talk to PD itself. Otherwise a recording proxy stands in
	// between, which checks every request.
	direct bool
}

// noBrake is a store limit that is never felt.
const noBrake = 100_000

func (s setup) withDefaults() setup {
	s.members, s.tikv, s.regions = orElse(s.members, 1), orElse(s.tikv, 5), orElse(s.regions, 120)
	s.limit, s.speed, s.capacity = orElse(s.limit, noBrake), orElse(s.speed, 4), orElse(s.capacity, 2<<40)
	return s
}

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// bench is a playground, and a machine from which ebb is used on it.
type bench struct {
	*testing.T
	*local.Playground
	proxy *proxy // nil if ebb talks to PD itself
	// endpoints is what ebb gets for -u, state its XDG_STATE_HOME.
	endpoints string
	state     string
}

// newBench starts a playground that ends with the test.
func newBench(t *testing.T, s setup) *bench {
	t.Helper()
	t.Parallel()
	s = s.withDefaults()
	playground := startPlayground(t, s)
	b := &bench{T: t, Playground: playground, state: t.TempDir(), endpoints: strings.Join(playground.PD(), ",")}
	if !s.direct {
		b.proxy = startProxy(t, playground.PD())
		b.endpoints = strings.Join(b.proxy.urls(), ",")
	}
	b.awaitSchedulers()
	removePeer := 15.0 // PD's default. The one of this process is what another test has set.
	if s.limit == noBrake {
		// PD's evict-leader cuts operators short that then leave a learner behind each,
		// to be removed at that pace.
		removePeer = noBrake
	}
	b.tell(http.MethodPost, "/stores/limit", map[string]any{"rate": removePeer, "type": "remove-peer"})
	b.awaitStoreLimits(map[string]float64{"add-peer": s.limit, "remove-peer": removePeer})
	return b
}

// startPlayground starts what a setup describes, until the test ends.
func startPlayground(t testing.TB, s setup) *local.Playground {
	t.Helper()
	shape := layout.Shape{
		PD: s.members, TiKV: s.tikv, TiFlash: s.tiflash, Zones: s.zones, Replicas: 3, Capacity: s.capacity,
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	network, err := loopback.HoldAny(ctx, shape.ProbePorts())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { network.Listener().Close() })
	dir, err := os.MkdirTemp("", "ebb-e2e-pd-") //nolint:usetesting // a killed PD may still write there when the test ends, over which t.TempDir would fail it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var topology []byte
	if s.example != "" {
		topology = readExample(t, s.example)
	}
	playground, err := local.Start(ctx, local.Config{
		Shape: shape, Topology: topology, JumpHost: s.jump, Network: network, Dir: dir, Regions: s.regions, RegionSize: 96,
		Learners: min(s.tiflash, 1), StoreLimit: s.limit, Speed: s.speed, Hosts: s.hosts, UserUnits: s.userUnits,
		Log: slog.New(slog.DiscardHandler),
	})
	if errors.Is(err, local.ErrNoNamespaces) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := playground.Close(); err != nil {
			t.Log("close playground:", err)
		}
	})
	return playground
}

// awaitSchedulers waits until PD runs its four default schedulers. It begins when
// it has heard of most regions, and again at each change of its leader; the list
// grows one by one.
func (b *bench) awaitSchedulers() {
	b.Helper()
	b.await("PD runs its schedulers", func() bool {
		_, names := b.ask(http.MethodGet, "/schedulers", nil)
		return strings.Count(names, "-scheduler") >= 4
	})
}

// moveLeader moves PD's leadership to the named member, or with an empty name to
// any other, and returns when that schedules. For a second or two after the change
// PD calls members unhealthy that are well, and ebb believes it.
func (b *bench) moveLeader(to string) {
	b.Helper()
	b.must(b.Members().TransferLeader(b.Context(), to))
	b.awaitSchedulers()
	b.await("PD calls all members healthy", func() bool {
		status, body := b.ask(http.MethodGet, "/health", nil)
		return status == http.StatusOK && strings.Count(body, `"health": true`) == len(b.PD())
	})
}

// usedLeader is the name of PD's leader, once it has led before. The first reload of
// its configuration changes a value that has nothing to do with us
// (flow-round-by-digit), and pictures from before and after would differ.
func (b *bench) usedLeader() string {
	b.Helper()
	name, err := b.Members().Leader(b.Context())
	b.must(err)
	b.moveLeader("")
	b.moveLeader(name)
	return name
}

// restartPD stops the only member and starts it again.
func (b *bench) restartPD() {
	b.Helper()
	name := b.Members().Members()[0]
	b.must(b.Members().StopMember(b.Context(), name))
	b.must(b.Members().StartMember(b.Context(), name))
	b.awaitSchedulers()
}

// in is the bench for a subtest.
func (b *bench) in(t *testing.T) *bench {
	c := *b
	c.T = t
	return &c
}

// must fails the test on an error.
func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// eventually bounds every wait for something that has to come. It is no measure
// of speed: a test that waits this long is a test that fails.
const eventually = 90 * time.Second

// await polls until ok.
func (b *bench) await(what string, ok func() bool) {
	b.Helper()
	for deadline := time.Now().Add(eventually); !ok(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatalf("did not happen: %s", what)
		}
	}
}

// tikv and tiflash return the stores of an engine in the order of the topology.
func (b *bench) tikv() []store.StoreState    { return b.engine(store.TiKV) }
func (b *bench) tiflash() []store.StoreState { return b.engine(store.TiFlash) }

func (b *bench) engine(engine string) []store.StoreState {
	return slices.DeleteFunc(b.Fleet().Stores(), func(s store.StoreState) bool { return s.Engine != engine })
}

// truth is what a store holds at this moment, whatever PD believes.
func (b *bench) truth(id uint64) store.StoreState {
	b.Helper()
	s, err := b.Fleet().Store(id)
	b.must(err)
	return s
}

// wantEmptied fails unless no region has a peer on the stores any more and every
// region has at least three voters that live.
func (b *bench) wantEmptied(ids ...uint64) {
	b.Helper()
	regions := b.Fleet().Regions(store.RegionFilter{})
	if len(regions) == 0 {
		b.Error("the fleet has no regions at all")
	}
	for _, r := range regions {
		voters := 0
		for _, p := range r.Peers {
			if slices.Contains(ids, p.Store) {
				b.Errorf("region %d still has a peer on store %d", r.ID, p.Store)
			}
			if p.Votes {
				voters++
			}
		}
		if voters < 3 || !r.Majority {
			b.Errorf("region %d has %d live voters (majority: %v), want 3: %+v", r.ID, voters, r.Majority, r.Peers)
		}
	}
}
