package tune

import (
	"fmt"
	"strings"

	"ebb/cluster"
)

// Profile is a speed.
type Profile string

// The profiles, slowest first. None stands for PD's own speed: it is what a
// guard ends at, and nothing that one can apply.
const (
	None   Profile = ""
	Gentle Profile = "gentle"
	Fast   Profile = "fast"
	Max    Profile = "max"
)

// Profiles lists what can be applied, slowest first.
func Profiles() []Profile { return []Profile{Gentle, Fast, Max} }

// UnknownProfileError is a name that is no profile.
type UnknownProfileError struct{ Name string }

func (e *UnknownProfileError) Error() string { return fmt.Sprintf("unknown profile %q", e.Name) }

// Hint lists the profiles.
func (e *UnknownProfileError) Hint() string {
	names := make([]string, 0, len(Profiles()))
	for _, p := range Profiles() {
		names = append(names, string(p))
	}
	return "the profiles are " + strings.Join(names, ", ")
}

// ParseProfile reads the name of a profile. Errors: *UnknownProfileError.
func ParseProfile(name string) (Profile, error) {
	for _, p := range Profiles() {
		if name == string(p) {
			return p, nil
		}
	}
	return None, &UnknownProfileError{name}
}

// String is the name, or what stands in for it.
func (p Profile) String() string {
	if p == None {
		return "PD's own speed"
	}
	return string(p)
}

// rank orders profiles by speed; None is 0.
func (p Profile) rank() int {
	for i, q := range Profiles() {
		if p == q {
			return i + 1
		}
	}
	return 0
}

// slower is the next slower profile, None after Gentle.
func (p Profile) slower() Profile {
	if r := p.rank(); r > 1 {
		return Profiles()[r-2]
	}
	return None
}

// faster is the next faster profile.
func (p Profile) faster() Profile { return Profiles()[min(p.rank(), len(Profiles())-1)] }

// clusterValues are what the profiles want of the configuration: at most the
// defaults of PD 5.3 and later for Gentle and Fast, which clusters that were
// upgraded from older ones do not have, and more for Max. Gentle changes nothing
// that does not expire by itself.
var clusterValues = map[Setting]map[Profile]Value{
	ReplicaScheduleLimit: {Gentle: "64", Fast: "128", Max: "256"},
	MaxSnapshotCount:     {Gentle: "16", Fast: "64", Max: "128"},
	MaxPendingPeerCount:  {Gentle: "32", Fast: "64", Max: "128"},
	PatrolRegionInterval: {Fast: "10ms", Max: "10ms"},
}

// addPeerValues are the limits of receivers, in regions a minute: 96 MiB each,
// 100 a minute are 160 MiB/s. PD's default is 15, for TiFlash 30.
var addPeerValues = map[cluster.Engine]map[Profile]Value{
	cluster.TiKV:    {Gentle: "30", Fast: "100", Max: "400"},
	cluster.TiFlash: {Gentle: "60", Fast: "150", Max: "400"},
}

// Wants is the value that the profile asks for, "" for none. The engine matters
// to store limits only.
func (p Profile) Wants(s Setting, engine cluster.Engine) Value {
	if s.isLimit() {
		return addPeerValues[engine][p]
	}
	return clusterValues[s][p]
}

// Default is what a new cluster of this release has, "" when the release is not
// known. Clusters that were upgraded keep the defaults that they were born with.
func Default(r cluster.Release, s Setting, engine cluster.Engine) Value {
	if s.isLimit() {
		return number(cluster.DefaultStoreLimit(engine).Rate(cluster.LimitType(s)))
	}
	old := !r.AtLeast(5, 3)
	switch {
	case s == EvictLeader:
		return Off
	case !r.Known():
		return ""
	case s == ReplicaScheduleLimit:
		return "64"
	case s == MaxSnapshotCount && old:
		return "3"
	case s == MaxPendingPeerCount && old:
		return "16"
	case s == PatrolRegionInterval && old:
		return "100ms"
	case s == PatrolRegionInterval:
		return "10ms"
	}
	return "64"
}

// expires tells whether PD of this release can set the item for a time. Before
// 4.0.9 PD overlooks the time and sets it for good. After 8.5 store limits have
// none, but a 9.0 beta that still has it cannot be told from a later one that has
// not: Apply finds out. Of a version that is not known the same is hoped for.
func expires(r cluster.Release, s Setting) bool {
	if s == PatrolRegionInterval || s == EvictLeader {
		return false
	}
	if r.Known() && !r.AtLeast(4, 1) {
		return r.Major == 4 && r.Patch >= 9
	}
	return true
}
