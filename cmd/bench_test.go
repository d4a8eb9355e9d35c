package cmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
	"ebb/pdclient/pdtest"
	"ebb/ui"
)

// BenchmarkDisplay1000Stores shows 1,000 stores and reports how much longer
// that takes than the slowest single request to PD that it makes: everything
// else should hide behind that one.
func BenchmarkDisplay1000Stores(b *testing.B) {
	const stores = 1000
	pd := pdtest.New(b, pdtest.V8_5)
	var nodes strings.Builder
	nodes.WriteString("tikv_servers:\n")
	for id := range cluster.StoreID(stores) {
		pd.AddStores(id + 1)
		pd.EditStore(id+1, func(s *cluster.Store) { s.Address = fmt.Sprintf("store-%d:20160", id+1) })
		fmt.Fprintf(&nodes, "  - host: store-%d\n", id+1)
	}
	topology := filepath.Join(b.TempDir(), "topology.yaml")
	if err := os.WriteFile(topology, []byte(nodes.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	display := func() {
		streams := ui.Test("")
		args := []string{"display", "-t", topology, "-u", strings.Join(pd.URLs(), ",")}
		if code := run(context.Background(), systemEnv(streams.Streams), args); code != ExitDone {
			b.Fatalf("display: exit %d: %s", code, streams.ErrBuf)
		}
		if rows := strings.Count(streams.OutBuf.String(), "\n"); rows != stores+1 {
			b.Fatalf("display printed %d lines", rows)
		}
	}
	display()
	slowest := slowestRequest(b, pd)
	b.ResetTimer()
	for b.Loop() {
		display()
	}
	perDisplay := b.Elapsed() / time.Duration(b.N)
	b.ReportMetric(float64(perDisplay)/float64(slowest), "x-slowest-request")
	b.ReportMetric(float64(slowest.Microseconds()), "µs-slowest-request")
}

// slowestRequest repeats every kind of request that was made, each on its own,
// and returns the best time of the slowest.
func slowestRequest(b *testing.B, pd *pdtest.PD) time.Duration {
	b.Helper()
	best := make(map[string]time.Duration)
	for _, call := range pd.Calls() {
		url := pd.URLs()[0] + "/pd/api/v1" + call.Path
		if len(call.Query) > 0 {
			url += "?" + call.Query.Encode()
		}
		if best[url] != 0 {
			continue
		}
		for range 20 {
			start := time.Now()
			req, err := http.NewRequestWithContext(b.Context(), call.Method, url, nil)
			if err != nil {
				b.Fatal(err)
			}
			req.Header.Set("X-Caller-ID", "bench")
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				b.Fatal(err)
			}
			_ = resp.Body.Close() // read to the end
			if took := time.Since(start); best[url] == 0 || took < best[url] {
				best[url] = took
			}
		}
	}
	var slowest time.Duration
	for _, took := range best {
		slowest = max(slowest, took)
	}
	return slowest
}

// BenchmarkStartup runs the built program and reports how much longer that takes
// than the least a process can take (true), and how large the program is.
func BenchmarkStartup(b *testing.B) {
	ebb := filepath.Join(b.TempDir(), "ebb")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", ebb, "./ebb")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	info, err := os.Stat(ebb)
	if err != nil {
		b.Fatal(err)
	}
	start := func(name string, args ...string) {
		if err := exec.CommandContext(b.Context(), name, args...).Run(); err != nil {
			b.Fatal(err)
		}
	}
	const rounds = 50
	began := time.Now()
	for range rounds {
		start("true")
	}
	floor := time.Since(began) / rounds
	b.ResetTimer()
	for b.Loop() {
		start(ebb, "version")
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(floor), "x-true")
	b.ReportMetric(float64(info.Size())/cluster.MiB, "MiB")
}
