package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/playground/store"
)

// diagnosis is what ebb diagnose says, by the names that scripts rely on.
type diagnosis struct {
	Result   string       `json:"result"`
	Headline string       `json:"headline"`
	Causes   []namedCause `json:"causes"`
	Pace     *struct {
		Limit string `json:"limit"`
	} `json:"pace"`
	Tails []struct {
		Store   uint64 `json:"store_id"`
		Classes []struct {
			Class    string `json:"class"`
			Count    int    `json:"count"`
			Examples []struct {
				Region   uint64 `json:"region_id"`
				Sentence string `json:"sentence"`
			} `json:"examples"`
		} `json:"classes"`
	} `json:"tails"`
	Rules []struct {
		ID     string `json:"id"`
		Result string `json:"result"`
		Reason string `json:"reason"`
	} `json:"rules"`

	code int
	text string
}

type namedCause struct {
	ID       string   `json:"id"`
	Severity string   `json:"severity"`
	Blocked  int      `json:"regions_blocked"`
	Sentence string   `json:"sentence"`
	Stores   []uint64 `json:"stores"`
	Regions  []uint64 `json:"regions"`
	Next     string   `json:"next"`
}

// diagnose runs ebb diagnose, and checks that its exit code is that of its result.
func (b *bench) diagnose(args ...string) diagnosis {
	b.Helper()
	r := b.runRaw(append([]string{"diagnose", "-t", b.Topology(), "-u", b.endpoints, "--jq", "."}, args...)...)
	var d diagnosis
	if err := json.Unmarshal([]byte(r.out), &d); err != nil {
		b.Fatalf("exit code %d: %v\n%s%s", r.code, err, r.out, r.errs)
	}
	d.code, d.text = r.code, r.out
	if want := map[string]int{"problem": 3, "could-not-look": 5, "ok": 0}[d.Result]; d.code != want {
		b.Errorf("exit code %d for the result %s", d.code, d.Result)
	}
	return d
}

