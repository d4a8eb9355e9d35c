package diagnose

import (
	"fmt"
	"time"

	"ebb/cluster"
)

func slowPatrol(v *view) []Cause {
	const long = 2 * time.Minute
	round := cluster.PatrolRound(v.release, v.ev.RegionStats.Regions, v.snap.Schedule.PatrolRegionInterval, v.snap.Schedule)
	if round < long {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Likely,
		Sentence: fmt.Sprintf("PD takes some %s to look at all %d regions once, and a region that failed waits for the next round", clock(round), v.ev.RegionStats.Regions),
		Evidence: []string{fmt.Sprintf("stats/region: %d regions", v.ev.RegionStats.Regions), fmt.Sprintf("config/schedule: patrol-region-interval is %s", v.snap.Schedule.PatrolRegionInterval)},
		Next:     "pd-ctl config set patrol-region-interval 10ms", Risk: "more CPU on the PD leader",
	}}
}

// tailWaits: few regions are left, nothing keeps them, and nobody moves them now.
func tailWaits(v *view) []Cause {
	const few = 30
	waiting, left := v.inClass(TailWaiting), v.remaining()
	if waiting.Count == 0 || waiting.Count != left || left > few || v.moving() > 0 || v.allUp() {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Possible, Regions: waiting.Examples,
		Sentence: fmt.Sprintf("the last %s wait for PD's patrol to come by; no operator moves one now", cluster.Plural(left, "region")),
		Evidence: []string{"operators: none for these stores", "regions/store: all have a leader, a majority and a store to go to"},
		Next:     "look again in a minute: ebb diagnose CLUSTER --for 1m", Risk: "none",
	}}
}

// moving counts the running operators that take a peer off the stores.
func (v *view) moving() int {
	n := 0
	for i := range v.ev.Running {
		if v.names(&v.ev.Running[i]) {
			n++
		}
	}
	return n
}

// allUp reports whether none of the stores is leaving in truth.
func (v *view) allUp() bool { return len(v.wasUp) == len(v.subjects) }

// clock writes a time span in two units at most: "4m40s", "2h13m".
func clock(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

// progressing reports whether PD itself measures that a store gets emptier, or has
// scheduled for it lately.
func (v *view) progressing() bool {
	for i := range v.ev.Records {
		if v.names(&v.ev.Records[i]) {
			return true
		}
	}
	for _, p := range v.ev.Progress {
		if p.Action == cluster.ActionRemoving && p.SpeedMiB > 0 {
			return true
		}
	}
	return false
}

func pdRestarted(v *view) []Cause {
	if v.ev.PDStatus.StartTime.IsZero() || v.moving() > 0 || v.progressing() {
		return nil // what moves shows that it has heard enough
	}
	age := v.now.Sub(v.ev.PDStatus.StartTime)
	if age >= cluster.CollectTimeout {
		return nil
	}
	return []Cause{{
		Severity: Pace, Certainty: Possible,
		Sentence: fmt.Sprintf("the PD leader started %s ago: until it has heard of most regions it moves none, five minutes at most", clock(max(age, 0))),
		Evidence: []string{"status: start_timestamp " + stamp(v.ev.PDStatus.StartTime)},
		Next:     "wait, and look again: ebb diagnose CLUSTER", Risk: "none",
	}}
}
