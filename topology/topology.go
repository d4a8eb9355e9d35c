package topology

import "slices"

// Topology is what a topology file says, with everything resolved that tiup
// would resolve when it deploys.
type Topology struct {
	// ClusterName is not part of the file: the caller sets it, or leaves it "".
	ClusterName string `json:"cluster_name,omitempty"`
	// File is the name that Parse was given.
	File string `json:"-"`
	// Meta is true for tiup's meta.yaml, false for a topology.yaml.
	Meta bool `json:"meta"`
	// Version is the TiDB version ("v8.5.1"), known only from a meta.yaml.
	Version string `json:"version,omitempty"`
	// User is the login user of the hosts.
	User      string    `json:"user"`
	Global    Global    `json:"global"`
	Monitored Monitored `json:"monitored"`
	// LocationLabels is PD's replication.location-labels in server_configs; nil
	// when the file does not set it. PD's live setting may differ.
	LocationLabels []string `json:"location_labels,omitempty"`
	// Instances of all components, in the order in which tiup starts them and
	// within a component in file order.
	Instances []Instance `json:"instances"`
	// Unknown are the instances of sections that this program does not know, such
	// as those of DM and of components that are newer than it. Only what is theirs
	// on their hosts is of interest: they are neither shown nor changed.
	Unknown []Instance `json:"unknown,omitempty"`
	// Warnings are suspicious spots, in line order, above all misspelt keys. They
	// never keep a topology from being used.
	Warnings []Problem `json:"warnings,omitempty"`
}

// Global is the section "global", with defaults filled in.
type Global struct {
	User        string      `json:"user"`
	Group       string      `json:"group"` // the user's name where the file has none
	SSHPort     int         `json:"ssh_port"`
	SSHType     string      `json:"ssh_type"` // builtin, system or none
	EnableTLS   bool        `json:"enable_tls"`
	ListenHost  string      `json:"listen_host,omitempty"`
	DeployDir   string      `json:"deploy_dir"` // as written: may be relative
	DataDir     string      `json:"data_dir"`   // as written: may be relative
	LogDir      string      `json:"log_dir,omitempty"`
	OS          string      `json:"os"`
	Arch        string      `json:"arch,omitempty"` // "" means that tiup asks the host
	SystemdMode SystemdMode `json:"systemd_mode"`
	PDMode      string      `json:"pd_mode,omitempty"` // "ms" for PD micro-services
}

// SystemdMode says whose systemd runs the units.
type SystemdMode string

// SystemUnits live in /etc/systemd/system and need root; UserUnits live in
// ~/.config/systemd/user of the deploy user and are run by "systemctl --user".
const (
	SystemUnits SystemdMode = "system"
	UserUnits   SystemdMode = "user"
)

// Monitored is the pair of exporters that tiup runs once per host.
type Monitored struct {
	NodeExporterPort     int    `json:"node_exporter_port"`
	BlackboxExporterPort int    `json:"blackbox_exporter_port"`
	DeployDir            string `json:"deploy_dir"`
	DataDir              string `json:"data_dir"`
	LogDir               string `json:"log_dir"`
}

// Instance is one process of the cluster.
type Instance struct {
	// ID is tiup's name for the instance, "host:port" with the main port. For
	// TiFlash it is not the address that PD has: see StoreAddress.
	ID   string `json:"id"`
	Role Role   `json:"role"`
	// Name is the member name of a PD (or a PD micro-service), else "".
	Name string `json:"name,omitempty"`
	Host string `json:"host"` // without brackets
	// ManageHost is where to reach the host by SSH and HTTP; Host if not given.
	ManageHost string `json:"manage_host"`
	ListenHost string `json:"listen_host"`
	SSHPort    int    `json:"ssh_port"`
	Port       int    `json:"port"` // the one in the ID
	// StatusPort serves /metrics; 0 for components without one. Of TiFlash it is
	// metrics_port, whereas StatusAddress has the port of its proxy.
	StatusPort int `json:"status_port,omitempty"`
	// Ports are all ports of the instance in tiup's order, Port first.
	Ports []int `json:"ports"`
	// Unit is the systemd unit, such as "tikv-20160.service".
	Unit string `json:"unit"`
	// DeployDir, DataDirs and LogDir are absolute and clean. DataDirs is nil for
	// components without data.
	DeployDir string   `json:"deploy_dir"`
	DataDirs  []string `json:"data_dirs,omitempty"`
	LogDir    string   `json:"log_dir"`
	// OtherDirs are absolute directories that the configuration of a store names
	// and that lie outside the ones above: TiFlash's tmp_path, raft and remote
	// cache directories, TiKV's raft-engine and WAL directories. tiup leaves them
	// behind; nothing but their name in the file says that they are the store's.
	OtherDirs []string `json:"other_dirs,omitempty"`
	// StoreAddress is the address under which PD lists a TiKV or TiFlash; "" for
	// other roles.
	StoreAddress string `json:"store_address,omitempty"`
	// StatusAddress is "host:port" of the HTTP status server as the others in the
	// cluster see it; "" for roles without one.
	StatusAddress string `json:"status_address,omitempty"`
	// Labels of a store, from server_configs and its own config. nil means none.
	Labels map[string]string `json:"labels,omitempty"`
	// Offline is tiup's mark that a scale-in of the node has begun.
	Offline        bool   `json:"offline,omitempty"`
	Patched        bool   `json:"patched,omitempty"`
	Imported       bool   `json:"imported,omitempty"` // came from tidb-ansible
	IgnoreExporter bool   `json:"ignore_exporter,omitempty"`
	OS             string `json:"os"`
	Arch           string `json:"arch,omitempty"` // "" when the file does not say
	// Path is where the instance stands in the file ("tikv_servers[0]"), Line and
	// Column where its first key is.
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// Stores returns the TiKV and TiFlash instances. They point into t.
func (t *Topology) Stores() []*Instance { return t.WithRole(RoleTiKV, RoleTiFlash) }

// WithRole returns the instances that have one of the roles. They point into t.
func (t *Topology) WithRole(roles ...Role) []*Instance {
	var found []*Instance
	for i := range t.Instances {
		if slices.Contains(roles, t.Instances[i].Role) {
			found = append(found, &t.Instances[i])
		}
	}
	return found
}

// Instance finds an instance by its id, nil when there is none.
func (t *Topology) Instance(id string) *Instance {
	for i := range t.Instances {
		if normalAddress(t.Instances[i].ID) == normalAddress(id) {
			return &t.Instances[i]
		}
	}
	return nil
}

// unknown is the error for an id that the topology does not have.
func (t *Topology) unknown(id string) *UnknownNodeError {
	var known []string
	for i := range t.Instances {
		known = append(known, t.Instances[i].ID)
	}
	return &UnknownNodeError{Name: id, Nearest: Nearest(id, known, 3)}
}

// PDEndpoints are the URLs of the PDs, https where the cluster has TLS, at the
// manage_host of each, as tiup does (spec/spec.go, GetPDListWithManageHost).
// Empty when the topology has no PD.
func (t *Topology) PDEndpoints() []string {
	scheme := "http://"
	if t.Global.EnableTLS {
		scheme = "https://"
	}
	var urls []string
	for _, pd := range t.WithRole(RolePD) {
		urls = append(urls, scheme+JoinHostPort(pd.ManageHost, pd.Port))
	}
	return urls
}
