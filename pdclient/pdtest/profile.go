package pdtest

import (
	"fmt"
	"strings"
)

// Profile is the version of PD to imitate.
type Profile int

// Profiles. V8_1 is PD's master branch of April 2024.
const (
	V4_0_16 Profile = iota
	V5_0
	V5_4
	V6_1
	V6_5
	V7_1
	V7_5
	V8_1
	V8_5
	V9_0Beta
	Master
)

var profileNames = []string{"4.0.16", "5.0", "5.4", "6.1", "6.5", "7.1", "7.5", "8.1", "8.5", "9.0-beta", "master"}

// String is the name that ParseProfile reads.
func (p Profile) String() string {
	if p < 0 || int(p) >= len(profileNames) {
		return fmt.Sprintf("Profile(%d)", int(p))
	}
	return profileNames[p]
}

// Profiles lists all of them, oldest first.
func Profiles() []Profile {
	out := make([]Profile, len(profileNames))
	for i := range out {
		out[i] = Profile(i)
	}
	return out
}

// ParseProfile reads a name such as "8.5", for scripts.
func ParseProfile(name string) (Profile, error) {
	for i, n := range profileNames {
		if n == name {
			return Profile(i), nil
		}
	}
	return 0, fmt.Errorf("parse pd profile %q: want one of %s", name, strings.Join(profileNames, ", "))
}

// version is what PD says about itself.
func (p Profile) version() string {
	return []string{
		"v4.0.16", "v5.0.6", "v5.4.3", "v6.1.7", "v6.5.3", "v7.1.3", "v7.5.2", "None", "v8.5.3",
		"v9.0.0-beta.2.pre", "v9.0.0-beta.2.pre-483-ga186e0cc61",
	}[p]
}

// clusterVersion is the lowest version of the stores.
func (p Profile) clusterVersion() string {
	return []string{
		"4.0.16", "5.0.6", "5.4.3", "6.1.7", "6.5.3", "7.1.3", "7.5.2", "8.0.0", "8.5.3", "9.0.0-beta.2", "9.0.0-beta.2",
	}[p]
}

// Features of the dialects. Each is a difference that was read in the tags of
// tikv/pd; the names say what the later side has.

func (p Profile) hasPhysicallyDestroyed() bool { return p >= V5_0 }
func (p Profile) hasRoles() bool               { return p >= V5_0 } // before: is_learner only
func (p Profile) hasSuccessText() bool         { return p >= V5_0 } // before: null
func (p Profile) honoursEndKey() bool          { return p >= V5_4 }
func (p Profile) hasCheckers() bool            { return p >= V5_4 }
func (p Profile) hasRegionLabels() bool        { return p >= V5_4 }
func (p Profile) hasUnsafeRecovery() bool      { return p >= V5_4 }
func (p Profile) hasNodeState() bool           { return p >= V6_1 }
func (p Profile) hasOperatorRecords() bool     { return p >= V6_1 }
func (p Profile) checksStoreCount() bool       { return p >= V6_1 }
func (p Profile) remembersLimits() bool        { return p >= V6_1 }
func (p Profile) hasProgress() bool            { return p >= V6_1 }
func (p Profile) refusesTTLConflict() bool     { return p >= V6_1 }
func (p Profile) failsKeptTombstones() bool    { return p >= V6_1 }
func (p Profile) hasStageObjects() bool        { return p >= V6_1 } // unsafe recovery; before: strings
func (p Profile) hasRuleDetail() bool          { return p >= V6_5 }
func (p Profile) hasWitness() bool             { return p >= V6_5 }
func (p Profile) hasStatsCount() bool          { return p >= V7_1 } // seen in 8.1; not known since when
func (p Profile) hasLearnerCount() bool        { return p >= V7_1 }
func (p Profile) panicsOnLeaderless() bool     { return p == V7_1 } // 7.1.2 and 7.1.3, among others
func (p Profile) hasHaltScheduling() bool      { return p >= V7_5 }
func (p Profile) saysZeroRegion() bool         { return p >= V7_5 && p < Master } // before: null
func (p Profile) has404Region() bool           { return p == Master }
func (p Profile) hasPatrolWorkers() bool       { return p >= V8_5 }
func (p Profile) hasEvictBatch() bool          { return p >= V8_5 }
func (p Profile) clearsTTL() bool              { return p >= V8_1 }
func (p Profile) waitsForLeader() bool         { return p >= V9_0Beta }
func (p Profile) buriesBySize() bool           { return p >= V9_0Beta }
func (p Profile) hasMaintenance() bool         { return p == Master }
func (p Profile) hasLimitTTL() bool            { return p < Master }
func (p Profile) countsTiFlashAsUp() bool      { return p < Master }

// noLeaderText is the plain text of a 503.
func (p Profile) noLeaderText() string {
	if p.waitsForLeader() {
		return "[PD:apiutil:ErrRedirectNoLeader]redirect finds no leader"
	}
	return "no leader"
}
