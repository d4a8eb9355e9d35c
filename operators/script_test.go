package operators

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ebb/cluster"
)

func eachShell(t *testing.T, test func(t *testing.T, f *shellPD, s *shell)) {
	for _, format := range []Format{FormatPDCtl, FormatCurl} {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			f := newShellPD(t)
			test(t, f, newShell(t, f, format))
		})
	}
}

// What is safe is removed; the script may be run again.
func TestScriptRemoves(t *testing.T) {
	t.Parallel()
	for _, compact := range []bool{false, true} {
		eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
			f.compact = compact
			script := s.write(f.plan())
			const want = "region 7: peer on store 98 removed\nregion 70: peer on store 98 removed\n2 removed, 0 gone already, 0 left\n"
			if out := s.run(script, 0); out != want {
				t.Errorf("said %q", out)
			}
			const again = "region 7: peer on store 98 is gone already\nregion 70: peer on store 98 is gone already\n0 removed, 2 gone already, 0 left\n"
			if out := s.run(script, 0); out != again {
				t.Errorf("the second time it said %q", out)
			}
			if got := f.posted(); got != "7/98 70/98" {
				t.Errorf("operators %s", got)
			}
		})
	}
}

// Region 7 is not as it was judged, or nobody can tell: no operator is made for it.
func TestScriptLeavesAlone(t *testing.T) {
	t.Parallel()
	down := func(stores ...int) []object {
		var list []object
		for _, s := range stores {
			list = append(list, object{"down_seconds": 900, "peer": object{"id": 1, "store_id": s}})
		}
		return list
	}
	always := func(text string) func(*shellPD) {
		return func(f *shellPD) { f.raw[7] = func(int) string { return text } }
	}
	tests := []struct {
		name  string
		setUp func(*shellPD)
		want  string // what is said of region 7
		code  int
	}{
		{"other peers", func(f *shellPD) { f.regions[7]["conf_ver"] = 6 }, "left alone: it changed since it was judged", 8},
		{"an operator runs", func(f *shellPD) { f.operator[7] = "status: RUNNING, operator: x" }, "left alone: PD runs an operator on it", 8},
		{"an operator nobody understands", func(f *shellPD) { f.operator[7] = "status: PAUSED" }, "left alone: nobody can tell", 8},
		{"PD cannot say whether one runs", func(f *shellPD) { f.operator[7] = "no leader" }, "left alone: nobody can tell", 8},
		{"no leader", func(f *shellPD) { f.regions[7]["leader"] = object{"role_name": ""} }, "left alone: it has no leader now", 8},
		{"led by the orphan", func(f *shellPD) { f.regions[7]["leader"] = object{"id": 72, "store_id": 98} }, "left alone: it has no leader now", 8},
		{"led from outside", func(f *shellPD) { f.regions[7]["leader"] = object{"id": 72, "store_id": 5} }, "left alone: it has no leader now", 8},
		{"another peer is down", func(f *shellPD) { f.regions[7]["down"] = down(98, 2) }, "left alone: another peer is down", 8},
		{"store 9 is down, not 98", func(f *shellPD) { f.regions[7]["down"] = down(9) }, "left alone: another peer is down", 8},
		{"another peer waits", func(f *shellPD) { f.regions[7]["pending"] = []object{{"id": 71, "store_id": 2}} }, "left alone: another peer is down", 8},
		{"merged away", func(f *shellPD) { delete(f.regions, 7) }, "left alone: PD does not know it", 8},
		{"null", always("null\n"), "left alone: PD does not know it", 8},
		{"an error", always(`"[PD:region] boom"`), "left alone: PD does not know it", 8},
		{"another region", always(`{"id":77,"peers":[],"leader":{}}`), "left alone: PD does not know it", 8},
		{"a peer with its id", always(`{"id":77,"peers":[{"id":7,"store_id":1}],"leader":{}}`), "left alone: PD does not know it", 8},
		{"cut off in the peers", always(`{"id":7,"start_key":"","epoch":{"conf_ver":5,"version":31},"peers":[{"id":70,"store_id":1}`), "left alone: PD does not know it", 8},
		{"the store is another, 981", func(f *shellPD) { f.regions[7] = shellRegion(7, 1, 2, 981) }, "peer on store 98 is gone already", 0},
		{"gone, though down still", func(f *shellPD) { f.regions[7] = shellRegion(7, 1, 2); f.regions[7]["down"] = down(98) }, "peer on store 98 is gone already", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
				script := s.write(f.plan())
				tt.setUp(f)
				out := s.run(script, tt.code)
				if !strings.Contains(out, "region 7: "+tt.want) || !strings.Contains(out, "region 70: peer on store 98 removed\n") {
					t.Errorf("said %q", out)
				}
				if got := f.posted(); got != "70/98" {
					t.Errorf("operators %s", got)
				}
			})
		})
	}
}

