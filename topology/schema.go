package topology

// fieldKind is what a field of the topology may hold.
type fieldKind int

const (
	textField  fieldKind = iota // any scalar, as in tiup: numa_node: 0 is a string
	portField                   // 0 (tiup's "not given") to 65535
	flagField                   // boolean
	groupField                  // mapping
	anyField                    // not looked into
)

type fields map[string]fieldKind

// portDefault is a port of a component. A zero default means that the port is
// not used unless it is given.
type portDefault struct {
	key   string
	value int
}

// component describes one section of instances.
type component struct {
	section string
	role    Role
	ports   []portDefault // in the order in which tiup lists them; the first one is in the id
	status  string        // the port that serves /status and /metrics; "" for none
	fields  fields

	listens bool // has its own listen_host
	data    bool // has data directories
	offline bool // can be marked offline
}

// components is tiup's Specification (spec/spec.go) in start order. The ports
// and their defaults are those of the spec/*.go file of each component.
var components = []*component{
	{section: "pd_servers", role: RolePD, listens: true, data: true,
		ports:  []portDefault{{"client_port", 2379}, {"peer_port", 2380}},
		fields: fields{"name": textField, "advertise_client_addr": textField, "advertise_peer_addr": textField}},
	{section: "tso_servers", role: RoleTSO, listens: true, data: true,
		ports:  []portDefault{{"port", 3379}},
		fields: fields{"name": textField, "advertise_listen_addr": textField}},
	{section: "scheduling_servers", role: RoleScheduling, listens: true, data: true,
		ports:  []portDefault{{"port", 3379}},
		fields: fields{"name": textField, "advertise_listen_addr": textField}},
	{section: "resource_manager_servers", role: RoleResourceManager, listens: true, data: true,
		ports:  []portDefault{{"port", 3379}},
		fields: fields{"name": textField, "advertise_listen_addr": textField}},
	{section: "router_servers", role: RoleRouter, listens: true, data: true,
		ports:  []portDefault{{"port", 3379}},
		fields: fields{"name": textField, "advertise_listen_addr": textField}},
	{section: "tidb_dashboard_servers", role: RoleDashboard, data: true,
		ports: []portDefault{{"port", 12333}}},
	{section: "tiproxy_servers", role: RoleTiProxy,
		ports: []portDefault{{"port", 6000}, {"status_port", 3080}}, status: "status_port",
		fields: fields{"advertise_addr": textField}},
	{section: "tikv_servers", role: RoleTiKV, listens: true, data: true, offline: true,
		ports: []portDefault{{"port", 20160}, {"status_port", 20180}}, status: "status_port",
		fields: fields{"advertise_addr": textField, "advertise_status_addr": textField}},
	{section: "pump_servers", role: RolePump, data: true, offline: true,
		ports: []portDefault{{"port", 8250}}},
	{section: "tidb_servers", role: RoleTiDB, listens: true,
		ports: []portDefault{{"port", 4000}, {"status_port", 10080}}, status: "status_port",
		fields: fields{"advertise_addr": textField, "graceful_wait_timeout": anyField}},
	{section: "tiflash_servers", role: RoleTiFlash, data: true, offline: true,
		ports: []portDefault{
			{"tcp_port", 9000}, {"flash_service_port", 3930}, {"flash_proxy_port", 20170},
			{"flash_proxy_status_port", 20292}, {"metrics_port", 8234}, {"http_port", 8123},
		}, status: "metrics_port",
		fields: fields{"tmp_path": textField, "learner_config": groupField}},
	{section: "drainer_servers", role: RoleDrainer, data: true, offline: true,
		ports:  []portDefault{{"port", 8249}},
		fields: fields{"commit_ts": anyField}},
	{section: "cdc_servers", role: RoleCDC, data: true, offline: true,
		ports:  []portDefault{{"port", 8300}},
		fields: fields{"gc-ttl": anyField, "tz": textField, "ticdc_cluster_id": textField}},
	{section: "kvcdc_servers", role: RoleTiKVCDC, data: true, offline: true,
		ports:  []portDefault{{"port", 8600}},
		fields: fields{"gc-ttl": anyField, "tz": textField, "tikv_cdc_cluster_id": textField}},
	{section: "monitoring_servers", role: RolePrometheus, listens: true, data: true,
		ports: []portDefault{{"port", 9090}, {"ng_port", 0}},
		fields: fields{
			"remote_config": anyField, "external_alertmanagers": anyField, "pushgateway_addrs": anyField,
			"storage_retention": textField, "rule_dir": textField, "additional_scrape_conf": anyField,
			"scrape_interval": textField, "scrape_timeout": textField, "additional_args": anyField,
			"agent_mode": anyField, "ng_monitoring_config": groupField,
		}},
	{section: "grafana_servers", role: RoleGrafana, listens: true,
		ports: []portDefault{{"port", 3000}},
		fields: fields{
			"dashboard_dir": textField, "username": textField, "password": textField, "anonymous_enable": flagField,
			"root_url": textField, "domain": textField, "default_theme": textField, "org_name": textField,
			"org_role": textField,
		}},
	{section: "alertmanager_servers", role: RoleAlertmanager, listens: true, data: true,
		ports:  []portDefault{{"web_port", 9093}, {"cluster_port", 9094}},
		fields: fields{"config_file": textField}},
	{section: "tispark_masters", role: RoleTiSparkMaster, listens: true,
		ports:  []portDefault{{"port", 7077}, {"web_port", 8080}},
		fields: fields{"java_home": textField, "spark_config": anyField, "spark_env": anyField}},
	{section: "tispark_workers", role: RoleTiSparkWorker, listens: true,
		ports:  []portDefault{{"port", 7078}, {"web_port", 8081}},
		fields: fields{"java_home": textField}},
}

