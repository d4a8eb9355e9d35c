package pdtest

import (
	"net/http"
	"strconv"
	"time"

	"ebb/cluster"
)

func (pd *PD) limitRoutes() []route {
	return []route{
		{on: "GET /stores/limit", query: []string{"include_tombstone"}, handle: pd.getLimits},
		{on: "POST /store/{id}/limit", query: []string{"ttlSecond"}, fields: []string{"type", "rate"}, handle: pd.setLimit},
	}
}

func (pd *PD) getLimits(*request) reply {
	if pd.schedule["store-limit-version"] == "v2" {
		return failed(http.StatusBadRequest, "store limit v2 not support get limit")
	}
	out := make(map[string]any)
	for id, l := range pd.limits {
		if s, known := pd.stores[id]; known && s.State != cluster.Tombstone {
			out[id.String()] = map[string]any{"add-peer": l.AddPeer, "remove-peer": l.RemovePeer}
		}
	}
	return ok(out)
}

func (pd *PD) setLimit(r *request) reply {
	n, isNumber := r.id()
	if !isNumber {
		return invalid("strconv.ParseUint: parsing %q: invalid syntax", r.PathValue("id"))
	}
	id := cluster.StoreID(n)
	if _, known := pd.stores[id]; !known {
		return failed(http.StatusInternalServerError, "[PD:core:ErrStoreNotFound]store %d not found", id)
	}
	rate, isNumber := r.body["rate"].(float64)
	if !isNumber || rate <= 0 {
		return failed(http.StatusBadRequest, "invalid rate which should be larger than 0")
	}
	types := []cluster.LimitType{cluster.AddPeer, cluster.RemovePeer}
	if v, given := r.body["type"]; given {
		t, _ := v.(string)
		if t != string(cluster.AddPeer) && t != string(cluster.RemovePeer) {
			return failed(http.StatusBadRequest, "unknown type: %v", v)
		}
		types = []cluster.LimitType{cluster.LimitType(t)}
	}
	if ttl := r.URL.Query().Get("ttlSecond"); ttl != "" {
		seconds, err := strconv.Atoi(ttl)
		if err != nil || !pd.profile.hasLimitTTL() {
			return failed(http.StatusBadRequest, "ttlSecond is deprecated")
		}
		for _, t := range types {
			pd.limitTTL[string(t)+"-"+id.String()] = temporary{rate, pd.now().Add(time.Duration(max(seconds, 5)) * time.Second)}
		}
		return pd.done("The store's limit is updated.")
	}
	limit := pd.limits[id]
	for _, t := range types {
		if t == cluster.AddPeer {
			limit.AddPeer = rate
		} else {
			limit.RemovePeer = rate
		}
	}
	pd.limits[id] = limit
	return pd.done("The store's limit is updated.")
}

// Limit is the permanent limit of a store, which is what GET shows.
func (pd *PD) Limit(id cluster.StoreID) cluster.StoreLimit {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return pd.limits[id]
}

// EffectiveLimit is what PD works by: the temporary limit while it lives.
func (pd *PD) EffectiveLimit(id cluster.StoreID) cluster.StoreLimit {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	limit := pd.limits[id]
	if t, set := pd.limitTTL["add-peer-"+id.String()]; set && pd.now().Before(t.until) {
		limit.AddPeer = number(t.value)
	}
	if t, set := pd.limitTTL["remove-peer-"+id.String()]; set && pd.now().Before(t.until) {
		limit.RemovePeer = number(t.value)
	}
	return limit
}

// SetLimit sets the limits of a store behind PD's back.
func (pd *PD) SetLimit(id cluster.StoreID, l cluster.StoreLimit) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.limits[id] = l
}
