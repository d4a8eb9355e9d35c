package pd

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

const (
	// tickInterval and electionInterval pace etcd's Raft. PD's defaults, 500 ms
	// and 3 s, make a dead leader cost up to nine seconds; these are safe on
	// loopback, where no packet is ever late, yet leave room for a busy CI
	// machine to stall for a second without an election.
	tickInterval     = 100 * time.Millisecond
	electionInterval = 2 * time.Second
)

// writeConfigFile writes the PD configuration file of the member at e.
func writeConfigFile(cfg *Config, e endpoint, all []endpoint) error {
	tree := make(map[string]any)
	settings := memberSettings(cfg, e, all)
	// In order, so that a key below another one is always refused.
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if err := setDotted(tree, key, settings[key]); err != nil {
			return err
		}
	}
	var text strings.Builder
	if err := toml.NewEncoder(&text).Encode(tree); err != nil {
		return fmt.Errorf("encode configuration of member %q: %w", e.name, err)
	}
	if err := os.WriteFile(e.configFile, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("write configuration of member %q: %w", e.name, err)
	}
	return nil
}

// memberSettings returns the settings of one member under their dotted keys.
func memberSettings(cfg *Config, e endpoint, all []endpoint) map[string]any {
	initial := make([]string, len(all))
	for i, other := range all {
		initial[i] = other.name + "=" + other.peerURL
	}
	settings := map[string]any{
		"name":                  e.name,
		"data-dir":              e.dataDir,
		"client-urls":           e.clientURL,
		"advertise-client-urls": e.clientURL,
		"peer-urls":             e.peerURL,
		"advertise-peer-urls":   e.peerURL,
		"initial-cluster":       strings.Join(initial, ","),
		"tick-interval":         tickInterval.String(),
		"election-interval":     electionInterval.String(),
		"log.level":             "info",
		"log.file.filename":     e.logFile,
		// A released pd-server would otherwise start TiDB Dashboard and look
		// for the other components of the cluster.
		"pd-server.dashboard-address": "none",
	}
	if cfg.TLS != nil {
		settings["security.cacert-path"], settings["security.cert-path"], settings["security.key-path"] = cfg.TLS.CA, cfg.TLS.Cert, cfg.TLS.Key
	}
	if cfg.MaxReplicas > 0 {
		settings["replication.max-replicas"] = cfg.MaxReplicas
	}
	if len(cfg.LocationLabels) > 0 {
		settings["replication.location-labels"] = cfg.LocationLabels
	}
	if cfg.IsolationLevel != "" {
		settings["replication.isolation-level"] = cfg.IsolationLevel
	}
	if cfg.DisablePlacementRules {
		settings["replication.enable-placement-rules"] = false
	}
	if cfg.ReplicaScheduleLimit > 0 {
		settings["schedule.replica-schedule-limit"] = cfg.ReplicaScheduleLimit
	}
	if cfg.RegionScheduleLimit > 0 {
		settings["schedule.region-schedule-limit"] = cfg.RegionScheduleLimit
	}
	if cfg.PatrolInterval > 0 {
		settings["schedule.patrol-region-interval"] = cfg.PatrolInterval.String()
	}
	if cfg.MaxStoreDownTime > 0 {
		settings["schedule.max-store-down-time"] = cfg.MaxStoreDownTime.String()
	}
	maps.Copy(settings, cfg.Settings)
	return settings
}

// setDotted stores value in the nested tables that key names.
func setDotted(tree map[string]any, key string, value any) error {
	parts := strings.Split(key, ".")
	for _, part := range parts[:len(parts)-1] {
		child, exists := tree[part]
		if !exists {
			child = make(map[string]any)
			tree[part] = child
		}
		table, isTable := child.(map[string]any)
		if !isTable {
			return fmt.Errorf("set PD setting %q: %q is a value, not a table", key, part)
		}
		tree = table
	}
	tree[parts[len(parts)-1]] = value
	return nil
}
