package operators

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

// modelPD is a PD, its stores and a journal, that do at random whatever may
// happen. It checks at each operator what nobody else can: that the region is safe
// to change as it is at that moment.
type modelPD struct {
	*fakePD
	rng     *rand.Rand
	cancel  context.CancelFunc
	clock   time.Time
	since   time.Time // of the last scene
	dead    bool      // PD answers nothing any more
	workers int

	judged   map[cluster.RegionID]string // Safe as last read, with what it was
	intents  map[string]int
	told     map[string]Outcome // outcomes in the journal
	sent     map[string]bool    // operators that came to PD
	carried  map[string]bool    // and that were carried out
	refused  map[string]bool
	repaired map[string]bool    // gone without us
	late     []cluster.Operator // requests that PD will take later
}

var errUnread = errors.New("cannot be read")

func newModelPD(t *testing.T, seed uint64) *modelPD {
	m := &modelPD{
		fakePD: newFakePD(t, 0), rng: rand.New(rand.NewPCG(seed, 1)), clock: time.Unix(1_700_000_000, 0), judged: make(map[cluster.RegionID]string),
		intents: make(map[string]int), told: make(map[string]Outcome), sent: make(map[string]bool),
		carried: make(map[string]bool), refused: make(map[string]bool), repaired: make(map[string]bool),
	}
	for i := range 1 + m.rng.IntN(12) {
		m.regions[cluster.RegionID(i+1)] = m.anyRegion(cluster.RegionID(i + 1))
	}
	return m
}

// anyRegion has up to three peers on live stores, and up to two orphans.
func (m *modelPD) anyRegion(id cluster.RegionID) *cluster.Region {
	r := &cluster.Region{ID: id, StartKey: []byte{byte(id)}, EndKey: []byte{byte(id + 1)}, Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 3}}
	add := func(store cluster.StoreID) {
		p := cluster.Peer{ID: uint64(id)*10 + uint64(len(r.Peers)), StoreID: store}
		if m.rng.IntN(6) == 0 {
			p.Role = cluster.Learner
		}
		r.Peers = append(r.Peers, p)
	}
	for store := range cluster.StoreID(3) {
		if m.rng.IntN(8) > 0 {
			add(store + 1)
		}
	}
	for _, store := range []cluster.StoreID{98, 99} {
		if m.rng.IntN(2) == 0 {
			add(store)
		}
	}
	if len(r.Peers) > 0 && m.rng.IntN(10) > 0 {
		r.Leader = r.Peers[0]
	}
	return r
}

// disturb changes a region as PD, its stores or somebody else might.
func (m *modelPD) disturb() {
	ids := sortedIDs(m.regions)
	if len(ids) == 0 || m.rng.IntN(4) > 0 {
		return
	}
	r := m.regions[ids[m.rng.IntN(len(ids))]]
	switch m.rng.IntN(10) {
	case 0:
		r.Epoch.Version++ // split
	case 1:
		r.Leader = cluster.Peer{}
	case 2:
		if len(r.Peers) > 0 {
			r.Leader = r.Peers[m.rng.IntN(len(r.Peers))]
		}
	case 3:
		if len(r.Peers) > 0 {
			r.Down = []cluster.DownPeer{{Peer: r.Peers[m.rng.IntN(len(r.Peers))]}}
		}
	case 4:
		r.Down, r.Pending = nil, nil
	case 5:
		if r.PeerOn(97) == nil {
			r.Peers = append(slices.Clone(r.Peers), cluster.Peer{ID: 900 + uint64(r.ID), StoreID: 97})
			r.Epoch.ConfVer++
		}
	case 6:
		delete(m.regions, r.ID)
	case 7:
		if op := m.running[r.ID]; op.Status != statusRunning {
			status := []string{statusRunning, "SUCCESS", "TIMEOUT", "CANCEL", "?"}[m.rng.IntN(5)]
			m.running[r.ID] = cluster.Operator{RegionID: r.ID, Desc: "balance-region", Text: "x", Status: status}
			m.looks[r.ID] = -1
		}
	case 9: // PD repairs it
		for _, store := range []cluster.StoreID{98, 99} {
			if step := (&Orphan{RegionID: r.ID, StoreID: store}).StepID(); r.PeerOn(store) != nil && !m.sent[step] {
				m.repaired[step] = true
				r.Peers = slices.DeleteFunc(slices.Clone(r.Peers), func(p cluster.Peer) bool { return p.StoreID == store })
				r.Epoch.ConfVer++
			}
		}
	case 8: // another leader of PD: it knows no operators
		m.running = make(map[cluster.RegionID]cluster.Operator)
	}
}

