package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ebb/playground/local"
	"ebb/playground/store"
)

// tune runs a verb of ebb tune on the cluster of the bench.
func (b *bench) tune(verb string, args ...string) *running {
	b.Helper()
	return b.startRaw(append([]string{"tune", verb, "-t", b.Topology(), "-u", b.endpoints, "-o", "json"}, args...)...)
}

func (b *bench) tuned(verb string, args ...string) result {
	b.Helper()
	r := b.tune(verb, args...)
	res := r.wait()
	b.wantCode(res, 0)
	return res
}

// slowBench is a cluster with settings that every profile raises, one of them with
// a way back of its own only, and a store that is leaving and does not get on.
func slowBench(t *testing.T, members int) (*bench, store.StoreState) {
	t.Helper()
	b := newBench(t, setup{limit: 15, members: members})
	b.config(map[string]any{
		"schedule.replica-schedule-limit": 32, "schedule.max-snapshot-count": 3,
		"schedule.max-pending-peer-count": 16, "schedule.patrol-region-interval": "100ms",
	})
	s := b.tikv()[1]
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	b.wantCode(b.run("scale-in", "-N", s.Address, "--yes"), 0)
	return b, s
}

// temporary lists of the items that ebb sets for a time those of which PD still has a
// temporary value, in its words: it refuses to change those. What is sent is what PD
// has already, so nothing happens.
func (b *bench) temporary() (list []string) {
	b.Helper()
	var schedule map[string]any
	b.read("/config/schedule", &schedule)
	for _, item := range []string{"replica-schedule-limit", "max-snapshot-count", "max-pending-peer-count"} {
		if status, body := b.ask(http.MethodPost, "/config", map[string]any{"schedule." + item: schedule[item]}); status != http.StatusOK {
			list = append(list, fmt.Sprintf("%s: PD says %d %s", item, status, body))
		}
	}
	return list
}

func (b *bench) wantNothingTemporary() {
	b.Helper()
	if list := b.temporary(); len(list) > 0 {
		b.Errorf("temporary still: %s", list)
	}
}

// wantTemporary is the opposite for one of them.
func (b *bench) wantTemporary() {
	b.Helper()
	if status, body := b.ask(http.MethodPost, "/config", map[string]any{"schedule.max-snapshot-count": 3}); status != http.StatusBadRequest || !strings.Contains(body, "TTL") {
		b.Errorf("max-snapshot-count is not temporary: PD says %d %s", status, body)
	}
}

// memberlessPicture is a picture without what /config says of the member that
// answers.
func (b *bench) memberlessPicture() picture {
	b.Helper()
	p := b.picture()
	delete(p, "/config")
	for _, path := range []string{"/config/schedule", "/config/replicate"} {
		_, p[path] = b.ask(http.MethodGet, path, nil)
	}
	return p
}

// Each profile is set and put back, in one go and after each other, and across a
// change of PD's leader: then all is as it was, byte for byte.
func TestTuneAndRestore(t *testing.T) {
	b, s := slowBench(t, 3)
	before := b.memberlessPicture()
	for _, profile := range []string{"gentle", "fast", "max"} {
		b.tuned("apply", "--profile", profile, "--yes")
		b.wantTemporary()
		if evicted := len(b.evicting()) > 0; evicted != (profile != "gentle") {
			t.Errorf("%s: evict-leader on %v", profile, b.evicting())
		}
		if profile == "fast" {
			b.moveLeader("")
			b.wantTemporary()
		}
		b.tuned("restore", "--yes")
		b.wantNothingTemporary()
		b.wantSame(before, b.memberlessPicture())
	}
	for _, profile := range []string{"max", "gentle"} {
		b.tuned("apply", "--profile", profile, "--yes")
	}
	b.moveLeader("")
	b.tuned("restore", "--yes")
	b.wantNothingTemporary()
	b.wantSame(before, b.memberlessPicture())
	if state := b.pdState(s.ID); state != "Offline" {
		t.Errorf("the store is %s", state)
	}
}

// Temporary values are what one can rely on if nobody ever comes back.
func TestTuneDeadMansSwitch(t *testing.T) {
	b, _ := slowBench(t, 1)
	before := b.picture()
	b.tuned("apply", "--profile", "gentle", "--for", "5s", "--yes")
	b.wantTemporary()
	b.wantSame(before, b.picture())
	b.await("PD drops the temporary values", func() bool { return len(b.temporary()) == 0 })
	b.wantSame(before, b.picture())
}

// What somebody else sets meanwhile stays. Temporary values hide their permanent
// ones and PD refuses to change those, so only the rest can be changed.
func TestTuneKeepsForeignValues(t *testing.T) {
	b, _ := slowBench(t, 1)
	receiver := b.tikv()[0].ID
	b.tuned("apply", "--profile", "fast", "--yes")
	b.config(map[string]any{"schedule.patrol-region-interval": "50ms"})
	b.tell(http.MethodPost, fmt.Sprintf("/store/%d/limit", receiver), map[string]any{"type": "add-peer", "rate": 21})
	r := b.tuned("restore", "--yes")
	if !strings.Contains(r.out, `"result":"kept"`) {
		t.Errorf("nothing was kept:\n%s", r.out)
	}
	var schedule struct {
		Patrol string `json:"patrol-region-interval"`
	}
	b.read("/config/schedule", &schedule)
	if limit := b.limits()[fmt.Sprint(receiver)]["add-peer"]; schedule.Patrol != "50ms" || limit != 21 {
		t.Errorf("patrol-region-interval is %s and add-peer %v", schedule.Patrol, limit)
	}
}

