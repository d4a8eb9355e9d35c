package topology

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Obstacle is a kind of reason for which a directory must stay.
type Obstacle string

// The obstacles, in the order in which they are looked for.
const (
	NotAbsolute Obstacle = "not_absolute"
	OddName     Obstacle = "odd_name" // control characters, or blanks that nobody sees
	NotClean    Obstacle = "not_clean"
	SystemPath  Obstacle = "system_path"
	InUse       Obstacle = "in_use"
)

// Refusal is a directory that must stay.
type Refusal struct {
	Path     string   `json:"path"`
	Why      Purpose  `json:"why"`
	Instance string   `json:"instance"`
	Obstacle Obstacle `json:"obstacle"`
	Reason   string   `json:"reason"`
}

// String is a line for the operator. A name that would upset a terminal is
// quoted.
func (r Refusal) String() string {
	return fmt.Sprintf("keep the %s directory %s of %s: %s", r.Why, shownPath(r.Path), r.Instance, r.Reason)
}

func shownPath(p string) string {
	if strings.ContainsFunc(p, invisible) || !utf8.ValidString(p) || strings.ContainsAny(p, " \"") {
		return fmt.Sprintf("%q", p)
	}
	return p
}

// refuse judges one directory; nil when it may be deleted.
func (n *neighbours) refuse(dir Covered, held []heldDir) *Refusal {
	obstacle, reason := objection(dir.Path)
	for _, h := range held {
		if obstacle != "" {
			break
		}
		if how := h.overlap(dir.Path); how != "" {
			obstacle, reason = InUse, fmt.Sprintf("it %s %s, %s", how, shownPath(h.path), h.holder)
		}
	}
	if obstacle == "" {
		return nil
	}
	return &Refusal{Path: dir.Path, Why: dir.Why, Instance: n.leaving.ID, Obstacle: obstacle, Reason: reason}
}

// objection says what is wrong with a path by itself.
func objection(p string) (Obstacle, string) {
	switch {
	case !path.IsAbs(p):
		return NotAbsolute, "it is not an absolute path"
	case !utf8.ValidString(p) || strings.ContainsFunc(p, invisible):
		return OddName, "its name has characters that cannot be seen"
	case path.Clean(p) != p:
		return NotClean, "it is not in its shortest form, " + shownPath(path.Clean(p))
	}
	for part := range strings.SplitSeq(p, "/") {
		switch {
		case strings.TrimSpace(part) != part:
			return NotClean, "its name begins or ends with a blank"
		case part == "~":
			return NotClean, "where '~' leads depends on who is asked"
		}
	}
	if reason := systemPath(p); reason != "" {
		return SystemPath, reason
	}
	return "", ""
}

// invisible is true for what does not look like itself in a terminal: control
// characters, zero-width and bidirectional marks, blanks other than the one.
func invisible(r rune) bool { return !unicode.IsPrint(r) }

// overlap says how a clean path stands to a directory that is held: "is",
// "contains", "lies in", or "" when they are apart.
//
// A held path may not mean what it says. Shells expand '$' and '`' in what tiup
// puts on a command line, and '~' has become part of a path; where that leads is
// unknown, so such a path stands for all that has the same beginning.
func (h heldDir) overlap(p string) string {
	if !path.IsAbs(h.path) {
		return "cannot be compared with"
	}
	dir := path.Clean(h.path)
	certain := literalBeginning(dir)
	switch {
	case p == dir:
		return "is"
	case within(dir, p):
		return "contains"
	case h.shared:
		return ""
	case within(p, dir):
		return "lies in"
	case certain != dir && (within(p, certain) || within(certain, p)):
		return "may overlap with"
	}
	return ""
}

// literalBeginning is a path up to the first part that a shell would change.
func literalBeginning(dir string) string {
	parts := strings.Split(dir, "/")
	for i, part := range parts {
		if part == "~" || strings.ContainsAny(part, "$`") {
			return "/" + strings.Join(parts[1:i], "/")
		}
	}
	return dir
}
