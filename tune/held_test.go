package tune

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func entry(t *testing.T, step string, at time.Time, result Result, undo any) Entry {
	t.Helper()
	raw, err := json.Marshal(undo)
	if err != nil {
		t.Fatal(err)
	}
	return Entry{Operation: "op", Step: step, At: at, Result: string(result), Undo: raw}
}

// What a temporary value once hid is not what a permanent one is put back to.
func TestOutstandingForgetsWhatHasGone(t *testing.T) {
	item := Item{AddPeer, 1}
	first := entry(t, stepSet+item.String(), start, Done, Record{Item: item, Old: "15", New: "30", Until: start.Add(time.Minute), For: time.Minute})
	for name, later := range map[string]time.Duration{"gone": time.Hour, "there still": 10 * time.Second} {
		at := start.Add(later)
		second := entry(t, stepSet+item.String(), at, Done, Record{Item: item, Old: "20", New: "100"})
		held := outstanding([]Entry{first, second}, at)
		if len(held) != 1 || held[0].Old != "20" || len(held[0].Set) != 1 || !held[0].Permanent {
			t.Errorf("%s: held %+v", name, held)
		}
		if there := held[0].temporary(at); there != (name == "there still") {
			t.Errorf("%s: a temporary value is there: %v", name, there)
		}
	}
	// The first permanent value is what counts, however often it is set.
	third := entry(t, stepSet+item.String(), start, Unsure, Record{Item: item, Old: "15", New: "30"})
	fourth := entry(t, stepSet+item.String(), start, Done, Record{Item: item, Old: "15", New: "100"})
	if held := outstanding([]Entry{third, fourth}, start); len(held) != 1 || held[0].Old != "15" || len(held[0].Set) != 2 {
		t.Errorf("held %+v", held)
	}
}

// A temporary value that had gone is no part of what is set for a time later.
func TestOutstandingBeginsAnew(t *testing.T) {
	item := Item{AddPeer, 1}
	at := start.Add(time.Hour)
	held := outstanding([]Entry{
		entry(t, stepSet+item.String(), start, Done, Record{Item: item, Old: "15", New: "30", Until: start.Add(time.Minute), For: time.Minute}),
		entry(t, stepSet+item.String(), at, Done, Record{Item: item, Old: "20", New: "100", Until: at.Add(time.Minute), For: time.Minute}),
	}, at)
	if len(held) != 1 || held[0].Old != "20" || len(held[0].Set) != 1 || !held[0].Since.Equal(at) {
		t.Errorf("held %+v", held)
	}
}

func TestOutstandingExtends(t *testing.T) {
	temporary, permanent := Item{AddPeer, 1}, Item{AddPeer, 2}
	for _, tt := range []struct {
		name   string
		until  time.Time
		result Result
		want   time.Time
		lives  time.Duration
	}{
		{"longer", start.Add(5 * time.Minute), Done, start.Add(5 * time.Minute), 4*time.Minute + 30*time.Second},
		{"longer, nobody knows", start.Add(5 * time.Minute), Unsure, start.Add(5 * time.Minute), 4*time.Minute + 30*time.Second},
		{"longer, but set for less", start.Add(70 * time.Second), Done, start.Add(70 * time.Second), time.Minute},
		{"not longer", start.Add(40 * time.Second), Done, start.Add(time.Minute), time.Minute},
		{"failed", start.Add(5 * time.Minute), Failed, start.Add(time.Minute), time.Minute},
	} {
		held := outstanding([]Entry{
			entry(t, stepSet+temporary.String(), start, Done, Record{Item: temporary, Old: "15", New: "30", Until: start.Add(time.Minute), For: time.Minute}),
			entry(t, stepSet+permanent.String(), start, Done, Record{Item: permanent, Old: "15", New: "30"}),
			entry(t, stepExtend, start.Add(30*time.Second), tt.result, extension{Until: tt.until}),
		}, start.Add(30*time.Second))
		if len(held) != 2 || !held[0].Until.Equal(tt.want) || held[0].For != tt.lives || !held[1].Until.IsZero() {
			t.Errorf("%s: held %+v", tt.name, held)
		}
	}
}

// What cannot be read may have set a value: it is not passed over.
func TestOutstandingOfWhatCannotBeRead(t *testing.T) {
	for _, step := range []string{stepSet + "add-peer/1", stepRestore + "add-peer/1", stepExtend} {
		for _, result := range []Result{Done, Unsure, Failed} {
			held, err := Outstanding([]Entry{{Operation: "op-7", Step: step, At: start, Result: string(result), Undo: []byte(`"later"`)}}, start)
			if e, ok := errors.AsType[*EntryError](err); !ok || held != nil || e.Operation != "op-7" || e.Step != step {
				t.Errorf("%s, %s: held %+v, %v", step, result, held, err)
			}
		}
	}
}

func FuzzOutstanding(f *testing.F) {
	f.Add("tune-set/add-peer/1", "done", []byte(`{"setting":"add-peer","store_id":1,"old":"15","new":"30"}`))
	f.Add("tune-restore/add-peer/1", "kept", []byte(`{"setting":"add-peer","store_id":1}`))
	f.Add("tune-extend", "unknown", []byte(`{"until":"2026-01-02T03:04:05Z"}`))
	f.Add("tune-set/", "", []byte(`null`))
	f.Fuzz(func(t *testing.T, step, result string, undo []byte) {
		entries := []Entry{
			{Step: "tune-set/add-peer/1", Result: "done", At: start, Undo: []byte(`{"setting":"add-peer","store_id":1,"old":"15","new":"30"}`)},
			{Step: step, Result: result, At: start, Undo: undo},
			{Step: step, Result: result, At: start.Add(time.Hour), Undo: undo},
		}
		held, err := Outstanding(entries, start)
		if unreadable, ok := errors.AsType[*EntryError](err); ok != (err != nil) || ok && (unreadable.Step != step || held != nil) {
			t.Errorf("held %+v, and %v", held, err)
		}
		for _, h := range held {
			if len(h.Set) == 0 || !h.Permanent && h.Until.IsZero() {
				t.Errorf("held %+v", h)
			}
		}
	})
}
