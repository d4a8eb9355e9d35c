// Package layout decides where everything in a playground is: which hosts there
// are, what runs on each, under which labels, and how that reads as a tiup
// topology.
package layout

import (
	"fmt"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"ebb/playground/pd"
	"ebb/playground/store"
)

// Ports are those of tiup, on every host.
const (
	TiKVPort         = 20160
	TiKVStatusPort   = 20180
	TiFlashTCPPort   = 9000
	TiFlashHTTPPort  = 8123
	FlashServicePort = 3930
	FlashProxyPort   = 20170
	FlashStatusPort  = 20292
	FlashMetricsPort = 8234

	// SSHPort is not 22: the loopback addresses all lead to this machine, and a
	// command that stops services must not log in to its real SSH server.
	SSHPort = 20022

	NodeExporterPort     = 9100
	BlackboxExporterPort = 9115
)

// Host numbers in the playground's network.
const (
	firstPDHost = 1
	// FirstTiKVHost is the host of the first TiKV store; the others follow.
	FirstTiKVHost    = 11
	firstTiFlashHost = 101

	// MaxTiKV and MaxTiFlash are how many hosts the numbering leaves room for.
	MaxTiKV    = firstTiFlashHost - FirstTiKVHost
	MaxTiFlash = 253 - firstTiFlashHost
)

// Shape is what a user asks for.
type Shape struct {
	// PD is the number of members; 0 means that PD runs elsewhere.
	PD      int
	TiKV    int
	TiFlash int
	// Zones spreads the stores over this many values of the label "zone", in
	// turn. 0 gives the stores a host label only.
	Zones    int
	Replicas int
	Capacity uint64 // bytes of each store
	Version  string // what each store says it runs, without a leading v
	// TiFlashDirs is the number of data directories of each TiFlash store; 0 is 1.
	TiFlashDirs int
}

// ShapeError says that a shape cannot be laid out.
type ShapeError struct{ Reason string }

func (e *ShapeError) Error() string { return "lay out playground: " + e.Reason }

// Validate says what is wrong with a shape.
func (s Shape) Validate() error {
	switch {
	case s.PD != 0 && s.PD != 1 && s.PD != 3:
		return &ShapeError{fmt.Sprintf("%d PD members, want 1 or 3", s.PD)}
	case s.TiKV < 1 || s.TiKV > MaxTiKV:
		return &ShapeError{fmt.Sprintf("%d TiKV stores, want 1 to %d", s.TiKV, MaxTiKV)}
	case s.TiFlash < 0 || s.TiFlash > MaxTiFlash:
		return &ShapeError{fmt.Sprintf("%d TiFlash stores, want 0 to %d", s.TiFlash, MaxTiFlash)}
	case s.TiFlashDirs < 0:
		return &ShapeError{fmt.Sprintf("%d data directories", s.TiFlashDirs)}
	case s.Zones < 0:
		return &ShapeError{fmt.Sprintf("%d zones", s.Zones)}
	case s.Replicas < 1 || s.Replicas > s.TiKV:
		return &ShapeError{fmt.Sprintf("%d replicas on %d TiKV stores", s.Replicas, s.TiKV)}
	}
	return nil
}

// Layout is a Shape with its place: addresses, directories and labels.
type Layout struct {
	Shape
	dir            string
	user           string
	pdHosts        []string
	locationLabels []string
	stores         []store.Spec
	// adopted is the topology that the layout was read from, nil for one that was
	// made from a Shape.
	adopted *adopted
	// systemdMode is set if the hosts exist: they have directories, and units of
	// the system or of a user.
	systemdMode string
}

// New lays out shape on the hosts that host numbers. Directories are below dir,
// one subdirectory for each host, because all of them share this machine's disk.
func New(shape Shape, host func(int) string, dir string) (*Layout, error) {
	if err := shape.Validate(); err != nil {
		return nil, err
	}
	l, err := empty(dir)
	if err != nil {
		return nil, err
	}
	l.Shape = shape
	for i := range shape.PD {
		l.pdHosts = append(l.pdHosts, host(firstPDHost+i))
	}
	l.locationLabels = []string{"host"}
	if shape.Zones > 0 {
		l.locationLabels = []string{"zone", "host"}
	}
	l.placeStores(host)
	return l, nil
}

// empty returns a layout without anything in it.
func empty(dir string) (*Layout, error) {
	current, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("lay out playground: find user: %w", err)
	}
	return &Layout{dir: dir, user: current.Username}, nil
}

// WithHosts says that the hosts exist: who logs in there, and what tiup calls
// the place of their units.
func (l *Layout) WithHosts(user, systemdMode string) {
	l.user, l.systemdMode = user, systemdMode
}

// ProbePorts returns, for each host number, one port that must be free before
// the playground starts.
func (s Shape) ProbePorts() map[int]int {
	ports := map[int]int{FirstTiKVHost: TiKVPort}
	if s.PD > 0 {
		ports[firstPDHost] = pd.DefaultClientPort
	}
	if s.TiFlash > 0 {
		ports[firstTiFlashHost] = FlashServicePort
	}
	return ports
}

// PDHosts returns one address per PD member.
func (l *Layout) PDHosts() []string { return l.pdHosts }

// LocationLabels are the label keys by which PD spreads the replicas.
func (l *Layout) LocationLabels() []string { return l.locationLabels }

// Stores returns all stores, TiKV first.
func (l *Layout) Stores() []store.Spec {
	specs := slices.Clone(l.stores)
	for i := range specs {
		specs[i].Version, specs[i].Hosted = l.Version, l.systemdMode != ""
	}
	return specs
}

func (l *Layout) placeStores(host func(int) string) {
	for i := range l.TiKV {
		spec := l.store(store.TiKV, host(FirstTiKVHost+i), i, TiKVPort)
		spec.Port, spec.StatusPort = TiKVPort, TiKVStatusPort
		l.stores = append(l.stores, spec)
	}
	for i := range l.TiFlash {
		spec := l.store(store.TiFlash, host(firstTiFlashHost+i), i, TiFlashTCPPort)
		spec.Port, spec.PeerPort, spec.StatusPort = FlashServicePort, FlashProxyPort, FlashStatusPort
		first := spec.DataDir
		for disk := 2; disk <= l.TiFlashDirs; disk++ {
			spec.DataDir += "," + first + "-disk" + strconv.Itoa(disk)
		}
		l.stores = append(l.stores, spec)
	}
}

// store returns what stores of both engines have in common. mainPort is the one
// that tiup names directories and units after.
func (l *Layout) store(engine, host string, index, mainPort int) store.Spec {
	unit := engine + "-" + strconv.Itoa(mainPort)
	return store.Spec{
		Host:      host,
		Engine:    engine,
		Labels:    l.labels(host, index),
		Capacity:  l.Capacity,
		DeployDir: filepath.Join(l.hostDir(host), "deploy", unit),
		DataDir:   filepath.Join(l.hostDir(host), "data", unit),
	}
}

func (l *Layout) labels(host string, index int) map[string]string {
	labels := map[string]string{"host": host}
	if l.Zones > 0 {
		labels["zone"] = "z" + strconv.Itoa(index%l.Zones+1)
	}
	return labels
}

func (l *Layout) hostDir(host string) string { return filepath.Join(l.dir, "hosts", host) }
