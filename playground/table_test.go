package main

import (
	"strings"
	"testing"
)

// TestTablePipe: a pipe gets exact values, one tab between two of them, and never
// an empty field.
func TestTablePipe(t *testing.T) {
	tab := table{names: []string{"NAME", "USED", "FAULTS"}}
	tab.rows = [][]cell{{text("a"), {"1.5KiB", "1536"}, {}}, {text("b\tc"), text("0"), text("PD says: no\nnever")}}
	var out strings.Builder
	if err := tab.write(&out); err != nil {
		t.Fatal(err)
	}
	if want := "NAME\tUSED\tFAULTS\na\t1536\t-\nb\ufffdc\t0\tPD says: no\ufffdnever\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	tab.noHeaders = true
	if err := tab.write(&out); err != nil || strings.Contains(out.String(), "NAME") {
		t.Errorf("%q, %v", out.String(), err)
	}
}
