package diagnose

import (
	"fmt"
	"strings"

	"ebb/cluster"
)

// placementNeeds are the readings behind every shortage.
var placementNeeds = []Field{FieldReplication, FieldRules, FieldRuleGroups}

// placementRules find rules that the stores which stay cannot satisfy. Each
// shortage is reported by the one that it is blamed on.
func placementRules() []Rule {
	rule := func(id, name, title string, needs ...Field) Rule {
		return Rule{
			ID: id, Name: name, Title: title, Needs: append(placementNeeds, needs...), wants: []Field{FieldRegions}, scope: nobodyLeaves,
			look: func(v *view) []Cause { return v.shortOf(id) },
		}
	}
	d10 := rule("D10", "low-space", "Stores that stay are low on space", FieldSchedule)
	d10.look = func(v *view) []Cause { return append(v.shortOf("D10"), v.lowOnSpace()...) }
	d11 := rule("D11", "several-leaving", "Too many stores leave at once")
	d11.look = func(v *view) []Cause { return append(v.shortOf("D11"), v.othersLeaving()...) }
	d14 := rule("D14", "labels-or-isolation", "No store that stays has the labels or the place that a rule wants")
	d14.look = func(v *view) []Cause { return append(v.shortOf("D14"), v.noTarget()...) }
	return []Rule{
		rule("D01", "not-enough-stores", "Fewer stores stay than a rule needs"),
		rule("D04", "tiflash-replicas", "A table has more TiFlash replicas than TiFlash stores stay"),
		d10, d11,
		d14,
	}
}

// nobodyLeaves is why a rule about leaving stores does not apply.
func nobodyLeaves(v *view) string {
	if len(v.subjects) == 0 {
		return "no store is leaving"
	}
	return ""
}

// shortOf are the shortages blamed on one rule, as far as regions are stuck for
// them: a rule that no region on the stores needs blocks nothing.
func (v *view) shortOf(id string) []Cause {
	var causes []Cause
	for i := range v.short {
		s := &v.short[i]
		if s.blame != id {
			continue
		}
		if c, blocks := v.shortageCause(s); blocks {
			causes = append(causes, c)
		}
	}
	return mergeTiFlash(causes)
}

