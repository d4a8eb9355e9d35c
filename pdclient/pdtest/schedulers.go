package pdtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

const evictLeader = "evict-leader-scheduler"

var checkerNames = []string{"learner", "replica", "rule", "split", "merge", "joint-state"}

func (pd *PD) scheduleRoutes() []route {
	return []route{
		{on: "GET /schedulers", query: []string{"status"}, handle: pd.getSchedulers},
		{on: "POST /schedulers", fields: []string{"name", "store_id"}, handle: pd.addScheduler},
		{on: "POST /schedulers/{name}", fields: []string{"delay"}, handle: pd.pauseScheduler},
		{on: "DELETE /schedulers/{name}", handle: pd.removeScheduler},
		{on: "GET /scheduler-config/" + evictLeader + "/list", handle: pd.getEvicting},
		{on: "GET /checker/{name}", absent: !pd.profile.hasCheckers(), handle: pd.getChecker},
		{on: "GET /admin/unsafe/remove-failed-stores/show", absent: !pd.profile.hasUnsafeRecovery(), handle: pd.getRecovery},
	}
}

func (pd *PD) schedulerNames() []string {
	names := []string{"balance-hot-region-scheduler", "balance-leader-scheduler", "balance-region-scheduler"}
	if len(pd.evicting) > 0 {
		names = append(names, evictLeader)
	}
	return names
}

func (pd *PD) getSchedulers(r *request) reply {
	names := pd.schedulerNames()
	switch r.URL.Query().Get("status") {
	case "paused":
		names = slices.DeleteFunc(names, func(n string) bool { return !pd.now().Before(pd.paused[n]) })
	case "disabled":
		names = []string{}
	}
	return ok(names)
}

func (pd *PD) addScheduler(r *request) reply {
	name, isString := r.body["name"].(string)
	if !isString {
		return failed(http.StatusBadRequest, "missing scheduler name")
	}
	if name != evictLeader {
		return failed(http.StatusBadRequest, "unknown scheduler")
	}
	id, isNumber := r.body["store_id"].(float64)
	if !isNumber {
		return failed(http.StatusBadRequest, "missing store id")
	}
	first := len(pd.evicting) == 0
	pd.evicting[cluster.StoreID(id)] = true
	if first {
		return pd.done("The scheduler is created.")
	}
	return pd.done("The scheduler has been applied to the store.")
}

func (pd *PD) pauseScheduler(r *request) reply {
	name := r.PathValue("name")
	delay, isNumber := r.body["delay"].(float64)
	switch {
	case !isNumber:
		return failed(http.StatusBadRequest, "missing pause time")
	case !slices.Contains(pd.schedulerNames(), name):
		return failed(http.StatusInternalServerError, "[PD:scheduler:ErrSchedulerNotFound]scheduler not found")
	}
	pd.paused[name] = pd.now().Add(time.Duration(delay) * time.Second)
	return pd.done("Pause or resume the scheduler successfully.")
}

func (pd *PD) removeScheduler(r *request) reply {
	name := r.PathValue("name")
	notFound := failed(http.StatusNotFound, "[PD:scheduler:ErrSchedulerNotFound]scheduler not found")
	id, single := strings.CutPrefix(name, evictLeader+"-")
	switch {
	case single && pd.evicting[storeID(id)]:
		delete(pd.evicting, storeID(id))
		return reply{status: http.StatusOK, raw: []byte("null")}
	case single:
		// Handed on to the scheduler itself, whose answer is dropped.
		return reply{status: http.StatusNotFound, raw: []byte("null")}
	case name == evictLeader && len(pd.evicting) > 0:
		clear(pd.evicting)
		return pd.done("The scheduler is removed.")
	}
	return notFound
}

func (pd *PD) getEvicting(*request) reply {
	if len(pd.evicting) == 0 {
		return reply{status: http.StatusNotFound, plain: "404 page not found"}
	}
	ranges := make(map[string]any)
	for id := range pd.evicting {
		ranges[id.String()] = []map[string]string{{"start-key": "", "end-key": ""}}
	}
	out := map[string]any{"store-id-ranges": ranges}
	if pd.profile.hasEvictBatch() {
		out["batch"] = 3
	}
	return ok(out)
}

func (pd *PD) getChecker(r *request) reply {
	name := r.PathValue("name")
	if !slices.Contains(checkerNames, name) {
		return failed(http.StatusInternalServerError, "[PD:checker:ErrCheckerNotFound]checker not found")
	}
	return ok(map[string]any{"paused": pd.now().Before(pd.checkers[name])})
}

// EvictLeaders are the stores under the evict-leader scheduler, in order.
func (pd *PD) EvictLeaders() []cluster.StoreID {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return slices.Sorted(maps.Keys(pd.evicting))
}

// SetEvictLeaders replaces the stores under the evict-leader scheduler.
func (pd *PD) SetEvictLeaders(ids ...cluster.StoreID) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	clear(pd.evicting)
	for _, id := range ids {
		pd.evicting[id] = true
	}
}

// PauseChecker pauses a checker for a time.
func (pd *PD) PauseChecker(name string, d time.Duration) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.checkers[name] = pd.now().Add(d)
}

func (pd *PD) getRecovery(*request) reply {
	stages := pd.recovery
	if len(stages) == 0 {
		stages = []string{"No on-going recovery."}
	}
	if !pd.profile.hasStageObjects() {
		return ok(stages)
	}
	var out []any
	for _, s := range stages {
		out = append(out, map[string]any{"info": s, "time": "2024-01-01 00:00:00.000"})
	}
	return ok(out)
}

// SetUnsafeRecovery sets the stages that PD shows of an unsafe recovery; none is
// idle.
func (pd *PD) SetUnsafeRecovery(stages ...string) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.recovery = stages
}
