package operators

import (
	"reflect"
	"testing"
)

func TestSummarize(t *testing.T) {
	list := []Orphan{
		{StoreID: 9, TableID: 70, Verdict: Safe, Reason: "keeps-majority"},
		{StoreID: 8, TableID: 7, Verdict: Refuse, Reason: "no-majority"},
		{StoreID: 9, Verdict: Refuse, Reason: "no-majority"},
		{StoreID: 9, TableID: 7, Verdict: Refuse, Reason: "no-leader"},
		{StoreID: 10, TableID: 70, Verdict: Wait, Reason: ReasonPDRepairs},
		{StoreID: 10, TableID: 70, Verdict: Hold, Reason: ReasonOperatorRuns},
		{StoreID: 10, TableID: 70, Verdict: Hold, Reason: ReasonFreshLeader},
	}
	want := Summary{
		Count: Count{Safe: 1, Wait: 1, Hold: 2, Refuse: 3},
		Stores: []StoreCount{
			{8, Count{Refuse: 1}}, {9, Count{Safe: 1, Refuse: 2}}, {10, Count{Wait: 1, Hold: 2}},
		},
		Tables: []TableCount{
			{Count: Count{Refuse: 1}}, {TableID: 7, Count: Count{Refuse: 2}}, {TableID: 70, Count: Count{Safe: 1, Wait: 1, Hold: 2}},
		},
		Reasons: []ReasonCount{
			{Safe, "keeps-majority", 1}, {Wait, ReasonPDRepairs, 1},
			{Refuse, "no-majority", 2}, {Refuse, "no-leader", 1},
			{Hold, ReasonOperatorRuns, 1}, {Hold, ReasonFreshLeader, 1},
		},
	}
	for range 20 { // maps have no order
		if got := Summarize(list); !reflect.DeepEqual(got, want) {
			t.Fatalf("Summarize() = %+v\nwant          %+v", got, want)
		}
	}
	// Lists in JSON are never null.
	if got := Summarize(nil); !reflect.DeepEqual(got, Summary{Stores: []StoreCount{}, Tables: []TableCount{}, Reasons: []ReasonCount{}}) {
		t.Errorf("Summarize(nil) = %+v", got)
	}
}

func TestCount(t *testing.T) {
	var c Count
	for i, v := range allVerdicts {
		for range i + 1 {
			c.add(v)
		}
	}
	if want := (Count{Safe: 1, Wait: 2, Hold: 3, Refuse: 4}); c != want || c.Total() != 10 {
		t.Errorf("count %+v of %d, want %+v of 10", c, c.Total(), want)
	}
}
