package tune

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Steps of the journal, before the name of the item.
const (
	stepSet     = "tune-set/"
	stepRestore = "tune-restore/"
	stepExtend  = "tune-extend"
)

// Record is written down before a value is set. It is all that a restore needs.
type Record struct {
	Item
	Old Value `json:"old"` // the permanent value before
	New Value `json:"new"`
	// Until is when PD drops the value by itself, zero when it does not; and For
	// how long that was when it was set.
	Until time.Time     `json:"until,omitzero"`
	For   time.Duration `json:"for_ns,omitempty"`
}

// extension is written down before the temporary values of a plan are set again.
type extension struct {
	Until time.Time `json:"until"`
}

// Entry is a step of a journal, with what came of it.
type Entry struct {
	Operation string
	Actor     string
	Step      string
	At        time.Time
	// Result is one of the results of an Outcome; anything else means that nobody
	// knows.
	Result string
	Undo   json.RawMessage
}

// Held is a value that was set here and not put back yet.
type Held struct {
	Item
	// Old is the permanent value before the first change, Set what has been set
	// since, the last one last.
	Old Value   `json:"old"`
	Set []Value `json:"set"`
	// Permanent is set when the permanent value was changed, and Until when a
	// temporary one was set that PD drops by itself then. When etcd changes its
	// leader it starts the clocks of all temporary values anew, so it can take For
	// longer.
	Permanent bool          `json:"permanent"`
	Until     time.Time     `json:"until,omitzero"`
	For       time.Duration `json:"for_ns,omitempty"`
	Since     time.Time     `json:"since"`
	Operation string        `json:"operation"`
	Actor     string        `json:"actor"`
	// Unsure is set when nobody knows whether the last change was made.
	Unsure bool `json:"unsure,omitempty"`
}

// temporary reports whether a temporary value of ours may still be there.
func (h *Held) temporary(now time.Time) bool {
	return !h.Until.IsZero() && now.Before(h.Until.Add(h.For))
}

// last is the value set last.
func (h *Held) last() Value { return h.Set[len(h.Set)-1] }

// Outstanding finds in the steps of a journal, oldest first, what is still to be
// put back, in the order in which it was set. Temporary values that have
// certainly expired are not. A step that cannot be read is an *EntryError: what it
// has set would not be put back, and nobody would know.
func Outstanding(entries []Entry, now time.Time) ([]Held, error) {
	var l ledger
	for i := range entries {
		var err error
		switch e := &entries[i]; {
		case strings.HasPrefix(e.Step, stepSet):
			err = l.set(e)
		case strings.HasPrefix(e.Step, stepRestore):
			err = l.restore(e)
		case e.Step == stepExtend:
			err = l.extend(e)
		}
		if err != nil {
			return nil, &EntryError{entries[i].Operation, entries[i].Step, err}
		}
	}
	return slices.DeleteFunc(l, func(h Held) bool { return !h.Permanent && !h.temporary(now) }), nil
}

// EntryError is a step of a journal that cannot be read, as when a later ebb wrote it.
type EntryError struct {
	Operation, Step string
	Err             error
}

func (e *EntryError) Error() string {
	return fmt.Sprintf("read step %s of operation %s in the journal: %v", e.Step, e.Operation, e.Err)
}

func (e *EntryError) Unwrap() error { return e.Err }

// ledger is what is to be put back, in the order in which it was set.
type ledger []Held

func (l *ledger) find(item Item) int {
	return slices.IndexFunc(*l, func(h Held) bool { return h.Item == item })
}

func (l *ledger) set(e *Entry) error {
	var r Record
	if err := json.Unmarshal(e.Undo, &r); err != nil {
		return err
	}
	if Result(e.Result) == Failed || Result(e.Result) == Kept {
		return nil
	}
	at := l.find(r.Item)
	if at >= 0 && !(*l)[at].Permanent && !(*l)[at].temporary(e.At) {
		*l, at = slices.Delete(*l, at, at+1), -1 // it had gone by itself
	}
	if at < 0 {
		at = len(*l)
		*l = append(*l, Held{Item: r.Item, Old: r.Old, Since: e.At})
	}
	(*l)[at].take(&r, e)
	return nil
}

func (l *ledger) restore(e *Entry) error {
	var r Record
	if err := json.Unmarshal(e.Undo, &r); err != nil {
		return err
	}
	if !Result(e.Result).restored() {
		return nil
	}
	if at := l.find(r.Item); at >= 0 {
		*l = slices.Delete(*l, at, at+1)
	}
	return nil
}

func (l *ledger) extend(e *Entry) error {
	var x extension
	if err := json.Unmarshal(e.Undo, &x); err != nil {
		return err
	}
	if Result(e.Result) == Failed {
		return nil
	}
	for i := range *l {
		if h := &(*l)[i]; !h.Until.IsZero() && h.Until.Before(x.Until) {
			h.For = max(h.For, x.Until.Sub(e.At))
			h.Until = x.Until
		}
	}
	return nil
}

func (h *Held) take(r *Record, e *Entry) {
	if r.Until.IsZero() && !h.Permanent {
		h.Old, h.Set = r.Old, nil // until now the permanent value was not ours
	}
	h.Set = append(h.Set, r.New)
	h.Operation, h.Actor, h.Unsure = e.Operation, e.Actor, Result(e.Result) != Done
	if r.Until.IsZero() {
		h.Permanent = true
	} else {
		h.Until, h.For = r.Until, r.For
	}
}
