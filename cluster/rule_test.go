package cluster

import (
	"slices"
	"testing"
)

func TestTiFlashTable(t *testing.T) {
	for _, tt := range []struct {
		group, id string
		table     int64
		ok        bool
	}{
		{"tiflash", "table-45-r", 45, true},
		{"pd", "table-45-r", 0, false},
		{"tiflash", "table-45", 0, false},
		{"tiflash", "45-r", 0, false},
		{"tiflash", "table--r", 0, false},
		{"tiflash", "table-x-r", 0, false},
	} {
		r := Rule{GroupID: tt.group, ID: tt.id}
		if id, ok := r.TiFlashTable(); id != tt.table || ok != tt.ok {
			t.Errorf("%s: table %d, %v, want %d, %v", r.Name(), id, ok, tt.table, tt.ok)
		}
	}
}

func TestConditions(t *testing.T) {
	r := Rule{
		LabelConstraints: []LabelConstraint{{Key: "disk", Op: "in", Values: []string{"ssd", "nvme"}}, {Key: "gpu", Op: "notExists"}},
		IsolationLevel:   "zone",
	}
	want := []string{"disk in ssd|nvme", "gpu notExists", "isolation-level zone"}
	if got := r.Conditions(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := new(Rule).Conditions(); len(got) > 0 {
		t.Errorf("a rule without conditions: %q", got)
	}
}

func TestDefaultStoreLimit(t *testing.T) {
	for engine, want := range map[Engine]float64{TiKV: 15, TiFlash: 30} {
		if got := DefaultStoreLimit(engine); got != (StoreLimit{AddPeer: want, RemovePeer: want}) {
			t.Errorf("%s: %+v, want %g", engine, got, want)
		}
	}
}
