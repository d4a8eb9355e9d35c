package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"ebb/cluster"
)

// candidate lists what every filter says of one store.
func (w *World) candidate(r *cluster.Region, j *judgement, store int) Candidate {
	v := j.search.verdicts[store]
	c := Candidate{Store: w.stores[store].ID, Address: w.stores[store].Address, Eligible: v.eligible()}
	for f := range filterCount {
		if f == filterLabel && j.search.facts.anyLabels || f == filterIsolation && j.search.facts.isolated == 0 {
			continue // there is nothing to filter by
		}
		if f == filterBest && v.fails.permanent().without(1<<filterBest) != 0 {
			continue // PD compares only what has passed so far
		}
		result := FilterResult{Filter: f.String(), Result: FilterPass, Temporary: f.temporary()}
		switch {
		case v.fails.has(f):
			result.Result = FilterFail
		case v.unknown.has(f):
			result.Result = FilterUnknown
		}
		result.Sentence = w.filterWords(r, j, store, f, result.Result)
		c.Filters = append(c.Filters, result)
	}
	return c
}

// filterWords says in a sentence what a filter found.
func (w *World) filterWords(r *cluster.Region, j *judgement, store int, f filter, result FilterOutcome) string {
	s := &w.stores[store]
	failed := result == FilterFail
	switch f {
	case filterHasPeer:
		return choose(failed, "region "+r.ID.String()+" has a peer here already", "the region has no peer here")
	case filterLowSpace:
		return w.spaceWords(s, result)
	case filterSpecialUse:
		return choose(failed, "the label specialUse="+s.Label(cluster.SpecialUseLabel)+" keeps the store for special regions", "no special use")
	case filterRemoved:
		return choose(failed, "Tombstone", "not Tombstone")
	case filterRemoving:
		return choose(failed, "the store is leaving itself", "not leaving")
	case filterDown, filterDisconnected, filterBusy:
		return w.lifeWords(s, f, result)
	case filterIsolation:
		return w.isolationWords(j.search, store)
	case filterLabel:
		return labelWords(j.step.rule.rule, s.Store, failed)
	case filterBest:
		return bestWords(j.search, result)
	case filterAddLimit:
		return limitWords(s)
	case filterSnapshots:
		return w.snapshotWords(s, result)
	}
	return w.pendingWords(s, result)
}

func choose(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func (w *World) lifeWords(s *storeFacts, f filter, result FilterOutcome) string {
	if f == filterBusy {
		return choose(result == FilterFail, "the store says it is busy", "not busy")
	}
	heard := "PD never heard it"
	if age, ok := s.HeartbeatAge(w.now); ok {
		heard = fmt.Sprintf("last heard %s ago", age.Round(time.Second))
	} else if !s.LastHeartbeat.IsZero() {
		heard = "nobody can tell when PD last heard it"
	}
	if f == filterDown && w.snap.Schedule != nil && result != FilterPass {
		return fmt.Sprintf("%s; max-store-down-time is %s", heard, w.snap.Schedule.MaxStoreDownTime)
	}
	return heard
}

func (w *World) spaceWords(s *storeFacts, result FilterOutcome) string {
	if !s.Capacity.Known || s.Capacity.Bytes == 0 || !s.Available.Known {
		return "PD has not heard how much space the store has; until then it does not call it full"
	}
	text := fmt.Sprintf("%.1f%% of %s free", 100*float64(s.Available.Bytes)/float64(s.Capacity.Bytes), gib(s.Capacity.Bytes))
	if w.snap.Schedule == nil {
		return text + "; low-space-ratio could not be read"
	}
	need := 100 * (1 - w.snap.Schedule.LowSpaceRatio)
	switch result {
	case FilterFail:
		return fmt.Sprintf("%s, fewer than the %.1f%% that low-space-ratio wants", text, need)
	case FilterUnknown:
		return fmt.Sprintf("%s, too near to the %.1f%% of low-space-ratio to tell from rounded sizes", text, need)
	}
	return text
}

func gib(bytes uint64) string {
	return strconv.FormatFloat(float64(bytes)/(1<<30), 'f', 1, 64) + " GiB"
}

func (w *World) isolationWords(s *search, store int) string {
	with, shared := s.facts.sharesPlace(store, s.colocated)
	switch {
	case !shared:
		return "shares its place with no other peer of the rule"
	case with < 0:
		return "PD lets no store pass where the rule has an isolation level and no other peer to be apart from"
	}
	return fmt.Sprintf("in the same place as store %d, which has a peer of the rule", w.stores[with].ID)
}

func labelWords(rule *cluster.Rule, s *cluster.Store, failed bool) string {
	if !failed {
		return "the labels suit the rule"
	}
	var want []string
	for i := range rule.LabelConstraints {
		want = append(want, rule.LabelConstraints[i].String())
	}
	var has []string
	for _, l := range s.Labels {
		has = append(has, l.Key+"="+l.Value)
	}
	text := "the rule takes no store with exclusive labels"
	if len(want) > 0 {
		text = "the rule wants " + strings.Join(want, " and ")
	}
	if len(has) == 0 {
		return text + "; the store has no labels"
	}
	return text + "; the store has " + strings.Join(has, ", ")
}

func bestWords(s *search, result FilterOutcome) string {
	switch result {
	case FilterFail:
		return "another store is farther from the other peers; PD takes the farthest, and waits for it"
	case FilterUnknown:
		return "another store is farther from the other peers, if PD lets it pass"
	}
	if len(s.colocated) == 0 {
		return "no other peer to be apart from"
	}
	return "as far from the other peers as any"
}

// limitWords: PD shows the rate and not the tokens.
func limitWords(s *storeFacts) string {
	towards := ""
	if s.towards > 0 {
		towards = fmt.Sprintf("; %d running operators add peers here", s.towards)
	}
	switch {
	case !s.hasLimit:
		return "PD did not show the store's limit" + towards
	case s.limit >= cluster.LimitUnlimited:
		return "no limit"
	case s.limit == 0:
		return "the limit is 0, which PD takes for none"
	}
	return fmt.Sprintf("%g a minute; PD does not show how many are left just now%s", s.limit, towards)
}

func (w *World) snapshotWords(s *storeFacts, result FilterOutcome) string {
	text := fmt.Sprintf("%d sending, %d receiving", s.SendingSnapCount, s.ReceivingSnapCount)
	switch {
	case result == FilterUnknown:
		return text + "; max-snapshot-count could not be read"
	case w.snap.Schedule == nil:
		return text
	}
	return fmt.Sprintf("%s; max-snapshot-count is %d", text, w.snap.Schedule.MaxSnapshotCount)
}

func (w *World) pendingWords(s *storeFacts, result FilterOutcome) string {
	switch {
	case w.snap.Schedule == nil:
		return "max-pending-peer-count could not be read"
	case result == FilterUnknown:
		return fmt.Sprintf("PD before 8.5 does not show how many peers are pending; max-pending-peer-count is %d", w.snap.Schedule.MaxPendingPeerCount)
	case w.snap.Schedule.MaxPendingPeerCount == 0:
		return "max-pending-peer-count is 0, which is no limit"
	}
	return fmt.Sprintf("%d pending; max-pending-peer-count is %d", s.PendingPeerCount, w.snap.Schedule.MaxPendingPeerCount)
}
