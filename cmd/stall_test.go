package cmd

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// stalledWatch watches a store that nothing leaves, since scheduling is halted, for
// five minutes of its own time.
func stalledWatch(t *testing.T, args ...string) (*ui.TestStreams, ExitCode) {
	pd := pdtest.New(t, pdtest.V8_5)
	pd.AddStores(1, 2, 3, 4)
	pd.AddRegions(20, 1, 2, 3, 4)
	pd.EditStore(4, func(s *cluster.Store) { s.State = cluster.Offline })
	pd.SetConfig("halt-scheduling", "true")
	streams := ui.Test("")
	env := systemEnv(streams.Streams)
	watchJSON(t, env)
	now := time.Unix(1_700_000_000, 0)
	env.Now = func() time.Time { return now }
	env.Sleep = func(ctx context.Context, d time.Duration) error {
		now = now.Add(d)
		return ctx.Err()
	}
	args = append([]string{"watch", "-u", strings.Join(pd.URLs(), ","), "-N", "4", "--timeout", "5m", "--interval", "10s"}, args...)
	return streams, run(t.Context(), env, args)
}

// A stall brings the likeliest causes, with the next command for this cluster.
func TestStallIsDiagnosed(t *testing.T) {
	streams, code := stalledWatch(t)
	text := streams.ErrBuf.String()
	if code != ExitInProgress {
		t.Errorf("exit %d: %s", code, text)
	}
	for _, want := range []string{"no region has left for 2 minutes, 15 still there; most likely:", "  1. D13 ", "     next: ", "stalled, 15 stuck"} {
		if !strings.Contains(text, want) {
			t.Errorf("stderr has no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, clusterWord) {
		t.Errorf("a command does not name the cluster:\n%s", text)
	}
}

func TestStallAsJSON(t *testing.T) {
	streams, _ := stalledWatch(t, "-o", "json")
	found := 0
	for line := range strings.Lines(streams.OutBuf.String()) {
		var event struct {
			Type      string
			Diagnosis struct {
				Result string
				Causes []struct{ ID, Next string }
			}
			Store struct{ Stuck *int }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if event.Type != "diagnosis" {
			continue
		}
		found++
		d := event.Diagnosis
		if len(d.Causes) == 0 || len(d.Causes) > likeliest || d.Causes[0].ID != "D13" || d.Causes[0].Next == "" {
			t.Errorf("diagnosis %+v", d)
		}
	}
	if found != 1 {
		t.Errorf("%d diagnoses of one stall", found)
	}
	if !strings.Contains(streams.OutBuf.String(), `"stuck":15`) {
		t.Error("no event counts the stuck regions")
	}
}
