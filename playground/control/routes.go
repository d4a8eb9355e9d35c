package control

import (
	"context"
	"net/http"

	"ebb/playground/store"
)

// Bodies of requests that the store package has no type for.
type (
	// Fill is the body of POST /stores/{id}/fill.
	Fill struct {
		Fraction float64 `json:"fraction"` // of the capacity, 0 to 1
	}
	// OnStore is the body of POST /regions/{id}/pending and /down.
	OnStore struct {
		Store uint64 `json:"store"`
	}
	// Resize is the body of POST /regions/{id}/resize.
	Resize struct {
		MiB int64 `json:"mib"`
	}
	// Mute is the body of POST /regions/{id}/mute.
	Mute struct {
		Mute bool `json:"mute"`
	}
	// Affected is the answer to faults that choose the regions themselves.
	Affected struct {
		Regions []uint64 `json:"regions"`
	}
	// Leader is the body of POST /pd/leader and the answer to GET /pd/leader.
	Leader struct {
		Name string `json:"name"` // empty in a POST: any other member
	}
)

func (h *handler) storeRoutes() []route {
	f := h.fleet
	return []route{
		get("/stores", "all stores as they truly are", nil, func(context.Context, input) (any, error) {
			return f.Stores(), nil
		}),
		get("/stores/{id}", "one store", nil, func(_ context.Context, in input) (any, error) {
			return h.storeAt(in)
		}),
		post("/stores", "start one more store", func(ctx context.Context, _ input, spec store.Spec) (any, error) {
			id, err := f.AddStore(ctx, spec)
			if err != nil {
				return nil, err
			}
			return f.Store(id)
		}),
		h.onStore("stop", "end its process as kill -9 would", f.StopStore),
		h.onStore("start", "start its process again", f.StartStore),
		h.onStore("restart", "stop and start it", f.RestartStore),
		h.onStore("forget", "end its process for good", f.ForgetStore),
		post("/stores/{id}/slow", "make it slow or busy, or well again", func(_ context.Context, in input, how store.Slowness) (any, error) {
			return h.changeStore(in, func(id uint64) error { return f.SlowStore(id, how) })
		}),
		post("/stores/{id}/fill", "make it report this much used space", func(_ context.Context, in input, fill Fill) (any, error) {
			return h.changeStore(in, func(id uint64) error { return f.FillStore(id, fill.Fraction) })
		}),
	}
}

func (h *handler) onStore(verb, does string, change func(uint64) error) route {
	return post("/stores/{id}/"+verb, does, func(_ context.Context, in input, _ none) (any, error) {
		return h.changeStore(in, change)
	})
}

// changeStore answers with the store as it is after the change.
func (h *handler) changeStore(in input, change func(uint64) error) (any, error) {
	id, err := in.id(0)
	if err != nil {
		return nil, err
	}
	if err := change(id); err != nil {
		return nil, err
	}
	return h.fleet.Store(id)
}

func (h *handler) storeAt(in input) (any, error) {
	return h.changeStore(in, func(uint64) error { return nil })
}

func (h *handler) regionRoutes() []route {
	f := h.fleet
	return []route{
		get("/regions", "regions as they truly are, in key order", []string{"store", "limit", "no_majority"}, h.listRegions),
		get("/regions/{id}", "one region", nil, func(_ context.Context, in input) (any, error) {
			return h.changeRegion(in, func(uint64) error { return nil })
		}),
		post("/regions/{id}/pending", "its peer on a store waits for a snapshot that never comes", func(_ context.Context, in input, at OnStore) (any, error) {
			return h.changeRegion(in, func(id uint64) error { return f.PendingPeer(id, at.Store) })
		}),
		post("/regions/{id}/down", "its peer on a store falls silent", func(_ context.Context, in input, at OnStore) (any, error) {
			return h.changeRegion(in, func(id uint64) error { return f.DownPeer(id, at.Store) })
		}),
		post("/regions/{id}/resize", "set its size", func(_ context.Context, in input, to Resize) (any, error) {
			return h.changeRegion(in, func(id uint64) error { return f.ResizeRegion(id, to.MiB) })
		}),
		post("/regions/{id}/mute", "its leader stops heartbeating, or begins again", func(_ context.Context, in input, m Mute) (any, error) {
			return h.changeRegion(in, func(id uint64) error { return f.MuteRegion(id, m.Mute) })
		}),
		post("/regions/{id}/joint", "hold it in a joint state", func(ctx context.Context, in input, _ none) (any, error) {
			return h.changeRegion(in, func(id uint64) error { return f.JointStuck(ctx, id) })
		}),
		post("/regions/{id}/heal", "undo its faults", func(_ context.Context, in input, _ none) (any, error) {
			return h.changeRegion(in, f.HealRegion)
		}),
	}
}

