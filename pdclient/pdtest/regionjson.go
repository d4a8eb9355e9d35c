package pdtest

import (
	"net/http"

	"ebb/cluster"
)

// wireRegion prints a region as this version does.
func (pd *PD) wireRegion(r *cluster.Region) map[string]any {
	out := map[string]any{
		"id": r.ID, "start_key": hexKey(r.StartKey), "end_key": hexKey(r.EndKey),
		"epoch": r.Epoch, "peers": pd.wirePeers(r.Peers), "written_bytes": 0, "read_bytes": 0,
		"approximate_size": r.ApproximateSizeMiB, "approximate_keys": r.ApproximateKeys,
	}
	switch {
	case r.HasLeader():
		out["leader"] = pd.wirePeer(r.Leader)
	case pd.profile < V5_0: // left out
	case pd.profile < V6_5:
		out["leader"] = map[string]any{"role_name": "Voter"}
	default:
		out["leader"] = map[string]any{"role_name": ""}
	}
	if len(r.Pending) > 0 {
		out["pending_peers"] = pd.wirePeers(r.Pending)
	}
	if len(r.Down) > 0 {
		var down []any
		for _, d := range r.Down {
			down = append(down, map[string]any{"peer": pd.wirePeer(d.Peer), "down_seconds": d.DownSeconds})
		}
		out["down_peers"] = down
	}
	return out
}

func (pd *PD) wirePeers(list []cluster.Peer) []any {
	out := []any{}
	for _, p := range list {
		out = append(out, pd.wirePeer(p))
	}
	return out
}

func (pd *PD) wirePeer(p cluster.Peer) map[string]any {
	out := map[string]any{"id": p.ID, "store_id": p.StoreID}
	if p.Role == cluster.Learner {
		out["is_learner"] = true
	}
	if pd.profile.hasRoles() {
		putNonZero(out, "role", int(p.Role))
		out["role_name"] = p.Role.String()
	}
	if pd.profile.hasWitness() && p.IsWitness {
		out["is_witness"] = true
	}
	return out
}

// getRegion is where the versions differ most: an unknown region is null, an
// object of zeros, or a 404; a region without leader makes some panic.
func (pd *PD) getRegion(r *request) reply {
	id, isNumber := r.id()
	region := pd.region(cluster.RegionID(id))
	switch {
	case !isNumber:
		return failed(http.StatusBadRequest, "strconv.ParseUint: parsing %q: invalid syntax", r.PathValue("id"))
	case region == nil && pd.profile.has404Region():
		return failed(http.StatusNotFound, "[PD:region:ErrRegionNotFound]region %d not found", id)
	case region == nil && pd.profile.saysZeroRegion():
		return ok(pd.wireRegion(&cluster.Region{}))
	case region == nil:
		return reply{status: http.StatusOK, raw: []byte("null")}
	case !region.HasLeader() && pd.profile.panicsOnLeaderless():
		return reply{status: http.StatusInternalServerError,
			plain: "PANIC: runtime error: invalid memory address or nil pointer dereference\ngoroutine 1 [running]:"}
	}
	return ok(pd.wireRegion(region))
}

// getStats refuses to be asked up to the end of the key space: that can make a
// real PD spin until it is restarted.
func (pd *PD) getStats(r *request) reply {
	query := r.URL.Query()
	end := query.Get("end_key")
	if end == "" {
		pd.violations = append(pd.violations, "GET /stats/region: without end_key, which can hang PD")
	}
	list := pd.between(query.Get("start_key"), end)
	if query.Has("count") && pd.profile.hasStatsCount() {
		return ok(map[string]any{"count": len(list), "store_leader_count": nil, "store_peer_count": nil})
	}
	peers, leaders := make(map[string]int), make(map[string]int)
	size := int64(0)
	for _, region := range list {
		for _, p := range region.Peers {
			peers[p.StoreID.String()]++
		}
		leaders[region.Leader.StoreID.String()]++
		size += region.ApproximateSizeMiB
	}
	return ok(map[string]any{
		"count": len(list), "empty_count": 0, "storage_size": size, "storage_keys": 0,
		"store_leader_count": leaders, "store_peer_count": peers,
	})
}
