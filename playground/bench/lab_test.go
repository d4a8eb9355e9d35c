package bench

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ebb/playground/bench/cost"
)

// lab is the PD and the programs that all benchmarks share.
var lab struct {
	*bigPD
	bin   string
	close func()
}

// The SOP's pipeline keeps the whole answer several times over. With less memory
// for a region than this the machine would measure its swapping.
const (
	wantedRegions  = 1_000_000
	kibOfARegion   = 13
	sizeVariable   = "EBB_BENCH_REGIONS"
	leftForTheRest = 1 << 20 // KiB
)

// open starts PD when the first benchmark runs.
func open(b *testing.B) {
	b.Helper()
	if lab.bigPD != nil {
		return
	}
	regions, why, err := howMany()
	if err != nil {
		b.Fatal(err)
	}
	bin, err := build()
	if err != nil {
		b.Fatal(err)
	}
	pd, stop, err := startPD(regions)
	if err != nil {
		os.RemoveAll(bin)
		b.Fatal(err)
	}
	lab.bigPD, lab.bin = pd, bin
	lab.close = func() {
		stop()
		os.RemoveAll(bin)
	}
	b.Logf("PD has %d regions%s, loaded in %.1f s", regions, why, pd.loaded.Seconds())
}

func howMany() (n int, why string, err error) {
	if text := os.Getenv(sizeVariable); text != "" {
		n, err = strconv.Atoi(text)
		return n, " ($" + sizeVariable + ")", err
	}
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, "", err
	}
	_, after, _ := strings.Cut(string(text), "MemAvailable:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0, "", errors.New("read /proc/meminfo: no MemAvailable")
	}
	available, err := strconv.Atoi(fields[0])
	if err != nil {
		return 0, "", err
	}
	if fit := (available - leftForTheRest) / kibOfARegion / 1000 * 1000; fit < wantedRegions {
		return max(fit, 1000), fmt.Sprintf(" (of %d: the memory of this machine has no room for jq over more)", wantedRegions), nil
	}
	return wantedRegions, "", nil
}

// sample is one run and what PD had to do for it.
type sample struct {
	cost.Cost
	PD time.Duration // CPU time
}

// watched runs f and adds what PD used meanwhile.
func watched(f func() (cost.Cost, error)) (s sample, err error) {
	if err := lab.collect(); err != nil {
		return s, err
	}
	before, err := lab.cpu()
	if err != nil {
		return s, err
	}
	own := ownCPU()
	if s.Cost, err = f(); err != nil {
		return s, err
	}
	if s.CPU == 0 { // it ran in this process
		s.CPU = ownCPU() - own
	}
	after, err := lab.cpu()
	s.PD = after - before
	return s, err
}

func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// command runs a command line of the measured programs and returns its output.
func command(b *testing.B, codes []int, args ...string) (s sample, out []byte) {
	b.Helper()
	file := filepath.Join(lab.bin, "out")
	var errs bytes.Buffer
	s, err := watched(func() (cost.Cost, error) { return measured(file, &errs, args) })
	if err != nil {
		b.Fatal(err)
	}
	if out, err = os.ReadFile(file); err != nil {
		b.Fatal(err)
	}
	for _, code := range codes {
		if s.Exit == code {
			return s, out
		}
	}
	b.Fatalf("%q: exit code %d, want one of %v\n%.2000s%s", args, s.Exit, codes, out, &errs)
	return s, nil
}

func measured(file string, errs *bytes.Buffer, args []string) (c cost.Cost, err error) {
	out, err := os.Create(file)
	if err != nil {
		return c, err
	}
	defer out.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return c, err
	}
	defer r.Close()
	cmd := exec.Command(filepath.Join(lab.bin, "measure"), args...)
	cmd.Env = append(os.Environ(), "HOME="+lab.bin, "XDG_STATE_HOME="+lab.bin, "TIUP_HOME="+lab.bin)
	cmd.Stdout, cmd.ExtraFiles = out, []*os.File{w}
	cmd.Stderr = errs
	err = cmd.Run()
	w.Close()
	if err != nil {
		return c, fmt.Errorf("%q: %w: %s", args, err, errs)
	}
	return c, json.NewDecoder(r).Decode(&c)
}

// fetch sends an answer of PD to w.
func fetch(w io.Writer, path string, query url.Values) error {
	response, err := http.Get(lab.url + "/pd/api/v1" + path + "?" + query.Encode())
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, response.Status)
	}
	_, err = io.Copy(w, response.Body)
	return err
}

// discardPages is the least that a reader of all regions can do: it asks for page
// after page and looks at nothing but where the next begins.
func discardPages(size int) (cost.Cost, error) {
	var buffer bytes.Buffer
	began := time.Now()
	for key := ""; ; {
		buffer.Reset()
		err := fetch(&buffer, "/regions/key", url.Values{"key": {key}, "limit": {strconv.Itoa(size)}})
		if err != nil {
			return cost.Cost{}, err
		}
		const name = `"end_key":"`
		page := buffer.Bytes()
		text, _, ok := bytes.Cut(page[bytes.LastIndex(page, []byte(name))+len(name):], []byte{'"'})
		end, err := hex.DecodeString(string(text))
		if !ok || err != nil {
			return cost.Cost{}, fmt.Errorf("page at %q: no end key: %w", key, err)
		}
		if len(end) == 0 {
			return cost.Cost{Wall: time.Since(began)}, nil
		}
		key = string(end)
	}
}
