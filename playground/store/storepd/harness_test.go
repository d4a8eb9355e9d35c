// Package storepd holds the tests of simulated stores against a real PD. They
// are apart from package store so that its own tests build without PD. They are
// not for the race detector: it finds races inside PD itself (pkg/core reads a
// region's meta without the lock that setRegionLocked writes it under).
package storepd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"ebb/playground/pd"
	"ebb/playground/store"
)

// cluster is a PD with stores, and the HTTP calls the tests make.
type cluster struct {
	t     *testing.T
	pd    *pd.Cluster
	fleet *store.Fleet
}

// network numbers the clusters of this process.
var network atomic.Int32

// hostOf gives every PD member its own loopback address, in this process and, as
// good as always, in any other that runs these tests at the same time.
func hostOf(network, member int) string {
	pid := os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d", 64+pid%128, (pid/128+network)%256, member+1)
}

func startPD(t *testing.T, members int) *pd.Cluster {
	t.Helper()
	n := int(network.Add(1))
	hosts := make([]string, members)
	for i := range hosts {
		hosts[i] = hostOf(n, i)
	}
	c, err := pd.Start(t.Context(), pd.Config{
		Members: members, Hosts: hosts, Dir: t.TempDir(), PatrolInterval: 10 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Log("close PD:", err)
		}
	})
	return c
}

// start brings up PD and stores. Its tests do not run in parallel: an embedded PD
// keeps its version in process-wide variables, which a second one would overwrite
// while the first reads them.
func start(t *testing.T, members int, cfg store.Config) *cluster {
	t.Helper()
	c := &cluster{t: t, pd: startPD(t, members)}
	cfg.PD = c.pd.Endpoints()
	c.startFleet(cfg)
	return c
}

func (c *cluster) startFleet(cfg store.Config) {
	c.t.Helper()
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(c.t.Output(), nil))
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	defer cancel()
	began := time.Now()
	fleet, err := store.Start(ctx, cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Logf("%d regions on %d stores loaded in %v", cfg.Regions, len(cfg.Stores), time.Since(began).Round(time.Millisecond))
	c.fleet = fleet
	c.t.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			c.t.Error(err)
		}
	})
	c.call(http.MethodPost, "/stores/limit", map[string]any{"rate": 100000}, nil)
}

// specs describes n TiKV stores on free ports.
func specs(n int) []store.Spec {
	out := make([]store.Spec, n)
	for i := range out {
		out[i] = store.Spec{DeployDir: fmt.Sprintf("/deploy/tikv-%d", i), DataDir: fmt.Sprintf("/data/tikv-%d", i)}
	}
	return out
}

// call speaks to PD over HTTP and fails the test unless PD answers 200.
func (c *cluster) call(method, path string, in, out any) {
	c.t.Helper()
	var last error
	for range 20 { // a new PD leader needs a moment
		if last = c.try(method, path, in, out); last == nil {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	c.t.Fatal(last)
}

func (c *cluster) try(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	for _, endpoint := range c.pd.Endpoints() {
		var req *http.Request
		if req, err = http.NewRequest(method, endpoint+"/pd/api/v1"+path, bytes.NewReader(body)); err != nil {
			return err
		}
		req.Close = true
		var resp *http.Response
		if resp, err = http.DefaultClient.Do(req); err != nil {
			continue
		}
		text, readErr := io.ReadAll(resp.Body)
		resp.Body.Close()
		if readErr != nil || resp.StatusCode != http.StatusOK {
			err = errors.Join(fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text), readErr)
			continue
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(text, out)
	}
	return err
}

// pdStore is PD's record of a store.
type pdStore struct {
	Store struct {
		ID        uint64 `json:"id"`
		Address   string `json:"address"`
		StateName string `json:"state_name"`
		Peer      string `json:"peer_address"`
	} `json:"store"`
	Status struct {
		Leaders int `json:"leader_count"`
		Regions int `json:"region_count"`
	} `json:"status"`
}

func (c *cluster) store(id uint64) pdStore {
	c.t.Helper()
	var s pdStore
	c.call(http.MethodGet, fmt.Sprintf("/store/%d", id), nil, &s)
	return s
}

// pdRegion is PD's view of a region.
type pdRegion struct {
	ID     uint64 `json:"id"`
	Leader struct {
		Store uint64 `json:"store_id"`
	} `json:"leader"`
	Peers []struct {
		ID    uint64 `json:"id"`
		Store uint64 `json:"store_id"`
		Role  string `json:"role_name"`
	} `json:"peers"`
	Epoch struct {
		ConfVer uint64 `json:"conf_ver"`
		Version uint64 `json:"version"`
	} `json:"epoch"`
	Down []struct {
		Seconds uint64 `json:"down_seconds"`
	} `json:"down_peers"`
	Pending []struct {
		Store uint64 `json:"store_id"`
	} `json:"pending_peers"`
}

func (c *cluster) regions(path string) []pdRegion {
	c.t.Helper()
	var list struct {
		Regions []pdRegion `json:"regions"`
	}
	c.call(http.MethodGet, path, nil, &list)
	return list.Regions
}

func (c *cluster) region(id uint64) pdRegion {
	c.t.Helper()
	var r pdRegion
	c.call(http.MethodGet, fmt.Sprintf("/region/id/%d", id), nil, &r)
	return r
}

// await polls until ok, and fails the test with what after the deadline.
func (c *cluster) await(limit time.Duration, what string, ok func() bool) {
	c.t.Helper()
	began := time.Now()
	for time.Since(began) < limit {
		if ok() {
			c.t.Logf("%s after %v", what, time.Since(began).Round(10*time.Millisecond))
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.t.Fatalf("not within %v: %s", limit, what)
}

// must fails the test on an error.
func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
