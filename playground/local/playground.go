// Package local joins the parts of a playground: a PD, simulated stores, the
// control API and the topology file that describes them.
package local

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"ebb/playground/certs"
	"ebb/playground/control"
	"ebb/playground/hosts"
	"ebb/playground/layout"
	"ebb/playground/loopback"
	"ebb/playground/pd"
	"ebb/playground/store"
)

// topologyFile is the name of the topology in the playground's directory.
const topologyFile = "topology.yaml"

// patrolInterval is PD's pause between two batches of 128 regions to check. With
// its default of 10 ms PD looks at 2,000 regions six times a second, which costs
// a third of a core for as long as the playground runs; a real cluster takes
// seconds for one round, as this one does with 100,000 regions.
const patrolInterval = 50 * time.Millisecond

// Config describes a playground before it starts.
type Config struct {
	Shape layout.Shape
	// Topology is a tiup topology to adopt, in place of Shape: see layout.Adopt. It
	// takes Hosts.
	Topology []byte
	// JumpHost is the number of a host more, through which alone the others can be
	// logged in to; 0 for none.
	JumpHost int
	Network  *loopback.Network // held by the caller, who also gives it back
	Dir      string            // exists

	// PDBinary is a pd-server to run instead of the embedded PD. JoinPD are the
	// client URLs of a PD that runs already; Shape.PD is 0 then.
	PDBinary string
	JoinPD   []string

	Regions    int
	RegionSize int64 // MiB
	// Learners is the number of TiFlash replicas of the tables that have any, as far as
	// there are stores for them.
	Learners int
	// StoreLimit is the add-peer limit of each store, per minute; 0 keeps PD's.
	StoreLimit float64
	// Hosts gives the stores hosts: processes, directories, units and SSH servers.
	// Without, the stores run in this process, and a hundred thousand regions or
	// more are no trouble.
	Hosts bool
	// UserUnits makes them as they are where this machine allows no namespaces: their
	// units are those of the user (tiup's systemd_mode: user).
	UserUnits bool

	// Speed divides the time that heartbeats, operators and snapshots take.
	Speed float64

	Log      *slog.Logger
	Progress func(step string) // told what is being started
}

// Playground is a running playground.
type Playground struct {
	cfg    Config
	pd     *pd.Cluster // nil if PD is not ours
	hosts  *hosts.Set  // nil without hosts
	fleet  *store.Fleet
	server *http.Server
	certs  *certs.Files // nil without TLS
	// replicas is the number of voters of each region.
	replicas int
	pdURLs   []string
	version  string
}

// Start starts everything and returns when all regions are known to PD. ctx
// bounds the start only.
func Start(ctx context.Context, cfg Config) (*Playground, error) {
	p := &Playground{cfg: cfg, pdURLs: cfg.JoinPD}
	if err := p.start(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *Playground) serveControl() {
	var members control.PD
	if p.pd != nil {
		members = p.pd
	}
	p.server = &http.Server{
		Handler:           control.NewHandler(p.fleet, members, p.hosts),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() {
		if err := p.server.Serve(p.cfg.Network.Listener()); !errors.Is(err, http.ErrServerClosed) {
			p.cfg.Log.Error("control API ended", "error", err)
		}
	}()
}

// Close ends everything within seconds. The control API goes last: its address
// holds the network, and with it the ports that the others still have.
func (p *Playground) Close() error {
	failures := make([]error, 0, 4)
	if p.hosts != nil {
		failures = append(failures, p.hosts.Close())
	}
	if p.fleet != nil {
		failures = append(failures, p.fleet.Close())
	}
	if p.pd != nil {
		failures = append(failures, p.pd.Close())
	}
	if p.server != nil {
		failures = append(failures, p.server.Close())
	}
	return errors.Join(failures...)
}

// Topology returns the path of the topology file.
func (p *Playground) Topology() string { return filepath.Join(p.cfg.Dir, topologyFile) }

// PD returns the client URLs of PD.
func (p *Playground) PD() []string { return p.pdURLs }

// PDVersion returns what PD says it is.
func (p *Playground) PDVersion() string { return p.version }

// Fleet returns the simulated stores.
func (p *Playground) Fleet() *store.Fleet { return p.fleet }

// Hosts returns the hosts, or nil if there are none.
func (p *Playground) Hosts() *hosts.Set { return p.hosts }

// Replicas is the number of voters of each region.
func (p *Playground) Replicas() int { return p.replicas }

// Certs returns the certificates, or nil if there is no TLS.
func (p *Playground) Certs() *certs.Files { return p.certs }

// Members returns the PD cluster, or nil if the stores joined another one.
func (p *Playground) Members() *pd.Cluster { return p.pd }

func (p *Playground) progress(step string) {
	if p.cfg.Progress != nil {
		p.cfg.Progress(step)
	}
}
