package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pingcap/log"
	sc "github.com/tikv/pd/pkg/schedule/config"
	"go.uber.org/zap"

	"ebb/cluster"
	"ebb/diagnose"
)

type (
	scheduleConfig    = sc.ScheduleConfig
	replicationConfig = sc.ReplicationConfig
)

// setOptions changes one section of PD's settings, as PD does: on a copy.
func setOptions[T any, P interface {
	*T
	Clone() P
}](get func() P, set func(P), change func(P)) {
	next := get().Clone()
	change(next)
	set(next)
}

// tally counts what the comparison met.
type tally struct {
	clusters, refused, regions, moves, targets, favourites, problems int
	classes                                                          map[diagnose.TailClass]int
	descs                                                            map[string]int
}

// TestExplainAgreesWithChecker compares explain with PD's own checker over many
// generated clusters, store by store: made the favourite, an eligible store is
// what PD chooses, and any other is not.
func TestExplainAgreesWithChecker(t *testing.T) {
	clusters, limit := 6000, 10*time.Minute
	if testing.Short() {
		clusters, limit = 1200, 15*time.Second
	}
	log.ReplaceGlobals(zap.NewNop(), &log.ZapProperties{})
	n := tally{classes: make(map[diagnose.TailClass]int), descs: make(map[string]int)}
	for began := time.Now(); n.clusters < clusters && time.Since(began) < limit && n.problems < 5; n.clusters++ {
		compareCluster(t, uint64(n.clusters), &n)
	}
	t.Logf("%d clusters (of %d PD refused the rules), %d peers explained, %d operators of PD, %d of them with a target; %d times PD's choice was forced",
		n.clusters, n.refused, n.regions, n.moves, n.targets, n.favourites)
	t.Logf("classes: %v", n.classes)
	t.Logf("operators: %v", n.descs)
}

func compareCluster(t *testing.T, seed uint64, n *tally) {
	g := generate(seed)
	ctx, cancel := context.WithCancel(t.Context()) // or PD's caches stay
	defer cancel()
	pd, err := newRealChecker(ctx, g)
	if err != nil {
		n.refused++
		return
	}
	w := diagnose.NewWorld(g.snap, nil)
	for i := range g.regions {
		r := &g.regions[i]
		region := pdRegion(r)
		did := pd.check(region, 0)
		if did.desc != "" {
			n.moves++
			n.descs[did.desc]++
		}
		if did.adds != 0 {
			n.targets++
		}
		for j := range r.Peers {
			n.regions++
			e := w.Explain(r, r.Peers[j].StoreID)
			n.classes[e.Class]++
			problem := compareMove(&e, did)
			if problem == "" {
				problem = compareFavourites(pd, r, &e, n)
			}
			if problem == "" && w.Classify(r, e.Store) != e.Class {
				problem = "Classify and Explain disagree"
			}
			if problem != "" {
				n.problems++
				t.Errorf("cluster %d region %d store %d: %s\nPD: %+v\nebb: %s (%s), step %+v, eligible %v\n%s",
					seed, r.ID, e.Store, problem, did, e.Class, e.Sentence, e.Step, e.Eligible(), g.describe(r))
				return
			}
		}
	}
}

// elsewhere are operators of PD that have nothing to do with peers that must go.
var elsewhere = []string{"move-to-better-location", "fix-peer-role", "fix-leader-role", "fix-follower-role", "fix-demote-voter", "make-up-replica", "remove-extra-replica", "replace-rule-swap-fit-peer"}

