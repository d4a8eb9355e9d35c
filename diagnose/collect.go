package diagnose

import (
	"context"
	"iter"
	"sync"
	"time"

	"ebb/cluster"
)

// Reader is what is read of PD.
type Reader interface {
	Stores(ctx context.Context) ([]cluster.Store, time.Time, error)
	// RegionsOfStore streams the regions with a peer on a store. An error ends it.
	RegionsOfStore(ctx context.Context, id cluster.StoreID) iter.Seq2[cluster.Region, error]
	Operators(ctx context.Context, kind string) ([]cluster.Operator, error)
	OperatorRecords(ctx context.Context, from time.Time) ([]cluster.Operator, error)
	RegionLabelRules(ctx context.Context) ([]cluster.RegionLabelRule, error)
	RegionStats(ctx context.Context) (*cluster.RegionStats, error)
	PausedSchedulers(ctx context.Context) ([]string, error)
	Status(ctx context.Context) (cluster.PDStatus, error)
	// Region is one region; ok is false when PD does not know it.
	Region(ctx context.Context, id cluster.RegionID) (r cluster.Region, ok bool, err error)
	// Progress is PD's own estimate; ok is false when it has none.
	Progress(ctx context.Context, id cluster.StoreID) (p cluster.Progress, ok bool, err error)
	ReplicationStatus(ctx context.Context) (*cluster.ReplicationStatus, error)
	// MaintenanceTasks are those of one type that hold PD's lock for maintenance.
	MaintenanceTasks(ctx context.Context, kind string) ([]cluster.MaintenanceTask, error)
}

// CollectOptions say what to read, and how.
type CollectOptions struct {
	// Stores are those that are asked about.
	Stores []cluster.StoreID
	// For is the time between the two readings of the stores; 0 leaves the second
	// one out.
	For   time.Duration
	Sleep func(ctx context.Context, d time.Duration) error
	// Unsupported reports errors which mean that this PD has no such call.
	Unsupported func(error) bool
	// TaskType is the type of our own tasks in PD's lock for maintenance.
	TaskType string
}

// recordWindow is how long PD remembers operators that ended.
const recordWindow = 10 * time.Minute

// maxStreams bounds the region lists that are read at once: PD makes each as one
// body in its memory.
const maxStreams = 2

// Collect reads the evidence. What cannot be read is noted in it, so there is no
// error but that of a context that ended.
func Collect(ctx context.Context, pd Reader, snap *cluster.Snapshot, opts CollectOptions) (*Evidence, error) {
	c := &collector{pd: pd, opts: opts, ev: &Evidence{Format: EvidenceFormat, Stores: opts.Stores}}
	if c.ev.Stores == nil {
		c.ev.Stores = []cluster.StoreID{}
	}
	c.ev.adopt(snap)
	c.readSmall(ctx)
	c.readRegions(ctx)
	c.confirm(ctx)
	c.readLater(ctx)
	return c.ev, ctx.Err()
}

type collector struct {
	pd   Reader
	opts CollectOptions
	mu   sync.Mutex // of ev.Unread and ev.Absent
	ev   *Evidence
}

// note keeps a failure apart from what this PD does not have.
func (c *collector) note(f Field, err error) {
	if err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opts.Unsupported != nil && c.opts.Unsupported(err) {
		c.ev.NoteAbsent(f, err.Error())
		return
	}
	c.ev.NoteUnread(f, err)
}

// readSmall reads in parallel all that does not grow with the regions.
func (c *collector) readSmall(ctx context.Context) {
	ev, since := c.ev, c.ev.Snapshot.ReadAt.Add(-recordWindow)
	var wg sync.WaitGroup
	for field, read := range map[Field]func() error{
		FieldOperators:        func() (err error) { ev.Running, err = c.pd.Operators(ctx, ""); return err },
		FieldRecords:          func() (err error) { ev.Records, err = c.pd.OperatorRecords(ctx, since); return err },
		FieldRegionLabels:     func() (err error) { ev.LabelRules, err = c.pd.RegionLabelRules(ctx); return err },
		FieldRegionStats:      func() (err error) { ev.RegionStats, err = c.pd.RegionStats(ctx); return err },
		FieldPausedSchedulers: func() (err error) { ev.PausedSchedulers, err = c.pd.PausedSchedulers(ctx); return err },
		FieldReplicationState: func() (err error) { ev.Replication, err = c.pd.ReplicationStatus(ctx); return err },
		FieldMaintenance: func() (err error) {
			ev.Maintenance, err = c.pd.MaintenanceTasks(ctx, c.opts.TaskType)
			return err
		},
		FieldProgress: func() error { return c.readProgress(ctx) },
		FieldPDStatus: func() error {
			status, err := c.pd.Status(ctx)
			if err == nil {
				ev.PDStatus = &status
			}
			return err
		},
	} {
		wg.Go(func() { c.note(field, read()) })
	}
	wg.Wait()
}

func (c *collector) readProgress(ctx context.Context) error {
	progress := make(map[cluster.StoreID]cluster.Progress)
	for _, id := range c.opts.Stores {
		p, ok, err := c.pd.Progress(ctx, id)
		if err != nil {
			return err
		}
		if ok {
			progress[id] = p
		}
	}
	c.ev.Progress = progress
	return nil
}

// readRegions counts the regions of each store. Stores that are Up are judged as
// if they left.
func (c *collector) readRegions(ctx context.Context) {
	v := newView(c.ev)
	world := NewWorld(v.snap, c.ev.Running)
	var denied []cluster.KeyRange
	for i := range c.ev.LabelRules {
		if c.ev.LabelRules[i].DeniesScheduling() {
			denied = append(denied, c.ev.LabelRules[i].Ranges...)
		}
	}
	c.ev.Tallies = make(map[cluster.StoreID]*Tally)
	slots := make(chan struct{}, maxStreams)
	var wg sync.WaitGroup
	for _, id := range c.opts.Stores {
		t := new(Tally)
		c.ev.Tallies[id] = t
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			counter := counter{store: id, world: world, stores: v.stores, now: v.now, denied: denied, tally: t}
			for region, err := range c.pd.RegionsOfStore(ctx, id) {
				if err != nil {
					t.Err = err.Error()
					c.note(FieldRegions, err)
					return
				}
				counter.add(&region)
			}
		})
	}
	wg.Wait()
}

// readLater reads the stores again after a while.
func (c *collector) readLater(ctx context.Context) {
	if c.opts.For <= 0 {
		c.ev.NoteAbsent(FieldLater, "one reading only; --for 30s takes a second one")
		return
	}
	if c.opts.Sleep(ctx, c.opts.For) != nil {
		return
	}
	stores, _, err := c.pd.Stores(ctx)
	if err != nil {
		c.note(FieldLater, err)
		return
	}
	later := &Reading{After: c.opts.For, Stores: make(map[cluster.StoreID]LaterStore, len(stores))}
	for i := range stores {
		s := &stores[i]
		later.Stores[s.ID] = LaterStore{Address: s.Address, State: s.State, StartTime: s.StartTime, RegionCount: s.RegionCount}
	}
	c.ev.Later = later
}
