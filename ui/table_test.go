package ui

import (
	"fmt"
	"strings"
	"testing"

	"ebb/internal/golden"
)

// storeTable is a table as display prints it: mixed widths, Chinese labels,
// colours, raw values that differ from the text, and a hostile label.
func storeTable() *Table {
	t := NewTable(
		Column{Name: "ID"},
		Column{Name: "Store", Align: Right, Drop: 1},
		Column{Name: "Role", Drop: 2},
		Column{Name: "Status"},
		Column{Name: "Heartbeat", Align: Right, Drop: 4},
		Column{Name: "Leaders", Align: Right, Drop: 2},
		Column{Name: "Regions", Align: Right},
		Column{Name: "Size", Align: Right, Drop: 3},
		Column{Name: "Labels", Min: 12, Drop: 6},
		Column{Name: "Data Dir", Min: 12, Drop: 5, CutStart: true},
	)
	t.Row(Text("10.0.1.7:20160"), Text("1"), Text("tikv"), Styled("Up", Green),
		Cell{Text: "3s", Raw: "2026-01-02T03:04:05Z"}, Number(8123), Number(24567), Size(1023<<30),
		Text("zone=上海,rack=机架一,host=tikv-7"), Text("/tidb-data/tikv-20160"))
	t.Row(Text("10.0.1.8:20160"), Text("4"), Text("tikv"), Styled("Pending Offline", Yellow),
		Cell{Text: "12s", Raw: "2026-01-02T03:03:56Z"}, Number(0), Number(312), Size(20<<30),
		Text("zone=北京,rack=r1"), Text("/data1/deploy/tidb-data/tikv-20160"))
	t.Row(Text("tiflash-主机.example:9000"), Text("1001"), Text("tiflash"), Styled("Down", Red),
		Cell{Text: "3d", Raw: "2025-12-30T03:04:05Z"}, Number(0), Number(99), Size(512),
		Text("zone=\x1b[2Jevil\ttab\nline,e\u0301=1"), Text("/tidb-data/tiflash-9000"))
	t.Row(Text("10.0.1.9:20160"))
	return t
}

func TestTableGolden(t *testing.T) {
	for _, width := range []int{40, 80, 120, 200} {
		for _, color := range []bool{false, true} {
			name := fmt.Sprintf("table-%d", width)
			if color {
				name += "-color"
			}
			t.Run(name, func(t *testing.T) {
				streams := Test("")
				streams.SetTTY(true, true, true)
				streams.SetSize(width, 24)
				if !color {
					streams.DisableColor()
				}
				if err := storeTable().Write(streams.Out); err != nil {
					t.Fatal(err)
				}
				got := streams.OutBuf.String()
				checkLines(t, got, width)
				golden.Check(t, name+".golden", []byte(got))
			})
		}
	}
}

// checkLines states what holds for every table, so that a golden file that was
// accepted too quickly does not hide it.
func checkLines(t *testing.T, text string, width int) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if Width(line) > width {
			t.Errorf("line of %d columns on a terminal of %d: %q", Width(line), width, line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("blanks at the end of %q", line)
		}
		if cleanLine(line) != line {
			t.Errorf("control characters in %q", line)
		}
	}
}

func TestTablePipe(t *testing.T) {
	streams := Test("")
	if err := storeTable().Write(streams.Out); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "table-pipe.golden", []byte(streams.OutBuf.String()))
	for i, line := range strings.Split(strings.TrimSuffix(streams.OutBuf.String(), "\n"), "\n") {
		if n := strings.Count(line, "\t"); n != 9 {
			t.Errorf("line %d has %d tabs, want 9: %q", i, n, line)
		}
	}
}

func TestTableNoHeaders(t *testing.T) {
	table := NewTable(Column{Name: "ID"}, Column{Name: "A long name", Align: Right})
	table.NoHeaders = true
	if lines := table.Lines(80, false); len(lines) != 0 {
		t.Errorf("empty table without headers = %q", lines)
	}
	table.Row(Text("a"), Text("b"))
	if got := strings.Join(table.Lines(80, false), "|"); got != "a  b" {
		t.Errorf("on a terminal = %q", got)
	}
	streams := Test("")
	if err := table.Write(streams.Out); err != nil {
		t.Fatal(err)
	}
	if got := streams.OutBuf.String(); got != "a\tb\n" {
		t.Errorf("in a pipe = %q", got)
	}
}

func TestTableEmptyHasHeader(t *testing.T) {
	lines := NewTable(Column{Name: "ID"}, Column{Name: "Status"}).Lines(80, false)
	if got := strings.Join(lines, "|"); got != "ID  Status|--  ------" {
		t.Errorf("empty table = %q", got)
	}
}

func TestTableHidden(t *testing.T) {
	table := storeTable()
	if got := table.Hidden(200); got != nil {
		t.Errorf("hidden at 200 columns: %v", got)
	}
	got := table.Hidden(80)
	if len(got) == 0 || got[len(got)-1] != "Data Dir" {
		t.Errorf("hidden at 80 columns: %v", got)
	}
	table.Wide = true
	if got := table.Hidden(20); got != nil {
		t.Errorf("hidden although wide: %v", got)
	}
}

// Whatever the width, no line wraps, and as much is shown as on any narrower
// terminal.
func TestTableFitsEveryWidth(t *testing.T) {
	shown := 0
	for width := 20; width <= 220; width++ {
		table := storeTable()
		lines := table.Lines(width, true)
		checkLines(t, strings.Join(lines, "\n"), width)
		now := 10 - len(table.Hidden(width))
		if now < shown {
			t.Errorf("%d columns shown at width %d, %d at a smaller one", now, width, shown)
		}
		shown = max(shown, now)
	}
	if shown != 10 {
		t.Errorf("only %d columns at 220", shown)
	}
}

func TestTableTooManyCells(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a row with more cells than columns was accepted")
		}
	}()
	NewTable(Column{Name: "ID"}).Row(Text("a"), Text("b"))
}

func BenchmarkTable(b *testing.B) {
	table := NewTable(Column{Name: "ID"}, Column{Name: "Status"}, Column{Name: "Size", Align: Right})
	for i := range 1000 {
		table.Row(Text(fmt.Sprintf("10.0.%d.%d:20160", i/250, i%250)), Styled("Up", Green), Size(uint64(i)<<30))
	}
	for b.Loop() {
		table.Lines(80, true)
	}
}
