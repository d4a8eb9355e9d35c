package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"ebb/playground/store"
)

// lesser is a cause that limits the pace, or that is worth knowing: no problem.
type lesser struct {
	cause, severity string
	quick           bool
	make            func(s *scene)
	// way is which of several alternatives of the next command is taken.
	way int
	// mended says whether it is gone after the next command; nil where that only
	// looks or asks for time.
	mended func(s *scene) bool
	// undo is for the lessers that come after.
	undo func(s *scene)
}

// gone is how most are mended: nobody names the cause any more.
func gone(s *scene) bool { d := s.diagnose(); return d.of(s.cause) == nil }

// restored puts settings back.
func restored(items map[string]any) func(*scene) { return set(items) }

func lessers() []lesser {
	limit := func(rate float64, kind string) func(*scene) {
		return func(s *scene) {
			s.Helper()
			s.tell(http.MethodPost, fmt.Sprintf("/store/%d/limit", s.leaving[0].ID), map[string]any{"rate": rate, "type": kind})
		}
	}
	one := func(s *scene) uint64 { return s.staying[0].ID }
	return []lesser{
		{cause: "D03", severity: "pace", quick: true, make: func(*scene) {}},
		{cause: "P06", severity: "pace", quick: true, make: limit(15, "remove-peer"), mended: gone},
		{
			cause: "P08", severity: "pace", quick: true, make: set(map[string]any{
				"schedule.max-snapshot-count": 3, "schedule.max-pending-peer-count": 16, "schedule.patrol-region-interval": "100ms",
			}), mended: gone,
		},
		{
			cause: "P07", severity: "pace", make: set(map[string]any{"schedule.replica-schedule-limit": 1}),
			undo: restored(map[string]any{"schedule.replica-schedule-limit": 64}),
		},
		{
			cause: "D18", severity: "pace", quick: true, make: func(s *scene) { s.must(s.Fleet().SlowStore(one(s), store.Slowness{Busy: new(true)})) },
			undo: func(s *scene) { s.must(s.Fleet().SlowStore(one(s), store.Slowness{Busy: new(false)})) },
		},
		{
			// No operator runs on a region when it is split.
			cause: "D17", severity: "pace", make: func(s *scene) {
				s.regions = s.on(s.leaving[0].ID, 1)
				s.must(s.Fleet().ResizeRegion(s.regions[0], 3000))
			},
			mended: func(s *scene) bool { return s.region(s.regions[0]).SizeMiB < 2000 },
		},
		{
			cause: "D12", severity: "note", quick: true, make: func(s *scene) {
				s.tell(http.MethodPost, "/schedulers", map[string]any{"name": "evict-leader-scheduler", "store_id": one(s)})
			},
			mended: gone,
		},
		{
			cause: "D26", severity: "note", quick: true, make: func(s *scene) {
				s.tell(http.MethodPost, fmt.Sprintf("/store/%d/limit", one(s)), map[string]any{"rate": 1e8, "type": "remove-peer"})
			},
			mended: gone,
		},
		{
			cause: "D32", severity: "note", quick: true, make: func(s *scene) {
				s.tell(http.MethodPost, "/config/region-label/rule", map[string]any{
					"id": "schema/1/2", "labels": []map[string]string{{"key": "schedule", "value": "deny"}}, "rule_type": "key-range",
					"data": []map[string]string{{"start_key": "", "end_key": ""}},
				})
			},
			way: 1, mended: gone,
		},
		{
			cause: "P26", severity: "note", quick: true, make: func(s *scene) {
				s.tell(http.MethodPost, "/schedulers/balance-region-scheduler", map[string]any{"delay": 600})
			},
			way: 1, mended: gone,
		},
		{
			cause: "P12", severity: "note", make: func(s *scene) {
				s.regions = s.on(s.leaving[0].ID, 1)
				s.must(s.Fleet().DownPeer(s.regions[0], s.follower(s.regions[0])))
			},
			undo: func(s *scene) { s.must(s.Fleet().HealRegion(s.regions[0])) },
		},
		{cause: "D15", severity: "pace", make: func(*scene) {}, mended: gone},
		{cause: "D11", severity: "note", make: func(s *scene) { s.leave(s.staying[len(s.staying)-1]) }},
		{
			cause: "D20", severity: "note", make: func(s *scene) { s.must(s.Fleet().StopStore(s.leaving[0].ID)) },
			undo: func(s *scene) { s.must(s.Fleet().StartStore(s.leaving[0].ID)) },
		},
		// PD takes up a shorter time at the end of the one that runs: nothing moves after
		// this for a while.
		{
			cause: "D30", severity: "pace", make: set(map[string]any{"schedule.patrol-region-interval": "1m30s"}), mended: gone,
		},
	}
}

