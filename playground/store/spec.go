package store

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Engines a simulated store can be. TiFlash stores hold learners only and
// register the flash service port as their address, as TiFlash's proxy does.
const (
	TiKV    = "tikv"
	TiFlash = "tiflash"
)

// DefaultVersion is the version stores report when Spec.Version is empty. It
// must be new enough for PD to use joint consensus (5.0) and not newer than the
// PD that playground embeds, which would log a warning for each store.
const DefaultVersion = "8.1.0"

// Spec describes one store the way a topology file does.
type Spec struct {
	Host string `json:"host"`
	// Port is the service port: 20160 for TiKV, 3930 (flash service) for
	// TiFlash. Zero picks a free port once; the store keeps it over restarts.
	Port int `json:"port"`
	// StatusPort serves /status, /config and /metrics. Zero picks a free one.
	StatusPort int `json:"status_port"`
	// PeerPort is TiFlash's raft port (20170). TiKV has none: it uses Port.
	PeerPort int               `json:"peer_port,omitempty"`
	Engine   string            `json:"engine"` // TiKV or TiFlash; empty is TiKV
	Labels   map[string]string `json:"labels,omitempty"`
	Capacity uint64            `json:"capacity"` // bytes; zero is 2 TiB
	// DeployDir and DataDir are reported, never created here. DataDir may be
	// several, with commas between, for TiFlash.
	DeployDir string `json:"deploy_dir,omitempty"`
	DataDir   string `json:"data_dir,omitempty"`
	Version   string `json:"version,omitempty"`
	// Hosted says that the store is a process of its own, which Config.Machines
	// start and which holds the store's ports. All three ports must be given.
	Hosted bool `json:"hosted,omitempty"`
}

// Config is everything Start needs.
type Config struct {
	PD     []string    // client URLs of any members; the others are discovered
	TLS    *tls.Config // for PD and the status ports; nil for plain text
	Stores []Spec
	// Regions is how many regions an empty cluster is given. A cluster that is
	// bootstrapped already keeps its own, and this must be zero.
	Regions    int
	Replicas   int   // voters per region; zero is 3, or fewer with fewer stores
	RegionSize int64 // MiB; zero is 96, TiKV's split size
	// Learners is the number of TiFlash learners per region of the first
	// quarter of the tables. Their placement rules are written to PD over
	// HTTP, as TiDB writes them for ALTER TABLE ... SET TIFLASH REPLICA.
	Learners int
	Timing   Timing
	Seed     int64
	Log      *slog.Logger // nil discards

	// Machines and Processes serve hosted stores: who starts them, and where
	// their processes report.
	Machines  Machines
	Processes net.Listener
}

// Timing holds every duration and rate of the simulation. Zero fields take the
// defaults of DefaultTiming.
type Timing struct {
	StoreHeartbeat time.Duration `json:"store_heartbeat"` // TiKV: 10 s
	// RegionHeartbeat is the time in which a store reports each region it
	// leads once, changed or not. TiKV: 60 s.
	RegionHeartbeat time.Duration `json:"region_heartbeat"`
	// OperatorDelay is the time from PD's order to the committed change, and
	// also the time a store needs to apply a snapshot that has arrived.
	OperatorDelay time.Duration `json:"operator_delay"`
	// SnapshotBandwidth is the MiB/s one store can send, and receive; it is
	// shared by the snapshots in flight there. TiKV limits itself to 100.
	SnapshotBandwidth float64 `json:"snapshot_bandwidth"`
	// SnapshotLimit is how many snapshots a store sends, and receives, at a
	// time; the rest wait. TiKV: 32 each.
	SnapshotLimit   int           `json:"snapshot_limit"`
	ElectionTimeout time.Duration `json:"election_timeout"` // TiKV: 10 s
	// DownPeerAfter is the silence after which a leader reports a peer as
	// down. TiKV: 10 min.
	DownPeerAfter time.Duration `json:"down_peer_after"`
}