// moment is called with the lock whenever PD is asked. It fails now and then.
func (m *modelPD) moment() error {
	m.disturb()
	m.clock = m.clock.Add(time.Duration(m.rng.IntN(300)) * time.Millisecond)
	switch n := m.rng.IntN(2000); {
	case n < 4:
		m.cancel()
	case n < 6:
		m.dead = true
	case n < 40:
		return errUnread
	}
	for i, op := range m.late {
		m.late = slices.Delete(slices.Clone(m.late), i, i+1)
		m.take(op)
		break
	}
	if m.dead {
		return errUnread
	}
	return nil
}

func (m *modelPD) Scene(ctx context.Context) (*Scene, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.moment(); err != nil {
		return nil, err
	}
	m.since = m.clock
	return NewScene(SceneReading{Snapshot: m.snapshot()})
}

func (m *modelPD) Region(ctx context.Context, id cluster.RegionID) (cluster.Region, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.moment(); err != nil {
		return cluster.Region{}, false, err
	}
	r, ok := m.regions[id]
	if !ok {
		return cluster.Region{}, false, nil
	}
	if op := m.running[id]; op.Status == statusRunning && op.Desc == "admin-remove-peer" && m.rng.IntN(2) == 0 {
		if m.rng.IntN(4) == 0 {
			op.Status = "TIMEOUT"
			m.running[id] = op
		} else {
			m.carryOut(r, op)
		}
	}
	copied := *r
	copied.Peers, copied.Down = slices.Clone(r.Peers), slices.Clone(r.Down)
	m.judged[id] = fmt.Sprint(copied)
	return copied, true, nil
}

func (m *modelPD) carryOut(r *cluster.Region, op cluster.Operator) {
	m.fakePD.carryOut(r, op)
	m.carried[op.Text] = true
}

func (m *modelPD) Operator(ctx context.Context, id cluster.RegionID) (cluster.Operator, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.moment(); err != nil {
		return cluster.Operator{}, false, err
	}
	op, ok := m.running[id]
	return op, ok, nil
}

// AddRemovePeer is where it is decided whether Apply is right.
func (m *modelPD) AddRemovePeer(ctx context.Context, id cluster.RegionID, store cluster.StoreID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	step := (&Orphan{RegionID: id, StoreID: store}).StepID()
	r, op := m.regions[id], m.running[id]
	if m.intents[step] != 1 {
		m.t.Errorf("%s: %d intents before the operator", step, m.intents[step])
	}
	if m.sent[step] {
		m.t.Errorf("%s was sent twice", step)
	}
	for other := range m.sent {
		if _, ended := m.told[other]; !ended && strings.HasPrefix(other, fmt.Sprintf("remove-peer/%d/", id)) {
			m.t.Errorf("%s while %s is under way", step, other)
		}
	}
	m.sent[step] = true
	// With others at work the clock moves between the look at it and this.
	if m.workers == 1 && m.clock.Sub(m.since) > sceneAge+time.Second {
		m.t.Errorf("%s: the stores were read %s before", step, m.clock.Sub(m.since))
	}
	// Nothing changes between the last reading and the operator but what PD would
	// find out: judged on what was read, it must be safe.
	if r != nil && fmt.Sprint(*r) == m.judged[id] {
		scene, err := NewScene(SceneReading{Snapshot: m.snapshot()})
		if err != nil {
			m.t.Fatal(err)
		}
		if o := scene.Judge(r, store); o.Verdict != Safe {
			m.t.Errorf("%s: the region is %s (%s): %+v", step, o.Verdict, o.Reason, *r)
		}
	}
	mine := cluster.Operator{RegionID: id, Desc: "admin-remove-peer", Brief: "rm peer: store [" + store.String() + "]", Text: step, Status: statusRunning}
	switch n := m.rng.IntN(10); {
	case r == nil || op.Status == statusRunning || n == 0:
		m.refused[step] = true
		return errors.New("refused")
	case n == 1: // lost on the way there
		return errNoAnswer
	case n == 2: // late
		m.late = append(m.late, mine)
		return errNoAnswer
	case n == 3: // lost on the way back
		m.take(mine)
		return errNoAnswer
	}
	m.take(mine)
	return nil
}

