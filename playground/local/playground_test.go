package local_test

import (
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"ebb/playground/layout"
	"ebb/playground/local"
	"ebb/playground/loopback"
)

// A network that can be taken again has all of its ports free: the next
// playground starts right into it.
func TestNetworkIsGivenBackLast(t *testing.T) {
	shape := layout.Shape{PD: 3, TiKV: 3, Replicas: 3}
	network, err := loopback.HoldAny(t.Context(), shape.ProbePorts())
	if err != nil {
		t.Fatal(err)
	}
	playground, err := local.Start(t.Context(), local.Config{
		Shape: shape, Network: network, Dir: t.TempDir(), Regions: 16, RegionSize: 96, Speed: 4,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error, 1)
	go func() { closed <- playground.Close() }()

	var again *loopback.Network
	for deadline := time.Now().Add(30 * time.Second); again == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the network was never given back")
		}
		again, _ = loopback.Hold(t.Context(), network.Prefix(), nil)
	}
	defer again.Listener().Close()
	ports := []string{":2379", ":2380"}
	for host := range 3 {
		for _, port := range ports {
			wantFree(t, again.Host(1+host)+port)
		}
		wantFree(t, fmt.Sprintf("%s:%d", again.Host(layout.FirstTiKVHost+host), layout.TiKVPort))
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func wantFree(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	listener.Close()
}
