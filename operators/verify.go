package operators

import (
	"context"
	"fmt"
	"time"

	"ebb/cluster"
)

// statusRunning is PD's word for an operator that has not ended.
const statusRunning = "RUNNING"

// reconsider reads the region again and judges it again. ok is false when it must
// not be touched, or need not be; out then says why.
func (a *applier) reconsider(ctx context.Context, o Orphan) (r cluster.Region, out Outcome, ok bool) {
	failed := func(err error) (cluster.Region, Outcome, bool) {
		if ctx.Err() != nil {
			return r, Outcome{Result: NotTried}, false
		}
		return r, Outcome{Result: Failed, Err: err, Note: err.Error()}, false
	}
	scene, err := a.currentScene(ctx)
	if err != nil {
		return failed(err)
	}
	op, running, err := a.pd.Operator(ctx, o.RegionID)
	if err != nil {
		return failed(fmt.Errorf("read the operator of region %d: %w", o.RegionID, err))
	}
	// The region is read last: its epoch is what PD's operator will be made from.
	r, found, err := a.pd.Region(ctx, o.RegionID)
	if err != nil {
		return failed(fmt.Errorf("read region %d: %w", o.RegionID, err))
	}
	switch {
	case !found:
		return r, Outcome{Result: Moved, Note: "PD does not know the region now"}, false
	case r.PeerOn(o.StoreID) == nil:
		return r, Outcome{Result: Already}, false
	case r.Epoch != o.Epoch:
		return r, Outcome{Result: Moved, Note: fmt.Sprintf("epoch is %s, was %s", epochText(r.Epoch), epochText(o.Epoch))}, false
	case running && op.Status == statusRunning:
		return r, Outcome{Result: NotSafe, Note: fmt.Sprintf("PD runs %s on it", op.Desc)}, false
	}
	now := scene.Judge(&r, o.StoreID)
	if now.Verdict != Safe && (now.Verdict != Wait || o.Verdict != Wait) {
		return r, Outcome{Result: NotSafe, Note: now.Reason.Text()}, false
	}
	return r, out, true
}

func epochText(e cluster.RegionEpoch) string { return fmt.Sprintf("%d/%d", e.ConfVer, e.Version) }

// Poll pauses: an operator takes a fraction of a second where all goes well.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// follow waits until the peer is gone. What PD says of the operator alone is no
// proof: it forgets operators when its leader changes, and 200 means "created".
func (a *applier) follow(ctx context.Context, o Orphan, before cluster.RegionEpoch) (Outcome, *cluster.RegionEpoch) {
	deadline := a.opts.Now().Add(a.opts.Timeout)
	note := "PD has the operator"
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		r, found, err := a.pd.Region(ctx, o.RegionID)
		switch {
		case err != nil:
			note = err.Error()
		case found && r.PeerOn(o.StoreID) == nil && r.Epoch.ConfVer > before.ConfVer && r.HasLeader():
			return Outcome{Result: Removed}, &r.Epoch
		default:
			if end, why := a.ended(ctx, o); end {
				return Outcome{Result: Failed, Note: why}, nil
			}
		}
		if !a.opts.Now().Before(deadline) || a.opts.Sleep(ctx, pause) != nil {
			return Outcome{Result: InFlight, Note: note}, nil
		}
	}
}

// ended reports whether PD has given the operator up.
func (a *applier) ended(ctx context.Context, o Orphan) (bool, string) {
	op, ok, err := a.pd.Operator(ctx, o.RegionID)
	if err != nil || !ok {
		return false, ""
	}
	switch op.Status {
	case "TIMEOUT", "CANCEL", "CANCELED", "EXPIRED", "REPLACE", "REPLACED":
		return true, fmt.Sprintf("PD ended the operator: %s (%s)", op.Status, op.Desc)
	}
	return false, ""
}
