package decommission

import (
	"fmt"
	"slices"
	"strings"

	"ebb/cluster"
)

// lossTexts say what happens to the regions of a group.
var lossTexts = map[cluster.LossReason]string{
	cluster.LossNoMajority:    "would have no majority of voters left",
	cluster.LossNoOldMajority: "are in a joint configuration and would have no majority left in its old half",
	cluster.LossNoNewMajority: "are in a joint configuration and would have no majority left in its new half",
	cluster.LossOnlyWitnesses: "would have only witnesses left, which hold no data and cannot lead",
	cluster.LossNotHeard:      "depend on stores of which this PD leader has no heartbeat yet",
	cluster.LossLeaderGone:    "have no leader on a live store that stays, so that what PD knows of them may be old",
	cluster.LossMalformed:     "are described by PD in a way that makes no sense",
}

// lossFixes are what to do next, by reason; for regions that would be lost there
// are the alternatives.
var lossFixes = map[cluster.LossReason]string{
	cluster.LossNotHeard:   "wait until all stores have sent a heartbeat (10s), and run the command again",
	cluster.LossLeaderGone: "wait and run the command again: a region that sleeps elects a leader within 5 minutes of its leader's death, or when it is read; if it stays so, look at it with pd-ctl region ID",
	cluster.LossMalformed:  "look at one with pd-ctl region ID",
}

// findings turn the losses into the answer of the check "majority".
func (l *Losses) findings() []Finding {
	const name = checkMajority
	if l.Err != nil {
		return []Finding{{
			Check: name, Result: Unknown, Stores: l.Stores, Summary: "could not read all regions of the stores",
			Evidence: []string{l.Err.Error()}, Fix: "run the command again when PD answers",
		}}
	}
	var findings []Finding
	for i := range l.Groups {
		g := &l.Groups[i]
		if g.Answer == cluster.Yes {
			continue
		}
		f := Finding{
			Check: name, Result: Unknown, Stores: l.Stores, Regions: g.regions(), Fix: lossFixes[g.Reason],
			Summary: fmt.Sprintf("%d of %s %s", g.Count, cluster.Plural(l.Regions, "region"), lossTexts[g.Reason]),
		}
		if g.Answer == cluster.No {
			f.Result, f.Fix = Refused, "start one of the dead stores again, if that can be done at all; what else can be done is listed with the plan"
		}
		for j := range g.Examples {
			f.Evidence = append(f.Evidence, g.Examples[j].line())
		}
		findings = append(findings, f)
	}
	if len(findings) == 0 {
		findings = append(findings, Finding{
			Check: name, Result: OK, Stores: l.Stores,
			Summary: fmt.Sprintf("of %s with a peer there, none loses its majority or its leader", cluster.Plural(l.Regions, "region")),
		})
	}
	return append(findings, l.tiflash()...)
}

func (l *Losses) tiflash() []Finding {
	g := &l.LastTiFlash
	if g.Count == 0 {
		return nil
	}
	f := Finding{
		Check: "tiflash", Result: Warning, Stores: l.Stores, Regions: g.regions(),
		Summary: fmt.Sprintf("%s would lose the last TiFlash replica; no data is lost, but queries that need TiFlash fail until PD has made another", cluster.Plural(g.Count, "region")),
	}
	var tables []string
	for i := range g.Examples {
		if id := g.Examples[i].TableID; id != nil {
			tables = append(tables, fmt.Sprintf("table %d", *id))
		}
	}
	if tables = slices.Compact(tables); len(tables) > 0 {
		f.Evidence = []string{"among them: " + strings.Join(tables, ", ")}
	}
	return []Finding{f}
}

// Alternative is what a person can do where force-remove refuses. None of it is
// done here.
type Alternative struct {
	Title   string `json:"title"`
	How     string `json:"how"`
	Costs   string `json:"costs"`
	Command string `json:"command,omitempty"`
}

// alternatives are the ways out, the cheapest first. They are offered when
// regions would be lost.
func (l *Losses) alternatives(version string, others []*cluster.Store) []Alternative {
	if l.Lost == 0 {
		return nil
	}
	ids := make([]string, 0, len(l.Stores))
	for _, id := range l.Stores {
		ids = append(ids, id.String())
	}
	for _, s := range others {
		ids = append(ids, s.ID.String())
	}
	list := []Alternative{
		{
			Title: "Start one of the dead stores again",
			How:   "one more live voter makes a majority; then scale in the others one at a time",
			Costs: "nothing is lost",
		},
		{
			Title: "Carry the data directory to another host",
			How:   "stop the store for good, move its disk or a complete copy, and start it there under the same address (or with another advertise-addr); never start two copies",
			Costs: "nothing is lost, if the copy is complete and taken after the process had ended",
		},
	}
	if len(others) > 0 {
		list[0].How += "; also dead: " + storeNames(others)
	}
	if r := cluster.ParseRelease(version); r.Known() && !r.AtLeast(6, 1) {
		return append(list, Alternative{
			Title: "Unsafe recovery by hand, store by store", Costs: recoveryCosts,
			How:     "with every TiKV stopped, run this on each of those that are left; online recovery needs 6.1",
			Command: fmt.Sprintf("tikv-ctl --data-dir DIR unsafe-recover remove-fail-stores -s %s --all-regions", strings.Join(ids, ",")),
		})
	}
	return append(list, Alternative{
		Title: "Online unsafe recovery (6.1 and later)", Costs: recoveryCosts,
		How:     "name all dead TiKV and TiFlash stores at once, for one that is missing blocks it; the hosts must never come back; follow it with: pd-ctl unsafe remove-failed-stores show",
		Command: "pd-ctl unsafe remove-failed-stores " + strings.Join(ids, ","),
	})
}

// recoveryCosts is what PD's documentation says of online unsafe recovery, in
// one sentence.
const recoveryCosts = "the last writes of these regions may be rolled back or lost, a region without any copy becomes empty, and rows and indexes may disagree: run ADMIN CHECK TABLE on the tables afterwards, or restore them from a backup; it cannot be undone"
