package decommission

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"ebb/cluster"
)

// Check judges whether the stores may leave together. It is pure; the same
// evidence gives the same findings, in the same order. Every check reports,
// also when it found nothing.
func Check(ev Evidence, leaving []cluster.StoreID) []Finding {
	return newChecker(ev, leaving).check()
}

func (c *checker) check() []Finding {
	var findings []Finding
	for _, check := range []func(*checker) []Finding{
		(*checker).pd,
		(*checker).storeState,
		(*checker).placement,
		(*checker).leaderTargets,
		(*checker).space,
		(*checker).scheduling,
		(*checker).otherLeaving,
		(*checker).regions,
		(*checker).unsafeRecovery,
	} {
		findings = append(findings, check(c)...)
	}
	findings = append(findings, c.relocation(explained(findings))...)
	findings = append(findings, c.failureBudget()...)
	return append(findings, c.pdDelete(findings))
}

// explained reports whether a check has refused that says better than relocation
// why there is no place.
func explained(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool {
		return f.Result == Refused && (f.Check == checkPlacement || f.Check == checkTiFlash || f.Check == checkSpace)
	})
}

// checker holds the evidence as the checks need it.
type checker struct {
	ev      Evidence
	snap    *cluster.Snapshot
	stores  cluster.Stores
	now     time.Time
	leaving map[cluster.StoreID]bool
	// targets are the stores that are to leave and that PD knows.
	targets []*cluster.Store
	// receivers can be counted on to hold what moves: Up, live, staying.
	receivers []*cluster.Store
	// present are the receivers and those targets which are live and Up.
	present []*cluster.Store
}

func newChecker(ev Evidence, leaving []cluster.StoreID) *checker {
	c := &checker{
		ev: ev, snap: ev.Snapshot, now: ev.Snapshot.ReadAt,
		stores: cluster.IndexStores(ev.Snapshot.Stores), leaving: make(map[cluster.StoreID]bool),
	}
	for _, id := range leaving {
		c.leaving[id] = true
		if s := c.stores[id]; s != nil {
			c.targets = append(c.targets, s)
		}
	}
	for i := range c.snap.Stores {
		s := &c.snap.Stores[i]
		if s.State != cluster.Up || !s.Live(c.now) {
			continue
		}
		c.present = append(c.present, s)
		if !c.leaving[s.ID] {
			c.receivers = append(c.receivers, s)
		}
	}
	return c
}

// receiversOf are the receivers that run the same engine as the target.
func (c *checker) receiversOf(engine cluster.Engine) []*cluster.Store {
	var list []*cluster.Store
	for _, s := range c.receivers {
		if s.Engine() == engine {
			list = append(list, s)
		}
	}
	return list
}

// engines are the engines of the targets, TiKV first.
func (c *checker) engines() []cluster.Engine {
	var list []cluster.Engine
	for _, s := range c.targets {
		if !slices.Contains(list, s.Engine()) {
			list = append(list, s.Engine())
		}
	}
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

// unread makes a finding of what could not be read.
func (c *checker) unread(check string, field cluster.Field, what string) Finding {
	return Finding{
		Check: check, Result: Unknown, Summary: "could not read " + what,
		Evidence: []string{fmt.Sprint(c.snap.Unread[field])},
		Fix:      "run the command again when PD answers",
	}
}

func storeNames(stores []*cluster.Store) string {
	names := make([]string, 0, len(stores))
	for _, s := range stores {
		names = append(names, s.String())
	}
	return strings.Join(names, ", ")
}
