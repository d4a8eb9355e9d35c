package topology

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Purpose is what a directory is for.
type Purpose string

// The purposes of directories. ConfigDir is any that only the configuration of a
// store names (see Instance.OtherDirs): tiup leaves those behind. ExporterDir
// belongs to the exporters of the host.
const (
	DataDir     Purpose = "data"
	ConfigDir   Purpose = "config"
	LogDir      Purpose = "log"
	DeployDir   Purpose = "deploy"
	ExporterDir Purpose = "exporter"
)

// Deletion is a directory that may be deleted with all that is in it. Its Path
// is to be taken literally: blanks, '$' and '*' are letters of the name.
type Deletion struct {
	Path string  `json:"path"`
	Why  Purpose `json:"why"`
	// Instance is the id of the instance that leaves.
	Instance string `json:"instance"`
	// Covers are further directories of the instance inside of this one. Whoever
	// wants to keep the data must look here: by default it lies in the deploy_dir.
	Covers []Covered `json:"covers,omitempty"`
}

// Covered is a directory that goes with the one around it.
type Covered struct {
	Path string  `json:"path"`
	Why  Purpose `json:"why"`
}

// Verification is something about a Deletion that no file tells, and that the
// host must confirm right before it.
type Verification string

const (
	// ResolvesToItself means that the resolved path (readlink -f) is the path itself, so that
	// no symbolic link, neither at its end nor on the way, leads elsewhere.
	ResolvesToItself Verification = "resolves_to_itself"
	// NoMountInside means that nothing is mounted below the path. The path may itself be a
	// mount point; it can then be emptied and not removed.
	NoMountInside Verification = "no_mount_inside"
	// OthersOutside means that each of DeletionPlan.Others, resolved, is neither the path nor
	// inside of it. They may be links into it.
	OthersOutside Verification = "others_outside"
)

// DeletionPlan is what may be deleted from a host when an instance leaves it.
type DeletionPlan struct {
	Instance string `json:"instance"`
	// Deletions never overlap each other.
	Deletions []Deletion `json:"deletions"`
	// Refused are the directories that must stay, each with the reason.
	Refused []Refusal `json:"refused,omitempty"`
	// ExporterUnits are the units to stop before anything is deleted, when the
	// instance is the last one on its host; empty when the exporters stay.
	ExporterUnits []string `json:"exporter_units,omitempty"`
	// ExportersStay says why they do; "" when they go.
	ExportersStay string `json:"exporters_stay,omitempty"`
	// Others are the directories of whoever remains on the host.
	Others []string `json:"others,omitempty"`
	// Verify is what the host must confirm of each deletion.
	Verify []Verification `json:"verify,omitempty"`
}

// PlanDeletions decides which directories may be deleted when instances of t
// leave, one plan for each, in the order of ids. others are the other topologies
// that may have instances on the same hosts; t itself among them is passed over,
// a second reading of its file is not.
//
// Two instances are on the same host when they share their host or manage_host,
// or each shares one with a third. A directory is refused when it is not an
// absolute, clean path, when the system or all users of a host may need it, and
// when it is, contains or lies in a directory of an instance that remains, of
// whichever topology. What is refused stays, everything else is still planned.
//
// Instances leave one after the other: a directory that two of them share is
// refused to the first and planned for the second. So a plan holds only once all
// before it have been carried out; where one was not, plan again.
//
// An id that t does not have is an *UnknownNodeError.
func PlanDeletions(t *Topology, ids []string, others []*Topology) ([]DeletionPlan, error) {
	gone := make(map[*Instance]bool)
	var plans []DeletionPlan
	for _, id := range ids {
		in := t.Instance(id)
		if in == nil {
			return nil, t.unknown(id)
		}
		if gone[in] {
			continue
		}
		gone[in] = true
		plans = append(plans, planDeletion(newNeighbours(t, in, gone, others)))
	}
	return plans, nil
}

