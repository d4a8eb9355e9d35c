package pdtest

import (
	"math"
	"net/http"

	"ebb/cluster"
)

// progress is PD's memory of how a store leaves. It is made by DELETE, renewed
// by RefreshProgress, and lost with the leader.
type progress struct {
	action   string
	fraction float64
	speed    float64
	left     float64 // seconds
	total    int64   // MiB at the start
	nan      bool
}

func (pd *PD) getProgress(r *request) reply {
	p, known := pd.progress[storeID(r.URL.Query().Get("id"))]
	switch {
	case !known:
		return failed(http.StatusNotFound, "[PD:progress:ErrProgressNotFound]no progress found for the given store ID: %s", r.URL.Query().Get("id"))
	case p.nan:
		return reply{status: http.StatusInternalServerError, plain: "json: unsupported value: NaN"}
	}
	left := p.left
	if p.speed == 0 && p.fraction < 1 || p.action != cluster.ActionRemoving {
		left = math.MaxFloat64
	}
	return ok(map[string]any{
		"action": p.action, "store_id": storeID(r.URL.Query().Get("id")), "progress": p.fraction,
		"current_speed": p.speed, "left_seconds": left,
	})
}

// RefreshProgress is PD's ten-second job: from now on the progress of Offline
// stores is about their removal. A store that started without any size gives NaN,
// which PD cannot print. After a change of the leader it starts over from what is
// left.
func (pd *PD) RefreshProgress() {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	if !pd.profile.hasProgress() {
		return
	}
	for id, s := range pd.stores {
		if s.State != cluster.Offline {
			continue
		}
		_, _, size := pd.counts(s)
		p := pd.progress[id]
		if p == nil {
			p = &progress{total: size}
			pd.progress[id] = p
		}
		done := p.total - size
		p.action, p.nan = cluster.ActionRemoving, p.total == 0
		p.fraction = float64(done) / float64(p.total)
		p.speed = float64(done) / 10
		p.left = float64(size) / p.speed
	}
}
