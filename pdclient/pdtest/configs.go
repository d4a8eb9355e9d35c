package pdtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultSchedule is the schedule section of a new cluster. Some switches are
// strings, in every version.
func defaultSchedule(p Profile) map[string]any {
	s := map[string]any{
		"leader-schedule-limit": 4.0, "region-schedule-limit": 2048.0, "replica-schedule-limit": 64.0,
		"merge-schedule-limit": 8.0, "hot-region-schedule-limit": 4.0, "max-snapshot-count": 64.0,
		"max-pending-peer-count": 64.0, "max-store-down-time": "30m0s", "patrol-region-interval": "10ms",
		"low-space-ratio": 0.8, "high-space-ratio": 0.7, "max-merge-region-size": 20.0, "max-merge-region-keys": 200000.0,
		"scheduler-max-waiting-operator": 5.0, "enable-replace-offline-replica": "true",
		"enable-make-up-replica": "true", "enable-remove-extra-replica": "true", "enable-remove-down-replica": "true",
		"enable-location-replacement": "true", "store-limit-mode": "manual",
	}
	if p < V5_4 {
		s["max-snapshot-count"], s["max-pending-peer-count"], s["patrol-region-interval"] = 3.0, 16.0, "100ms"
	}
	if p >= V5_0 {
		s["enable-joint-consensus"] = "true"
	}
	if p >= V7_1 {
		s["store-limit-version"] = "v1"
	}
	if p.hasPatrolWorkers() {
		s["patrol-region-worker-count"] = 1.0
	}
	return s
}

func defaultReplicate(p Profile) map[string]any {
	r := map[string]any{
		"max-replicas": 3.0, "location-labels": "", "strictly-match-label": "false", "enable-placement-rules": "true",
	}
	if p < V5_0 {
		r["enable-placement-rules"] = "false"
	} else {
		r["isolation-level"] = ""
	}
	return r
}

var ttlItems = []string{
	"max-snapshot-count", "max-pending-peer-count", "leader-schedule-limit", "region-schedule-limit",
	"replica-schedule-limit", "merge-schedule-limit", "hot-region-schedule-limit", "max-merge-region-size",
	"max-merge-region-keys", "scheduler-max-waiting-operator", "enable-location-replacement", "enable-tikv-split-region",
}

func (pd *PD) configRoutes() []route {
	return []route{
		{on: "GET /config", handle: func(*request) reply {
			return ok(map[string]any{
				"schedule": pd.schedule, "replication": pd.replicate,
				"pd-server": map[string]any{"dashboard-address": pd.dashboard},
			})
		}},
		{on: "GET /config/schedule", handle: func(*request) reply { return ok(pd.schedule) }},
		{on: "GET /config/replicate", handle: func(*request) reply { return ok(pd.replicate) }},
		{on: "POST /config", query: []string{"ttlSecond"}, fields: []string{"*"}, handle: pd.setConfig},
	}
}

func (pd *PD) setConfig(r *request) reply {
	if ttl := r.URL.Query().Get("ttlSecond"); ttl != "" {
		return pd.setTTL(r.body, ttl)
	}
	for name, value := range r.body {
		section, item, dotted := strings.Cut(name, ".")
		if !dotted {
			section, item = "", name
		}
		if t, set := pd.configTTL["schedule."+item]; set && pd.now().Before(t.until) && pd.profile.refusesTTLConflict() && section != "replication" {
			return failed(http.StatusBadRequest, "need to clean up TTL first for schedule.%s", item)
		}
		if !pd.setItem(section, item, value) {
			return failed(http.StatusBadRequest, "config item %s not found", name)
		}
	}
	return pd.done("The config is updated.")
}

// setItem sets a permanent value; false for an item that does not exist.
func (pd *PD) setItem(section, item string, value any) bool {
	for name, m := range map[string]map[string]any{"schedule": pd.schedule, "replication": pd.replicate} {
		if section != "" && section != name {
			continue
		}
		if name == "schedule" && item == "halt-scheduling" && pd.profile.hasHaltScheduling() {
			m[item] = asText(value)
			return true
		}
		old, known := m[item]
		if !known {
			continue
		}
		if _, text := old.(string); text {
			value = asText(value)
		}
		m[item] = value
		return true
	}
	return false
}

func asText(v any) any {
	if b, isBool := v.(bool); isBool {
		return strconv.FormatBool(b)
	}
	return v
}

func (pd *PD) setTTL(values map[string]any, ttl string) reply {
	seconds, err := strconv.Atoi(ttl)
	if err != nil {
		return failed(http.StatusBadRequest, "%v", err)
	}
	for name := range values {
		item, dotted := strings.CutPrefix(name, "schedule.")
		if !dotted || !slices.Contains(ttlItems, item) || item == "enable-tikv-split-region" && pd.profile < V6_5 {
			return failed(http.StatusBadRequest, "unsupported ttl config %s", name)
		}
	}
	for name, value := range values {
		if seconds == 0 && pd.profile.clearsTTL() {
			delete(pd.configTTL, name)
			continue
		}
		pd.configTTL[name] = temporary{value, pd.now().Add(time.Duration(max(seconds, 5)) * time.Second)}
	}
	return pd.done("The config is updated.")
}

// Config returns the value that PD works by, the temporary one while it lives;
// name as in "schedule.max-snapshot-count" or "replication.max-replicas".
func (pd *PD) Config(name string) any {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	if t, set := pd.configTTL[name]; set && pd.now().Before(t.until) {
		return t.value
	}
	if item, ok := strings.CutPrefix(name, "replication."); ok {
		return pd.replicate[item]
	}
	return pd.schedule[strings.TrimPrefix(name, "schedule.")]
}

// SetConfig sets a permanent value behind PD's back; numbers are float64.
func (pd *PD) SetConfig(name string, value any) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	if item, ok := strings.CutPrefix(name, "replication."); ok {
		pd.replicate[item] = value
		return
	}
	pd.schedule[strings.TrimPrefix(name, "schedule.")] = value
}

// SetConfigTTL sets a temporary value of somebody else; numbers are float64.
func (pd *PD) SetConfigTTL(name string, value any, ttl time.Duration) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.configTTL["schedule."+strings.TrimPrefix(name, "schedule.")] = temporary{value, pd.now().Add(ttl)}
}

// SetDashboard names the member that serves TiDB Dashboard: its client URL, or
// "auto" or "none".
func (pd *PD) SetDashboard(address string) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.dashboard = address
}

// number reads a value as encoding/json holds numbers. Anything else in the
// configuration is a mistake of this package.
func number(v any) float64 {
	n, ok := v.(float64)
	if !ok {
		panic(fmt.Sprintf("pdtest: want a number, got %T", v))
	}
	return n
}

func (pd *PD) maxReplicas() int { return int(number(pd.replicate["max-replicas"])) }