// DefaultTiming is quicker than a real cluster where waiting teaches nothing
// (heartbeats, elections, down peers) and of its order of magnitude where speed
// is the subject: four stores take about 30 regions of 96 MiB per second, so
// PD's limits are felt before the snapshots are.
func DefaultTiming() Timing {
	return Timing{
		StoreHeartbeat:    time.Second,
		RegionHeartbeat:   10 * time.Second,
		OperatorDelay:     50 * time.Millisecond,
		SnapshotBandwidth: 1000,
		SnapshotLimit:     32,
		ElectionTimeout:   3 * time.Second,
		DownPeerAfter:     30 * time.Second,
	}
}

// Faster returns the timing of a simulation n times as fast. PD's own timers
// (10 s bury job, 20 s to Disconnected) are not ours to change.
func (t Timing) Faster(n float64) Timing {
	t = t.withDefaults(0)
	if n <= 0 {
		return t
	}
	for _, d := range []*time.Duration{&t.StoreHeartbeat, &t.RegionHeartbeat, &t.OperatorDelay, &t.ElectionTimeout, &t.DownPeerAfter} {
		*d = max(time.Duration(float64(*d)/n), time.Millisecond)
	}
	t.SnapshotBandwidth *= n
	return t
}

// busyRegions is the region count above which the default re-report interval
// becomes TiKV's 60 s: at 10 s, 100,000 regions would be 10,000 heartbeats a
// second, most of a core in PD for nothing.
const busyRegions = 20_000

func (t Timing) withDefaults(regions int) Timing {
	d := DefaultTiming()
	if regions > busyRegions {
		d.RegionHeartbeat = time.Minute
	}
	fill(&t.StoreHeartbeat, d.StoreHeartbeat)
	fill(&t.RegionHeartbeat, d.RegionHeartbeat)
	fill(&t.OperatorDelay, d.OperatorDelay)
	fill(&t.SnapshotBandwidth, d.SnapshotBandwidth)
	fill(&t.SnapshotLimit, d.SnapshotLimit)
	fill(&t.ElectionTimeout, d.ElectionTimeout)
	fill(&t.DownPeerAfter, d.DownPeerAfter)
	return t
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (s Spec) withDefaults() Spec {
	fill(&s.Host, "127.0.0.1")
	fill(&s.Engine, TiKV)
	fill(&s.Capacity, 2<<40)
	fill(&s.Version, DefaultVersion)
	return s
}

func (s Spec) validate() error {
	if s.Engine != TiKV && s.Engine != TiFlash {
		return fmt.Errorf("check store %s:%d: engine %q is neither %q nor %q", s.Host, s.Port, s.Engine, TiKV, TiFlash)
	}
	if s.Engine == TiKV && s.PeerPort != 0 {
		return fmt.Errorf("check store %s:%d: peer_port is for TiFlash only", s.Host, s.Port)
	}
	return nil
}

// complete fills in defaults and refuses what could not run.
func (c Config) complete() (Config, error) {
	if len(c.PD) == 0 {
		return c, errors.New("check config: no PD address")
	}
	stores := make([]Spec, len(c.Stores))
	tikv, tiflash := 0, 0
	for i, s := range c.Stores {
		stores[i] = s.withDefaults()
		if err := stores[i].validate(); err != nil {
			return c, err
		}
		if stores[i].Engine == TiFlash {
			tiflash++
		} else {
			tikv++
		}
	}
	c.Stores = stores
	if c.Replicas == 0 {
		c.Replicas = min(3, tikv)
	}
	if tikv == 0 || c.Replicas > tikv {
		return c, fmt.Errorf("check config: %d replicas need as many TiKV stores, have %d", max(c.Replicas, 1), tikv)
	}
	if c.Learners > tiflash {
		return c, fmt.Errorf("check config: %d learners need as many TiFlash stores, have %d", c.Learners, tiflash)
	}
	fill(&c.RegionSize, 96)
	c.Timing = c.Timing.withDefaults(c.Regions)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