func (v *view) shortageCause(s *shortage) (Cause, bool) {
	on := keepStores(v.subjects, s.rule.Accepts)
	classes := []TailClass{TailNoTarget, TailLearnerRule}
	if s.blame == "D20" {
		classes = append(classes, TailTargetBusy) // PD hopes for a store that is silent until it calls it Down
	}
	stuck := v.inClassOf(on, classes...)
	blocked := stuck.Count
	if _, failed := v.ev.Unread[FieldRegions]; failed && blocked == 0 {
		for _, store := range on {
			blocked += store.RegionCount
		}
	}
	if blocked == 0 {
		return Cause{}, false
	}
	c := Cause{
		Severity: Problem, Certainty: Likely, Blocked: blocked, Regions: stuck.Examples,
		Evidence: []string{strings.Join(append([]string{fmt.Sprintf("config/rules: %s wants %s", s.rule.Name(), cluster.Plural(s.rule.Count, string(s.rule.Role)))}, s.rule.Conditions()...), ", ")},
	}
	have := fmt.Sprintf("rule %s wants %s", s.rule.Name(), cluster.Plural(s.rule.Count, string(s.rule.Role)))
	switch s.blame {
	case "D01":
		c.Certainty = Certain
		c.Sentence = fmt.Sprintf("%s, and only %s that could hold one", have, cluster.Agree(s.fit.Accepting, "store", "stays", "stay"))
		c.Next, c.Risk = "add a store; or take one back: ebb cancel-offline CLUSTER "+v.nodeFlag(), "none: what moved already moves back later"
		if v.allUp() {
			c.Next, c.Risk = "add a store first", "none"
		}
	case "D04":
		v.tiflashCause(&c, s)
	case "D10":
		c.Sentence = fmt.Sprintf("%s, and only %d can be placed: %s low on space", have, s.placed, isAre(s.lacking))
		c.Next, c.Risk = "add a store or free space on these", "none"
		c.Evidence = append(c.Evidence, fmt.Sprintf("config/schedule: low-space-ratio %.2g", v.snap.Schedule.LowSpaceRatio))
		c.Evidence = append(c.Evidence, spaceLines(s.lacking)...)
	case "D11":
		c.Sentence = fmt.Sprintf("%s, and %d can be placed while so many stores leave at once", have, s.placed)
		c.Next, c.Risk = "take one back until the others are gone: ebb cancel-offline CLUSTER -N "+v.subjects[len(v.subjects)-1].ID.String(), "none: it can be started again with ebb scale-in"
		if v.allUp() {
			c.Next, c.Risk = "let the others finish first: ebb watch CLUSTER", "none"
		}
	case "D14":
		c.Sentence = fmt.Sprintf("%s, and only %d can be placed for its labels", have, s.placed)
		if s.fit.Places < s.fit.Accepting {
			c.Sentence = fmt.Sprintf("%s, each in another %s, and only %s", have, s.rule.IsolationLevel, placesLeft(s.fit.Places, s.rule.IsolationLevel))
		}
		c.Next, c.Risk = "add a store with these labels; or look at one region: ebb explain "+firstID(stuck.Examples)+" CLUSTER", "none"
		if len(s.lacking) > 0 {
			c.Evidence = append(c.Evidence, "stores: reserved by their specialUse label: "+storeNames(s.lacking))
		}
	case "D20":
		c.Sentence = fmt.Sprintf("%s, and only %d can be placed: %s not live", have, s.placed, isAre(s.lacking))
		c.Next, c.Risk = "start "+storeNames(s.lacking)+"; if they are gone for good, add as many first", "none"
		c.Stores = cluster.StoreIDs(s.lacking)
	}
	return c, true
}

// noTarget: regions without a store to go to, although the rules as a whole can
// be satisfied: it is the place of their other peers that leaves none.
func (v *view) noTarget() []Cause {
	stuck := v.inClass(TailNoTarget, TailLearnerRule)
	if stuck.Count == 0 || len(v.short) > 0 {
		return nil
	}
	return []Cause{{
		Severity: Problem, Certainty: Likely, Blocked: stuck.Count, Regions: stuck.Examples,
		Sentence: fmt.Sprintf("%s no store to go to, for where the other peers are", cluster.Agree(stuck.Count, "region", "has", "have")),
		Evidence: []string{"regions/store, config/rules, stores: no store passes PD's filters for " + regionList(stuck)},
		Next:     "ebb explain " + firstID(stuck.Examples) + " CLUSTER", Risk: "none: it only looks",
	}}
}

func firstID(ids []cluster.RegionID) string {
	if len(ids) == 0 {
		return "REGION"
	}
	return ids[0].String()
}

func placesLeft(n int, level string) string {
	if n == 1 {
		return "1 " + level + " is left"
	}
	return fmt.Sprintf("%d of them are left", n)
}

// isAre names the stores with the verb that goes with their number.
func isAre(stores []*cluster.Store) string {
	if len(stores) == 1 {
		return storeNames(stores) + " is"
	}
	return storeNames(stores) + " are"
}

// othersLeaving: several stores share the same receivers.
func (v *view) othersLeaving() []Cause {
	var leaving []*cluster.Store
	for i := range v.snap.Stores {
		if s := &v.snap.Stores[i]; s.Leaving() {
			leaving = append(leaving, s)
		}
	}
	if len(leaving) < 2 {
		return nil
	}
	return []Cause{{
		Severity: Note, Certainty: Certain, Stores: cluster.StoreIDs(leaving),
		Sentence: fmt.Sprintf("%d stores leave at the same time and share the same receivers", len(leaving)),
		Evidence: []string{"stores: Offline are " + storeNames(leaving)},
	}}
}