// A value that another tool has set for a time is not touched.
func TestTuneLeavesTemporaryValuesOfOthers(t *testing.T) {
	full(t)
	b, _ := slowBench(t, 1)
	b.tell(http.MethodPost, "/config?ttlSecond=600", map[string]any{"schedule.max-snapshot-count": 1000})
	r := b.tuned("apply", "--profile", "fast", "--yes")
	if strings.Count(r.out, `"result":"kept"`) != 1 {
		t.Errorf("want one value kept:\n%s", r.out)
	}
	b.tuned("restore", "--yes")
	b.wantTemporary()
}

// ebb tune show says what limits, and what is set.
func TestTuneShow(t *testing.T) {
	b, _ := slowBench(t, 1)
	var shown struct {
		Settings []struct{ Setting, Now, Works string } `json:"settings"`
		Limits   []struct {
			Setting   string
			PerMinute float64 `json:"regions_per_minute"`
			Binding   bool
		} `json:"limits"`
		Held []struct{ Setting string } `json:"held"`
	}
	show := func() {
		t.Helper()
		r := b.startRaw("tune", "show", "-u", b.endpoints, "--jq", ".")
		r.killed = true // it prints one document and no summary
		res := r.wait()
		b.wantCode(res, 0)
		b.must(json.Unmarshal([]byte(res.out), &shown))
	}
	show()
	if l := shown.Limits[0]; l.Setting != "add-peer" || l.PerMinute != 60 || !l.Binding || len(shown.Held) != 0 {
		t.Errorf("it shows %+v", shown)
	}
	b.tuned("apply", "--profile", "max", "--yes")
	show()
	if l := shown.Limits[0]; l.PerMinute != 1600 || len(shown.Held) != 13 || shown.Settings[0].Now != "32" || shown.Settings[0].Works != "256" {
		t.Errorf("it shows %+v", shown)
	}
}

// A whole leaving at the speed of a profile, and one that is interrupted.
func TestScaleInTuned(t *testing.T) {
	b := newBench(t, setup{limit: 15, tikv: 6})
	b.config(map[string]any{"schedule.patrol-region-interval": "100ms", "schedule.max-snapshot-count": 3})
	stores := b.tikv()
	limits := b.limits()
	before := b.picture()
	r := b.run("scale-in", "-N", stores[1].Address, "--wait", "--tune", "max", "--interval", "200ms", "--yes")
	b.wantCode(r, 0)
	b.wantEmptied(stores[1].ID)
	b.wantNothingTemporary()
	// The limits of the store that has left are gone with it, also in the configuration.
	delete(limits, fmt.Sprint(stores[1].ID))
	if got := b.limits(); fmt.Sprint(got) != fmt.Sprint(limits) {
		t.Errorf("limits are %v, were %v", got, limits)
	}
	if got := b.picture(); got["/schedulers"] != before["/schedulers"] {
		t.Errorf("schedulers:\n%s", differences(before["/schedulers"], got["/schedulers"]))
	}

	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	leave := []string{"-N", stores[2].Address, "--yes"}
	b.wantCode(b.run("scale-in", leave...), 0)
	off := b.picture()
	b.wantCode(b.run("cancel-offline", leave...), 0)
	waiting := b.start("scale-in", append(leave, "--wait", "--tune", "fast", "--interval", "200ms")...)
	waiting.awaitType("watching")
	b.wantTemporary()
	waiting.signal(os.Interrupt)
	b.wantCode(waiting.wait(), 7)
	b.wantNothingTemporary()
	b.wantSame(off, b.picture())
}

// tune apply and tune restore are killed at each step; then tune restore puts all
// back, to the byte.
func TestKilledTune(t *testing.T) {
	b, s := slowBench(t, 1)
	b.restartPD() // its first reload changes a value of its own; see usedLeader
	before := b.picture()
	apply := func() *running { return b.tune("apply", "--profile", "max", "--yes") }
	restore := func() *running { return b.tune("restore", "--yes") }
	wait := func(start func() *running) func() result {
		return func() result { r := start(); return r.wait() }
	}
	forth := moments(b.written(wait(apply)), s)
	back := moments(b.written(wait(restore)), s)
	b.wantSame(before, b.picture())
	if len(forth) < 39 || len(back) < 39 {
		t.Fatalf("the undisturbed runs have %d and %d moments only", len(forth), len(back))
	}
	every := 2 // not a multiple of three: all kinds of moments come
	if testing.Short() {
		every = 7
	}
	for i := 0; i < len(forth) && !t.Failed(); i += every {
		b.thenRestored(forth[i], s, apply, before)
	}
	for i := 0; i < len(back) && !t.Failed(); i += every {
		b.tuned("apply", "--profile", "max", "--yes")
		b.thenRestored(back[i], s, restore, before)
	}
}

