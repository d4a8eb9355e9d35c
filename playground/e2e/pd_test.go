package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ask sends a request past the proxy to the first PD member that answers, and
// returns what it said.
func (b *bench) ask(method, path string, in any) (status int, body string) {
	b.Helper()
	raw, err := json.Marshal(in)
	b.must(err)
	if in == nil {
		raw = nil
	}
	for deadline := time.Now().Add(eventually); ; time.Sleep(250 * time.Millisecond) {
		for _, endpoint := range b.PD() {
			req, err := http.NewRequest(method, endpoint+api+path, bytes.NewReader(raw))
			b.must(err)
			req.Close = true
			resp, err := b.client().Do(req)
			if err != nil {
				continue
			}
			text, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			// While there is no leader, or it has just begun, the answer is not
			// about the question.
			if err == nil && resp.StatusCode != http.StatusServiceUnavailable && !strings.Contains(string(text), "TiKV cluster not bootstrapped") {
				return resp.StatusCode, strings.TrimSpace(string(text))
			}
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s %s: no PD member answers", method, path)
		}
	}
}

// client speaks to PD, with the certificates of the playground if it has any.
func (b *bench) client() *http.Client {
	b.Helper()
	config, err := b.Certs().Config()
	b.must(err)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

// tell is a write that PD has to accept.
func (b *bench) tell(method, path string, in any) {
	b.Helper()
	if status, body := b.ask(method, path, in); status != http.StatusOK {
		b.Fatalf("%s %s: PD says %d %s", method, path, status, body)
	}
}

// read decodes an answer of PD.
func (b *bench) read(path string, out any) {
	b.Helper()
	status, body := b.ask(http.MethodGet, path, nil)
	if status != http.StatusOK {
		b.Fatalf("GET %s: PD says %d %s", path, status, body)
	}
	if err := json.Unmarshal([]byte(body), out); err != nil {
		b.Fatalf("GET %s: %v\n%s", path, err, body)
	}
}

// config sets items of PD's configuration.
func (b *bench) config(items map[string]any) {
	b.Helper()
	b.tell(http.MethodPost, "/config", items)
}

// pdStore is PD's record of a store.
type pdStore struct {
	Store struct {
		ID        uint64 `json:"id"`
		Address   string `json:"address"`
		State     *int   `json:"state"`
		StateName string `json:"state_name"`
		Destroyed bool   `json:"physically_destroyed"`
	} `json:"store"`
	Status struct {
		Leaders int `json:"leader_count"`
		Regions int `json:"region_count"`
	} `json:"status"`
}

const allStates = "/stores?state=0&state=1&state=2"

// stores are PD's records in all states.
func (b *bench) stores() map[uint64]pdStore {
	b.Helper()
	var list struct {
		Stores []pdStore `json:"stores"`
	}
	b.read(allStates, &list)
	stores := make(map[uint64]pdStore)
	for _, s := range list.Stores {
		stores[s.Store.ID] = s
	}
	return stores
}

// state is PD's word for a store, "" when it has no record.
func (b *bench) pdState(id uint64) string {
	b.Helper()
	return b.stores()[id].Store.StateName
}

// regionsOn counts the regions that PD knows to have a peer on a store.
func (b *bench) regionsOn(id uint64) int {
	b.Helper()
	var list struct {
		Count int `json:"count"`
	}
	b.read(fmt.Sprintf("/regions/store/%d", id), &list)
	return list.Count
}

// limits are the store limits as PD reports them.
func (b *bench) limits() map[string]map[string]float64 {
	b.Helper()
	limits := make(map[string]map[string]float64)
	b.read("/stores/limit", &limits)
	return limits
}

// picture is all that ebb may change, each part as PD or the disk has it, byte
// for byte.
type picture map[string]string

func (b *bench) picture() picture {
	b.Helper()
	p := make(picture)
	for _, path := range []string{"/stores/limit", "/config", "/schedulers", "/scheduler-config/evict-leader-scheduler/list", "/config/rules", "/config/region-label/rules"} {
		status, body := b.ask(http.MethodGet, path, nil)
		if path == "/schedulers" {
			body = sortedNames(body)
		}
		p[path] = fmt.Sprintf("%d %s", status, body)
	}
	text, err := os.ReadFile(b.Topology())
	b.must(err)
	p["topology"] = string(text)
	stores := b.stores()
	for _, id := range slices.Sorted(maps.Keys(stores)) {
		// The words for a silent store change by themselves.
		name := strings.NewReplacer("Disconnected", "Up", "Down", "Up").Replace(stores[id].Store.StateName)
		p["stores"] += fmt.Sprintf("%d %s %s %v\n", id, stores[id].Store.Address, name, stores[id].Store.Destroyed)
	}
	return p
}

// sortedNames puts a JSON list of names in order: PD lists its schedulers by
// walking over a map.
func sortedNames(list string) string {
	var names []string
	if json.Unmarshal([]byte(list), &names) != nil {
		return list
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// wantSame compares two pictures.
func (b *bench) wantSame(before, after picture) {
	b.Helper()
	for part := range before {
		if before[part] != after[part] {
			b.Errorf("%s changed:\n%s", part, differences(before[part], after[part]))
		}
	}
}

// differences lists the lines that only one of two texts has.
func differences(before, after string) string {
	var b strings.Builder
	for _, side := range []struct{ sign, text, other string }{{"-", before, after}, {"+", after, before}} {
		others := strings.Split(side.other, "\n")
		for line := range strings.SplitSeq(side.text, "\n") {
			if !slices.Contains(others, line) {
				fmt.Fprintln(&b, side.sign, line)
			}
		}
	}
	return b.String()
}

// evicting are the stores under evict-leader.
func (b *bench) evicting() []string {
	b.Helper()
	status, body := b.ask(http.MethodGet, "/scheduler-config/evict-leader-scheduler/list", nil)
	if status == http.StatusNotFound {
		return nil
	}
	var list struct {
		Ranges map[string]any `json:"store-id-ranges"`
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		b.Fatalf("evict-leader: %d %s", status, body)
	}
	return slices.Sorted(maps.Keys(list.Ranges))
}

// awaitStoreLimits waits until PD keeps limits for every store. PD copies its
// settings, adds a store and writes them back without a lock, so of stores that join
// at the same time one may stay without, to get the entry whenever PD looks for it
// next: a change of /config that nobody made.
func (b *bench) awaitStoreLimits(rates map[string]float64) {
	b.Helper()
	b.await("PD keeps limits for every store", func() bool {
		var schedule struct {
			StoreLimit map[string]map[string]float64 `json:"store-limit"`
		}
		b.read("/config/schedule", &schedule)
		complete := true
		for _, s := range slices.Concat(b.tikv(), b.tiflash()) {
			if schedule.StoreLimit[strconv.FormatUint(s.ID, 10)] != nil {
				continue
			}
			complete = false
			for kind, rate := range rates {
				b.tell(http.MethodPost, fmt.Sprintf("/store/%d/limit", s.ID), map[string]any{"rate": rate, "type": kind})
			}
		}
		return complete
	})
}
