package store

import (
	"context"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
)

// process is one run of a store: its open ports and its conversations with PD.
// Stopping the store ends the process; starting it makes a new one.
type process struct {
	fleet  *Fleet
	store  *member
	meta   *metapb.Store
	ports  *ports
	cancel context.CancelFunc
	wg     sync.WaitGroup
	// joined is closed when PD has taken the store's first heartbeat.
	joined chan struct{}
}

// spawn starts the process of a store on ports that are open already.
func (f *Fleet) spawn(s *member, p *ports) *process {
	ctx, cancel := context.WithCancel(context.Background())
	proc := &process{fleet: f, store: s, meta: storeMeta(s), ports: p, cancel: cancel, joined: make(chan struct{})}
	p.serve(&proc.wg, statusHandler(f, s.id), f.cfg.TLS)
	proc.wg.Add(2)
	go func() { defer proc.wg.Done(); proc.beat(ctx) }()
	go func() { defer proc.wg.Done(); proc.report(ctx) }()
	return proc
}

// stop closes the ports and waits until nothing of the process is left.
func (p *process) stop() {
	p.cancel()
	p.ports.close()
	p.wg.Wait()
}

// storeMeta is how the store introduces itself to PD. TiKV reports the
// directory of its binary, TiFlash's proxy the binary.
func storeMeta(s *member) *metapb.Store {
	spec := s.spec
	meta := &metapb.Store{
		Id: s.id, Address: spec.address(), StatusAddress: spec.statusAddress(), PeerAddress: spec.peerAddress(),
		Version: spec.Version, StartTimestamp: time.Now().Unix(), GitHash: "simulated",
	}
	if spec.DeployDir != "" {
		meta.DeployPath = filepath.Join(spec.DeployDir, "bin")
	}
	if spec.Engine == TiFlash {
		meta.Labels = append(meta.Labels, &metapb.StoreLabel{Key: "engine", Value: TiFlash})
		if spec.DeployDir != "" {
			meta.DeployPath = filepath.Join(spec.DeployDir, "bin", "tiflash")
		}
	}
	for k, v := range spec.Labels {
		meta.Labels = append(meta.Labels, &metapb.StoreLabel{Key: k, Value: v})
	}
	sort.Slice(meta.Labels, func(i, j int) bool { return meta.Labels[i].Key < meta.Labels[j].Key })
	return meta
}

// beat registers the store and then heartbeats until the process ends. Whatever
// PD answers, it goes on: a store whose id is Tombstone in PD keeps asking, as
// TiKV does, and recovers if its record is removed.
func (p *process) beat(ctx context.Context) {
	registered := false
	for first := true; ; first = false {
		if !first && sleep(ctx, p.fleet.cfg.Timing.StoreHeartbeat) != nil {
			return
		}
		var err error
		if !registered {
			err = p.fleet.pd.putStore(ctx, p.meta)
			registered = err == nil
		}
		if err == nil {
			err = p.fleet.pd.storeHeartbeat(ctx, p.fleet.stats(p.store, p.meta))
		}
		if ctx.Err() != nil {
			return
		}
		p.fleet.noteAnswer(p.store, err)
		if err == nil {
			p.markJoined()
		}
	}
}

func (p *process) markJoined() {
	select {
	case <-p.joined:
	default:
		close(p.joined)
	}
}

// noteAnswer keeps PD's answer for Stores and logs when it changes.
func (f *Fleet) noteAnswer(s *member, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	f.mu.Lock()
	changed := s.lastError != text
	s.lastError = text
	f.mu.Unlock()
	if changed && err != nil {
		f.log.Warn("store heartbeat failed", "store", s.id, "err", text)
	}
}

// stats is the store heartbeat's content.
func (f *Fleet) stats(s *member, meta *metapb.Store) *pdpb.StoreStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := uint64(time.Now().Unix())
	return &pdpb.StoreStats{
		StoreId: s.id, Capacity: s.spec.Capacity, UsedSize: s.used(), Available: s.spec.Capacity - s.used(),
		RegionCount: uint32(s.peers), SendingSnapCount: uint32(s.sending), ReceivingSnapCount: uint32(s.receiving),
		ApplyingSnapCount: uint32(s.applying), StartTime: uint32(meta.GetStartTimestamp()),
		IsBusy: s.busy, SlowScore: s.slowScore,
		Interval: &pdpb.TimeInterval{StartTimestamp: now - uint64(f.cfg.Timing.StoreHeartbeat/time.Second), EndTimestamp: now},
	}
}