// commonFields may appear in each section of instances. tiup refuses a few of
// them in a few sections (data_dir of a tiproxy); here they are read and unused.
var commonFields = fields{
	"host": textField, "manage_host": textField, "listen_host": textField, "ssh_port": portField,
	"deploy_dir": textField, "data_dir": textField, "log_dir": textField,
	"ignore_exporter": flagField, "patched": flagField, "imported": flagField, "offline": flagField,
	"source": textField, "numa_node": textField, "numa_cores": textField,
	"config": groupField, "resource_control": groupField, "arch": textField, "os": textField,
}

var globalFields = fields{
	"user": textField, "group": textField, "ssh_port": portField, "ssh_type": textField,
	"enable_tls": flagField, "listen_host": textField, "deploy_dir": textField, "data_dir": textField,
	"log_dir": textField, "resource_control": groupField, "os": textField, "arch": textField,
	"custom": anyField, "systemd_mode": textField, "pd_mode": textField,
}

var monitoredFields = fields{
	"node_exporter_port": portField, "blackbox_exporter_port": portField,
	"node_exporter_version": textField, "blackbox_exporter_version": textField,
	"deploy_dir": textField, "data_dir": textField, "log_dir": textField,
	"numa_node": textField, "resource_control": groupField,
}

var serverConfigFields = fields{
	"tidb": groupField, "tikv": groupField, "pd": groupField, "tso": groupField, "scheduling": groupField,
	"resource_manager": groupField, "router": groupField, "tidb_dashboard": groupField, "tiflash": groupField,
	"tiproxy": groupField, "tiflash-learner": groupField, "pump": groupField, "drainer": groupField,
	"cdc": groupField, "kvcdc": groupField, "grafana": groupField, "ng_monitoring": groupField,
}

var metaFields = fields{
	"user": textField, "tidb_version": textField, "last_ops_ver": textField, "topology": groupField,
	"firewall": anyField,
}

// sectionNames are the keys that may stand at the top of a topology.
func sectionNames() []string {
	names := []string{"global", "monitored", "component_versions", "component_sources", "server_configs"}
	for _, c := range components {
		names = append(names, c.section)
	}
	return names
}

// known is the kind of a field of the component.
func (c *component) known(key string) (fieldKind, bool) {
	if k, ok := c.fields[key]; ok {
		return k, true
	}
	for _, p := range c.ports {
		if p.key == key {
			return portField, true
		}
	}
	k, ok := commonFields[key]
	return k, ok
}

// names lists the fields of the component, for suggestions.
func (c *component) names() []string {
	var names []string
	for key := range commonFields {
		names = append(names, key)
	}
	for key := range c.fields {
		names = append(names, key)
	}
	for _, p := range c.ports {
		names = append(names, p.key)
	}
	return names
}
