package diagnose

import "ebb/cluster"

// versions is a range of releases: from the first on, and before the second.
// An empty end is open.
type versions struct{ since, before string }

// has reports whether a release that is known lies in the range.
func (v versions) has(r cluster.Release) bool {
	return (v.since == "" || !r.Before(cluster.ParseRelease(v.since))) &&
		(v.before == "" || r.Before(cluster.ParseRelease(v.before)))
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