// compareMove holds what PD did, if anything, against the explanation.
func compareMove(e *diagnose.Explanation, did move) string {
	same := isStep(e, did)
	switch {
	case same && did.adds != 0 && !slices.Contains(e.Eligible(), did.adds):
		return fmt.Sprintf("PD chose store %d, which explain excludes", did.adds)
	case same && len(e.Candidates) > 0 && len(e.Eligible()) == 0:
		return "PD moves, explain says no target"
	case did.removes == e.Store && e.Store != 0 && !same && !slices.Contains(elsewhere, plain(did.desc)) && !did.isOther(e):
		return "PD moves the peer in another step than explain names"
	case e.Class == diagnose.TailNoNewLeader && same:
		return "PD moves, explain says nobody may lead"
	case e.Class == diagnose.TailWaiting && did.desc == "" && (len(e.Candidates) == 0 || hasYes(e)):
		return "PD does nothing, explain says it will"
	case e.Class == diagnose.TailSplit && did.desc != "" && !strings.HasSuffix(did.desc, "split-region"):
		return "PD does not split"
	case e.Class == diagnose.TailJointState && did.desc != "" && did.desc != "leave-joint-state":
		return "PD does not leave the joint state"
	}
	return ""
}

// isStep reports whether PD's operator is the step that explain names.
func isStep(e *diagnose.Explanation, did move) bool {
	if e.Step == nil || e.Step.Assumed || !sameStep(e.Step.Operator, did.desc) || e.Step.Removes != did.removes {
		return false
	}
	// An operator that adds a peer does not say for which rule.
	return e.Step.Removes != 0 || !slices.ContainsFunc(e.Rules, func(v diagnose.RuleView) bool {
		return v.Rule.Name() != e.Step.Rule && len(v.Peers) < v.Rule.Count
	})
}

// isOther: the joint state and a split come before what the step is.
func (m move) isOther(e *diagnose.Explanation) bool {
	return e.Class == diagnose.TailJointState || e.Class == diagnose.TailSplit
}

// sameStep compares PD's names, which have variants for peers that lead and for
// orphans.
func sameStep(ours, theirs string) bool { return plain(ours) == plain(theirs) }

func plain(desc string) string {
	if strings.Contains(desc, "orphan-peer") {
		return "orphan"
	}
	return strings.Replace(desc, "-leader-peer", "-peer", 1)
}

func hasYes(e *diagnose.Explanation) bool {
	return slices.ContainsFunc(e.Candidates, func(c diagnose.Candidate) bool { return c.Eligible == cluster.Yes })
}

// compareFavourites makes each store in turn the one that PD likes best.
func compareFavourites(pd *realChecker, r *cluster.Region, e *diagnose.Explanation, n *tally) string {
	if e.Step == nil || e.Step.Assumed || len(e.Candidates) == 0 {
		return ""
	}
	region := pdRegion(r)
	for i := range e.Candidates {
		c := &e.Candidates[i]
		n.favourites++
		did := pd.check(region, c.Store)
		if !isStep(e, did) {
			continue // PD does something else first
		}
		switch {
		case c.Eligible == cluster.No && did.adds == c.Store:
			return fmt.Sprintf("PD takes store %d, which explain excludes", c.Store)
		case c.Eligible == cluster.Yes && did.adds != c.Store:
			return fmt.Sprintf("PD does not take store %d but %d", c.Store, did.adds)
		}
	}
	return ""
}

func (g *generated) describe(r *cluster.Region) string {
	text := fmt.Sprintf("%+v\nreplication %+v\nschedule %+v\n", *r, *g.snap.Replication, *g.snap.Schedule)
	for i := range g.snap.Rules {
		text += fmt.Sprintf("rule %+v\n", g.snap.Rules[i])
	}
	for i := range g.snap.Stores {
		s := &g.snap.Stores[i]
		text += fmt.Sprintf("store %d %s labels %v busy %v snap %d/%d pending %d regions %d space %v spent %v age %s\n", s.ID, s.StateName, s.Labels, s.IsBusy,
			s.SendingSnapCount, s.ReceivingSnapCount, s.PendingPeerCount, s.RegionCount, g.space[s.ID], g.spent[s.ID], g.snap.ReadAt.Sub(s.LastHeartbeat))
	}
	return text
}
