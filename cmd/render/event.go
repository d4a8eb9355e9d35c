package render

import (
	"fmt"
	"strings"
	"time"

	"ebb/cluster"
	"ebb/decommission"
	"ebb/operators"
	"ebb/tune"
	"ebb/ui"
)

// Event is the JSON form of everything that a long verb reports, one object a
// line. Type says which of the other fields are set.
type Event struct {
	SchemaVersion int       `json:"schema_version"`
	Type          string    `json:"type"`
	Time          time.Time `json:"time"`

	Plan    any                       `json:"plan,omitempty"`    // type "plan": the verb's plan
	Step    *decommission.StepOutcome `json:"step,omitempty"`    // type "step"
	Store   *decommission.StoreWatch  `json:"store,omitempty"`   // types of decommission.EventType
	Fence   *decommission.FenceReport `json:"fence,omitempty"`   // type "fence": how the fencing of one store ended
	Removal *operators.Outcome        `json:"removal,omitempty"` // type "removal": what came of removing one orphan
	Tune    *tune.Outcome             `json:"tune,omitempty"`    // type "tune-step": what came of one value
	Guard   *tune.Decision            `json:"guard,omitempty"`   // type "tune-guard": the speed is changed, and why
	// Diagnosis is set for type "diagnosis", which follows "stalled".
	Diagnosis *Causes `json:"diagnosis,omitempty"`

	Error   string   `json:"error,omitempty"`   // "step", "removal", "tune-step", "diagnosis", "contact-lost", "summary"
	Summary *Summary `json:"summary,omitempty"` // type "summary", always the last
}

// Summary closes the events of a verb.
type Summary struct {
	Result   string                    `json:"result"`
	ExitCode int                       `json:"exit_code"`
	Stores   []decommission.StoreWatch `json:"stores,omitempty"`
	// Remaining are the orphans that ebb orphans apply has left.
	Remaining []operators.Remaining `json:"remaining,omitempty"`
}

// StoreLine is the progress of one store for a person: what is left, how fast,
// how long still.
func StoreLine(s *decommission.StoreWatch) string {
	info := Leaving(s)
	var b strings.Builder
	fmt.Fprintf(&b, "store %d (%s) %s: %s, %s, %s left",
		s.ID, ui.Clean(s.Address), orDash(s.State), ui.Counted(s.Regions, "region"), ui.Counted(s.Leaders, "leader"),
		ui.Bytes(uint64(max(s.RegionSizeMiB, 0))*cluster.MiB))
	if info.Fraction != nil {
		b.WriteString(", " + ui.Share(*info.Fraction) + " done")
	}
	switch {
	case s.Stalled:
		b.WriteString(", " + watchNote(s))
	case s.Regions == 0:
		b.WriteString(", waiting for PD to make it Tombstone (up to 10s)")
	case info.RegionsPerSecond != nil && info.ETASeconds != nil:
		fmt.Fprintf(&b, ", %s, ETA %s", ui.Rate(*info.RegionsPerSecond), eta(s))
	}
	return b.String()
}

// Transition is the line for an event that is no mere progress; "" for progress.
func Transition(e decommission.Event) string {
	switch e.Type {
	case decommission.EventProgress:
		return ""
	case decommission.EventContactLost:
		return "PD does not answer, trying on: " + ui.Clean(e.Err.Error())
	case decommission.EventContactRegained:
		return "PD answers again"
	}
	s := e.Store
	name := fmt.Sprintf("store %d (%s)", s.ID, ui.Clean(s.Address))
	switch e.Type {
	case decommission.EventWatching:
		return StoreLine(s)
	case decommission.EventState:
		return fmt.Sprintf("%s is %s now", name, s.State)
	case decommission.EventStalled:
		return fmt.Sprintf("%s: no region has left for 2 minutes, %s still there; most likely:", name, ui.Count(int64(s.Regions)))
	case decommission.EventMoving:
		return name + ": regions are leaving again"
	case decommission.EventTombstone:
		return name + " is Tombstone, and no region names it"
	case decommission.EventBuriedEarly:
		if s.State == "" {
			return fmt.Sprintf("%s: its record is gone from PD, but it is still named by %s", name, ui.Counted(s.Regions, "region"))
		}
		return fmt.Sprintf("%s: PD calls it %s, but it is still named by %s", name, ui.Clean(s.State), ui.Counted(s.Regions, "region"))
	case decommission.EventCameBack:
		return fmt.Sprintf("%s is %s again", name, s.State)
	case decommission.EventGone:
		return name + ": its record is gone from PD, and no region names it"
	}
	return name + ": " + string(e.Type)
}
