package e2e

import (
	"slices"
	"strings"
	"testing"
)

func TestBadInputSendsNothing(t *testing.T) {
	b := newBench(t, setup{tikv: 3})
	tikv := b.tikv()[0]
	before := b.picture()
	for _, line := range []string{
		"scale-in -u PD -N STORE",
		"cancel-offline -u PD -N STORE",
		"scale-in -u PD --yes",
		"scale-in -u PD -N STORE --yes -o yaml",
		"scale-in -u PD -N STORE --force --yes",
		"scale-in -N STORE --yes",
		"display -u PD --jq .[",
	} {
		r := b.runRaw(strings.Fields(strings.NewReplacer("PD", b.endpoints, "STORE", tikv.Address).Replace(line))...)
		b.wantCode(r, 4)
		if r.out != "" || !strings.HasPrefix(r.errs, "ebb: ") {
			t.Errorf("%s:\nstdout: %s\nstderr: %s", line, r.out, r.errs)
		}
	}
	if sent := b.proxy.made(""); len(sent) > 0 {
		t.Errorf("PD was asked: %v", sent)
	}
	// Off a terminal a plan may be looked at without --yes.
	b.wantCode(b.run("scale-in", "-N", tikv.Address, "--dry-run"), 3)
	b.wantSame(before, b.picture())
}

func TestUnknownNodeNamesTheNearest(t *testing.T) {
	b := newBench(t, setup{tikv: 3})
	tikv := b.tikv()[0]
	for _, verb := range []string{"scale-in", "cancel-offline", "watch"} {
		args := []string{"-N", strings.Replace(tikv.Address, ":20160", ":20161", 1)}
		if verb != "watch" {
			args = append(args, "--yes")
		}
		r := b.run(verb, args...)
		b.wantCode(r, 4)
		if f := r.failure(t); !slices.ContainsFunc(f.Hints, func(h string) bool { return strings.Contains(h, tikv.Address) }) {
			t.Errorf("%s: no hint names %s: %+v", verb, tikv.Address, f)
		}
	}
	if writes := b.proxy.writes(); len(writes) > 0 {
		t.Errorf("written: %v", writes)
	}
}
