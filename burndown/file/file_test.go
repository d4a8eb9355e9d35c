package file

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ebb/burndown"
	"ebb/cluster"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func recorder(dir, watch string) *Recorder {
	return New(dir, 42, burndown.Record{Schema: burndown.Schema, Kind: burndown.KindWatch, Watch: watch, Cluster: "prod"})
}

func sample(at time.Time, id cluster.StoreID, regions int) *burndown.Record {
	return &burndown.Record{Schema: burndown.Schema, Kind: burndown.KindSample, Time: at, Watch: "w", Sample: &burndown.Sample{
		StoreID: id, Address: "10.0.1.4:20160", Phase: burndown.Leaving, State: "Offline", Regions: regions, Every: 2,
		Forecast: &burndown.Forecast{Low: 600, High: 900, Basis: "300 regions in the last 5m0s, and up to 10s until PD buries the store"},
	}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dir string) (records []burndown.Record, skipped int) {
	t.Helper()
	records, skipped, err := Read(dir, 42)
	must(t, err)
	return records, skipped
}

func TestSamplesAreReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "samples")
	if records, skipped := read(t, dir); records != nil || skipped != 0 {
		t.Errorf("%d records before the first", len(records))
	}
	r := recorder(dir, "w")
	must(t, r.Append(sample(now, 4, 9)))
	must(t, r.Append(sample(now.Add(2*time.Second), 1<<63+5, 8)))
	must(t, r.Append(sample(now.Add(24*time.Hour), 4, 7))) // a file of its own, which says again what it is about
	records, skipped := read(t, dir)
	var kinds []burndown.Kind
	for _, r := range records {
		kinds = append(kinds, r.Kind)
	}
	if got := fmt.Sprint(kinds); got != "[watch sample sample watch sample]" || skipped != 0 || records[2].StoreID != 1<<63+5 || records[3].Cluster != "prod" {
		t.Errorf("read %s, skipped %d", got, skipped)
	}
	for path, mode := range map[string]os.FileMode{"": 0o700, "42": 0o700, "42/20260102.jsonl": 0o600, "42/20260103.jsonl": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want mode %o", path, info, err, mode)
		}
	}
	if ids, err := Clusters(dir); err != nil || fmt.Sprint(ids) != "[42]" {
		t.Errorf("Clusters() = %v, %v", ids, err)
	}
}

// Many runs write to one file, and no line is lost or mixed.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := recorder(dir, fmt.Sprint(w))
			for n := range each {
				if err := r.Append(sample(now.Add(time.Duration(n)*time.Second), cluster.StoreID(w+1), n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	records, skipped := read(t, dir)
	if len(records) != writers*(each+1) || skipped != 0 {
		t.Errorf("%d records, want %d; skipped %d", len(records), writers*(each+1), skipped)
	}
}

// Wherever a crash has cut the file, what comes after it is read.
func TestTornTail(t *testing.T) {
	dir := t.TempDir()
	must(t, recorder(dir, "a").Append(sample(now, 4, 9)))
	path := filepath.Join(dir, "42", "20260102.jsonl")
	whole, err := os.ReadFile(path)
	must(t, err)
	for cut := range whole {
		must(t, os.WriteFile(path, whole[:cut], 0o600))
		must(t, recorder(dir, "b").Append(sample(now, 5, 8)))
		records, skipped := read(t, dir)
		last := records[len(records)-1]
		if len(records) < 2 || records[len(records)-2].Watch != "b" || last.Sample == nil || last.StoreID != 5 || skipped > 1 {
			t.Fatalf("cut at %d: the last of %d records is %+v, skipped %d", cut, len(records), last, skipped)
		}
	}
}

func TestOldFilesGo(t *testing.T) {
	dir := t.TempDir()
	place := func(name string, bytes int64) string {
		path := filepath.Join(dir, "42", name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, nil, 0o600))
		must(t, os.Truncate(path, bytes))
		return path
	}
	stays := []string{place("20251203.jsonl", 1), place("20251231.jsonl", mostBytes/2), place("notes.jsonl", 1), place("20010101.txt", 1)}
	goes := []string{place("20251202.jsonl", 1), place("20200101.jsonl", 1)}
	must(t, recorder(dir, "w").Append(sample(now, 4, 9)))
	for _, path := range stays {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	for _, path := range goes {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	place("20260101.jsonl", mostBytes/2+1)
	must(t, recorder(dir, "w").Append(sample(now, 4, 8)))
	for path, wanted := range map[string]bool{"20260102.jsonl": true, "20260101.jsonl": true, "20251231.jsonl": false, "20251203.jsonl": false} {
		if _, err := os.Stat(filepath.Join(dir, "42", path)); (err == nil) != wanted {
			t.Errorf("%s: %v; wanted: %t", path, err, wanted)
		}
	}
}

func TestFull(t *testing.T) {
	dir := t.TempDir()
	r := recorder(dir, "w")
	must(t, r.Append(sample(now, 4, 9)))
	path := filepath.Join(dir, "42", "20260102.jsonl")
	must(t, os.Truncate(path, fullBytes-10))
	if err := r.Append(sample(now, 4, 8)); !errors.Is(err, ErrFull) {
		t.Errorf("Append() = %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != fullBytes-10 {
		t.Errorf("the file has changed: %v, %v", info, err)
	}
}

func TestUnwritable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "samples")
	must(t, os.WriteFile(dir, nil, 0o600))
	if err := recorder(dir, "w").Append(sample(now, 4, 9)); err == nil || !strings.Contains(err.Error(), "record samples") {
		t.Errorf("Append() = %v", err)
	}
	if _, _, err := Read(dir, 42); err == nil {
		t.Error("a directory that cannot be read was taken for empty")
	}
}

// What recording one sample costs a wait, which reads PD every two seconds.
func BenchmarkAppend(b *testing.B) {
	dir := b.TempDir()
	r := recorder(dir, "w")
	path := filepath.Join(dir, "42", "20260102.jsonl")
	n := 0
	for b.Loop() {
		if n++; n%50_000 == 0 { // below fullBytes
			must(b, os.Truncate(path, 0))
		}
		must(b, r.Append(sample(now, 4, 9)))
	}
}
