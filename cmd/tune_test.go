package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/tune"
	"ebb/ui"
	"ebb/ui/uitest"
)

// TestTuneEveryVersion sets each profile at each version of PD, with a change of
// PD's leader in between, and puts it back.
func TestTuneEveryVersion(t *testing.T) {
	t.Parallel()
	for _, p := range pdtest.Profiles() {
		t.Run(p.String(), func(t *testing.T) {
			t.Parallel()
			pd := pdtest.New(t, p, pdtest.Members(3))
			pd.AddStores(1, 2, 3, 4)
			pd.EditStore(3, func(s *cluster.Store) { s.IsBusy = true })
			pd.EditStore(4, func(s *cluster.Store) { s.State = cluster.Offline })
			pd.SetLimit(4, cluster.StoreLimit{AddPeer: 15, RemovePeer: cluster.LimitUnlimited})
			picture := func() string {
				var all []any
				for id := cluster.StoreID(1); id <= 4; id++ {
					all = append(all, pd.Limit(id), pd.EffectiveLimit(id))
				}
				for _, name := range []string{"replica-schedule-limit", "max-snapshot-count", "max-pending-peer-count", "patrol-region-interval"} {
					all = append(all, pd.Config("schedule."+name))
				}
				text, err := json.Marshal(append(all, pd.EvictLeaders()))
				if err != nil {
					t.Fatal(err)
				}
				return string(text)
			}
			home := t.TempDir()
			ebb := func(want ExitCode, args ...string) {
				t.Helper()
				streams := ui.Test("")
				streams.Setenv("HOME", home)
				if stdout, stderr, code := ebbWith(t, streams, append(args, "-u", strings.Join(pd.URLs(), ","))...); code != want {
					t.Fatalf("ebb %v: exit code %d, want %d\n%s%s", args, code, want, stdout, stderr)
				}
			}
			before := picture()
			for i, profile := range []string{"gentle", "max", "fast"} {
				ebb(ExitDone, "tune", "apply", "--profile", profile, "--yes")
				want := map[string]float64{"gentle": 30, "fast": 100, "max": 400}[profile]
				if got := pd.EffectiveLimit(1).AddPeer; got != want {
					t.Errorf("%s: add-peer works as %v, want %v", profile, got, want)
				}
				if got := pd.EffectiveLimit(3).AddPeer; got != 15 {
					t.Errorf("%s: add-peer of the busy store works as %v", profile, got)
				}
				pd.Elect(i)
			}
			ebb(ExitDone, "tune", "restore", "--yes")
			pd.Advance(5 * time.Second)
			if after := picture(); after != before {
				t.Errorf("after restore %s\nbefore %s", after, before)
			}
		})
	}
}

// timeLapse runs ebb with a clock that only its own sleeping moves. Before each
// sleep happens what act does; it tells of the clock since the start.
func timeLapse(t *testing.T, pd *pdtest.PD, home string, act func(passed time.Duration), args ...string) (stdout, stderr string, code ExitCode) {
	t.Helper()
	streams := ui.Test("")
	streams.Setenv("HOME", home)
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	env.Prompter = uitest.NewPrompter(t)
	start := time.Now()
	now := start
	env.Now = func() time.Time { return now }
	env.Sleep = func(ctx context.Context, d time.Duration) error {
		act(now.Sub(start))
		now = now.Add(d)
		return ctx.Err()
	}
	code = run(t.Context(), env, append(args, "-u", strings.Join(pd.URLs(), ",")))
	return streams.OutBuf.String(), streams.ErrBuf.String(), code
}