// PlanLateDeletion decides anew about directories of an instance that t no longer
// has, because it left the files before its host was cleaned: somebody else may
// have moved in since, even under the same id.
func PlanLateDeletion(t *Topology, id, host, manageHost string, dirs []string, others []*Topology) DeletionPlan {
	in := &Instance{ID: id, Host: host, ManageHost: manageHost, OtherDirs: dirs}
	return planDeletion(newNeighbours(t, in, nil, others))
}

func planDeletion(n *neighbours) DeletionPlan {
	plan := DeletionPlan{Instance: n.leaving.ID, Deletions: []Deletion{}, ExportersStay: n.exportersStay()}
	own := n.leaving.directories()
	if plan.ExportersStay == "" {
		m := &n.topology.Monitored
		plan.ExporterUnits = m.units()
		for _, dir := range m.directories() {
			own = append(own, Covered{dir, ExporterDir})
		}
	}
	held := n.held(plan.ExportersStay != "")
	var accepted []Covered
	for _, dir := range own {
		if r := n.refuse(dir, held); r != nil {
			plan.Refused = append(plan.Refused, *r)
		} else {
			accepted = append(accepted, dir)
		}
	}
	accepted, plan.Refused = keepAround(accepted, plan.Refused)
	plan.Deletions = append(plan.Deletions, fold(n.leaving.ID, accepted)...)
	for _, h := range held {
		if !slices.Contains(plan.Others, h.path) && !h.shared {
			plan.Others = append(plan.Others, h.path)
		}
	}
	if len(plan.Deletions) > 0 {
		plan.Verify = []Verification{ResolvesToItself, NoMountInside}
		if len(plan.Others) > 0 {
			plan.Verify = append(plan.Verify, OthersOutside)
		}
	}
	return plan
}

// keepAround refuses the directories around a refused one too: what stays must
// not go with what is around it.
func keepAround(accepted []Covered, refused []Refusal) ([]Covered, []Refusal) {
	for _, r := range slices.Clone(refused) {
		accepted = slices.DeleteFunc(accepted, func(dir Covered) bool {
			around := within(path.Clean(r.Path), dir.Path)
			if around {
				refused = append(refused, Refusal{
					Path: dir.Path, Why: dir.Why, Instance: r.Instance, Obstacle: InUse,
					Reason: fmt.Sprintf("it contains %s, which stays", shownPath(r.Path)),
				})
			}
			return around
		})
	}
	return accepted, refused
}

// fold keeps of several directories those that lie in no other one.
func fold(id string, dirs []Covered) []Deletion {
	var list []Deletion
	outermost := func(i int) bool {
		for j, other := range dirs {
			if j != i && within(dirs[i].Path, other.Path) && (other.Path != dirs[i].Path || j < i) {
				return false
			}
		}
		return true
	}
	for i, dir := range dirs {
		if !outermost(i) {
			continue
		}
		d := Deletion{Path: dir.Path, Why: dir.Why, Instance: id}
		for j, inner := range dirs {
			if j != i && within(inner.Path, dir.Path) {
				d.Covers = append(d.Covers, inner)
			}
		}
		list = append(list, d)
	}
	return list
}

// directories are all directories of an instance, its data first: when a run is
// interrupted, the scripts and the log that explain the rest are still there.
func (in *Instance) directories() []Covered {
	var dirs []Covered
	add := func(why Purpose, paths ...string) {
		for _, p := range paths {
			if p != "" {
				dirs = append(dirs, Covered{p, why})
			}
		}
	}
	add(DataDir, in.DataDirs...)
	add(ConfigDir, in.OtherDirs...)
	add(LogDir, in.LogDir)
	add(DeployDir, in.DeployDir)
	return dirs
}

func (m *Monitored) directories() []string {
	return slices.DeleteFunc([]string{m.DataDir, m.LogDir, m.DeployDir}, func(dir string) bool { return dir == "" })
}

func (m *Monitored) units() []string {
	return []string{
		fmt.Sprintf("node_exporter-%d.service", m.NodeExporterPort),
		fmt.Sprintf("blackbox_exporter-%d.service", m.BlackboxExporterPort),
	}
}

// within reports whether a clean path is dir or lies below it.
func within(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}