func TestScriptGoesOn(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		setUp func(*shellPD)
	}{
		{"an operator has ended", func(f *shellPD) { f.operator[7] = "status: TIMEOUT, operator: x" }},
		{"the orphan is down", func(f *shellPD) {
			f.regions[7]["down"] = []object{{"down_seconds": 900, "peer": object{"id": 72, "store_id": 98}}}
			f.regions[7]["pending"] = []object{{"id": 72, "store_id": 98}}
		}},
		{"another leader", func(f *shellPD) { f.regions[7]["leader"] = object{"id": 71, "store_id": 2} }},
		// What is no answer is not taken for a region without the peer.
		{"PD stammers", func(f *shellPD) {
			f.raw[7] = func(n int) string {
				return map[int]string{2: `{"id":7,"peers":[{"id":70,"store_id":1}`, 3: "null", 4: `{"id":7,"start_key":"","peers":[{"id":70,"store_id":1}],"leader":{}}`}[n]
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
				script := s.write(f.plan())
				tt.setUp(f)
				s.run(script, 0)
				if got := f.posted(); got != "7/98 70/98" {
					t.Errorf("operators %s", got)
				}
				if len(f.raw) > 0 && f.reads[7] < 5 {
					t.Errorf("the region was read %d times", f.reads[7])
				}
			})
		})
	}
}

func TestScriptRefused(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
		f.refuse = true
		out := s.run(s.write(f.plan()), 8)
		if !strings.Contains(out, "region 7: left alone: PD refused: ") || !strings.Contains(out, "maybe already have one") ||
			!strings.HasSuffix(out, "0 removed, 0 gone already, 2 left\n") {
			t.Errorf("said %q", out)
		}
	})
}

// Too old, of another cluster, with nobody there: nothing is made.
func TestScriptDoesNotBegin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*shellPD, *shell, *Plan)
		says   string
	}{
		{"too old", func(_ *shellPD, _ *shell, p *Plan) { p.ReadAt = p.ReadAt.Add(-time.Hour) }, "too old to be trusted"},
		{"another cluster", func(f *shellPD, _ *shell, p *Plan) { p.ClusterID = f.id / 10 }, "does not answer for cluster"},
		{"nobody there", func(_ *shellPD, s *shell, _ *Plan) { s.opts.PD = "http://127.0.0.1:1" }, "refused|connect"},
		{"no pd-ctl", func(_ *shellPD, s *shell, _ *Plan) {
			s.env = append(s.env, "PD_CTL=no-such-program")
			s.opts.PD = "http://127.0.0.1:1"
		}, "not found|connect"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
				p := f.plan()
				tt.change(f, s, p)
				out := s.run(s.write(p), 5)
				a, b, _ := strings.Cut(tt.says, "|")
				if !strings.Contains(out, a) && (b == "" || !strings.Contains(out, b)) {
					t.Errorf("said %q", out)
				}
				if got := f.posted(); got != "" {
					t.Errorf("operators %s", got)
				}
			})
		})
	}
}

