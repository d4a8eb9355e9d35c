package operators

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ebb/cluster"
)

// TestMain lets the test program stand in for pd-ctl, see pdCtl.
func TestMain(m *testing.M) {
	if os.Getenv("STAND_IN_FOR") == "pd-ctl" {
		pdCtl(os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// pdCtl does what pd-ctl does, called by tiup: it says first what it starts, obeys
// PD_ADDR before -u, takes what a pipe holds for more arguments, and ends with 0
// whatever happens.
func pdCtl(args []string) {
	if addr := os.Getenv("PD_ADDR"); addr != "" {
		args = append(args, "-u", addr)
	}
	if stat, err := os.Stdin.Stat(); err != nil || stat.Mode()&os.ModeCharDevice == 0 {
		text, _ := io.ReadAll(os.Stdin)
		args = append(args, strings.Split(strings.TrimSpace(string(text)), " ")...)
	}
	fmt.Printf("Starting component `ctl`: /home/x/.tiup/components/ctl/v8.1.0/ctl pd %s\n", strings.Join(args, " "))
	if name := os.Getenv("ARGUMENTS"); name != "" {
		_ = os.WriteFile(name, []byte(strings.Join(args, "\n")), 0o600)
	}
	var url string
	var words []string
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-u":
			url, i = args[i+1], i+1
		case "--cacert", "--cert", "--key":
			i++
		default:
			words = append(words, args[i])
		}
	}
	switch call := strings.Join(words, " "); {
	case call == "cluster":
		pdCtlGet("Failed to get the cluster information: ", url+"/pd/api/v1/cluster")
	case len(words) == 2 && words[0] == "region":
		pdCtlGet("Failed to get region: ", url+"/pd/api/v1/region/id/"+words[1])
	case len(words) == 3 && strings.HasPrefix(call, "operator check "):
		pdCtlGet("", url+"/pd/api/v1/operators/"+words[2])
	case len(words) == 5 && strings.HasPrefix(call, "operator add remove-peer "):
		body := fmt.Sprintf(`{"name":"remove-peer","region_id":%s,"store_id":%s}`, words[3], words[4])
		resp, err := http.Post(url+"/pd/api/v1/operators", "application/json", strings.NewReader(body))
		if err != nil {
			fmt.Printf("Failed! %v\n", err)
			return
		}
		text, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			fmt.Printf("Failed! [%d] %s", resp.StatusCode, text)
			return
		}
		fmt.Printf("Success! %s\n", strings.Trim(string(text), "\"\n"))
	default:
		fmt.Printf("Error: unknown command %q\n", call)
	}
}

func pdCtlGet(failed, url string) {
	resp, err := http.Get(url)
	if err != nil {
		fmt.Printf("%s%v\n", failed, err)
		return
	}
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		fmt.Printf("%s[%d] %s\n", failed, resp.StatusCode, text)
		return
	}
	fmt.Println(string(text))
}

// shellPD is a PD as scripts see it.
type shellPD struct {
	*httptest.Server
	mu       sync.Mutex
	id       uint64
	compact  bool // as PD prints since 4.0.9; before, and through proxies, with spaces
	regions  map[int]map[string]any
	raw      map[int]func(n int) string // of the n-th reading, from 1; "" is the region
	reads    map[int]int
	operator map[int]string
	refuse   bool
	stuck    bool // operators are never carried out
	added    []string
}

type object = map[string]any

// newShellPD has the regions 7 and 70, each with a peer on store 98.
func newShellPD(t *testing.T) *shellPD {
	f := &shellPD{id: 7711068714383260834, regions: make(map[int]map[string]any), raw: make(map[int]func(int) string),
		reads: make(map[int]int), operator: make(map[int]string)}
	for _, id := range []int{7, 70} {
		f.regions[id] = shellRegion(id, 1, 2, 98)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pd/api/v1/cluster", func(w http.ResponseWriter, _ *http.Request) {
		f.print(w, struct {
			ID  uint64 `json:"id"`
			Max int    `json:"max_peer_count"`
		}{f.id, 3})
	})
	mux.HandleFunc("GET /pd/api/v1/region/id/{id}", f.serveRegion)
	mux.HandleFunc("GET /pd/api/v1/operators/{id}", f.serveOperator)
	mux.HandleFunc("POST /pd/api/v1/operators", f.addOperator)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func shellRegion(id int, stores ...int) object {
	var peers []object
	for i, s := range stores {
		peers = append(peers, object{"role_name": "Voter", "id": id*10 + i, "store_id": s})
	}
	return object{"peers": peers, "leader": peers[0], "down": []object{}, "pending": []object{}, "conf_ver": 5}
}

// printed has the fields in PD's order.
func printed(id int, r object) any {
	type epoch struct {
		ConfVer int `json:"conf_ver"`
		Version int `json:"version"`
	}
	out := struct {
		ID      int      `json:"id"`
		Start   string   `json:"start_key"`
		End     string   `json:"end_key"`
		Epoch   epoch    `json:"epoch"`
		Peers   []object `json:"peers"`
		Leader  object   `json:"leader"`
		Down    []object `json:"down_peers,omitempty"`
		Pending []object `json:"pending_peers,omitempty"`
		Size    int      `json:"approximate_size"`
	}{ID: id, Start: "61", Epoch: epoch{r["conf_ver"].(int), 31}, Peers: r["peers"].([]object), Size: 96}
	out.Leader, _ = r["leader"].(object)
	out.Down, out.Pending = r["down"].([]object), r["pending"].([]object)
	return out
}

