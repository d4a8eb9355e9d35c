package main

import (
	"os"
	"strings"
	"testing"
)

// TestTopology starts a playground in the shape of an example with TLS.
func TestTopology(t *testing.T) {
	b := newBench(t)
	out, errs, code := b.run("--topology", "../examples/topologies/tls.yaml", "--background", "--regions", "60")
	if strings.Contains(errs, "namespaces") {
		t.Skip(errs)
	}
	if code != exitDone || !strings.Contains(out, "4 TiKV, 0 TiFlash, 60 regions of 3 replicas") || !strings.Contains(out, " --cacert ") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	records := b.list()
	if len(records) != 1 || !strings.HasPrefix(records[0].PD[0], "https://"+records[0].Network+".1:") {
		t.Fatalf("list: %+v", records)
	}
	text, err := os.ReadFile(records[0].Topology)
	if err != nil || strings.Contains(string(text), "10.0.1.") || strings.Count(string(text), "host: "+records[0].Network+".1") != 5 {
		t.Errorf("topology: %v\n%s", err, text)
	}
	if !strings.Contains(out, "-N "+records[0].Network+".14:20160") {
		t.Errorf("the store to take out is another one:\n%s", out)
	}
	if _, errs, code := b.run("stop", "--all"); code != exitDone {
		t.Errorf("stop: exit code %d\n%s", code, errs)
	}
	b.nothingLeft()
	if _, errs, code := b.run("--topology", "../Makefile"); code != exitUsage || !strings.Contains(errs, "adopt topology") {
		t.Errorf("a file that is none: exit code %d\n%s", code, errs)
	}
}
