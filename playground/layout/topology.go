package layout

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"

	"gopkg.in/yaml.v3"

	"ebb/playground/pd"
	"ebb/playground/store"
)

// topology is the part of tiup's topology.yaml that describes a playground.
type topology struct {
	Global        global          `yaml:"global"`
	Monitored     *monitored      `yaml:"monitored,omitempty"`
	ServerConfigs *serverConfigs  `yaml:"server_configs,omitempty"`
	PD            []pdServer      `yaml:"pd_servers"`
	TiKV          []tikvServer    `yaml:"tikv_servers"`
	TiFlash       []tiflashServer `yaml:"tiflash_servers,omitempty"`
}

type global struct {
	User        string `yaml:"user"`
	SSHPort     int    `yaml:"ssh_port"`
	DeployDir   string `yaml:"deploy_dir"`
	DataDir     string `yaml:"data_dir"`
	SystemdMode string `yaml:"systemd_mode,omitempty"`
}

type monitored struct {
	NodeExporterPort     int    `yaml:"node_exporter_port"`
	BlackboxExporterPort int    `yaml:"blackbox_exporter_port"`
	DeployDir            string `yaml:"deploy_dir"`
	DataDir              string `yaml:"data_dir"`
	LogDir               string `yaml:"log_dir"`
}

type serverConfigs struct {
	PD map[string]any `yaml:"pd"`
}

type pdServer struct {
	Host       string `yaml:"host"`
	Name       string `yaml:"name,omitempty"`
	ClientPort int    `yaml:"client_port"`
	PeerPort   int    `yaml:"peer_port"`
	DeployDir  string `yaml:"deploy_dir"`
	DataDir    string `yaml:"data_dir"`
}

type tikvServer struct {
	Host       string         `yaml:"host"`
	Port       int            `yaml:"port"`
	StatusPort int            `yaml:"status_port"`
	DeployDir  string         `yaml:"deploy_dir"`
	DataDir    string         `yaml:"data_dir"`
	Config     map[string]any `yaml:"config"`
}

type tiflashServer struct {
	Host            string         `yaml:"host"`
	TCPPort         int            `yaml:"tcp_port"`
	HTTPPort        int            `yaml:"http_port"`
	ServicePort     int            `yaml:"flash_service_port"`
	ProxyPort       int            `yaml:"flash_proxy_port"`
	ProxyStatusPort int            `yaml:"flash_proxy_status_port"`
	MetricsPort     int            `yaml:"metrics_port"`
	DeployDir       string         `yaml:"deploy_dir"`
	DataDir         string         `yaml:"data_dir"`
	LearnerConfig   map[string]any `yaml:"learner_config"`
}

const topologyHeader = `# A playground: every address is on this machine, every store is simulated, PD is
# real.
`

const noHostsHeader = `# A playground: every address is on this machine, every store is simulated, PD is
# real. There are no directories behind deploy_dir and data_dir.
`

// Topology returns the topology file. pdURLs are the client URLs of the PD that
// the stores belong to; they matter if the playground does not run PD itself.
func (l *Layout) Topology(pdURLs []string) ([]byte, error) {
	if l.adopted != nil {
		return l.adopted.topology(l.user)
	}
	file := topology{
		Global: global{
			User:      l.user,
			SSHPort:   SSHPort,
			DeployDir: filepath.Join(l.dir, "hosts", "deploy"),
			DataDir:   filepath.Join(l.dir, "hosts", "data"),
		},
	}
	// The exporters are at one path on all hosts, which takes hosts with file
	// systems of their own.
	if l.systemdMode == "system" {
		dir := filepath.Join(file.Global.DeployDir, "monitor-"+strconv.Itoa(NodeExporterPort))
		file.Monitored = &monitored{
			NodeExporterPort: NodeExporterPort, BlackboxExporterPort: BlackboxExporterPort,
			DeployDir: dir, DataDir: filepath.Join(dir, "data"), LogDir: filepath.Join(dir, "log"),
		}
	}
	if l.systemdMode == "user" {
		file.Global.SystemdMode = l.systemdMode
	}
	// A PD that ran before the playground keeps the settings it has.
	if l.PD > 0 {
		file.ServerConfigs = &serverConfigs{PD: map[string]any{
			"replication.location-labels": l.LocationLabels(),
			"replication.max-replicas":    l.Replicas,
		}}
	}
	for i, raw := range pdURLs {
		server, err := l.pdServer(i, raw)
		if err != nil {
			return nil, err
		}
		file.PD = append(file.PD, server)
	}
	for _, spec := range l.Stores() {
		labels := map[string]any{"server.labels": spec.Labels}
		if spec.Engine == store.TiKV {
			file.TiKV = append(file.TiKV, tikvServer{
				Host: spec.Host, Port: spec.Port, StatusPort: spec.StatusPort,
				DeployDir: spec.DeployDir, DataDir: spec.DataDir, Config: labels,
			})
			continue
		}
		file.TiFlash = append(file.TiFlash, tiflashServer{
			Host: spec.Host, TCPPort: TiFlashTCPPort, HTTPPort: TiFlashHTTPPort,
			ServicePort: spec.Port, ProxyPort: spec.PeerPort, ProxyStatusPort: spec.StatusPort,
			MetricsPort: FlashMetricsPort, DeployDir: spec.DeployDir, DataDir: spec.DataDir,
			LearnerConfig: labels,
		})
	}
	header := topologyHeader
	if l.systemdMode == "" {
		header = noHostsHeader
	}
	return encode(header, &file)
}

func (l *Layout) pdServer(index int, raw string) (pdServer, error) {
	parsed, err := url.Parse(raw)
	if err != nil {
		return pdServer{}, fmt.Errorf("lay out playground: %w", err)
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		return pdServer{}, fmt.Errorf("lay out playground: PD address %q has no port", raw)
	}
	host := parsed.Hostname()
	unit := "pd-" + strconv.Itoa(port)
	server := pdServer{
		Host: host, ClientPort: port, PeerPort: pd.DefaultPeerPort,
		DeployDir: filepath.Join(l.hostDir(host), "deploy", unit),
		DataDir:   filepath.Join(l.hostDir(host), "data", unit),
	}
	if l.PD > 0 {
		server.Name = pd.MemberName(index)
	}
	return server, nil
}

func encode(header string, file any) ([]byte, error) {
	var text bytes.Buffer
	text.WriteString(header)
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(file); err != nil {
		return nil, fmt.Errorf("encode topology: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("encode topology: %w", err)
	}
	return text.Bytes(), nil
}
