package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"ebb/cluster"
)

// Result is what came of one removal.
type Result string

// The results.
const (
	Removed  Result = "removed"
	Already  Result = "already"   // the peer was gone before
	Moved    Result = "moved"     // the region is no longer the one that was judged
	NotSafe  Result = "not-safe"  // judged again, it is not safe to remove now
	Failed   Result = "failed"    // PD refused or gave up; the peer is still there
	InFlight Result = "in-flight" // PD has the operator, or may have it; nobody waited for its end
	NotTried Result = "not-tried" // nothing was asked of PD
)

// Outcome is what came of one removal of a plan.
type Outcome struct {
	RegionID cluster.RegionID `json:"region_id"`
	StoreID  cluster.StoreID  `json:"store_id"`
	Result   Result           `json:"result"`
	// Note says more, in PD's words where it has some.
	Note string `json:"note,omitempty"`
	Err  error  `json:"-"`
	// Verdict is the plan's.
	Verdict Verdict `json:"-"`
}

// Gone reports whether the peer is gone.
func (o *Outcome) Gone() bool { return o.Result == Removed || o.Result == Already }

// RemainError says that orphans are left after an apply.
type RemainError struct {
	Outcomes []Outcome // of the plan's removals
	Left     []Orphan  // that were not to be removed
	// Err is why the apply stopped before its end, nil when it did not.
	Err error
}

// Count is how many orphans remain.
func (e *RemainError) Count() int {
	n := len(e.Left)
	for i := range e.Outcomes {
		if !e.Outcomes[i].Gone() {
			n++
		}
	}
	return n
}

func (e *RemainError) Error() string {
	results := make(map[Result]int)
	for i := range e.Outcomes {
		results[e.Outcomes[i].Result]++
	}
	text := fmt.Sprintf("%s: %s removed, %d remain", VerbApply, cluster.Plural(results[Removed], "orphan peer"), e.Count())
	if n := results[Already]; n > 0 {
		text += fmt.Sprintf(", %d gone before", n)
	}
	if n := results[InFlight]; n > 0 {
		text += fmt.Sprintf(", PD still works on %d of them", n)
	}
	switch {
	case errors.Is(e.Err, context.Canceled):
		text += "; interrupted"
	case e.Err != nil:
		text += fmt.Sprintf(": %v", e.Err)
	}
	return text
}

func (e *RemainError) Unwrap() error { return e.Err }

// Changed reports whether anything was changed or may have been.
func (e *RemainError) Changed() bool {
	for i := range e.Outcomes {
		if r := e.Outcomes[i].Result; r == Removed || r == InFlight {
			return true
		}
	}
	return false
}

// Hint says how to go on.
func (e *RemainError) Hint() string {
	if e.Count() == len(e.Left) {
		return "ebb orphans says what to do about each of them"
	}
	return "run the same command again: it judges anew what is left, and continues"
}

// Remaining is an orphan that is left, and why.
type Remaining struct {
	RegionID cluster.RegionID `json:"region_id"`
	StoreID  cluster.StoreID  `json:"store_id"`
	// Verdict is the plan's, Result what came of the removal; "" where none was
	// planned.
	Verdict Verdict `json:"verdict"`
	Result  Result  `json:"result,omitempty"`
	Reason  string  `json:"reason"`
}

// Remaining lists what is left in the order of regions and stores.
func (e *RemainError) Remaining() []Remaining {
	var list []Remaining
	for i := range e.Outcomes {
		if o := &e.Outcomes[i]; !o.Gone() {
			list = append(list, Remaining{o.RegionID, o.StoreID, o.Verdict, o.Result, o.Note})
		}
	}
	for i := range e.Left {
		o := &e.Left[i]
		list = append(list, Remaining{o.RegionID, o.StoreID, o.Verdict, "", o.Reason.Text()})
	}
	slices.SortFunc(list, func(a, b Remaining) int {
		return cmp.Or(cmp.Compare(a.RegionID, b.RegionID), cmp.Compare(a.StoreID, b.StoreID))
	})
	return list
}
