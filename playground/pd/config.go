// Package pd runs a real Placement Driver for the playground: one or three
// members, either embedded in this process or as pd-server processes of any
// version. Nothing here imitates PD, so what an operator sees in the playground
// is PD's own judgement.
//
// Every member listens on the default ports of its own loopback address, the
// way it would on a host of its own. That needs Linux, where all of 127.0.0.0/8
// is local.
package pd

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"ebb/playground/certs"
)

const (
	// DefaultClientPort is PD's default for clients.
	DefaultClientPort = 2379
	// DefaultPeerPort is PD's default for its other members.
	DefaultPeerPort = 2380

	// DefaultVersion is what the embedded PD says it is. The embedded code is a
	// development snapshot taken between v8.0.0 and v8.1.0.
	DefaultVersion = "v8.1.0-alpha"
)

// Config describes a PD cluster before it starts. The zero value of a
// scheduling or replication field keeps PD's own default.
type Config struct {
	// Members is 1 or 3. Hosts holds one loopback address per member, and
	// member i is called "pd-<i>", counted from 1.
	Members int
	Hosts   []string

	// ClientPort and PeerPort are the same on every host. 0 means PD's default.
	ClientPort int
	PeerPort   int

	// Dir holds the data, the configuration file and the log of every member.
	// It is not removed by Close.
	Dir string

	// ServerBinary is the path of a pd-server to run. Empty means the PD that
	// is compiled into this program.
	ServerBinary string

	// Version is what the embedded PD prints at /version. PD keeps it in a
	// process-wide variable: of several clusters in one process, the one that
	// started last decides. A pd-server binary ignores it.
	Version string

	MaxReplicas    int
	LocationLabels []string
	IsolationLevel string

	// DisablePlacementRules makes PD use the older replica checker.
	DisablePlacementRules bool

	// ReplicaScheduleLimit and RegionScheduleLimit cap the operators that run
	// at the same time.
	ReplicaScheduleLimit int
	RegionScheduleLimit  int

	// PatrolInterval is the pause between two batches of regions that PD's
	// checkers look at.
	PatrolInterval time.Duration

	// MaxStoreDownTime is how long a store may be silent before PD replaces its
	// peers.
	MaxStoreDownTime time.Duration

	// TLS makes clients and members speak TLS; nil for plain HTTP.
	TLS *certs.Files

	// Settings holds further keys of PD's configuration file, in dotted form:
	// "schedule.max-snapshot-count": 8. They win over the fields above.
	Settings map[string]any
}

// endpoint is where one member listens and keeps its files.
type endpoint struct {
	name      string
	clientURL string
	peerURL   string
	dataDir   string
	logFile   string
	// configFile is read by the embedded member and by a pd-server alike, so
	// that both run under the same settings.
	configFile string
}

func (c *Config) applyDefaults() {
	if c.Members == 0 {
		c.Members = len(c.Hosts)
	}
	if c.ClientPort == 0 {
		c.ClientPort = DefaultClientPort
	}
	if c.PeerPort == 0 {
		c.PeerPort = DefaultPeerPort
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
}

func (c *Config) validate() error {
	switch {
	case c.Members != 1 && c.Members != 3:
		return fmt.Errorf("check PD configuration: %d members, want 1 or 3", c.Members)
	case len(c.Hosts) != c.Members:
		return fmt.Errorf("check PD configuration: %d hosts for %d members", len(c.Hosts), c.Members)
	case c.Dir == "":
		return errors.New("check PD configuration: no directory given")
	}
	seen := make(map[string]bool, len(c.Hosts))
	for _, host := range c.Hosts {
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return fmt.Errorf("check PD configuration: host %q is not a loopback address", host)
		}
		if seen[host] {
			return fmt.Errorf("check PD configuration: host %q is given twice", host)
		}
		seen[host] = true
	}
	return nil
}

func (c *Config) endpoints() []endpoint {
	scheme := "http://"
	if c.TLS != nil {
		scheme = "https://"
	}
	list := make([]endpoint, c.Members)
	for i := range list {
		name := MemberName(i)
		list[i] = endpoint{
			name:      name,
			clientURL: scheme + net.JoinHostPort(c.Hosts[i], strconv.Itoa(c.ClientPort)),
			peerURL:   scheme + net.JoinHostPort(c.Hosts[i], strconv.Itoa(c.PeerPort)),
			dataDir:   filepath.Join(c.Dir, name),
			// PD refuses a log below the data directory.
			logFile:    filepath.Join(c.Dir, name+".log"),
			configFile: filepath.Join(c.Dir, name+".toml"),
		}
	}
	return list
}

// MemberName returns the name of the member on the host with the given index.
func MemberName(index int) string { return "pd-" + strconv.Itoa(index+1) }
