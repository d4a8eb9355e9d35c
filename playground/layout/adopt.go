package layout

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"ebb/playground/store"
)

// AdoptError says that a playground cannot be made in the shape of a topology.
type AdoptError struct{ Reason string }

func (e *AdoptError) Error() string { return "adopt topology: " + e.Reason }

func refuse(format string, args ...any) error {
	return &AdoptError{Reason: fmt.Sprintf(format, args...)}
}

// adopted is a topology whose hosts and directories have been moved into a
// playground. Nothing else in it has changed, comments included.
type adopted struct {
	document yaml.Node
	file     adoptedFile
	// dir is where the absolute directories are, on every host.
	dir string
}

// adoptedFile is what counts of tiup's topology.yaml. Whatever else is there
// stays in the file, and is not run.
type adoptedFile struct {
	Global struct {
		TLS         bool   `yaml:"enable_tls"`
		DeployDir   string `yaml:"deploy_dir"`
		DataDir     string `yaml:"data_dir"`
		SystemdMode string `yaml:"systemd_mode"`
	} `yaml:"global"`
	ServerConfigs struct {
		PD map[string]any `yaml:"pd"`
	} `yaml:"server_configs"`
	PD      []adoptedServer `yaml:"pd_servers"`
	TiKV    []adoptedServer `yaml:"tikv_servers"`
	TiFlash []adoptedServer `yaml:"tiflash_servers"`
}

type adoptedServer struct {
	Host          string         `yaml:"host"`
	Port          int            `yaml:"port"`
	StatusPort    int            `yaml:"status_port"`
	ClientPort    int            `yaml:"client_port"`
	TCPPort       int            `yaml:"tcp_port"`
	DeployDir     string         `yaml:"deploy_dir"`
	DataDir       string         `yaml:"data_dir"`
	LogDir        string         `yaml:"log_dir"`
	Config        map[string]any `yaml:"config"`
	LearnerConfig map[string]any `yaml:"learner_config"`
}

// Adopt lays out a playground in the shape of a tiup topology. Three things are
// replaced in it, and Topology returns the result:
//
//   - the first three numbers of each host's address, by those of the network in
//     which host numbers the hosts;
//   - the beginning of each absolute directory: /d is <shared>/d, which is another
//     directory on each host, as /d is on real ones;
//   - the user, and the port of the SSH servers.
//
// It takes hosts that have file systems of their own. The stores are those of the
// file with their ports, labels and directories; PD is on its default ports.
func Adopt(text []byte, host func(int) string, dir, shared string) (*Layout, error) {
	l, err := empty(dir)
	if err != nil {
		return nil, err
	}
	a := &adopted{dir: shared}
	if err := yaml.Unmarshal(text, &a.document); err != nil {
		return nil, refuse("%v", err)
	}
	if err := a.move(&a.document, host); err != nil {
		return nil, err
	}
	if err := a.document.Decode(&a.file); err != nil {
		return nil, refuse("%v", err)
	}
	l.adopted = a
	if err := l.takeServers(); err != nil {
		return nil, err
	}
	return l, l.Validate()
}

// TLS tells whether the topology that was adopted asks for it.
func (l *Layout) TLS() bool { return l.adopted != nil && l.adopted.file.Global.TLS }

// MonitoredDir is the directory of the exporters in the topology that was adopted,
// "" where there is none.
func (l *Layout) MonitoredDir() string {
	if l.adopted == nil {
		return ""
	}
	return filepath.Join(l.adopted.file.Global.DeployDir, fmt.Sprintf("monitor-%d", NodeExporterPort))
}

// IsolationLevel is PD's isolation-level in the topology that was adopted.
func (l *Layout) IsolationLevel() string {
	if l.adopted == nil {
		return ""
	}
	level, _ := l.adopted.file.ServerConfigs.PD["replication.isolation-level"].(string)
	return level
}

