package pdtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// operator is a scheduling operation on a region.
type operator struct {
	region   cluster.RegionID
	store    cluster.StoreID // peer to remove, 0 for work of PD's own
	desc     string
	brief    string
	kind     string
	epoch    cluster.RegionEpoch
	status   string
	created  time.Time
	finished time.Time
}

// String prints an operator as PD does.
func (o *operator) String() string {
	step := 0
	if o.status == "SUCCESS" {
		step = 1
	}
	return fmt.Sprintf("%s {%s} (kind:%s, region:%d(%d, %d), createAt:%s, startAt:%s, currentStep:%d, size:96, "+
		"steps:[0:{remove peer on store %d}], timeout:[1m0s])", o.desc, o.brief, o.kind, o.region, o.epoch.Version,
		o.epoch.ConfVer, o.created, o.created, step, o.store)
}

func (pd *PD) operatorRoutes() []route {
	return []route{
		{on: "GET /operators", query: []string{"kind"}, handle: pd.getOperators},
		{on: "POST /operators", fields: []string{"name", "region_id", "store_id"}, handle: pd.addOperator},
		{on: "GET /operators/{id}", query: []string{"from"}, handle: pd.getOperator},
		{on: "DELETE /operators/{id}", handle: pd.cancelOperator},
	}
}

func (pd *PD) getOperators(r *request) reply {
	kinds := r.URL.Query()["kind"]
	var out []string // null when empty, as PD sometimes answers
	for _, id := range slices.Sorted(maps.Keys(pd.operators)) {
		op := pd.operators[id]
		wanted := len(kinds) == 0 || slices.ContainsFunc(kinds, func(k string) bool { return strings.Contains(op.kind, k) })
		if op.status == "RUNNING" && wanted {
			out = append(out, op.String())
		}
	}
	return ok(out)
}

func (pd *PD) getOperator(r *request) reply {
	name := r.PathValue("id")
	if name == "records" && pd.profile.hasOperatorRecords() {
		return pd.getRecords(r)
	}
	id, isNumber := r.id()
	if !isNumber {
		return failed(http.StatusBadRequest, "strconv.ParseUint: parsing %q: invalid syntax", name)
	}
	op, known := pd.operators[cluster.RegionID(id)]
	if !known {
		return failed(http.StatusInternalServerError, "[PD:operator:ErrOperatorNotFound]operator not found")
	}
	text := "status: " + op.status + ", operator: " + op.String()
	if op.status == "SUCCESS" {
		text += " finished"
	}
	return ok(text)
}

func (pd *PD) getRecords(r *request) reply {
	from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
	if err != nil {
		return failed(http.StatusBadRequest, "%v", err)
	}
	var out []string
	for _, op := range pd.records {
		if op.finished.Unix() >= from {
			word := map[string]string{"SUCCESS": " finished", "TIMEOUT": " timeout"}[op.status]
			out = append(out, fmt.Sprintf("%s%s (finishAt:%s, duration:1s)", op, word, op.finished))
		}
	}
	if len(out) == 0 {
		return failed(http.StatusInternalServerError, "[PD:operator:ErrOperatorNotFound]operator not found")
	}
	return ok(out)
}

func (pd *PD) addOperator(r *request) reply {
	if r.body["name"] != "remove-peer" {
		return failed(http.StatusBadRequest, "unknown operator")
	}
	id, isNumber := r.body["region_id"].(float64)
	if !isNumber {
		return failed(http.StatusBadRequest, "missing region id")
	}
	store, isNumber := r.body["store_id"].(float64)
	if !isNumber {
		return failed(http.StatusBadRequest, "invalid store id to transfer peer to")
	}
	op := &operator{
		region: cluster.RegionID(id), store: cluster.StoreID(store), desc: "admin-remove-peer", kind: "admin,region",
		brief: fmt.Sprintf("rm peer: store [%d]", cluster.StoreID(store)), status: "RUNNING", created: pd.now(),
	}
	if refusal := pd.refuseRemovePeer(op); refusal != "" {
		return failed(http.StatusInternalServerError, "%s", refusal)
	}
	op.epoch = pd.region(op.region).Epoch
	pd.operators[op.region] = op
	if pd.obey {
		pd.carryOut(op)
	}
	return pd.done("The operator is created.")
}

// refuseRemovePeer are PD's own checks, which know nothing of majorities.
func (pd *PD) refuseRemovePeer(op *operator) string {
	r := pd.region(op.region)
	if r == nil {
		return fmt.Sprintf("[PD:region:ErrRegionNotFound]region %d not found", op.region)
	}
	voters := 0
	for i := range r.Peers {
		if r.Peers[i].Role != cluster.Learner && r.Peers[i].StoreID != op.store {
			voters++
		}
	}
	running, busy := pd.operators[op.region]
	switch {
	case r.PeerOn(op.store) == nil:
		return fmt.Sprintf("region has no peer in store %d", op.store)
	case !r.HasLeader():
		return "cannot build operator for region with no leader"
	case pd.profile >= V5_0 && r.InJointState():
		return "cannot build operator for region which is in joint state"
	case voters == 0:
		return "cannot remove the only voter of the region"
	case busy && running.status == "RUNNING" && strings.Contains(running.kind, "admin"):
		return "[PD:server:ErrAddOperator]failed to add operator, maybe already have one"
	}
	return ""
}

func (pd *PD) cancelOperator(r *request) reply {
	id, isNumber := r.id()
	if !isNumber {
		return failed(http.StatusBadRequest, "strconv.ParseUint: parsing %q: invalid syntax", r.PathValue("id"))
	}
	op, known := pd.operators[cluster.RegionID(id)]
	if !known || op.status != "RUNNING" {
		return failed(http.StatusInternalServerError, "[PD:operator:ErrOperatorNotFound]operator not found")
	}
	pd.end(op, "CANCEL")
	return pd.done("The pending operator is canceled.")
}

func (pd *PD) end(op *operator, status string) {
	op.status, op.finished = status, pd.now()
	pd.records = append(pd.records, op)
}

// carryOut removes the peer that an operator is about.
func (pd *PD) carryOut(op *operator) {
	r := pd.region(op.region)
	r.Peers = slices.DeleteFunc(r.Peers, func(p cluster.Peer) bool { return p.StoreID == op.store })
	if r.Leader.StoreID == op.store {
		r.Leader = r.Peers[0]
	}
	r.Epoch.ConfVer++
	pd.end(op, "SUCCESS")
}

// RunOperators carries out all running remove-peer operators and returns how
// many there were.
func (pd *PD) RunOperators() int {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	n := 0
	for _, id := range slices.Sorted(maps.Keys(pd.operators)) {
		if op := pd.operators[id]; op.status == "RUNNING" && op.store != 0 {
			pd.carryOut(op)
			n++
		}
	}
	return n
}

// ObeyOperators lets the stores carry out operators as soon as they are created.
func (pd *PD) ObeyOperators() {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.obey = true
}

// AddOperator adds a running operator of PD's own, such as
// "replace-rule-offline-peer".
func (pd *PD) AddOperator(id cluster.RegionID, desc, brief, kind string) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.operators[id] = &operator{region: id, desc: desc, brief: brief, kind: kind, status: "RUNNING", created: pd.now()}
}
