package cluster

import (
	"cmp"
	"strconv"
	"strings"
)

// Release is the numbers of a version; zero when it is not known.
type Release struct{ Major, Minor, Patch int }

// ParseRelease reads "v8.5.0", "8.5", "v9.0.0-beta.2.pre-483-ga186e0cc61". "None",
// which a PD of one's own build says, "" and what else it cannot read are not known.
func ParseRelease(version string) Release {
	parts := strings.SplitN(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".", 3)
	if len(parts) < 2 {
		return Release{}
	}
	last := &parts[len(parts)-1]
	*last = (*last)[:len(*last)-len(strings.TrimLeft(*last, "0123456789"))]
	var numbers [3]int
	for i, text := range parts {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return Release{}
		}
		numbers[i] = n
	}
	return Release{numbers[0], numbers[1], numbers[2]}
}

// Known reports whether the version could be read.
func (r Release) Known() bool { return r.Major > 0 }

// AtLeast is false when the release is not known.
func (r Release) AtLeast(major, minor int) bool {
	return r.Known() && !r.Before(Release{Major: major, Minor: minor})
}

// Before orders releases that are known.
func (r Release) Before(other Release) bool {
	return cmp.Or(cmp.Compare(r.Major, other.Major), cmp.Compare(r.Minor, other.Minor), cmp.Compare(r.Patch, other.Patch)) < 0
}
