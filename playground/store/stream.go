package store

import (
	"context"
	"fmt"
	"time"

	"github.com/pingcap/kvproto/pkg/pdpb"
)

// reportBatch is how many region heartbeats are built per turn of the model's
// lock. Small enough that other stores are not held up, large enough that bulk
// loading is not spent on locking.
const reportBatch = 256

// report keeps the store's region heartbeat stream to PD's leader open, and
// opens a new one when the leader changes or the stream breaks.
func (p *process) report(ctx context.Context) {
	select { // PD ends the stream of a store it does not know
	case <-p.joined:
	case <-ctx.Done():
		return
	}
	var before string
	for ctx.Err() == nil {
		err := p.stream(ctx)
		if ctx.Err() != nil {
			return
		}
		// While PD is away this comes around ten times a second.
		if text := fmt.Sprint(err); text != before {
			p.fleet.log.Info("region heartbeat stream ended", "store", p.store.id, "err", text)
			before = text
		}
		if sleep(ctx, retryPause) != nil {
			return
		}
		_ = p.fleet.pd.refresh(ctx) // best effort: the next stream shows
	}
}

// stream runs one region heartbeat stream until it ends.
func (p *process) stream(ctx context.Context) error {
	t, err := p.fleet.pd.target(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	stream, err := t.RegionHeartbeat(ctx)
	if err != nil {
		cancel()
		return fmt.Errorf("open region heartbeat stream to %s: %w", t.url, err)
	}
	received := make(chan error, 1)
	go func() { received <- p.receive(stream) }()
	p.fleet.withSim(func(m *sim) { m.reportAll(p.store) })
	err, ended := p.send(ctx, t, stream, received)
	cancel()
	if !ended {
		if end := <-received; err == nil {
			err = end
		}
	}
	return err
}

// send writes queued heartbeats until something ends the stream; ended says
// that it was the receiving side.
func (p *process) send(ctx context.Context, t target, stream pdpb.PD_RegionHeartbeatClient, received <-chan error) (err error, ended bool) {
	for {
		batch := p.fleet.takeHeartbeats(p.store, t.clusterID)
		for _, hb := range batch {
			if err := stream.Send(hb); err != nil {
				return fmt.Errorf("send region heartbeat to %s: %w", t.url, err), false
			}
		}
		if len(batch) > 0 {
			p.fleet.noteSent(p.store, batch[len(batch)-1].GetRegion().GetId())
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err(), false
		case <-t.moved:
			return fmt.Errorf("PD leader is no longer %s", t.url), false
		case err := <-received:
			return err, true
		case <-p.store.notify:
		}
	}
}

// receive hands PD's orders to the model. Refused heartbeats come back on the
// same stream; the next report of the region will tell, so they are only logged.
func (p *process) receive(stream pdpb.PD_RegionHeartbeatClient) error {
	for {
		resp, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := refusal(resp.GetHeader()); err != nil {
			p.fleet.log.Debug("PD refused a region heartbeat", "store", p.store.id, "err", err)
			continue
		}
		if resp.GetRegionId() != 0 { // 0 is a keep-alive
			p.fleet.withSim(func(m *sim) { m.obey(p.store, resp) })
		}
	}
}

// takeHeartbeats builds the next heartbeats of a store.
func (f *Fleet) takeHeartbeats(s *member, clusterID uint64) []*pdpb.RegionHeartbeatRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	regions := f.sim.take(s, reportBatch)
	s.writing = len(regions) > 0
	out := make([]*pdpb.RegionHeartbeatRequest, len(regions))
	for i, r := range regions {
		out[i] = f.sim.heartbeat(r, clusterID)
	}
	return out
}

// askSplit gets ids for a split from PD and completes it; it runs beside the
// model, which must not wait for PD.
func (f *Fleet) askSplit(order splitOrder) {
	f.background(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		ids, err := f.pd.splitIDs(ctx, order.region, len(order.keys))
		if err != nil {
			f.log.Warn("split refused", "region", order.region.GetId(), "err", err)
		}
		f.withSim(func(m *sim) {
			if made := m.finishSplit(order, ids); made != nil {
				f.background(func(ctx context.Context) {
					if err := f.pd.reportSplit(ctx, made); err != nil {
						f.log.Debug("split report refused", "region", order.region.GetId(), "err", err)
					}
				})
			}
		})
	})
}
