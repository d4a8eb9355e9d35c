package operators

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// endedStatuses are PD's words for an operator that has ended (4.0 to master).
// Whatever has another one, or none that can be read, may run.
var endedStatuses = []string{statusSuccess, "TIMEOUT", "CANCEL", "REPLACE"}

const statusSuccess = "SUCCESS"

// sight is what was seen of a region before it was changed.
type sight struct {
	region cluster.Region
	// operator is one that has ended, zero when there was none.
	operator cluster.Operator
}

// reconsider reads the region again and judges it again. ok is false when it must
// not be touched, or need not be; out then says why.
func (a *applier) reconsider(ctx context.Context, o Orphan) (seen sight, out Outcome, ok bool) {
	failed := func(err error) (sight, Outcome, bool) {
		if ctx.Err() != nil {
			return seen, Outcome{Result: NotTried}, false
		}
		return seen, Outcome{Result: NotTried, Err: err, Note: err.Error()}, false
	}
	scene, err := a.currentScene(ctx)
	if err != nil {
		if ctx.Err() == nil {
			a.fail(err) // it would be no other for the regions after this one
		}
		return failed(err)
	}
	op, known, err := a.pd.Operator(ctx, o.RegionID)
	if err != nil {
		return failed(fmt.Errorf("read the operator of region %d: %w", o.RegionID, err))
	}
	// The region is read last: its epoch is what PD's operator will be made from.
	r, found, err := a.pd.Region(ctx, o.RegionID)
	if err != nil {
		return failed(fmt.Errorf("read region %d: %w", o.RegionID, err))
	}
	seen = sight{r, op}
	switch {
	case !found:
		return seen, Outcome{Result: Moved, Note: "PD does not know the region now"}, false
	case r.PeerOn(o.StoreID) == nil:
		return seen, Outcome{Result: Already}, false
	case r.Epoch != o.Epoch:
		return seen, Outcome{Result: Moved, Note: fmt.Sprintf("epoch is %s, was %s", epochText(r.Epoch), epochText(o.Epoch))}, false
	case known && !slices.Contains(endedStatuses, op.Status):
		return seen, Outcome{Result: NotSafe, Note: "PD runs " + cmp.Or(op.Desc, op.Text, "an operator") + " on it"}, false
	}
	now := scene.Judge(&r, o.StoreID)
	if now.Verdict != Safe && (now.Verdict != Wait || o.Verdict != Wait) {
		return seen, Outcome{Result: NotSafe, Note: now.Reason.Text()}, false
	}
	return seen, out, true
}

func epochText(e cluster.RegionEpoch) string { return fmt.Sprintf("%d/%d", e.ConfVer, e.Version) }

// Poll pauses: an operator takes a fraction of a second where all goes well.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// follow waits until the peer is gone. What PD says of the operator alone is no
// proof: it forgets operators when its leader changes, and 200 means "created".
// answer is that of PD to the operator, an error when nobody knows it.
func (a *applier) follow(ctx context.Context, o Orphan, before sight, answer error) (Outcome, *cluster.RegionEpoch) {
	deadline := a.opts.Now().Add(a.opts.Timeout)
	out := Outcome{Result: InFlight, Err: answer, Note: "PD has the operator"}
	if answer != nil {
		out.Note = answer.Error()
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		r, found, err := a.pd.Region(ctx, o.RegionID)
		switch {
		case err != nil:
			if ctx.Err() == nil {
				out.Err, out.Note = err, err.Error()
			}
		case found && r.PeerOn(o.StoreID) == nil && r.Epoch.ConfVer > before.region.Epoch.ConfVer && r.HasLeader():
			return Outcome{Result: Removed}, &r.Epoch
		default:
			if why := a.givenUp(ctx, o, before.operator); why != "" {
				return Outcome{Result: Failed, Note: why}, nil
			}
		}
		if !a.opts.Now().Before(deadline) || a.opts.Sleep(ctx, pause) != nil {
			return out, nil
		}
	}
}

// removeDesc is what PD calls the operators of AddRemovePeer (4.0 to master).
const removeDesc = "admin-remove-peer"

// givenUp says why PD has given the operator up, "" while it has not. PD remembers
// the last operator of a region for ten minutes: that may be one from before, or
// somebody else's.
func (a *applier) givenUp(ctx context.Context, o Orphan, before cluster.Operator) string {
	op, ok, err := a.pd.Operator(ctx, o.RegionID)
	if err != nil || !ok || op.Status == statusSuccess || !slices.Contains(endedStatuses, op.Status) {
		return ""
	}
	old := op.Text == before.Text && op.Status == before.Status && op.CreatedAt.Equal(before.CreatedAt)
	if old || op.Desc != removeDesc || !strings.Contains(op.Brief, "["+o.StoreID.String()+"]") {
		return ""
	}
	return fmt.Sprintf("PD ended the operator: %s (%s)", op.Status, op.Desc)
}
