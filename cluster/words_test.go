package cluster

import (
	"slices"
	"testing"
)

func TestWords(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Plural(0, "region"), "0 regions"},
		{Plural(1, "region"), "1 region"},
		{Plural(2, "TiKV store"), "2 TiKV stores"},
		{Plural(1, "entry"), "1 entry"},
		{Plural(2, "entry"), "2 entries"},
		{Agree(0, "store", "is", "are"), "0 stores are"},
		{Agree(1, "store", "is", "are"), "1 store is"},
		{Agree(2, "store", "is", "are"), "2 stores are"},
		{(&Store{ID: 4, Address: "10.0.1.7:20160"}).String(), "store 4 (10.0.1.7:20160)"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestStoreIDs(t *testing.T) {
	if got := StoreIDs([]*Store{{ID: 4}, {ID: 1}}); !slices.Equal(got, []StoreID{4, 1}) {
		t.Errorf("got %v, want 4, 1", got)
	}
	if got := StoreIDs(nil); got == nil || len(got) > 0 { // [] in JSON, not null
		t.Errorf("of none: %#v", got)
	}
}
