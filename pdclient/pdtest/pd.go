package pdtest

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"ebb/cluster"
)

// PD is a cluster of PD servers over one state.
type PD struct {
	profile Profile
	routes  *http.ServeMux
	members []*member
	closing chan struct{}
	close   sync.Once

	mu         sync.Mutex
	leader     int // index into members, -1 for none
	clusterID  uint64
	offset     time.Duration // of PD's clock
	stopped    time.Time     // what it shows if it is stopped, else zero
	started    time.Time
	calls      []Call
	violations []string
	faults     []*Fault
	state
}

// state is what the servers answer from; the leader's memory is apart, since it
// is lost with the leader.
type state struct {
	stores      map[cluster.StoreID]*store
	regions     []*cluster.Region // by start key
	limits      cluster.StoreLimits
	limitTTL    map[string]temporary // "add-peer-4"
	rules       []cluster.Rule
	ruleGroups  []cluster.RuleGroup
	maintenance *cluster.MaintenanceTask
	replication cluster.ReplicationStatus
	dashboard   string // as in the setting dashboard-address
	labels      []cluster.RegionLabelRule
	evicting    map[cluster.StoreID]bool
	paused      map[string]time.Time // scheduler -> until
	checkers    map[string]time.Time // checker -> until
	schedule    map[string]any
	replicate   map[string]any
	configTTL   map[string]temporary
	recovery    []string // stages of an unsafe recovery
	obey        bool     // operators are carried out when created
	memory
}

type memory struct {
	previous  map[cluster.StoreID]float64 // remove-peer limits before Offline
	progress  map[cluster.StoreID]*progress
	operators map[cluster.RegionID]*operator
	records   []*operator
}

type temporary struct {
	value any
	until time.Time
}

func newMemory() memory {
	return memory{
		previous:  make(map[cluster.StoreID]float64),
		progress:  make(map[cluster.StoreID]*progress),
		operators: make(map[cluster.RegionID]*operator),
	}
}

// Option changes how a PD is started.
type Option func(*options)

type options struct {
	members int
	tls     *tls.Config
}

// Members sets the number of servers; one when not given. The first leads, the
// others pass requests on to it.
func Members(n int) Option { return func(o *options) { o.members = n } }

// TLS makes the servers speak https. The configuration needs a certificate.
func TLS(c *tls.Config) Option { return func(o *options) { o.tls = c } }

// New starts a PD that ends with the test, and fails the test for violations.
func New(t testing.TB, p Profile, opts ...Option) *PD {
	t.Helper()
	pd := Start(p, opts...)
	t.Cleanup(func() {
		pd.Close()
		for _, v := range pd.Violations() {
			t.Errorf("pdtest: %s", v)
		}
	})
	return pd
}

// Start starts a PD outside of a test. The caller closes it.
func Start(p Profile, opts ...Option) *PD {
	o := options{members: 1}
	for _, opt := range opts {
		opt(&o)
	}
	pd := &PD{
		profile: p, closing: make(chan struct{}),
		clusterID: 7034215976384921731, started: time.Now(),
		state: state{
			stores: make(map[cluster.StoreID]*store), limits: make(cluster.StoreLimits),
			limitTTL: make(map[string]temporary), evicting: make(map[cluster.StoreID]bool),
			paused: make(map[string]time.Time), checkers: make(map[string]time.Time),
			schedule: defaultSchedule(p), replicate: defaultReplicate(p),
			configTTL: make(map[string]temporary), memory: newMemory(),
			rules: []cluster.Rule{{GroupID: "pd", ID: "default", Role: cluster.RoleVoter, Count: 3}},
		},
	}
	pd.routes = pd.newRoutes()
	for i := range max(o.members, 1) {
		pd.members = append(pd.members, startMember(pd, i, o.tls))
	}
	return pd
}

// Close stops the servers and ends requests that hang.
func (pd *PD) Close() {
	pd.close.Do(func() {
		close(pd.closing)
		for _, m := range pd.members {
			m.stop()
		}
	})
}

// URLs are the client URLs of all members, the first leader first.
func (pd *PD) URLs() []string {
	var out []string
	for _, m := range pd.members {
		out = append(out, m.url)
	}
	return out
}

// Now is PD's clock, which is also in the Date header of every answer.
func (pd *PD) Now() time.Time {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return pd.now()
}

func (pd *PD) now() time.Time {
	if !pd.stopped.IsZero() {
		return pd.stopped
	}
	return time.Now().Add(pd.offset)
}

// StopClock lets no time pass in PD: ages stay what they are, however long a test
// takes.
func (pd *PD) StopClock() {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.stopped = pd.now()
}

// Advance moves PD's clock: silent stores grow older, temporary settings expire.
func (pd *PD) Advance(d time.Duration) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.offset += d
	if !pd.stopped.IsZero() {
		pd.stopped = pd.stopped.Add(d)
	}
}

// Violations lists what callers did that they must not.
func (pd *PD) Violations() []string {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	return append([]string(nil), pd.violations...)
}

// violate records a violation; the lock is not held.
func (pd *PD) violate(format string, args ...any) {
	pd.mu.Lock()
	defer pd.mu.Unlock()
	pd.violations = append(pd.violations, fmt.Sprintf(format, args...))
}
