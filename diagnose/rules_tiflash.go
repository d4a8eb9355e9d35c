package diagnose

import (
	"fmt"
	"slices"

	"ebb/cluster"
)

// tiflashCause words a shortage of TiFlash stores.
func (v *view) tiflashCause(c *Cause, s *shortage) {
	c.Certainty = Certain
	table, id := v.tableOf(&s.rule)
	c.Sentence = fmt.Sprintf("%s wants %s, and only %s", table, cluster.Plural(s.rule.Count, "TiFlash replica"), cluster.Agree(s.placed, "TiFlash store", "stays", "stay"))
	c.Next = fmt.Sprintf("ALTER TABLE %s SET TIFLASH REPLICA %d; or add a TiFlash store", v.sqlName(id), s.placed)
	c.Risk = "queries on the table lose TiFlash copies; with 0 they all go to TiKV"
	if n := v.likeTables(s); n > 0 {
		c.Evidence = append(c.Evidence, fmt.Sprintf("config/rules: %s like it", cluster.Plural(n, "more table")))
	}
}

// tableOf names the table of a TiFlash rule, whose id is table-ID-r.
func (v *view) tableOf(rule *cluster.Rule) (text string, id int64) {
	id, ok := rule.TiFlashTable()
	switch {
	case !ok:
		return "rule " + rule.Name(), 0
	case v.ev.Tables[id].Name != "":
		return fmt.Sprintf("table %s (%d)", v.ev.Tables[id].Name, id), id
	}
	return fmt.Sprintf("table %d", id), id
}

func (v *view) sqlName(id int64) string {
	if name := v.ev.Tables[id].Name; name != "" {
		return name
	}
	return "..."
}

// likeTables counts the other TiFlash rules that are as short as this one.
func (v *view) likeTables(s *shortage) int {
	n := 0
	for i := range v.snap.Rules {
		r := &v.snap.Rules[i]
		if r.GroupID == cluster.TiFlashRuleGroup && r.Name() != s.rule.Name() && r.Count > s.placed && slices.Equal(r.Conditions(), s.rule.Conditions()) {
			n++
		}
	}
	return n
}

// mergeTiFlash leaves the first of many tables: the regions are counted for all
// of them together.
func mergeTiFlash(causes []Cause) []Cause {
	const most = 3
	if len(causes) > most {
		causes[most-1].Evidence = append(causes[most-1].Evidence, fmt.Sprintf("%d more rules like it", len(causes)-most))
		causes = causes[:most]
	}
	return causes
}

// shortTables are the tables whose TiFlash rules ask for more than the stores
// that stay can hold.
func (v *view) shortTables() []int64 {
	staying := len(ofEngine(v.staying, cluster.TiFlash))
	var ids []int64
	for i := range v.snap.Rules {
		if id, ok := v.snap.Rules[i].TiFlashTable(); ok && v.snap.Rules[i].Count > staying {
			ids = append(ids, id)
		}
	}
	return ids
}

// NamedTables are the ids of the tables that a report on this evidence would
// name, a hundred at most, for TiDB to be asked about.
func NamedTables(ev *Evidence) []int64 {
	const most = 100
	v := newView(ev)
	ids := v.shortTables()
	seen := make(map[int64]bool)
	for _, id := range ids {
		seen[id] = true
	}
	for _, s := range v.subjects {
		classes := v.tally(s.ID).Classes
		for _, name := range sortedKeys(classes) {
			class := classes[name]
			if class == nil || name == TailWaiting || name == TailMoving {
				continue
			}
			for i := range class.Kept[:min(len(class.Kept), cluster.MaxExamples)] {
				if id := class.Kept[i].Table; id != 0 && !seen[id] {
					seen[id] = true
					ids = append(ids, id)
				}
			}
		}
	}
	return ids[:min(len(ids), most)]
}

// staleRules: TiFlash rules of tables that are dropped still ask for replicas.
// TiDB removes them with the GC of the table.
func staleRules(v *view) []Cause {
	var gone []int64
	for _, id := range v.shortTables() {
		if v.ev.Tables[id].Gone {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	stuck := v.inClassOf(ofEngine(v.subjects, cluster.TiFlash), TailNoTarget, TailLearnerRule)
	c := Cause{
		Severity: Problem, Certainty: Certain, Blocked: stuck.Count, Regions: stuck.Examples,
		Sentence: fmt.Sprintf("%s for more replicas than TiFlash stores stay, for a table that TiDB has dropped", cluster.Agree(len(gone), "TiFlash rule", "asks", "ask")),
		Evidence: []string{fmt.Sprintf("config/rules: tiflash/table-%d-r; TiDB knows no table %d", gone[0], gone[0])},
		Next:     fmt.Sprintf("wait for TiDB's GC, or: pd-ctl config placement-rules rule-bundle get tiflash; curl -X DELETE PD/pd/api/v1/config/rule/tiflash/table-%d-r", gone[0]),
		Risk:     "after deleting the rule, RECOVER TABLE or FLASHBACK brings the table back without its TiFlash replica",
	}
	if len(ofEngine(v.subjects, cluster.TiFlash)) == 0 {
		c.Severity = Note
	}
	return []Cause{c}
}
