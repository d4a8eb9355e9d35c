package topology

import (
	"fmt"
	"strings"
	"time"

	"ebb/cluster"
)

// UnknownNodeError is returned for a name that neither the topology nor PD has.
type UnknownNodeError struct {
	Name string
	// Nearest are names that may have been meant, the most likely first. May be
	// empty.
	Nearest []string
}

func (e *UnknownNodeError) Error() string {
	return fmt.Sprintf("find node %q: no such tiup id, store address or store id", e.Name)
}

// Hint suggests the nearest names.
func (e *UnknownNodeError) Hint() string {
	if len(e.Nearest) == 0 {
		return ""
	}
	return "did you mean " + strings.Join(e.Nearest, " or ") + "?"
}

// AmbiguousNodeError is returned for a name that several nodes or several stores
// of PD answer to.
type AmbiguousNodeError struct {
	Name string
	// Candidates are PD's stores among them. One is enough when the other node has
	// no record in PD: the id of one instance is then the store address of another.
	Candidates []cluster.Store
}

func (e *AmbiguousNodeError) Error() string {
	list := make([]string, len(e.Candidates))
	for i, s := range e.Candidates {
		started := "start time unknown"
		if !s.StartTime.IsZero() {
			started = "started " + s.StartTime.UTC().Format(time.RFC3339)
		}
		list[i] = fmt.Sprintf("store %s (%s, %s, %s, %s)", s.ID, s.Address, s.State, started, orDefault(s.DeployPath, "deploy path unknown"))
	}
	return fmt.Sprintf("find node %q: more than one node may be meant: %s", e.Name, strings.Join(list, "; "))
}

// Hint tells how to choose.
func (e *AmbiguousNodeError) Hint() string { return "give the store id instead of the address" }

// NotAStoreError is returned for an instance that is neither TiKV nor TiFlash,
// and so has no data that PD could move away.
type NotAStoreError struct {
	Instance *Instance
	// ClusterName is "" when it is not known.
	ClusterName string
}

func (e *NotAStoreError) Error() string {
	return fmt.Sprintf("find node %q: it is a %s, not a TiKV or TiFlash store", e.Instance.ID, e.Instance.Role)
}

// Hint says which command takes such an instance out.
func (e *NotAStoreError) Hint() string {
	name := orDefault(e.ClusterName, "<cluster-name>")
	hint := fmt.Sprintf("use: tiup cluster scale-in %s -N %s", name, e.Instance.ID)
	if e.Instance.Role == RolePD {
		hint += fmt.Sprintf(" (or, without tiup: pd-ctl member delete name %s)", e.Instance.Name)
	}
	return hint
}
