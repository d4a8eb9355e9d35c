package burndown

import (
	"time"

	"ebb/cluster"
)

// Operation is what the journal tells of one run that changed something.
type Operation struct {
	// Number is the place in the report, from 1; 0 for those that are left out.
	Number  int       `json:"number"`
	ID      string    `json:"id"`
	Verb    string    `json:"verb"`
	Actor   string    `json:"actor"`
	Command string    `json:"command"`
	Began   time.Time `json:"began"`
	// Ended is zero for an operation that was cut off or is still running.
	Ended  time.Time `json:"ended,omitzero"`
	Result string    `json:"result"`
	Error  string    `json:"error,omitempty"`
	Steps  []Step    `json:"steps"`
}

// Step is one change of an operation.
type Step struct {
	Time    time.Time       `json:"time"`
	Name    string          `json:"step"`
	StoreID cluster.StoreID `json:"store_id,omitempty"` // 0 for what is about no store that leaves
	Result  string          `json:"result"`
	Error   string          `json:"error,omitempty"`
	// Starts is set for the change that makes a store leave, Cancels for the one
	// that takes it back, where they were made.
	Starts  bool `json:"-"`
	Cancels bool `json:"-"`
	// Tunes is set for changes of the speed, Renews for setting temporary values
	// again, which tells nothing new.
	Tunes  bool `json:"-"`
	Renews bool `json:"-"`
}

// Setting is a value that was changed for a while.
type Setting struct {
	Name      string    `json:"setting"`
	Before    string    `json:"before"`
	Set       string    `json:"set"`
	At        time.Time `json:"at"`
	Operation string    `json:"operation"`
	// Restored is when it was put back, missing when it was not.
	Restored time.Time `json:"restored,omitzero"`
	// Expires is when PD drops it by itself, missing when it does not.
	Expires time.Time `json:"expires,omitzero"`
	// Unsure is set when nobody knows whether the change was made.
	Unsure bool `json:"unsure,omitempty"`
}

// end is when the operation was over, as far as is known.
func (o *Operation) end() time.Time {
	if !o.Ended.IsZero() {
		return o.Ended
	}
	at := o.Began
	for i := range o.Steps {
		if o.Steps[i].Time.After(at) {
			at = o.Steps[i].Time
		}
	}
	return at
}

// about reports whether a step names one of the stores.
func (o *Operation) about(stores map[cluster.StoreID]bool) bool {
	for i := range o.Steps {
		if stores[o.Steps[i].StoreID] {
			return true
		}
	}
	return false
}

// tunes and renews report what all steps are about.
func (o *Operation) tunes() bool {
	return o.all(func(s *Step) bool { return s.Tunes })
}

func (o *Operation) renews() bool {
	return o.all(func(s *Step) bool { return s.Renews })
}

func (o *Operation) all(is func(*Step) bool) bool {
	for i := range o.Steps {
		if !is(&o.Steps[i]) {
			return false
		}
	}
	return len(o.Steps) > 0
}