// It gets too old while it runs: one line about it, however many are left.
func TestScriptGetsOld(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
		script := strings.Replace(s.write(f.plan()), "\nremove_peer 7 ", "\nUNTIL=0\nremove_peer 7 ", 1)
		out := s.run(script, 8)
		if out != "this script is too old now: region 7 and those after it are left alone\n0 removed, 0 gone already, 2 left\n" || f.posted() != "" {
			t.Errorf("said %q, operators %s", out, f.posted())
		}
	})
}

// A script that was cut off on its way does nothing at all.
func TestScriptCutOff(t *testing.T) {
	t.Parallel()
	f := newShellPD(t)
	s := newShell(t, f, FormatPDCtl)
	script := s.write(f.plan())
	whole := strings.Index(script, "\nmain\n")
	for _, end := range []int{whole, strings.Index(script, "remove_peer 70 98") + 16, strings.Index(script, "remove_peer 70") - 1, whole / 2} {
		c := s.command(script[:end])
		out, _ := c.CombinedOutput()
		if got := f.posted(); got != "" {
			t.Fatalf("cut off after %d of %d bytes: operators %s; it said %s", end, len(script), got, out)
		}
	}
}

// Killed while it waits and run again, a script leaves to PD what PD has begun.
func TestScriptKilled(t *testing.T) {
	t.Parallel()
	eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
		f.stuck = true
		script := s.write(f.plan())
		c := s.command(script)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); f.posted() == "" && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
		_ = c.Process.Kill()
		_ = c.Wait()
		f.mu.Lock()
		f.stuck = false
		f.mu.Unlock()
		out := s.run(script, 8)
		if !strings.Contains(out, "region 7: left alone: PD runs an operator on it\nregion 70: peer on store 98 removed\n") {
			t.Errorf("said %q", out)
		}
		if got := f.posted(); got != "7/98 70/98" {
			t.Errorf("operators %s", got)
		}
	})
}

// Any file name is one word, and what PD says of itself is no command.
func TestScriptQuotes(t *testing.T) {
	t.Parallel()
	f := newShellPD(t)
	s := newShell(t, f, FormatPDCtl)
	s.opts.CACert, s.opts.Cert, s.opts.Key = "/etc/a b/ca.pem", `/it's $HOME "x"`, "/`touch found`\n/key"
	arguments := filepath.Join(s.dir, "arguments")
	s.env = append(s.env, "ARGUMENTS="+arguments)
	p := f.plan()
	p.PDVersion = "v8\ntouch found\r\ntouch found"
	s.run(s.write(p), 0)
	said, err := os.ReadFile(arguments)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("-u\n%s\n--cacert\n%s\n--cert\n%s\n--key\n%s\n", f.URL, s.opts.CACert, s.opts.Cert, s.opts.Key)
	if !strings.HasPrefix(string(said), want) {
		t.Errorf("arguments %q", said)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "found")); err == nil {
		t.Error("a text of PD, or the name of a file, was run")
	}
}

// With a second orphan in the region, which is down as well, the first goes.
func TestScriptKnowsAllThatIsGone(t *testing.T) {
	t.Parallel()
	f := newShellPD(t)
	s := newShell(t, f, FormatPDCtl)
	f.regions[7] = shellRegion(7, 1, 2, 3, 98, 97)
	f.regions[7]["down"] = []object{{"peer": object{"store_id": 97}}, {"peer": object{"store_id": 98}}}
	f.regions[70]["down"] = []object{{"peer": object{"store_id": 2}}}
	p := f.plan()
	p.Left = []Orphan{{RegionID: 7, StoreID: 97, Verdict: Hold}, {RegionID: 70, StoreID: 2, Reason: Reason(cluster.RemovalStoreKnown)}}
	s.run(s.write(p), 8)
	if got := f.posted(); got != "7/98" {
		t.Errorf("operators %s", got)
	}
}

func TestScriptIsCleanShell(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip(err)
	}
	eachShell(t, func(t *testing.T, f *shellPD, s *shell) {
		c := exec.Command("shellcheck", "-")
		c.Stdin = strings.NewReader(s.write(f.plan()))
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
}