// TestTuneGuard makes a store busy for a while: the speed goes down step by step,
// and up again when it is well, never above what was asked for.
func TestTuneGuard(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.AddRegions(40, 1, 2, 3, 4)
	var seen []float64
	busy := func(yes bool) { pd.EditStore(2, func(s *cluster.Store) { s.IsBusy = yes }) }
	act := func(passed time.Duration) {
		if now := pd.EffectiveLimit(1).AddPeer; len(seen) == 0 || seen[len(seen)-1] != now {
			seen = append(seen, now)
		}
		switch passed {
		case time.Minute:
			busy(true)
		case 3 * time.Minute:
			busy(false)
		case 12 * time.Minute:
			pd.MoveRegions(4, 30)
			pd.Bury()
		}
	}
	stdout, stderr, code := timeLapse(t, pd, t.TempDir(), act, "scale-in", "-N", "4", "--wait", "--tune", "fast", "--interval", "10s", "--yes", "-o", "json")
	if code != ExitDone {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if want := []float64{100, 30, 15, 30, 100}; !slices.Equal(seen, want) {
		t.Errorf("add-peer went %v, want %v", seen, want)
	}
	var decisions []string
	for line := range strings.Lines(stdout) {
		var e struct {
			Type  string
			Guard struct {
				Action, To string
				Why        []string
			}
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "tune-guard" {
			decisions = append(decisions, e.Guard.Action+" "+e.Guard.To)
		}
	}
	if want := []string{"back-off gentle", "back-off ", "resume gentle", "resume fast"}; !slices.Equal(decisions, want) {
		t.Errorf("decided %q, want %q", decisions, want)
	}
	pd.Advance(5 * time.Second)
	if got := pd.EffectiveLimit(1); got != (cluster.StoreLimit{AddPeer: 15, RemovePeer: 15}) {
		t.Errorf("limits are %+v at the end", got)
	}
}

// TestTuneExtends waits for longer than temporary values live: each of them is set
// again before it expires. Then somebody else puts all back, and is heard.
func TestTuneExtends(t *testing.T) {
	t.Parallel()
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.AddRegions(40, 1, 2, 3, 4)
	extended := 0
	act := func(passed time.Duration) {
		pd.Advance(10 * time.Second)
		extended = pd.Made("POST /store/1/limit")
		switch passed {
		case 30 * time.Minute:
			if got := pd.EffectiveLimit(1).AddPeer; got != 30 {
				t.Errorf("add-peer works as %v after half an hour", got)
			}
			pd.MoveRegions(4, 30)
			pd.Bury()
		}
	}
	_, stderr, code := timeLapse(t, pd, t.TempDir(), act, "scale-in", "-N", "4", "--wait", "--tune", "gentle", "--interval", "10s", "--yes")
	if code != ExitDone {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	if extended != 7 {
		t.Errorf("set %d times in half an hour, want at the start and every five minutes", extended)
	}
}

// TestTuneHandedOver changes the speed from another run while one waits: the
// waiting one leaves it at that.
func TestTuneHandedOver(t *testing.T) {
	t.Parallel()
	for _, other := range [][]string{{"tune", "restore", "--yes"}, {"tune", "apply", "--profile", "max", "--yes"}} {
		t.Run(other[1], func(t *testing.T) {
			t.Parallel()
			pd := pdtest.New(t, pdtest.V8_5)
			pd.AddStores(1, 2, 3, 4)
			pd.AddRegions(40, 1, 2, 3, 4)
			home := t.TempDir()
			writes := 0
			_, stderr, code := timeLapse(t, pd, home, func(passed time.Duration) {
				switch passed {
				case time.Minute:
					if _, stderr, code := timeLapse(t, pd, home, nil, other...); code != ExitDone {
						t.Errorf("%v: exit code %d\n%s", other, code, stderr)
					}
					writes = pd.Made("POST /store/1/limit")
				case 20 * time.Minute:
					pd.MoveRegions(4, 30)
					pd.Bury()
				}
			}, "scale-in", "-N", "4", "--wait", "--tune", "gentle", "--interval", "10s", "--yes")
			if code != ExitDone || !strings.Contains(stderr, "another run of ebb has changed the speed") {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
			if made := pd.Made("POST /store/1/limit"); made != writes {
				t.Errorf("wrote the limit %d times after that", made-writes)
			}
		})
	}
}

// Not restored is the exit code whatever else happened.
func TestTuneExitCode(t *testing.T) {
	t.Parallel()
	for _, other := range []error{errDeclined, context.Canceled, errors.New("failed")} {
		if code := exitCodeOf(errors.Join(other, &tune.NotRestoredError{Err: other})); code != ExitTuningNotUndone {
			t.Errorf("%v: exit code %d", other, code)
		}
	}
}
