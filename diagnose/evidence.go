package diagnose

import (
	"errors"
	"maps"
	"slices"
	"time"

	"ebb/cluster"
)

// EvidenceFormat is the version of Evidence as JSON. Fields are only added
// within a version.
const EvidenceFormat = 1

// Evidence is all that the rules look at. It can be written to a file and judged
// elsewhere.
type Evidence struct {
	Format int `json:"format"`
	// Tool is the program that read it, with its version.
	Tool string `json:"tool,omitempty"`
	// Stores are those that the question is about: the leaving ones, or those that
	// were named. A store that is Up is judged as if it were to leave.
	Stores   []cluster.StoreID `json:"stores"`
	Snapshot *cluster.Snapshot `json:"snapshot"`
	// Unread has the error of each reading that failed, by the name of the field
	// in Field; Absent the reason why there is nothing to read: this PD does not
	// have it, or nobody asked for it.
	Unread map[Field]string `json:"unread,omitempty"`
	Absent map[Field]string `json:"absent,omitempty"`

	Running []cluster.Operator `json:"operators,omitempty"`
	// Records are operators that ended within the last ten minutes.
	Records          []cluster.Operator                   `json:"operator_records,omitempty"`
	LabelRules       []cluster.RegionLabelRule            `json:"region_labels,omitempty"`
	RegionStats      *cluster.RegionStats                 `json:"region_stats,omitempty"`
	PausedSchedulers []string                             `json:"paused_schedulers,omitempty"`
	PDStatus         *cluster.PDStatus                    `json:"pd_status,omitempty"`
	Progress         map[cluster.StoreID]cluster.Progress `json:"progress,omitempty"`
	Replication      *cluster.ReplicationStatus           `json:"replication_status,omitempty"`
	Maintenance      []cluster.MaintenanceTask            `json:"maintenance,omitempty"`
	// Tallies has one entry for every store of Stores.
	Tallies map[cluster.StoreID]*Tally `json:"tallies,omitempty"`
	// Later is a second reading of the stores, nil when one was enough.
	Later *Reading `json:"later,omitempty"`
	// Tables are the names of tables by id, from TiDB. nil here and in the next two
	// is what nobody read, empty is what there is none of.
	Tables map[int64]Table `json:"tables"`
	// Nodes are the stores as the topology has them.
	Nodes []Node `json:"nodes"`
	// Hosts are facts from the machines of Stores.
	Hosts map[cluster.StoreID]Host `json:"hosts"`
}

// Field names one reading: one of the snapshot, or one of those below.
type Field = cluster.Field

// The readings of a snapshot that rules name.
const (
	FieldMembers        = cluster.FieldMembers
	FieldHealth         = cluster.FieldHealth
	FieldPDVersion      = cluster.FieldPDVersion
	FieldLimits         = cluster.FieldLimits
	FieldSchedule       = cluster.FieldSchedule
	FieldReplication    = cluster.FieldReplication
	FieldRules          = cluster.FieldRules
	FieldRuleGroups     = cluster.FieldRuleGroups
	FieldEvictLeader    = cluster.FieldEvictLeader
	FieldPausedCheckers = cluster.FieldPausedCheckers
	FieldUnsafeRecovery = cluster.FieldUnsafeRecovery
)

// The readings beside the snapshot.
const (
	FieldOperators        Field = "operators"
	FieldRecords          Field = "operator_records"
	FieldRegionLabels     Field = "region_labels"
	FieldRegionStats      Field = "region_stats"
	FieldPausedSchedulers Field = "paused_schedulers"
	FieldPDStatus         Field = "pd_status"
	FieldProgress         Field = "progress"
	FieldReplicationState Field = "replication_status"
	FieldMaintenance      Field = "maintenance"
	FieldRegions          Field = "regions"
	FieldLater            Field = "later"
	FieldTables           Field = "tables"
	FieldTopology         Field = "topology"
	FieldHosts            Field = "hosts"
)

