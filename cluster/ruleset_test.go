package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func ruleNames(set RuleSet) []string {
	var names []string
	for i := range set.Rules {
		names = append(names, set.Rules[i].Name())
	}
	return names
}

func TestRuleSets(t *testing.T) {
	def := Rule{GroupID: "pd", ID: "default", Role: RoleVoter, Count: 3}
	tiflash := func(id, start, end string, count int) Rule {
		return Rule{
			GroupID: TiFlashRuleGroup, ID: id, Role: RoleLearner, Count: count,
			StartKey: []byte(start), EndKey: []byte(end),
			LabelConstraints: []LabelConstraint{{Key: "engine", Op: "in", Values: []string{"tiflash"}}},
		}
	}
	policy := Rule{GroupID: "TiDB_DDL_7", ID: "p", Role: RoleVoter, Count: 5, StartKey: []byte("c"), EndKey: []byte("d")}
	tests := []struct {
		name   string
		rules  []Rule
		groups []RuleGroup
		want   [][]string
		ranges []int
	}{
		{"default only", []Rule{def}, nil, [][]string{{"pd/default"}}, []int{1}},
		{
			"tables with equal replica counts are one set",
			[]Rule{def, tiflash("table-1-r", "b", "c", 1), tiflash("table-2-r", "e", "f", 1)},
			nil,
			[][]string{{"pd/default"}, {"pd/default", "tiflash/table-1-r"}},
			[]int{3, 2},
		},
		{
			"adjacent tables with different counts",
			[]Rule{def, tiflash("table-1-r", "b", "c", 1), tiflash("table-2-r", "c", "d", 2)},
			nil,
			[][]string{{"pd/default"}, {"pd/default", "tiflash/table-1-r"}, {"pd/default", "tiflash/table-2-r"}},
			[]int{2, 1, 1},
		},
		{
			"an overriding group replaces the default",
			[]Rule{def, policy},
			[]RuleGroup{{ID: "TiDB_DDL_7", Index: 40, Override: true}},
			[][]string{{"pd/default"}, {"TiDB_DDL_7/p"}},
			[]int{2, 1},
		},
		{
			"without the override both hold",
			[]Rule{def, policy},
			[]RuleGroup{{ID: "TiDB_DDL_7", Index: 40}},
			[][]string{{"pd/default"}, {"pd/default", "TiDB_DDL_7/p"}},
			[]int{2, 1},
		},
		{
			"an overriding rule hides the earlier ones of its group only",
			[]Rule{
				def,
				{GroupID: "pd", ID: "x", Index: 1, Override: true, Role: RoleVoter, Count: 1},
				{GroupID: "zz", ID: "l", Role: RoleLearner, Count: 1},
			},
			nil,
			[][]string{{"pd/x", "zz/l"}},
			[]int{1},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got [][]string
			var ranges []int
			for _, set := range RuleSets(tt.rules, tt.groups) {
				got = append(got, ruleNames(set))
				ranges = append(ranges, set.Ranges)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("sets (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.ranges, ranges); diff != "" {
				t.Errorf("ranges (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFit(t *testing.T) {
	stores := func(specs ...[]Label) []*Store {
		var list []*Store
		for i, labels := range specs {
			list = append(list, &Store{ID: StoreID(i + 1), Labels: labels})
		}
		return list
	}
	zone := func(z string) []Label { return []Label{{"zone", z}} }
	ssd := func(z string) []Label { return []Label{{"zone", z}, {"disk", "ssd"}} }
	flash := []Label{{"engine", "tiflash"}}
	voters := func(n int) Rule { return Rule{GroupID: "pd", ID: "default", Role: RoleVoter, Count: n} }
	isolated := voters(3)
	isolated.LocationLabels, isolated.IsolationLevel = []string{"zone", "host"}, "zone"
	onSSD := Rule{GroupID: "pd", ID: "ssd", Role: RoleVoter, Count: 2, LabelConstraints: []LabelConstraint{{Key: "disk", Op: "in", Values: []string{"ssd"}}}}
	learner := Rule{GroupID: "tiflash", ID: "table-1-r", Role: RoleLearner, Count: 2, LabelConstraints: []LabelConstraint{{Key: "engine", Op: "in", Values: []string{"tiflash"}}}}

	tests := []struct {
		name   string
		rules  []Rule
		stores []*Store
		short  int // peers of all rules together
	}{
		{"enough", []Rule{voters(3)}, stores(nil, nil, nil), 0},
		{"one short", []Rule{voters(3)}, stores(nil, nil), 1},
		{"tiflash does not take voters", []Rule{voters(3)}, stores(nil, nil, flash), 1},
		{"exclusive labels keep voters out", []Rule{voters(1)}, stores([]Label{{"$dedicated", "x"}}, []Label{{"exclusive", "y"}}), 1},
		{"tikv does not take tiflash learners", []Rule{voters(3), learner}, stores(nil, nil, nil, flash), 1},
		{"isolation level counts zones", []Rule{isolated}, stores(zone("a"), zone("a"), zone("b"), zone("b")), 1},
		{"stores without the label share one place", []Rule{isolated}, stores(zone("a"), nil, nil), 1},
		// The ssd rule needs both ssd stores, so the other two must not take them.
		{"rules compete for stores", []Rule{voters(2), onSSD}, stores(ssd("a"), ssd("b"), zone("c"), zone("d")), 0},
		{"rules compete and lose", []Rule{voters(2), onSSD}, stores(ssd("a"), ssd("b"), zone("c")), 1},
		{"no store at all", []Rule{voters(3)}, nil, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := RuleSet{Rules: tt.rules}
			fits := set.Fit(tt.stores)
			if len(fits) != len(tt.rules) {
				t.Fatalf("%d fits of %d rules", len(fits), len(tt.rules))
			}
			short := 0
			for i := range fits {
				short += fits[i].Short()
			}
			if short != tt.short {
				t.Errorf("short of %d peers, want %d", short, tt.short)
			}
		})
	}
}
