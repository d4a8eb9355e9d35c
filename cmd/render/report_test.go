package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ebb/burndown"
	"ebb/internal/golden"
	"ebb/ui"
)

// burned is a decommission with everything in it.
func burned() *burndown.Report {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	off, stuck := 0.123, 37
	return &burndown.Report{
		ClusterID: 7034215976384921731, Cluster: "生产\x1b[31m", PDVersion: "v8.5.0", Made: at(4000), From: at(0), To: at(4500),
		Courses: []burndown.Course{
			{
				StoreID: 4, Address: "10.0.1.4:20160", Began: at(0), Journaled: true, Outcome: burndown.Tombstone, Ended: at(801), Seen: at(801), Seconds: 801,
				First: 12345, Mean: 15.4, Peak: 20.2, Accuracy: &burndown.Accuracy{Forecasts: 390, Held: 351, MedianError: &off},
			},
			{
				StoreID: 15, Address: "存储节点-十五.example:20160", Began: at(2), Outcome: burndown.Leaving, Seen: at(4500), Seconds: 4498,
				First: 900, Last: 37, Mean: 0.2, Peak: 1.5, StalledSeconds: 4000,
				Stalls: []burndown.Stall{{From: at(500), To: at(4500), Regions: 37, Stuck: &stuck, Causes: []string{"D03", "D10"}}},
				Causes: []burndown.CauseTimes{{ID: "D03", Name: "store limit"}, {ID: "D10", Name: "stores low on space"}},
			},
		},
		Operations: []burndown.Operation{
			{Number: 1, ID: "20260102T030405-AAAAAA", Verb: "scale-in", Actor: "ops@db1", Began: at(0), Ended: at(1), Result: "done", Steps: make([]burndown.Step, 3)},
			{Number: 2, ID: "20260102T031205-BBBBBB", Verb: "tune-apply", Actor: "ops@db1", Began: at(480), Result: "unknown", Steps: make([]burndown.Step, 1)},
		},
		Settings: []burndown.Setting{
			{Name: "add-peer/1", Before: "15", Set: "100", At: at(480), Restored: at(800)},
			{Name: "schedule.replica-schedule-limit", Before: "64", Set: "128", At: at(480), Expires: at(5000)},
			{Name: "evict-leader/4", Before: "off", Set: "on", At: at(481)},
		},
		Notes: []string{"store 4: nobody watched for 1m30s of its 13m21s"},
	}
}

func TestReport(t *testing.T) {
	for _, width := range []int{60, 80, 160} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			streams := ui.Test("")
			streams.SetTTY(true, true, true)
			streams.SetSize(width, 50)
			streams.DisableColor()
			if err := Report(streams.Out, streams.Out, burned()); err != nil {
				t.Fatal(err)
			}
			text := streams.OutBuf.String()
			for line := range strings.Lines(text) {
				if ui.Width(strings.TrimSuffix(line, "\n")) > width {
					t.Errorf("wider than %d: %q", width, line)
				}
			}
			golden.Check(t, fmt.Sprintf("report-%d.txt", width), []byte(text))
		})
	}
}

// In a pipe stdout has the one table, and the rest is on stderr.
func TestReportInAPipe(t *testing.T) {
	streams := ui.Test("")
	if err := Report(streams.Out, streams.Err, burned()); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "report-pipe.txt", []byte(streams.OutBuf.String()))
	if text := streams.ErrBuf.String(); !strings.Contains(text, "Operations") || !strings.Contains(text, "nobody watched") {
		t.Errorf("stderr: %s", text)
	}
}