// of is the first cause with an id, nil if it is not named.
func (d *diagnosis) of(id string) *namedCause {
	i := slices.IndexFunc(d.Causes, func(c namedCause) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Causes[i]
}

// problems are the ids of the causes that are problems, in their order.
func (d *diagnosis) problems() []string {
	var ids []string
	for i := range d.Causes {
		if c := &d.Causes[i]; c.Severity == "problem" && !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// blind lists the rules that could not look, with their reasons.
func (d *diagnosis) blind() []string {
	var list []string
	for _, r := range d.Rules {
		if r.Result == "could-not-look" {
			list = append(list, r.ID+": "+r.Reason)
		}
	}
	return list
}

// brief is a report in a few lines.
func (d *diagnosis) brief() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (exit code %d): %s\n", d.Result, d.code, d.Headline)
	for i := range d.Causes {
		c := &d.Causes[i]
		fmt.Fprintf(&b, "  %s %s, keeps %d: %s\n    next: %s\n", c.ID, c.Severity, c.Blocked, c.Sentence, c.Next)
	}
	for _, tail := range d.Tails {
		for _, c := range tail.Classes {
			fmt.Fprintf(&b, "  store %d: %d %s %+v\n", tail.Store, c.Count, c.Class, c.Examples)
		}
	}
	for _, line := range d.blind() {
		fmt.Fprintf(&b, "  could not look: %s\n", line)
	}
	return b.String()
}

// scenario is a cause that keeps stores from leaving, and how to make it.
type scenario struct {
	name  string
	cause string // has to come first
	// says is part of what it has to say.
	says string
	// also are problems that are true at the same time.
	also []string
	setup
	// hosted asks for machines with SSH.
	hosted bool
	// quick scenarios are in the short set.
	quick bool
	// foreseen causes follow from who leaves alone, so that asking before says it.
	foreseen bool
	// leavers are the stores that leave; nil is one TiKV store.
	leavers func(s *scene) []store.StoreState
	// before breaks something before they begin to leave, after does so afterwards,
	// and during while ebb looks.
	before, after, during func(s *scene)
	// refused is set where PD does not let them begin.
	refused bool
	args    []string // for ebb diagnose
	// way is which of several alternatives of the next command is taken.
	way int
	// person does what the next command asks of somebody and no command does.
	person func(s *scene)
	// end says that what was to come has come; nil is that all that leave are
	// Tombstone.
	end func(s *scene)
}

// scene is a scenario that runs.
type scene struct {
	*bench
	*scenario
	leaving []store.StoreState
	staying []store.StoreState // TiKV stores
	// store and regions are what the fault is about.
	store   uint64
	regions []uint64
	last    diagnosis
}

func (sc *scenario) run(t *testing.T) {
	if !sc.quick {
		full(t)
	}
	if sc.regions == 0 {
		sc.regions = 40
	}
	s := &scene{scenario: sc}
	if sc.hosted {
		s.bench = newHostedBench(t, sc.setup)
		sc.args = append(sc.args, "-i", s.Hosts().KeyFile(), "--known-hosts", s.Hosts().KnownHosts())
	} else {
		s.bench = newBench(t, sc.setup)
	}
	s.leaving = s.tikv()[1:2]
	if sc.leavers != nil {
		s.leaving = sc.leavers(s)
	}
	s.staying = slices.DeleteFunc(s.tikv(), func(st store.StoreState) bool { return slices.Contains(ids(s.leaving), st.ID) })
	d := s.diagnose("-N", addresses(s.leaving))
	if problems := d.problems(); !sc.refused && (sc.foreseen != (len(problems) > 0) || sc.foreseen && problems[0] != sc.cause) {
		t.Errorf("before they leave:\n%s", d.brief())
	}
	s.act(sc.before)
	if !sc.refused {
		s.leave(s.leaving...)
	}
	s.act(sc.after)
	s.wantNamed()
	t.Logf("%s", s.last.brief())
	s.follow(s.last.Causes[0].Next)
	s.act(sc.person)
	if sc.end != nil {
		sc.end(s)
		return
	}
	s.awaitGone()
	if d := s.diagnose(); d.Result != "ok" && len(sc.also) == 0 {
		t.Errorf("the stores have left:\n%s", d.brief())
	}
}

func (s *scene) act(do func(*scene)) {
	s.Helper()
	if do != nil {
		do(s)
	}
}

// look runs ebb diagnose as the scenario wants it.
func (s *scene) look() diagnosis {
	s.Helper()
	args := s.args
	if s.refused {
		args = append([]string{"-N", addresses(s.leaving)}, args...)
	}
	if s.during != nil {
		defer time.AfterFunc(time.Second, func() { s.during(s) }).Stop()
	}
	return s.diagnose(args...)
}

// wantNamed looks until the cause is named. Until then, and with it, no other
// problem may be.
func (s *scene) wantNamed() {
	s.Helper()
	for deadline := time.Now().Add(eventually); ; time.Sleep(250 * time.Millisecond) {
		s.last = s.look()
		problems := s.last.problems()
		for _, id := range problems {
			if id != s.cause && !slices.Contains(s.also, id) {
				s.Fatalf("%s is no problem here:\n%s", id, s.last.brief())
			}
		}
		if len(problems) > 0 && problems[0] == s.cause && strings.Contains(s.last.Causes[0].Sentence, s.says) {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("%s does not come first:\n%s", s.cause, s.last.brief())
		}
	}
}

// awaitGone waits until all that leave are Tombstone, and believes nobody.
func (s *scene) awaitGone() {
	s.Helper()
	left := func(st store.StoreState) bool { return s.pdState(st.ID) == "Tombstone" }
	for deadline := time.Now().Add(eventually); !all(s.leaving, left); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			d := s.diagnose()
			_, operators := s.ask(http.MethodGet, "/operators", nil)
			s.Fatalf("the stores do not leave:\n%s%s", d.brief(), operators)
		}
	}
	for _, st := range s.leaving {
		if n := s.truth(st.ID).Regions; n > 0 && s.truth(st.ID).Running {
			s.Errorf("store %d is Tombstone and holds %d regions", st.ID, n)
		}
	}
}

func all(stores []store.StoreState, ok func(store.StoreState) bool) bool {
	return !slices.ContainsFunc(stores, func(st store.StoreState) bool { return !ok(st) })
}

// awaitState waits until PD has a word for a store.
func (s *scene) awaitState(id uint64, state string) {
	s.Helper()
	s.await(fmt.Sprintf("store %d is %s", id, state), func() bool { return s.pdState(id) == state })
}

// die stops stores and waits until PD has missed them.
func (s *scene) die(stores ...store.StoreState) {
	s.Helper()
	for _, st := range stores {
		s.must(s.Fleet().StopStore(st.ID))
	}
	for _, st := range stores {
		s.awaitState(st.ID, "Disconnected")
	}
}

// add adds a store like one that there is.
func (s *scene) add(like store.StoreState) {
	s.Helper()
	spec := store.Spec{Host: like.Host, Engine: like.Engine, Labels: like.Labels, Capacity: like.Capacity}
	_, err := s.Fleet().AddStore(s.Context(), spec)
	s.must(err)
	s.tell(http.MethodPost, "/stores/limit", map[string]any{"rate": noBrake})
}

// on are some regions with a peer on a store.
func (s *scene) on(id uint64, n int) []uint64 {
	s.Helper()
	var list []uint64
	for _, r := range s.Fleet().Regions(store.RegionFilter{Store: id}) {
		if len(list) < n {
			list = append(list, r.ID)
		}
	}
	if len(list) < n {
		s.Fatalf("store %d has %d regions, want %d", id, len(list), n)
	}
	return list
}
