package decommission

import (
	"context"
	"time"

	"ebb/cluster"
)

// VerbFence is the verb as errors and the journal name it.
const VerbFence = "fence"

// FenceVerdict is how the ladder of fencing ended.
type FenceVerdict string

// Verdicts. NotFenced is the zero value's meaning as well: a host that does not
// answer and a store that sends no heartbeat are unknown, not dead.
const (
	// FencedByHost: the store does not run, and nothing on its machine starts it again.
	FencedByHost FenceVerdict = "FENCED"
	// FencedByHook: the fence hook says that the machine is off, and neither PD nor
	// a port contradicts it.
	FencedByHook FenceVerdict = "FENCED-BY-HOOK"
	// Alive: something of the store still runs.
	Alive FenceVerdict = "ALIVE"
	// NotFenced: nobody can tell.
	NotFenced FenceVerdict = "UNREACHABLE-NOT-FENCED"
	// Fenceable comes up only when fencing was not asked to change anything: its
	// machine answers, and the store could be fenced there.
	Fenceable FenceVerdict = "FENCEABLE"
)

// FenceTarget is a store that must not run any more, and what is known about
// where it would.
type FenceTarget struct {
	StoreID cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	// DeployPath is where the store's program lies, by its own word to PD.
	DeployPath string `json:"deploy_path,omitempty"`
	// Node is the tiup ID, and Host where to log in. Both are "" when the topology
	// does not have the store: then only a hook can fence it.
	Node string `json:"node,omitempty"`
	Host string `json:"host,omitempty"`
	// Machine is the name of the machine for the hook.
	Machine   string   `json:"machine"`
	Unit      string   `json:"unit,omitempty"`
	UserUnits bool     `json:"user_units,omitempty"`
	DeployDir string   `json:"deploy_dir,omitempty"`
	Dirs      []string `json:"dirs,omitempty"`
	Ports     []int    `json:"ports,omitempty"`
	// Listen are the addresses at which the ports are looked at; none for all.
	Listen []string `json:"listen,omitempty"`
	// Dial lists the addresses at which the store would answer, as seen from here.
	Dial []string `json:"dial"`
	// Neighbours are other live stores on the machine. A hook would take them along.
	Neighbours []string `json:"neighbours,omitempty"`
}

// FenceReport is what the ladder found out about one store.
type FenceReport struct {
	StoreID cluster.StoreID `json:"store_id"`
	Address string          `json:"address"`
	Host    string          `json:"host,omitempty"`
	Verdict FenceVerdict    `json:"verdict"`
	// Identified: the machine answered and is the store's, so the host checks speak
	// about this store.
	Identified bool `json:"identified"`
	// Running: something of the store runs there.
	Running bool `json:"running"`
	// Changed: the unit was stopped, disabled or masked, or the hook was called.
	Changed bool      `json:"changed"`
	Checks  []Finding `json:"checks"`
	// LastHeartbeat is the one that did not change; zero when PD knows of none.
	LastHeartbeat time.Time `json:"last_heartbeat"`
}

// Err says why a store is not fenced, nil when it is.
func (r *FenceReport) Err() error {
	findings := append([]Finding(nil), r.Checks...)
	switch r.Verdict {
	case FencedByHost, FencedByHook, Fenceable:
		return nil
	case Alive:
		for i := range findings { // what fencing would stop is alive until then
			if findings[i].Result == Warning && r.Running {
				findings[i].Result = Refused
			}
		}
		return &RefusedError{Verb: VerbFence, Findings: findings}
	}
	return &UnknownError{Verb: VerbFence, Findings: findings}
}

// Fenced proves that a store does not run and does not start again by itself.
// Only Fence makes one; the zero value proves nothing.
type Fenced struct {
	store     cluster.StoreID
	verdict   FenceVerdict
	heartbeat time.Time
}

// Clears reports whether the proof is one for the store.
func (f Fenced) Clears(id cluster.StoreID) bool {
	return id != 0 && f.store == id && (f.verdict == FencedByHost || f.verdict == FencedByHook)
}

func (f Fenced) lastHeartbeat() time.Time { return f.heartbeat }

// PortState is what a dial from here says about a port.
type PortState int

// States of a port. The zero value is PortUnknown: no answer is no evidence.
const (
	PortUnknown PortState = iota
	PortClosed            // refused by the machine
	PortOpen
)

// FenceHook switches a machine off from the outside.
type FenceHook interface {
	// Off returns nil when the machine is off.
	Off(ctx context.Context, t *FenceTarget) error
	String() string
}

// FenceDeps are what Fence works with.
type FenceDeps struct {
	PD StoreReader
	// Host logs in on a target's machine. The SSH layer has verified its host key.
	Host func(ctx context.Context, t *FenceTarget) (Host, error)
	// Dial tries to connect from here.
	Dial func(ctx context.Context, address string) PortState
	Hook FenceHook // nil when there is none
	// Journal is nil when nothing may be changed: no unit is stopped, disabled or
	// masked, and the hook is not called.
	Journal Recorder
	// Window is how long heartbeats are watched; 0 takes one look, which proves
	// nothing.
	Window time.Duration
	Now    func() time.Time
	Sleep  func(ctx context.Context, d time.Duration) error
	// Notify is told of every check when it is made. It may be nil.
	Notify func(t *FenceTarget, check Finding)
}

// MinFenceWindow is the shortest watch that counts: longer than an election of
// a region (TiKV raft-base-tick-interval 1s x raft-max-election-timeout-ticks
// 20), and two of the heartbeats that a store sends every 10 s. DefaultFenceWindow
// adds a third.
const (
	MinFenceWindow     = 20 * time.Second
	DefaultFenceWindow = 30 * time.Second
)

// Fence climbs the ladder for all targets together. Evidence is taken in this
// order: the identity of the machine, its unit stopped, disabled and masked, or
// the machine switched off by the hook; then PD's heartbeats over the window;
// and only after that, so that what woke up meanwhile is seen, the unit once
// more, the processes that use its directories, and its ports from both sides.
// Nothing is done to a store that PD hears. The error is that of a context that
// ended.
func Fence(ctx context.Context, targets []FenceTarget, d FenceDeps) ([]FenceReport, map[cluster.StoreID]Fenced, error) {
	ladders := make([]*ladder, len(targets))
	for i := range targets {
		ladders[i] = newLadder(&targets[i], &d)
	}
	heard := readHeartbeats(ctx, d.PD)
	for _, l := range ladders {
		l.identify(ctx)
		if d.Journal != nil && l.silentIn(heard) {
			l.silence(ctx)
		}
	}
	watchHeartbeats(ctx, ladders, &d)
	reports := make([]FenceReport, 0, len(ladders))
	proofs := make(map[cluster.StoreID]Fenced)
	for _, l := range ladders {
		l.lookAgain(ctx)
		l.report.Verdict = l.verdict()
		reports = append(reports, l.report)
		if v := l.report.Verdict; v == FencedByHost || v == FencedByHook {
			proofs[l.target.StoreID] = Fenced{l.target.StoreID, v, l.report.LastHeartbeat}
		}
	}
	return reports, proofs, ctx.Err()
}