func (h *handler) changeRegion(in input, change func(uint64) error) (any, error) {
	id, err := in.id(0)
	if err != nil {
		return nil, err
	}
	if err := change(id); err != nil {
		return nil, err
	}
	return h.regionByID(id)
}

func (h *handler) listRegions(_ context.Context, in input) (any, error) {
	at, err := in.queryID("store")
	if err != nil {
		return nil, err
	}
	limit, err := in.queryID("limit")
	if err != nil {
		return nil, err
	}
	lost := in.query.Get("no_majority")
	if lost != "" && lost != "true" && lost != "false" {
		return nil, &Error{Status: http.StatusBadRequest, Message: "read no_majority: it is neither true nor false"}
	}
	return h.fleet.Regions(store.RegionFilter{Store: at, Limit: int(limit), NoMajority: lost == "true"}), nil
}

func (h *handler) faultRoutes() []route {
	return []route{
		post("/fault/orphan", "give regions a peer on a store id that PD does not know", func(ctx context.Context, _ input, o store.Orphan) (any, error) {
			ids, err := h.fleet.OrphanPeers(ctx, o)
			return Affected{Regions: ids}, err
		}),
		post("/fault/lose-majority", "destroy most peers of regions while their stores run", func(_ context.Context, _ input, l store.Loss) (any, error) {
			ids, err := h.fleet.LoseMajority(l)
			return Affected{Regions: ids}, err
		}),
		post("/fault/ignore-operators", "make stores deaf to PD's orders, or listen again", func(_ context.Context, _ input, o store.Obedience) (any, error) {
			return done{OK: true}, h.fleet.IgnoreOperators(o)
		}),
	}
}

func (h *handler) pdRoutes() []route {
	return []route{
		get("/pd/leader", "the name of PD's leader", nil, func(ctx context.Context, _ input) (any, error) {
			if err := h.ownPD(); err != nil {
				return nil, err
			}
			name, err := h.pd.Leader(ctx)
			return Leader{Name: name}, fromPD(err)
		}),
		post("/pd/leader", "move PD's leadership to a member, or away", func(ctx context.Context, _ input, to Leader) (any, error) {
			if err := h.ownPD(); err != nil {
				return nil, err
			}
			return done{OK: true}, fromPD(h.pd.TransferLeader(ctx, to.Name))
		}),
		post("/pd/members/{name}/stop", "end a PD member's process", func(ctx context.Context, in input, _ none) (any, error) {
			if err := h.ownPD(); err != nil {
				return nil, err
			}
			return done{OK: true}, fromPD(h.pd.StopMember(ctx, in.args[0]))
		}),
		post("/pd/members/{name}/start", "start a PD member again", func(ctx context.Context, in input, _ none) (any, error) {
			if err := h.ownPD(); err != nil {
				return nil, err
			}
			return done{OK: true}, fromPD(h.pd.StartMember(ctx, in.args[0]))
		}),
	}
}

// ownPD refuses what would need PD's processes to be ours.
func (h *handler) ownPD() error {
	if h.pd == nil {
		return &Error{Status: http.StatusConflict, Message: "steer PD: this playground joined a PD that it did not start; use that PD's own tools"}
	}
	return nil
}

func fromPD(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Status: http.StatusBadGateway, Message: err.Error()}
}
