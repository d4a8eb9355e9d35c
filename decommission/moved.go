package decommission

import (
	"fmt"
	"strings"

	"ebb/cluster"
)

// MovedError says that the cluster is no longer the one the plan was made from.
type MovedError struct {
	Verb    string
	Changes []string
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s: the cluster changed after the plan was made: %s", e.Verb, strings.Join(e.Changes, "; "))
}

// Hint says what to do about it.
func (e *MovedError) Hint() string {
	return "run the command again for a new plan; nothing was changed"
}

// checkUnmoved compares the stores of the plan with a fresh reading. Region
// counts and the PD leader move all the time and do not matter; another
// cluster, another state or another process behind the same id do.
func checkUnmoved(p *Plan, snap *cluster.Snapshot) error {
	var changes []string
	if snap.Members == nil {
		return &UnknownError{Verb: p.Verb, Findings: []Finding{{
			Check: "pd", Result: Unknown, Fix: "run the command again when PD answers; nothing was changed",
			Summary: fmt.Sprintf("the PD members can no longer be read: %v", snap.Unread[cluster.FieldMembers]),
		}}}
	}
	if snap.Members.ClusterID != p.ClusterID {
		changes = append(changes, fmt.Sprintf("cluster id is %d, was %d", snap.Members.ClusterID, p.ClusterID))
	}
	for i := range p.Stores {
		if change := p.Stores[i].moved(snap.Store(p.Stores[i].ID)); change != "" {
			changes = append(changes, change)
		}
	}
	for _, id := range p.CountsOn {
		switch s := snap.Store(id); {
		case s == nil:
			changes = append(changes, fmt.Sprintf("store %d, which was counted on, is unknown to PD now", id))
		case s.State != cluster.Up || !s.Live(snap.ReadAt):
			changes = append(changes, fmt.Sprintf("%s, which was counted on, is %s and not live and staying any more", s, s.StateName))
		}
	}
	if len(changes) > 0 {
		return &MovedError{Verb: p.Verb, Changes: changes}
	}
	return nil
}

func (s *PlannedStore) moved(now *cluster.Store) string {
	switch {
	case now == nil:
		return s.name() + " is unknown to PD now"
	case now.State != s.State:
		return fmt.Sprintf("%s is %s, was %s", s.name(), now.State, s.State)
	case now.Address != s.Address:
		return fmt.Sprintf("store %d has address %s, had %s", s.ID, now.Address, s.Address)
	case !now.StartTime.Equal(s.StartTime):
		return fmt.Sprintf("%s was restarted", s.name())
	}
	return ""
}