// move replaces hosts and directories wherever they are. In configurations, where
// host is a label, it does so with directories only: its own host is nil there.
func (a *adopted) move(node *yaml.Node, host func(int) string) error {
	for i, child := range node.Content {
		var err error
		switch key := keyOf(node, i); {
		case host != nil && (key == "host" || key == "manage_host"):
			child.Value, err = moveHost(child.Value, host)
		case child.Kind == yaml.ScalarNode && strings.HasPrefix(child.Value, "/"):
			child.Value = a.moveDirs(child.Value)
		case key == "ssh_port":
			child.Value = strconv.Itoa(SSHPort)
		case slices.Contains([]string{"config", "learner_config", "server_configs"}, key):
			err = a.move(child, nil)
		default:
			err = a.move(child, host)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keyOf is the key of the i-th child of a mapping, "" for all else.
func keyOf(node *yaml.Node, i int) string {
	if node.Kind != yaml.MappingNode || i%2 == 0 {
		return ""
	}
	return node.Content[i-1].Value
}

// moveHost keeps the last number of an address. Addresses that differ in the
// others only would become one.
func moveHost(old string, host func(int) string) (string, error) {
	ip, err := netip.ParseAddr(old)
	if err != nil || !ip.Is4() {
		return "", refuse("host %q: want an IPv4 address", old)
	}
	return host(int(ip.As4()[3])), nil
}

func (a *adopted) moveDirs(list string) string {
	dirs := strings.Split(list, ",")
	for i, dir := range dirs {
		dirs[i] = filepath.Join(a.dir, strings.TrimSpace(dir))
	}
	return strings.Join(dirs, ",")
}

// topology is the file after the moves, with the user who can log in.
func (a *adopted) topology(user string) ([]byte, error) {
	global := child(a.document.Content[0], "global")
	for _, setting := range [][2]string{{"user", user}, {"ssh_port", strconv.Itoa(SSHPort)}} {
		if node := child(global, setting[0]); node != nil {
			node.Value = setting[1]
			continue
		}
		for _, text := range setting {
			global.Content = append(global.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: text})
		}
	}
	return encode("", &a.document)
}

func child(mapping *yaml.Node, key string) *yaml.Node {
	for i := range mapping.Content {
		if keyOf(mapping, i) == key {
			return mapping.Content[i]
		}
	}
	return nil
}

// takeServers makes PD hosts and stores of the servers in the file.
func (l *Layout) takeServers() error {
	file := &l.adopted.file
	if file.Global.SystemdMode != "" || !filepath.IsAbs(file.Global.DeployDir) || !filepath.IsAbs(file.Global.DataDir) {
		return refuse("want absolute deploy_dir and data_dir in the global section, and no systemd_mode")
	}
	for _, server := range file.PD {
		if server.ClientPort != 0 {
			return refuse("PD %s: client_port is not supported", server.Host)
		}
		l.pdHosts = append(l.pdHosts, server.Host)
	}
	seen := make(map[string]bool)
	for _, engine := range []string{store.TiKV, store.TiFlash} {
		for _, server := range file.servers(engine) {
			spec, err := server.spec(file, engine)
			if err != nil {
				return err
			}
			address := net.JoinHostPort(spec.Host, fmt.Sprint(spec.Port))
			if seen[address] {
				return refuse("there are two stores %s: hosts must differ in the last number of their address", address)
			}
			seen[address] = true
			l.stores = append(l.stores, spec)
		}
	}
	var err error
	if l.locationLabels, err = stringList(file.ServerConfigs.PD["replication.location-labels"]); err != nil {
		return err
	}
	l.PD, l.TiKV, l.TiFlash, l.Replicas = len(file.PD), len(file.TiKV), len(file.TiFlash), 3
	if replicas, ok := file.ServerConfigs.PD["replication.max-replicas"].(int); ok {
		l.Replicas = replicas
	}
	return nil
}