// What is no problem is not called one, and what is recommended against it works.
// The store leaves so slowly that all of it can be seen in one leaving.
func TestDiagnoseNamesTheLesser(t *testing.T) {
	s := &scene{bench: newBench(t, setup{tikv: 6, regions: 300, limit: 2}), scenario: &scenario{}}
	s.leaving, s.staying = s.tikv()[:1], s.tikv()[1:]
	s.leave(s.leaving...)
	for _, l := range lessers() {
		t.Run(l.cause, func(t *testing.T) {
			if !l.quick {
				full(t)
			}
			s := &scene{bench: s.in(t), scenario: &scenario{cause: l.cause, way: l.way}, leaving: s.leaving, staying: s.staying}
			l.make(s)
			s.await(l.cause+" is named", func() bool {
				s.last = s.diagnose()
				if problems := s.last.problems(); len(problems) > 0 {
					t.Fatalf("%v are no problems here:\n%s", problems, s.last.brief())
				}
				c := s.last.of(l.cause)
				return c != nil && c.Severity == l.severity
			})
			c := s.last.of(l.cause)
			t.Logf("%s: %s\n    next: %s", s.last.Headline, c.Sentence, c.Next)
			if l.mended != nil {
				s.follow(c.Next)
				s.await("it is mended", func() bool { return l.mended(s) })
			}
			s.act(l.undo)
		})
	}
}

// A PD that has just started moves nothing, which sets the pace until something
// moves; from then on it is no cause.
func TestDiagnoseAfterTheStartOfPD(t *testing.T) {
	full(t)
	b := newBench(t, setup{limit: 60})
	b.config(map[string]any{"schedule.replica-schedule-limit": 0})
	b.leave(b.tikv()[1])
	b.restartPD()
	if d := b.diagnose(); d.of("P23") == nil {
		t.Errorf("PD has just started:\n%s", d.brief())
	}
	b.await("PD takes the setting", func() bool {
		status, _ := b.ask(http.MethodPost, "/config", map[string]any{"schedule.replica-schedule-limit": 64})
		return status == http.StatusOK
	})
	b.await("something moves", func() bool {
		d := b.diagnose()
		if len(d.problems()) > 0 {
			t.Fatalf("there is no problem:\n%s", d.brief())
		}
		var running []string
		b.read("/operators", &running)
		return len(running) > 0
	})
	for range 5 {
		if d := b.diagnose(); d.of("P23") != nil || d.Pace != nil && d.Pace.Limit == "pd-restarted" {
			t.Errorf("regions move:\n%s", d.brief())
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// A few regions are left that nothing keeps, and PD does not come by.
func TestDiagnoseOfTheTail(t *testing.T) {
	full(t)
	b := newBench(t, setup{limit: 1, regions: 40})
	b.leave(b.tikv()[1])
	b.await("P24 is named", func() bool {
		d := b.diagnose()
		if d.Result != "ok" {
			t.Fatalf("there is no problem:\n%s", d.brief())
		}
		return d.of("P24") != nil
	})
}

// A store that has left, and another one at its address: notes.
func TestDiagnoseOfWhatIsLeftBehind(t *testing.T) {
	full(t)
	b := newBench(t, setup{})
	leaver := b.tikv()[1]
	b.retire(leaver)
	if d := b.diagnose("-N", fmt.Sprint(leaver.ID)); d.code != 0 || d.of("D08") == nil {
		t.Errorf("the store has left:\n%s", d.brief())
	}
	b.must(b.Fleet().StopStore(leaver.ID))
	spec := leaver.Spec
	id, err := b.Fleet().AddStore(b.Context(), spec)
	b.must(err)
	d := b.diagnose("-N", fmt.Sprint(id))
	if c := d.of("D27"); d.code != 0 || c == nil || !slices.Contains(c.Stores, leaver.ID) {
		t.Errorf("two records have the address:\n%s", d.brief())
	}
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	region := b.Fleet().Regions(store.RegionFilter{})[0].ID
	_, err = b.Fleet().OrphanPeers(b.Context(), store.Orphan{Store: leaver.ID, Region: region, Replace: true, Buried: true})
	b.must(err)
	b.await("D22 is named", func() bool {
		d = b.diagnose()
		return d.code == 3 && d.problems()[0] == "D22"
	})
	s := &scene{bench: b, scenario: &scenario{}}
	s.follow(d.of("D22").Next)
}
