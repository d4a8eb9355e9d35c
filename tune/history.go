package tune

import (
	"encoding/json"
	"strings"
	"time"
)

// Past is a value that was changed for a while, as a journal tells it.
type Past struct {
	Item
	Old, New  Value
	At        time.Time
	Operation string
	// Until is when PD drops the value by itself, zero when it does not.
	Until time.Time
	// Restored is when it was put back, zero when nobody has.
	Restored time.Time
	// Unsure is set when nobody knows whether it was changed.
	Unsure bool
}

// IsStep and IsRenewal tell steps of a journal that set or restore values, and
// those that only set temporary values again, from others.
func IsStep(step string) bool {
	return strings.HasPrefix(step, stepSet) || strings.HasPrefix(step, stepRestore) || IsRenewal(step)
}

// IsRenewal is explained at IsStep.
func IsRenewal(step string) bool { return step == stepExtend }

// History lists the changes in the steps of a journal, oldest first.
func History(entries []Entry) []Past {
	var list []Past
	for i := range entries {
		e := &entries[i]
		var r Record
		switch {
		case strings.HasPrefix(e.Step, stepSet):
			if json.Unmarshal(e.Undo, &r) == nil && Result(e.Result) != Failed && Result(e.Result) != Kept {
				list = append(list, Past{
					Item: r.Item, Old: r.Old, New: r.New, At: e.At, Operation: e.Operation, Until: r.Until,
					Unsure: Result(e.Result) != Done,
				})
			}
		case strings.HasPrefix(e.Step, stepRestore):
			if json.Unmarshal(e.Undo, &r) != nil || !Result(e.Result).restored() {
				continue
			}
			for k := range list {
				if list[k].Item == r.Item && list[k].Restored.IsZero() {
					list[k].Restored = e.At
				}
			}
		case IsRenewal(e.Step):
			var x extension
			if json.Unmarshal(e.Undo, &x) != nil || Result(e.Result) == Failed {
				continue
			}
			for k := range list {
				if p := &list[k]; p.Restored.IsZero() && !p.Until.Before(e.At) && p.Until.Before(x.Until) {
					p.Until = x.Until
				}
			}
		}
	}
	return list
}
