package cluster

import (
	"slices"
	"strconv"
	"strings"
)

// RuleRole is the role that a placement rule asks for.
type RuleRole string

// Roles of placement.PeerRoleType.
const (
	RoleVoter    RuleRole = "voter"
	RoleLeader   RuleRole = "leader"
	RoleFollower RuleRole = "follower"
	RoleLearner  RuleRole = "learner"
)

// LabelConstraint restricts the stores that a rule accepts.
type LabelConstraint struct {
	Key    string   `json:"key"`
	Op     string   `json:"op"` // in, notIn, exists, notExists
	Values []string `json:"values,omitempty"`
}

// Rule is one placement rule.
type Rule struct {
	GroupID          string            `json:"group_id"`
	ID               string            `json:"id"`
	Index            int               `json:"index,omitempty"`
	Override         bool              `json:"override,omitempty"`
	StartKey         []byte            `json:"start_key"` // raw bytes
	EndKey           []byte            `json:"end_key"`   // raw bytes, empty = end of the key space
	Role             RuleRole          `json:"role"`
	IsWitness        bool              `json:"is_witness,omitempty"`
	Count            int               `json:"count"`
	LabelConstraints []LabelConstraint `json:"label_constraints,omitempty"`
	LocationLabels   []string          `json:"location_labels,omitempty"`
	IsolationLevel   string            `json:"isolation_level,omitempty"`
}

// TiFlashRuleGroup is the rule group that TiDB writes TiFlash replicas into.
const TiFlashRuleGroup = "tiflash"

// Name is the rule's group and id, as PD's tools write them.
func (r *Rule) Name() string { return r.GroupID + "/" + r.ID }

// TiFlashTable is the table whose TiFlash replicas the rule is about; ok is false
// for other rules. TiDB calls such a rule table-ID-r (4.0 to master).
func (r *Rule) TiFlashTable() (id int64, ok bool) {
	text, prefixed := strings.CutPrefix(r.ID, "table-")
	text, suffixed := strings.CutSuffix(text, "-r")
	id, err := strconv.ParseInt(text, 10, 64)
	if r.GroupID != TiFlashRuleGroup || !prefixed || !suffixed || err != nil {
		return 0, false
	}
	return id, true
}

// Conditions are what the rule asks of the labels of stores, each in words.
func (r *Rule) Conditions() []string {
	var list []string
	for i := range r.LabelConstraints {
		list = append(list, r.LabelConstraints[i].String())
	}
	if r.IsolationLevel != "" {
		list = append(list, "isolation-level "+r.IsolationLevel)
	}
	return list
}

// String is "disk in ssd|nvme".
func (c *LabelConstraint) String() string {
	text := c.Key + " " + c.Op
	if len(c.Values) > 0 {
		text += " " + strings.Join(c.Values, "|")
	}
	return text
}

// Accepts reports whether PD would put a peer of this rule on the store, as
// far as labels go: every constraint matches, and every exclusive label of the
// store ("engine", "exclusive", or a key that starts with "$") is mentioned by a
// constraint. The second half is what keeps TiFlash stores out of ordinary
// rules. It mirrors placement.MatchLabelConstraints (PD 4.0 to master).
func (r *Rule) Accepts(s *Store) bool {
	for _, l := range s.Labels {
		if exclusiveLabel(l.Key) && !r.mentions(l.Key) {
			return false
		}
	}
	for i := range r.LabelConstraints {
		if !r.LabelConstraints[i].matches(s) {
			return false
		}
	}
	return true
}

func exclusiveLabel(key string) bool {
	return key == EngineLabel || key == "exclusive" || strings.HasPrefix(key, "$")
}

func (r *Rule) mentions(key string) bool {
	return slices.ContainsFunc(r.LabelConstraints, func(c LabelConstraint) bool { return c.Key == key })
}

func (c *LabelConstraint) matches(s *Store) bool {
	value := s.Label(c.Key)
	has := value != "" // PD does not tell an empty label from a missing one
	in := has && slices.Contains(c.Values, value)
	switch c.Op {
	case "in":
		return in
	case "notIn":
		return !in
	case "exists":
		return has
	case "notExists":
		return !has
	}
	// An operator that this version does not know could mean anything; not
	// accepting the store is the side on which a safety check may err.
	return false
}

// place names the place of a store under the rule's isolation level: the tuple
// of its location label values down to that level. PD never puts two peers of a
// rule into one place; a missing label counts as the empty value, as in
// filter.NewIsolationFilter (PD 5.0 to master).
func (r *Rule) place(s *Store) string {
	// An isolation level that is no location label isolates at the first one.
	depth := max(slices.Index(r.LocationLabels, r.IsolationLevel), 0) + 1
	values := make([]string, 0, depth)
	for _, key := range r.LocationLabels[:depth] {
		values = append(values, s.Label(key))
	}
	return strings.Join(values, "\x00")
}
