package hosts

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"ebb/playground/disguise"
	"ebb/playground/layout"
	"ebb/playground/store"
)

// storeService is the TiKV or TiFlash server of a host.
func (h *Host) storeService(spec store.Spec) service {
	s := service{
		unit: strings.TrimSuffix(unitOf(spec), ".service"), component: spec.Engine,
		deployDir: spec.DeployDir, disk: h.onDisk(spec.DeployDir), dataDirs: strings.Split(spec.DataDir, ","),
	}
	log := filepath.Join(spec.DeployDir, "log")
	if spec.Engine == store.TiFlash {
		s.program = filepath.Join("bin", "tiflash", disguise.TiFlash)
		s.files = map[string]string{
			"conf/tiflash.toml":         tiflashConfig(spec, log),
			"conf/tiflash-learner.toml": fmt.Sprintf("[server]\nlabels = %s\n", inlineTable(spec.Labels)),
			"scripts/run_tiflash.sh": h.script(spec.DeployDir, fmt.Sprintf(
				"export RUST_BACKTRACE=1\n\nexec bin/tiflash/tiflash server \\\n    --config-file conf/tiflash.toml 2>> \"%s/tiflash_stderr.log\"\n", log)),
		}
		return s
	}
	s.program = filepath.Join("bin", disguise.TiKV)
	s.files = map[string]string{
		"conf/tikv.toml":      fmt.Sprintf("[server]\nlabels = %s\n", inlineTable(spec.Labels)),
		"scripts/run_tikv.sh": h.script(spec.DeployDir, tikvCommand(spec, log)),
	}
	return s
}

func tikvCommand(spec store.Spec, log string) string {
	address, status := joinPort(spec.Host, spec.Port), joinPort(spec.Host, spec.StatusPort)
	return fmt.Sprintf(`exec bin/tikv-server \
    --addr "%s" \
    --advertise-addr "%s" \
    --status-addr "%s" \
    --advertise-status-addr "%s" \
    --data-dir "%s" \
    --config conf/tikv.toml \
    --log-file "%s/tikv.log" 2>> "%s/tikv_stderr.log"
`, address, address, status, status, spec.DataDir, log, log)
}

func tiflashConfig(spec store.Spec, log string) string {
	at := func(port int) string { return joinPort(spec.Host, port) }
	return fmt.Sprintf(`path = "%s"
tcp_addr = "%s"
http_addr = "%s"
metrics_addr = "%s"

[flash]
service_addr = "%s"

[flash.proxy]
addr = "%s"
status-addr = "%s"

[logger]
log = "%s/tiflash.log"
`, spec.DataDir, at(layout.TiFlashTCPPort), at(layout.TiFlashHTTPPort), at(layout.FlashMetricsPort),
		at(spec.Port), at(spec.PeerPort), at(spec.StatusPort), log)
}

// inlineTable writes labels as TOML does on one line, in order.
func inlineTable(labels map[string]string) string {
	var fields []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		fields = append(fields, fmt.Sprintf("%s = %q", key, labels[key]))
	}
	return "{ " + strings.Join(fields, ", ") + " }"
}
