package e2e

import (
	"bufio"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// How good the forecast of ebb watch is, over the second half of leavings of a
// minute and more: how often the truth is within the range, and how far its middle
// is off.
func BenchmarkForecast(b *testing.B) {
	for _, limit := range []float64{20, 35} {
		b.Run(fmt.Sprintf("%.0f-a-minute", limit), func(b *testing.B) {
			for range b.N {
				a := drainForecast(b, limit)
				if a.said == 0 {
					b.Fatal("nothing was said in the second half")
				}
				var sizes []float64
				for _, e := range a.errors {
					sizes = append(sizes, math.Abs(e))
				}
				slices.Sort(sizes)
				b.ReportMetric(100*float64(a.held)/float64(a.said), "%in-range")
				b.ReportMetric(100*sizes[len(sizes)/2], "%median-error")
				b.ReportMetric(float64(a.said), "forecasts")
				b.ReportMetric(float64(a.open), "without-upper-end")
			}
		})
	}
}

// drainForecast lets a store leave under a watch.
func drainForecast(b *testing.B, limit float64) accuracy {
	b.Helper()
	p := startPlayground(b, setup{regions: 400, limit: limit, tikv: 6}.withDefaults())
	pd := p.PD()[0]
	for deadline := time.Now().Add(eventually); ; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("PD runs no schedulers")
		}
		if body := getText(b, pd+api+"/schedulers"); strings.Count(body, "-scheduler") >= 4 {
			break
		}
	}
	leaver := p.Fleet().Stores()[1]
	req, err := http.NewRequest(http.MethodDelete, fmt.Sprintf("%s%s/store/%d", pd, api, leaver.ID), nil)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	resp.Body.Close()
	watch := exec.Command(program, "watch", "-u", pd, "-o", "json", "--interval", "500ms")
	watch.Env = append(os.Environ(), "XDG_STATE_HOME="+b.TempDir())
	out, err := watch.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = watch.Process.Kill() })
	var r result
	for lines := bufio.NewScanner(out); lines.Scan(); {
		r.events = append(r.events, event{line: lines.Text()})
	}
	if err := watch.Wait(); err != nil {
		b.Fatal(err)
	}
	list := r.forecasts(b)
	end := slices.IndexFunc(list, func(f forecast) bool { return f.Type == "tombstone" })
	if end < 0 {
		b.Fatal("the store did not leave")
	}
	return judge(list[:end], list[end].Time)
}

func getText(b *testing.B, url string) string {
	b.Helper()
	resp, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var text strings.Builder
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		text.WriteString(lines.Text())
	}
	return text.String()
}