// thenRestored kills a run at a moment, and puts back what it may have set.
func (b *bench) thenRestored(m moment, s store.StoreState, start func() *running, want picture) {
	b.Helper()
	if !b.killed(m, s, start) {
		b.Errorf("%s never came", m)
	}
	b.tuned("restore", "--yes")
	b.wantNothingTemporary()
	now := b.picture()
	for part := range want {
		if now[part] != want[part] {
			b.Errorf("after a kill at %s and a restore, %s is not as before:\n%s", m, part, differences(want[part], now[part]))
		}
	}
}

// A wait that is killed leaves nothing that does not go by itself, or with restore.
func TestKilledWhileWaiting(t *testing.T) {
	full(t)
	b := newBench(t, setup{limit: 15})
	b.config(map[string]any{"schedule.patrol-region-interval": "100ms"})
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	leave := []string{"-N", b.tikv()[2].Address, "--yes"}
	b.wantCode(b.run("scale-in", leave...), 0)
	off := b.picture()
	b.wantCode(b.run("cancel-offline", leave...), 0)
	waiting := b.start("scale-in", append(leave, "--wait", "--tune", "fast", "--interval", "200ms")...)
	waiting.awaitType("watching")
	waiting.signal(os.Kill)
	waiting.wait()
	if now := b.picture(); now["/config"] == off["/config"] {
		t.Error("nothing was set for good: the test shows nothing")
	}
	b.tuned("restore", "--yes")
	b.wantSame(off, b.picture())
	b.await("nothing is temporary", func() bool {
		status, _ := b.ask(http.MethodPost, "/config", map[string]any{"schedule.replica-schedule-limit": 64})
		return status == http.StatusOK
	})
}

// Stores that are busy stop the tuning while the wait goes on.
func TestTunedWaitMindsBusyStores(t *testing.T) {
	full(t)
	b := newBench(t, setup{limit: 15})
	b.must(b.Fleet().IgnoreOperators(store.Obedience{Ignore: true}))
	stores := b.tikv()
	waiting := b.start("scale-in", "-N", stores[1].Address, "--yes", "--wait", "--tune", "gentle", "--interval", "500ms")
	waiting.awaitType("watching")
	tuned := b.limits() // as before: what is temporary is not shown
	for _, i := range []int{0, 2, 3} {
		busy := true
		b.must(b.Fleet().SlowStore(stores[i].ID, store.Slowness{Busy: &busy}))
	}
	e := waiting.awaitType("tune-guard")
	if !strings.Contains(e.line, `"action":"stop"`) || !strings.Contains(e.line, "it says that it is busy") {
		t.Errorf("it decided %s", e.line)
	}
	waiting.await("a value that is put back", func(e event) bool {
		return e.Type == "tune-step" && strings.Contains(e.line, `"kind":"restore"`) && strings.Contains(e.line, `"result":"done"`)
	})
	waiting.signal(os.Interrupt)
	b.wantCode(waiting.wait(), 7)
	b.wantNothingTemporary()
	if got := b.limits(); fmt.Sprint(got) != fmt.Sprint(tuned) {
		t.Errorf("limits are %v, were %v", got, tuned)
	}
}

// BenchmarkScaleInTuned measures the time from the command to Tombstone: PD's own
// speed and each profile, on clusters of one shape. Five stores, of which one with
// about 120 regions leaves; a store sends and takes 1,000 MiB/s, so what is felt are
// PD's settings. PD makes a store Tombstone up to ten seconds after it is empty.
func BenchmarkScaleInTuned(b *testing.B) {
	var own time.Duration
	for _, profile := range []string{"", "gentle", "fast", "max"} {
		name := profile
		if name == "" {
			name = "PD's own"
		}
		b.Run(name, func(b *testing.B) {
			var took time.Duration
			for b.Loop() {
				b.StopTimer()
				p := startPlayground(b, setup{limit: 15, speed: 1, regions: 200}.withDefaults())
				leave := newLeave(b, p, profile)
				b.StartTimer()
				begun := time.Now()
				if out, err := leave.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
				took += time.Since(begun)
			}
			took /= time.Duration(b.N)
			if profile == "" {
				own = took
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(took.Seconds(), "s-to-tombstone")
			b.ReportMetric(own.Seconds()/took.Seconds(), "x-PD's-own")
		})
	}
}

// newLeave is the command that takes a store out at the speed of a profile.
func newLeave(b *testing.B, p *local.Playground, profile string) *exec.Cmd {
	b.Helper()
	stores := p.Fleet().Stores()
	args := []string{"scale-in", "-u", strings.Join(p.PD(), ","), "-N", stores[1].Address, "--wait", "--interval", "200ms", "--yes"}
	if profile != "" {
		args = append(args, "--tune", profile)
	}
	c := exec.Command(program, args...)
	state := b.TempDir()
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+state, "HOME="+state)
	return c
}