func (f *shellPD) print(w io.Writer, v any) {
	text, _ := json.Marshal(v)
	if !f.compact {
		var b bytes.Buffer
		_ = json.Indent(&b, text, "", "  ")
		text = b.Bytes()
	}
	_, _ = w.Write(append(text, '\n'))
}

func (f *shellPD) serveRegion(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var id int
	_, _ = fmt.Sscan(r.PathValue("id"), &id)
	f.reads[id]++
	if raw := f.raw[id]; raw != nil {
		if text := raw(f.reads[id]); text != "" {
			_, _ = io.WriteString(w, text)
			return
		}
	}
	if region := f.regions[id]; region != nil {
		f.print(w, printed(id, region))
		return
	}
	f.print(w, object{"id": 0, "start_key": "", "end_key": "", "leader": object{"role_name": ""}})
}

func (f *shellPD) serveOperator(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var id int
	_, _ = fmt.Sscan(r.PathValue("id"), &id)
	text, ok := f.operator[id]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		text = "[PD:operator:ErrOperatorNotFound]operator not found"
	}
	f.print(w, text)
}

func (f *shellPD) addOperator(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var body struct {
		Name   string `json:"name"`
		Region int    `json:"region_id"`
		Store  int    `json:"store_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Name != "remove-peer" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.added = append(f.added, fmt.Sprintf("%d/%d", body.Region, body.Store))
	if f.refuse {
		w.WriteHeader(http.StatusInternalServerError)
		f.print(w, "failed to add operator, maybe already have one")
		return
	}
	f.operator[body.Region] = "status: RUNNING, operator: admin-remove-peer {rm peer: store [98]}"
	if !f.stuck {
		f.carryOut(body.Region, body.Store)
	}
	f.print(w, "The operator is created.")
}

func (f *shellPD) carryOut(id, store int) {
	r := f.regions[id]
	var left []object
	for _, p := range r["peers"].([]object) {
		if p["store_id"] != store {
			left = append(left, p)
		}
	}
	r["peers"], r["conf_ver"] = left, r["conf_ver"].(int)+1
	// PD forgets who was down with the next heartbeat only.
	r["down"] = []object{{"down_seconds": 700, "peer": object{"id": 1, "store_id": store}}}
	f.operator[id] = "status: SUCCESS, operator: admin-remove-peer {rm peer: store [98]} finished"
}

func (f *shellPD) posted() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.added, " ")
}

// shellPlan removes the peers on store 98 of the regions 7 and 70.
func (f *shellPD) plan() *Plan {
	p := &Plan{ClusterID: f.id, PDVersion: "v8.1.0", ReadAt: time.Now(), Left: []Orphan{}}
	for _, id := range []cluster.RegionID{7, 70} {
		p.Removals = append(p.Removals, Orphan{RegionID: id, StoreID: 98, Verdict: Safe, Epoch: cluster.RegionEpoch{ConfVer: 5, Version: 31}})
	}
	return p
}

// shell runs scripts.
type shell struct {
	t    *testing.T
	dir  string
	opts ScriptOptions
	env  []string
}

func newShell(t *testing.T, f *shellPD, format Format) *shell {
	t.Helper()
	needed := []string{"bash"}
	if format == FormatCurl {
		needed = append(needed, "curl")
	}
	for _, name := range needed {
		if _, err := exec.LookPath(name); err != nil {
			t.Skip(err)
		}
	}
	s := &shell{t: t, dir: t.TempDir(), opts: ScriptOptions{Format: format, PD: f.URL, ValidFor: time.Minute}}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	standIn := fmt.Sprintf("#!/bin/sh\nSTAND_IN_FOR=pd-ctl exec %s \"$@\"\n", shellQuote(self))
	if err := os.WriteFile(filepath.Join(s.dir, "pd-ctl"), []byte(standIn), 0o700); err != nil {
		t.Fatal(err)
	}
	s.env = append(os.Environ(), "PATH="+s.dir+":"+os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0",
		"PD_ADDR=http://127.0.0.1:1", "http_proxy=http://127.0.0.1:1", "HTTP_PROXY=http://127.0.0.1:1")
	return s
}

func (s *shell) write(p *Plan) string {
	s.t.Helper()
	var b strings.Builder
	if err := WriteScript(&b, p, s.opts); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

// command runs bash, which reads the script from a pipe.
func (s *shell) command(script string) *exec.Cmd {
	c := exec.Command("bash")
	c.Stdin, c.Env, c.Dir = strings.NewReader(script), s.env, s.dir
	return c
}

func (s *shell) run(script string, code int) string {
	s.t.Helper()
	c := s.command(script)
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		s.t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != code {
		s.t.Errorf("exit code %d, want %d: %s", got, code, out)
	}
	return string(out)
}
