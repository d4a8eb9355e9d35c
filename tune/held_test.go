package tune

import (
	"encoding/json"
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
		held := Outstanding([]Entry{first, second}, at)
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
	if held := Outstanding([]Entry{third, fourth}, start); len(held) != 1 || held[0].Old != "15" || len(held[0].Set) != 2 {
		t.Errorf("held %+v", held)
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
		for _, h := range Outstanding(entries, start) {
			if len(h.Set) == 0 || !h.Permanent && h.Until.IsZero() {
				t.Errorf("held %+v", h)
			}
		}
	})
}