// Reading is what is compared between two moments.
type Reading struct {
	// After is the time since the first reading.
	After  time.Duration                  `json:"after_ns"`
	Stores map[cluster.StoreID]LaterStore `json:"stores"`
}

// LaterStore is one store in a second reading.
type LaterStore struct {
	Address     string             `json:"address"`
	State       cluster.StoreState `json:"state"`
	StartTime   time.Time          `json:"start_time"`
	RegionCount int                `json:"region_count"`
}

// Table is what TiDB says of a table.
type Table struct {
	Name string `json:"name,omitempty"` // database.table
	Gone bool   `json:"gone,omitempty"` // dropped
}

// Node is one TiKV or TiFlash instance of the topology.
type Node struct {
	ID      string          `json:"id"`
	StoreID cluster.StoreID `json:"store_id,omitempty"` // 0: PD has none for it
	Offline bool            `json:"offline,omitempty"`  // tiup's flag
}

// Host is what the machine of a store says.
type Host struct {
	Unit string `json:"unit,omitempty"`
	// Running is whether the store's unit runs; meaningless with Err.
	Running bool   `json:"running"`
	Err     string `json:"err,omitempty"` // why the machine could not be asked
}

// NoteAbsent notes that there is nothing to read, and why.
func (ev *Evidence) NoteAbsent(f Field, reason string) {
	if ev.Absent == nil {
		ev.Absent = make(map[Field]string)
	}
	ev.Absent[f] = reason
}

// NoteUnread notes a reading that failed.
func (ev *Evidence) NoteUnread(f Field, err error) {
	if ev.Unread == nil {
		ev.Unread = make(map[Field]string)
	}
	ev.Unread[f] = err.Error()
}

// adopt takes the errors of the snapshot, which it does not carry as JSON.
func (ev *Evidence) adopt(snap *cluster.Snapshot) {
	ev.Snapshot = snap
	for _, name := range slices.Sorted(maps.Keys(snap.Unread)) {
		ev.NoteUnread(name, snap.Unread[name])
	}
}

// snapshot is the snapshot with its errors back in place.
func (ev *Evidence) snapshot() *cluster.Snapshot {
	snap := *ev.Snapshot
	snap.Stores = slices.Clone(snap.Stores)
	snap.Unread = make(cluster.Unread, len(ev.Unread))
	for name, text := range ev.Unread {
		snap.Unread[name] = errors.New(text)
	}
	return &snap
}

// Leaving lists the stores that PD moves regions away from.
func Leaving(snap *cluster.Snapshot) []cluster.StoreID {
	var ids []cluster.StoreID
	for i := range snap.Stores {
		if snap.Stores[i].Leaving() {
			ids = append(ids, snap.Stores[i].ID)
		}
	}
	return ids
}

// complete is the evidence with an entry in Unread for everything that is
// missing without a reason: what nobody read is not what nobody found.
func (ev *Evidence) complete() *Evidence {
	out := *ev
	out.Unread = maps.Clone(ev.Unread)
	missing := map[Field]bool{
		FieldSchedule: ev.Snapshot.Schedule == nil, FieldReplication: ev.Snapshot.Replication == nil,
		FieldRegionStats: ev.RegionStats == nil, FieldPDStatus: ev.PDStatus == nil,
		FieldReplicationState: ev.Replication == nil, FieldLater: ev.Later == nil,
		FieldTables: ev.Tables == nil, FieldTopology: ev.Nodes == nil, FieldHosts: ev.Hosts == nil,
	}
	for _, id := range ev.Stores {
		if ev.Tallies[id] == nil {
			missing[FieldRegions] = true
		}
	}
	for f, miss := range missing {
		if _, noted := ev.Absent[f]; miss && !noted && out.Unread[f] == "" {
			out.NoteUnread(f, errNotRead)
		}
	}
	return &out
}

var errNotRead = errors.New("it was not read")
