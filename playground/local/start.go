package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ebb/playground/certs"
	"ebb/playground/hosts"
	"ebb/playground/layout"
	"ebb/playground/pd"
	"ebb/playground/store"
	"ebb/playground/wire"
)

func (p *Playground) start(ctx context.Context) error {
	plan, err := p.layOut()
	if err != nil {
		return err
	}
	p.replicas = plan.Replicas
	tlsConfig, err := p.certs.Config()
	if err != nil {
		return err
	}
	// The hosts boot while PD starts; their stores wait for the fleet.
	booted := make(chan error, 1)
	if err := p.bootHosts(plan, booted); err != nil {
		return err
	}
	if err := p.startPD(ctx, plan); err != nil {
		return errors.Join(err, <-booted)
	}
	if err := <-booted; err != nil {
		return err
	}
	api := pd.NewAPI(p.pdURLs, tlsConfig)
	if p.version, err = api.Version(ctx); err != nil {
		return err
	}
	// A store newer than its PD, or of another release, is a fault of its own.
	plan.Version = strings.TrimPrefix(p.version, "v")
	if p.version == "None" {
		plan.Version = ""
	}
	if err := p.startStores(ctx, plan, api, tlsConfig); err != nil {
		return err
	}
	if p.cfg.StoreLimit > 0 {
		if err := api.SetStoreLimit(ctx, p.cfg.StoreLimit); err != nil {
			return err
		}
	}
	p.serveControl()
	topology, err := plan.Topology(p.pdURLs)
	if err != nil {
		return err
	}
	if err := os.WriteFile(p.Topology(), topology, 0o644); err != nil {
		return fmt.Errorf("write topology: %w", err)
	}
	return nil
}

// layOut decides where everything is, and makes the certificates if there is TLS.
func (p *Playground) layOut() (*layout.Layout, error) {
	if p.cfg.Topology == nil {
		return layout.New(p.cfg.Shape, p.cfg.Network.Host, p.cfg.Dir)
	}
	plan, err := layout.Adopt(p.cfg.Topology, p.cfg.Network.Host, p.cfg.Dir, hosts.SharedDir(p.cfg.Dir))
	if err != nil || !plan.TLS() {
		return plan, err
	}
	addresses := plan.PDHosts()
	for _, spec := range plan.Stores() {
		addresses = append(addresses, spec.Host)
	}
	p.certs, err = certs.Make(filepath.Join(p.cfg.Dir, "tls"), addresses)
	return plan, err
}

func (p *Playground) startPD(ctx context.Context, plan *layout.Layout) error {
	if plan.PD == 0 {
		return nil
	}
	p.progress("starting PD")
	cluster, err := pd.Start(ctx, pd.Config{
		Members:        plan.PD,
		Hosts:          plan.PDHosts(),
		Dir:            filepath.Join(p.cfg.Dir, "pd"),
		ServerBinary:   p.cfg.PDBinary,
		MaxReplicas:    plan.Replicas,
		LocationLabels: plan.LocationLabels(),
		IsolationLevel: plan.IsolationLevel(),
		PatrolInterval: patrolInterval,
		TLS:            p.certs,
	})
	if err != nil {
		return err
	}
	p.pd, p.pdURLs = cluster, cluster.Endpoints()
	return nil
}

func (p *Playground) startStores(ctx context.Context, plan *layout.Layout, api *pd.API, tlsConfig *tls.Config) error {
	bootstrapped, err := api.Bootstrapped(ctx)
	if err != nil {
		return err
	}
	regions := p.cfg.Regions
	if bootstrapped {
		regions = 0
	}
	p.progress(fmt.Sprintf("starting %d stores with %d regions", plan.TiKV+plan.TiFlash, regions))
	cfg := store.Config{
		PD:         p.pdURLs,
		TLS:        tlsConfig,
		Stores:     plan.Stores(),
		Regions:    regions,
		Replicas:   plan.Replicas,
		RegionSize: p.cfg.RegionSize,
		Learners:   min(p.cfg.Learners, plan.TiFlash),
		Timing:     store.DefaultTiming().Faster(p.cfg.Speed),
		Log:        p.cfg.Log,
	}
	if p.hosts != nil {
		if cfg.Processes, err = wire.Listen(wire.FleetSocket(p.cfg.Network.Host(1))); err != nil {
			return err
		}
		cfg.Machines = p.hosts
	}
	p.fleet, err = store.Start(ctx, cfg)
	return err
}
