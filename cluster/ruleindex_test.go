package cluster

import (
	"slices"
	"testing"
)

func TestRuleIndexAt(t *testing.T) {
	rule := func(group, id, start, end string) Rule {
		return Rule{GroupID: group, ID: id, StartKey: []byte(start), EndKey: []byte(end), Role: RoleVoter, Count: 3}
	}
	override := rule("tiflash", "all", "m", "p")
	override.Override = true
	x := NewRuleIndex([]Rule{
		rule("pd", "default", "", ""),
		rule("tiflash", "a", "b", "d"),
		rule("tiflash", "b", "c", "n"),
		override,
		rule("zz", "last", "x", ""),
	}, []RuleGroup{{ID: "zz", Override: true}})
	tests := []struct {
		start, end string
		want       []string // nil: the region crosses a boundary
	}{
		{"", "b", []string{"pd/default"}},
		{"a", "b", []string{"pd/default"}},
		{"b", "c", []string{"pd/default", "tiflash/a"}},
		{"ba", "bb", []string{"pd/default", "tiflash/a"}},
		{"c", "d", []string{"pd/default", "tiflash/a", "tiflash/b"}},
		{"d", "m", []string{"pd/default", "tiflash/b"}},
		{"m", "n", []string{"pd/default", "tiflash/all", "tiflash/b"}},
		{"n", "p", []string{"pd/default", "tiflash/all"}},
		{"x", "", []string{"zz/last"}},
		{"y", "z", []string{"zz/last"}},
		{"", "", nil},
		{"a", "c", nil},
		{"w", "", nil},
		{"w", "xa", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, r := range x.At(&Region{StartKey: []byte(tt.start), EndKey: []byte(tt.end)}) {
			got = append(got, r.Name())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("rules of [%q, %q) = %v, want %v", tt.start, tt.end, got, tt.want)
		}
	}
}

func TestRuleIndexWithoutRules(t *testing.T) {
	if got := NewRuleIndex(nil, nil).At(&Region{}); got != nil {
		t.Errorf("rules = %v, want none", got)
	}
}
