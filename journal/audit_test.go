package journal

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRuns(t *testing.T) {
	j := testJournal(t)
	cut := begin(t, j)
	if err := cut.Intent("delete-store/4", nil); err != nil {
		t.Fatal(err)
	}
	whole := begin(t, j)
	for _, err := range []error{
		whole.Intent("delete-store/5", map[string]int{"limit": 15}),
		whole.Outcome("delete-store/5", "done", nil),
		whole.Intent("mark-offline", nil),
		whole.Outcome("mark-offline", "failed", errors.New("disk full")),
		whole.End("partly", errors.New("disk full")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	records, _, err := j.Read()
	if err != nil {
		t.Fatal(err)
	}
	type step struct{ Step, Result, Error string }
	got := make(map[string][]step)
	results := make(map[string]string)
	for _, run := range Runs(records) {
		results[run.ID] = run.Result
		for _, s := range run.Steps {
			got[run.ID] = append(got[run.ID], step{s.Step, s.Result, s.Error})
		}
	}
	want := map[string][]step{
		cut.ID():   {{"delete-store/4", ResultUnknown, ""}},
		whole.ID(): {{"delete-store/5", "done", ""}, {"mark-offline", "failed", "disk full"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{cut.ID(): ResultUnknown, whole.ID(): "partly"}, results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestRedact(t *testing.T) {
	tests := [][2][]string{
		{{"prune", "--password", "hunter2", "-y"}, {"prune", "--password", "xxxxx", "-y"}},
		{{"--passphrase=hunter2"}, {"--passphrase=xxxxx"}},
		{{"-u", "http://a:b@h:1,http://h:2"}, {"-u", "http://a:xxxxx@h:1,http://h:2"}},
		{{"--pd=https://a:b@h:1"}, {"--pd=https://a:xxxxx@h:1"}},
		{{"-N", "10.0.0.1:20160"}, {"-N", "10.0.0.1:20160"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt[1], Redact(tt[0])); diff != "" {
			t.Errorf("Redact(%q) (-want +got):\n%s", tt[0], diff)
		}
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	holder := Holder{Verb: "prune", Actor: "ops@db1", PID: 7, Since: testJournal(t).now()}
	release, err := Lock(dir, 42, holder)
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := Lock(dir, 42, Holder{Verb: "scale-in"}); !errors.As(err, &locked) || locked.Holder != holder {
		t.Errorf("second lock: %v, holder %+v", err, locked)
	}
	if other, err := Lock(dir, 43, holder); err != nil {
		t.Errorf("lock of another cluster: %v", err)
	} else {
		other()
	}
	release()
	release()
	again, err := Lock(dir, 42, holder)
	if err != nil {
		t.Fatalf("lock after release: %v", err)
	}
	again()
}