func (m *modelPD) take(op cluster.Operator) {
	if r := m.regions[op.RegionID]; r != nil && m.running[op.RegionID].Status != statusRunning {
		m.running[op.RegionID] = op
	}
}

func (m *modelPD) Intent(o Orphan) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rng.IntN(200) == 0 {
		return errUnread
	}
	m.intents[o.StepID()]++
	return nil
}

func (m *modelPD) Outcome(o Orphan, out Outcome) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := m.told[o.StepID()]; twice {
		m.t.Errorf("%s has two outcomes", o.StepID())
	}
	m.told[o.StepID()] = out
	return nil
}

func (m *modelPD) run(ctx context.Context, p *Plan) ([]Outcome, error) {
	pass := func(d time.Duration) time.Time {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.clock = m.clock.Add(d)
		return m.clock
	}
	m.workers = 1 + m.rng.IntN(4)
	return Apply(ctx, m, p, m, Options{
		MaxOperators: m.workers, Timeout: 20 * time.Second,
		OutcomeUnknown: func(err error) bool { return errors.Is(err, errNoAnswer) },
		Now:            func() time.Time { return pass(0) },
		Sleep: func(ctx context.Context, d time.Duration) error {
			pass(d)
			return ctx.Err()
		},
	})
}

// check compares what Apply says with what happened.
func (m *modelPD) check(p *Plan, outcomes []Outcome, err error) {
	if outcomes == nil {
		if err == nil || len(m.sent) > 0 {
			m.t.Errorf("no outcomes: %v, sent %v", err, m.sent)
		}
		return
	}
	remain := 0
	for i, o := range outcomes {
		step := p.Removals[i].StepID()
		told, inJournal := m.told[step]
		if m.sent[step] != inJournal || inJournal && told.Result != o.Result {
			m.t.Errorf("%s: sent %v, journal %q, outcome %q", step, m.sent[step], told.Result, o.Result)
		}
		if o.RegionID != p.Removals[i].RegionID || o.StoreID != p.Removals[i].StoreID || o.Verdict != p.Removals[i].Verdict {
			m.t.Errorf("outcome %d is of another removal: %+v", i, o)
		}
		var problem string
		switch o.Result {
		case Removed:
			if !m.carried[step] && !m.repaired[step] {
				problem = "was not carried out"
			}
		case Failed:
			op := m.running[o.RegionID]
			late := slices.ContainsFunc(m.late, func(l cluster.Operator) bool { return l.Text == step })
			if m.carried[step] || late || op.Text == step && op.Status == statusRunning || !m.sent[step] {
				problem = "was carried out, or may be, or was never sent"
			}
		case InFlight:
			if !m.sent[step] || m.refused[step] {
				problem = "was refused, or never sent"
			}
		default:
			if m.sent[step] {
				problem = "was sent"
			}
		}
		if problem != "" {
			m.t.Errorf("%s is said to be %s (%s), but it %s", step, o.Result, o.Note, problem)
		}
		if !o.Gone() {
			remain++
			if o.Note == "" && o.Result != NotTried {
				m.t.Errorf("%s: %s without a word why", step, o.Result)
			}
		}
	}
	e, isRemain := errors.AsType[*RemainError](err)
	if want := remain + len(p.Left); isRemain && e.Count() != want || !isRemain && (want > 0 || err != nil) {
		m.t.Errorf("%d remain, error %v", want, err)
	}
}

func TestApplyModel(t *testing.T) {
	runs := 4000
	if testing.Short() {
		runs = 400
	}
	seen := make(map[Result]int)
	for seed := range uint64(runs) {
		m := newModelPD(t, seed)
		p := m.plan()
		ctx, cancel := context.WithCancel(t.Context())
		m.cancel = cancel
		outcomes, err := m.run(ctx, p)
		cancel()
		m.check(p, outcomes, err)
		for _, o := range outcomes {
			seen[o.Result]++
		}
		if t.Failed() {
			t.Fatalf("seed %d: plan of %d, outcomes %s, error %v", seed, len(p.Removals), results(outcomes), err)
		}
	}
	for _, r := range []Result{Removed, Already, Moved, NotSafe, Failed, InFlight, NotTried} {
		if seen[r] < runs/200 {
			t.Errorf("%d removals were %s: the model is too tame", seen[r], r)
		}
	}
	t.Log(seen)
}
