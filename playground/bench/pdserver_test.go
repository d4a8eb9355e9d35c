package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pingcap/kvproto/pkg/metapb"
	"github.com/pingcap/kvproto/pkg/pdpb"
	"github.com/tikv/pd/server"

	"ebb/playground/loopback"
	"ebb/playground/pd"
)

// regionsVariable makes the test binary a PD with that many regions, in a process
// of its own so that what PD uses is known apart from what its clients use.
const regionsVariable = "EBB_BENCH_SERVE_REGIONS"

// servePD serves until stdin ends, which it also does when the benchmark dies.
// It prints its URL when all regions are there, and a line for each line that it
// reads when it has collected its garbage.
func servePD(count string) (err error) {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "ebb-bench-pd-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	network, err := loopback.HoldAny(ctx, map[int]int{1: pd.DefaultClientPort})
	if err != nil {
		return err
	}
	defer network.Listener().Close()
	cluster, err := pd.Start(ctx, pd.Config{
		Hosts: []string{network.Host(1)}, Dir: dir, MaxReplicas: 3,
		Settings: map[string]any{"schedule.halt-scheduling": true, "log.level": "warn"},
	})
	if err != nil {
		return err
	}
	defer cluster.Close()
	srv, err := cluster.LeaderServer(ctx)
	if err != nil {
		return err
	}
	stores := &fleet{pd: &server.GrpcServer{Server: srv}, header: &pdpb.RequestHeader{ClusterId: srv.ClusterID()}}
	if err := stores.join(ctx, n); err != nil {
		return err
	}
	cache := srv.GetRaftCluster().GetBasicCluster()
	for i := range n {
		cache.PutRegion(regionAt(i, n))
	}
	cache.UpdateAllStoreStatus()
	if err := stores.beat(ctx); err != nil {
		return err
	}
	go stores.beatOn(ctx)
	fmt.Println(cluster.Endpoints()[0])
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		runtime.GC()
		fmt.Println()
	}
	return lines.Err()
}

// fleet is stores that do nothing but live.
type fleet struct {
	pd     *server.GrpcServer
	header *pdpb.RequestHeader
}

// join bootstraps the cluster with the first of n regions and adds all stores.
func (f *fleet) join(ctx context.Context, n int) error {
	region := regionAt(0, n).GetMeta()
	first := &metapb.Region{Id: region.Id, Peers: region.Peers[:1], RegionEpoch: &metapb.RegionEpoch{ConfVer: 1, Version: 1}}
	bootstrap, err := f.pd.Bootstrap(ctx, &pdpb.BootstrapRequest{Header: f.header, Store: storeAt(first.Peers[0].StoreId), Region: first})
	if err := refusal(bootstrap.GetHeader(), err); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	for id := range uint64(allStores) {
		put, err := f.pd.PutStore(ctx, &pdpb.PutStoreRequest{Header: f.header, Store: storeAt(id + 1)})
		if err := refusal(put.GetHeader(), err); err != nil {
			return fmt.Errorf("put store %d: %w", id+1, err)
		}
	}
	return nil
}

func (f *fleet) beat(ctx context.Context) error {
	cache := f.pd.GetRaftCluster().GetBasicCluster()
	for id := range uint64(allStores) {
		beat, err := f.pd.StoreHeartbeat(ctx, &pdpb.StoreHeartbeatRequest{Header: f.header, Stats: &pdpb.StoreStats{
			StoreId: id + 1, Capacity: 32 << 40, Available: 18 << 40, UsedSize: 14 << 40,
			RegionCount: uint32(cache.GetStoreRegionCount(id + 1)), StartTime: uint32(time.Now().Add(-time.Hour).Unix()),
		}})
		if err := refusal(beat.GetHeader(), err); err != nil {
			return fmt.Errorf("heartbeat of store %d: %w", id+1, err)
		}
	}
	return nil
}

func (f *fleet) beatOn(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(5 * time.Second)
		if err := f.beat(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func refusal(header *pdpb.ResponseHeader, err error) error {
	if err == nil && header.GetError() != nil {
		return fmt.Errorf("%s", header.GetError().GetMessage())
	}
	return err
}

// bigPD is a PD that serves in a process of its own.
type bigPD struct {
	url     string
	pid     int
	regions int
	loaded  time.Duration

	in  io.Writer
	out *bufio.Reader
}

// collect has PD collect its garbage, which at this size costs as much as an
// answer, so that a run does not pay for the one before.
func (p *bigPD) collect() error {
	if _, err := fmt.Fprintln(p.in); err != nil {
		return err
	}
	_, err := p.out.ReadString('\n')
	return err
}

// startPD starts this program once more as PD. stop ends it.
func startPD(regions int) (p *bigPD, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), regionsVariable+"="+strconv.Itoa(regions))
	cmd.Stderr = os.Stderr
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop = func() {
		life.Close()
		_ = cmd.Wait()
	}
	lines := bufio.NewReader(out)
	url, err := lines.ReadString('\n')
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("start PD with %d regions: %w", regions, err)
	}
	p = &bigPD{
		url: strings.TrimSpace(url), pid: cmd.Process.Pid, regions: regions, loaded: time.Since(began),
		in: life, out: lines,
	}
	return p, stop, nil
}

// ticks of the clock in which the kernel counts, on every Linux of today.
const ticks = 100

// cpu is what PD has used so far.
func (p *bigPD) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0, err
	}
	// The name of the program, in parentheses, may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("read CPU time of PD: %q", text)
	}
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * time.Second / ticks
	}
	return sum, nil
}
