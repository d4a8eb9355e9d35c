package pdclient

import (
	"strconv"
	"strings"
)

// release is the major and minor part of a version; zero when not known.
type release struct{ major, minor int }

// parseRelease reads "v8.5.0", "8.5.0", "v9.0.0-beta.2.pre-483-ga186e0cc61".
// "None" and "" are not known.
func parseRelease(version string) release {
	parts := strings.SplitN(strings.TrimPrefix(strings.TrimSpace(version), "v"), ".", 3)
	if len(parts) < 2 {
		return release{}
	}
	major, err := strconv.Atoi(parts[0])
	if err != nil {
		return release{}
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return release{}
	}
	return release{major, minor}
}

func (r release) known() bool { return r.major > 0 }

// atLeast is false when the release is not known.
func (r release) atLeast(major, minor int) bool {
	return r.major > major || r.major == major && r.minor >= minor
}

// leaderRelease is that of the PD leader, as of the last look for it.
func (c *Client) leaderRelease() release {
	c.mu.Lock()
	defer c.mu.Unlock()
	return parseRelease(c.version)
}
