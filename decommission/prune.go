package decommission

import (
	"context"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// VerbPrune is the verb as plans, errors and the journal name it.
const VerbPrune = "prune"

// PruneTarget is a node whose store has left: where its service and its data
// are. Everything in it was resolved from the topology before any host was asked.
type PruneTarget struct {
	StoreID cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	// Node is the tiup ID, "" when the topology no longer has the node.
	Node string `json:"node"`
	// Host names the machine; the same for all targets on it. Listen are the
	// addresses at which the ports are looked at.
	Host   string   `json:"host"`
	Listen []string `json:"listen"`
	Ports  []int    `json:"ports"`
	// StatusAddress is "host:port" of its status server; "" when it has none.
	StatusAddress string `json:"status_address,omitempty"`
	Unit          string `json:"unit"`
	// UserUnits says that the login user's systemd runs its units.
	UserUnits bool       `json:"user_units,omitempty"`
	DeployDir string     `json:"deploy_dir"`
	Dirs      []PruneDir `json:"dirs"`
	// Objections are reasons of the topology against deleting anything, such as a
	// directory that another instance uses.
	Objections []string `json:"objections,omitempty"`
	// Others are the directories of whoever remains on the host.
	Others []string `json:"others,omitempty"`
	// Exporters go with the last instance of a host.
	Exporters []PruneExporter `json:"exporters,omitempty"`
}

// PruneDir is a directory that belongs to the instance alone.
type PruneDir struct {
	Path string `json:"path"`
	Kind string `json:"kind"` // "data", "log", "deploy", ...
}

// PruneExporter is a monitoring agent of the host.
type PruneExporter struct {
	Unit string     `json:"unit"`
	Dirs []PruneDir `json:"dirs"`
}

// paths lists all directories of the target, for looking at processes.
func (t *PruneTarget) paths() []string {
	var list []string
	for _, d := range t.Dirs {
		list = append(list, d.Path)
	}
	return list
}

// Changes of prune.
const (
	StepStopUnit           StepKind = "stop-unit"
	StepVerifyStopped      StepKind = "verify-stopped"
	StepDisableUnit        StepKind = "disable-unit"
	StepRemoveUnitFile     StepKind = "remove-unit-file"
	StepDelete             StepKind = "delete"
	StepEmpty              StepKind = "empty" // a mount point: its contents
	StepRename             StepKind = "rename"
	StepCleanLater         StepKind = "clean-later"
	StepCleaned            StepKind = "cleaned" // in the journal only
	StepRemoveFromTopology StepKind = "remove-from-topology"
	StepRemoveTombstone    StepKind = "remove-tombstone"
)

// PruneRequest is what the user asks for.
type PruneRequest struct {
	Targets  []PruneTarget
	Topology string // path of the file, "" when there is none
	// KeepData renames directories instead of deleting them.
	KeepData bool
	// SkipUnreachable takes nodes whose host cannot be reached out of topology and
	// PD, and leaves their cleaning for later.
	SkipUnreachable bool
	Risks           []string
	// Cleaned are the stores whose hosts were cleaned by an earlier run, so that
	// their PD record may go with the others.
	Cleaned map[cluster.StoreID]bool
	// Now names renamed directories.
	Now time.Time
}

// PruneReader is what prune reads of PD.
type PruneReader interface {
	SnapshotReader
	DrainedReader
}

// TombstoneRemover removes PD's records of all Tombstone stores at once; PD
// cannot do it for one.
type TombstoneRemover interface {
	RemoveTombstones(ctx context.Context) error
}

// NodeRemover drops nodes from the topology file. It returns the nodes that it
// dropped and the path of the backup.
type NodeRemover interface {
	RemoveNodes(ctx context.Context, nodes []string) (removed []string, backup string, err error)
}

// CleanedStore reads the name of a step in the journal: ok when it says that the
// host of a store was cleaned to the end.
func CleanedStore(step string) (id cluster.StoreID, ok bool) {
	text, found := strings.CutPrefix(step, string(StepCleaned)+"/")
	n, err := strconv.ParseUint(text, 10, 64)
	return cluster.StoreID(n), found && err == nil
}
