package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func testJournal(t *testing.T) *Journal {
	t.Helper()
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return Open(filepath.Join(t.TempDir(), "state"), 42, "ops@db1", func() time.Time { return clock })
}

func begin(t *testing.T, j *Journal) *Operation {
	t.Helper()
	op, err := j.Begin("scale-in", []string{"scale-in", "-u", "http://ops:secret@pd:2379"}, map[string]int{"steps": 1})
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestIntentIsReadBack(t *testing.T) {
	j := testJournal(t)
	op := begin(t, j)
	if err := op.Intent("delete-store/4", map[string]any{"limit": 15}); err != nil {
		t.Fatal(err)
	}
	if err := op.Outcome("delete-store/4", "failed", errors.New("PD said no")); err != nil {
		t.Fatal(err)
	}
	records, torn, err := j.Read()
	if err != nil || torn != 0 || len(records) != 3 {
		t.Fatalf("Read() = %d records, %d torn, %v", len(records), torn, err)
	}
	if r := records[0]; r.Kind != Begin || r.PlanHash == "" || !slices.Equal(r.Args, []string{"scale-in", "-u", "http://ops:xxxxx@pd:2379"}) {
		t.Errorf("begin = %+v", r)
	}
	if r := records[1]; r.Kind != Intent || string(r.Undo) != `{"limit":15}` || r.ClusterID != 42 || r.Actor != "ops@db1" {
		t.Errorf("intent = %+v", r)
	}
	if r := records[2]; r.Kind != Outcome || r.Result != "failed" || r.Error != "PD said no" || r.Operation != op.ID() {
		t.Errorf("outcome = %+v", r)
	}
	info, err := os.Stat(j.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("journal mode = %v, %v; want 0600", info.Mode(), err)
	}
}

func TestMissingJournalIsEmpty(t *testing.T) {
	records, torn, err := testJournal(t).Read()
	if len(records) != 0 || torn != 0 || err != nil {
		t.Errorf("Read() = %v, %d, %v", records, torn, err)
	}
}

// A crash can cut the last line anywhere. Whatever is left of it, the records
// before stay readable, and the next record is not glued to the torn one.
func TestTornTail(t *testing.T) {
	j := testJournal(t)
	op := begin(t, j)
	if err := op.Intent("delete-store/4", nil); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(j.path)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(whole, '\n') + 1
	for cut := first; cut <= len(whole); cut++ {
		if err := os.WriteFile(j.path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := op.Outcome("delete-store/4", "done", nil); err != nil {
			t.Fatal(err)
		}
		records, torn, err := j.Read()
		if err != nil {
			t.Fatal(err)
		}
		last := records[len(records)-1]
		if last.Kind != Outcome || len(records)+torn < 2 || len(records)+torn > 3 {
			t.Fatalf("cut at %d: %d records, %d torn, last %+v", cut, len(records), torn, last)
		}
	}
}

func TestUnwritableJournalIsAnError(t *testing.T) {
	j := testJournal(t)
	if err := os.WriteFile(filepath.Dir(j.path), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Begin("scale-in", nil, nil); err == nil {
		t.Error("Begin() = nil although the journal cannot be written")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":1,"kind":"intent","step":"x"}` + "\n" + `{"sche`))
	f.Add([]byte("\n\n{}\nnull\n[1]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		records, torn := Decode(data)
		if lines := bytes.Count(data, []byte("\n")) + 1; len(records)+torn > lines {
			t.Errorf("%d records and %d torn lines out of %d lines", len(records), torn, lines)
		}
		for i := range records {
			if records[i].Schema != Schema {
				t.Errorf("record of schema %d", records[i].Schema)
			}
		}
	})
}
