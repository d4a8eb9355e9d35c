package topology

// Role is a component of the cluster under tiup's name for it, which is also
// the prefix of its systemd units and of its default directories.
type Role string

// The components that a tiup topology can hold.
const (
	RolePD              Role = "pd"
	RoleTSO             Role = "tso"
	RoleScheduling      Role = "scheduling"
	RoleResourceManager Role = "resource-manager"
	RoleRouter          Role = "router"
	RoleDashboard       Role = "tidb-dashboard"
	RoleTiProxy         Role = "tiproxy"
	RoleTiKV            Role = "tikv"
	RolePump            Role = "pump"
	RoleTiDB            Role = "tidb"
	RoleTiFlash         Role = "tiflash"
	RoleDrainer         Role = "drainer"
	RoleCDC             Role = "cdc"
	RoleTiKVCDC         Role = "tikv-cdc"
	RolePrometheus      Role = "prometheus"
	RoleGrafana         Role = "grafana"
	RoleAlertmanager    Role = "alertmanager"
	RoleTiSparkMaster   Role = "tispark-master"
	RoleTiSparkWorker   Role = "tispark-worker"
)

// Roles are all components that a tiup topology can hold, in the order of the
// constants.
func Roles() []Role {
	return []Role{
		RolePD, RoleTSO, RoleScheduling, RoleResourceManager, RoleRouter, RoleDashboard, RoleTiProxy, RoleTiKV, RolePump,
		RoleTiDB, RoleTiFlash, RoleDrainer, RoleCDC, RoleTiKVCDC, RolePrometheus, RoleGrafana, RoleAlertmanager,
		RoleTiSparkMaster, RoleTiSparkWorker,
	}
}

// IsStore reports whether PD knows instances of the role as stores.
func (r Role) IsStore() bool { return r == RoleTiKV || r == RoleTiFlash }
