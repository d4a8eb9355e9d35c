package diagnose

import (
	"strconv"
	"strings"
)

// release is a version of PD without what comes behind the patch number; the
// zero value is not known.
type release struct{ major, minor, patch int }

// parseRelease reads "v8.5.3", "8.5", "v9.0.0-beta.2.pre-483-ga186e0cc61". What
// was built without a version, "None" or "", is not known.
func parseRelease(version string) release {
	version, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimSpace(version), "v"), "-")
	parts := strings.Split(version, ".")
	var n [3]int
	if len(parts) < 2 {
		return release{}
	}
	for i := range min(len(parts), len(n)) {
		v, err := strconv.Atoi(parts[i])
		if err != nil || v < 0 {
			return release{}
		}
		n[i] = v
	}
	return release{n[0], n[1], n[2]}
}

func (r release) known() bool { return r.major > 0 }

func (r release) less(other release) bool {
	switch {
	case r.major != other.major:
		return r.major < other.major
	case r.minor != other.minor:
		return r.minor < other.minor
	}
	return r.patch < other.patch
}

// versions is a range of releases: from the first on, and before the second.
// An empty end is open.
type versions struct{ since, before string }

// has reports whether a release that is known lies in the range.
func (v versions) has(r release) bool {
	return (v.since == "" || !r.less(parseRelease(v.since))) &&
		(v.before == "" || r.less(parseRelease(v.before)))
}

func (v versions) String() string {
	switch {
	case v.since != "" && v.before != "":
		return v.since + " to before " + v.before
	case v.since != "":
		return v.since + " and later"
	case v.before != "":
		return "before " + v.before
	}
	return "all"
}
