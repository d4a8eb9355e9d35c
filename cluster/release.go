package cluster

import (
	"strconv"
	"strings"
)

// Release is the numbers of a version; zero when it is not known.
type Release struct{ Major, Minor, Patch int }

// ParseRelease reads "v8.5.0", "8.5.0", "v9.0.0-beta.2.pre-483-ga186e0cc61".
// "None", which a PD of one's own build says, and "" are not known.
func ParseRelease(version string) Release {
	parts := strings.SplitN(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".", 3)
	if len(parts) < 2 {
		return Release{}
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return Release{}
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return Release{}
	}
	r := Release{Major: major, Minor: minor}
	if len(parts) == 3 {
		digits, _, _ := strings.Cut(parts[2], "-")
		r.Patch, _ = strconv.Atoi(digits) // 0 for what is no number
	}
	return r
}

// Known reports whether the version could be read.
func (r Release) Known() bool { return r.Major > 0 }

// AtLeast is false when the release is not known.
func (r Release) AtLeast(major, minor int) bool {
	return r.Major > major || r.Major == major && r.Minor >= minor
}
