package loopback_test

import (
	"errors"
	"net"
	"sync"
	"testing"

	"ebb/playground/loopback"
)

func TestHoldIsExclusive(t *testing.T) {
	first, err := loopback.Hold(t.Context(), "127.249.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Host(11); got != "127.249.1.11" {
		t.Errorf("host 11 is %s", got)
	}
	var busy *loopback.BusyError
	if _, err := loopback.Hold(t.Context(), "127.249.1", nil); !errors.As(err, &busy) {
		t.Errorf("holding it twice: %v", err)
	}
	first.Listener().Close()
	again, err := loopback.Hold(t.Context(), "127.249.1", nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Listener().Close()
}

func TestHoldProbes(t *testing.T) {
	other, err := net.Listen("tcp", "127.249.2.1:2379")
	if err != nil {
		t.Skip(err)
	}
	defer other.Close()
	var busy *loopback.BusyError
	_, err = loopback.Hold(t.Context(), "127.249.2", map[int]int{1: 2379})
	if !errors.As(err, &busy) || busy.Address != "127.249.2.1:2379" {
		t.Errorf("holding a network with a busy port: %v", err)
	}
}

func TestHoldAnyPicksDifferentNetworks(t *testing.T) {
	first, err := loopback.HoldAny(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Listener().Close()
	second, err := loopback.HoldAny(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Listener().Close()
	if first.Prefix() == second.Prefix() {
		t.Errorf("both got %s", first.Prefix())
	}
}

// Whoever holds a network can use its ports at once, however many others look
// for one.
func TestProbesDoNotDisturbTheHolder(t *testing.T) {
	probe := map[int]int{1: 2379, 11: 20160}
	for range 50 {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				network, err := loopback.HoldAny(t.Context(), probe)
				if err != nil {
					t.Error(err)
					return
				}
				defer network.Listener().Close()
				used, err := net.Listen("tcp", net.JoinHostPort(network.Host(1), "2379"))
				if err != nil {
					t.Errorf("use a port of the network just taken: %v", err)
					return
				}
				used.Close()
			})
		}
		group.Wait()
	}
}

func TestPrefix(t *testing.T) {
	for _, text := range []string{"", "127", "127.41", "10.0.1", "127.41.7.1", "127.0.0", "127.41.300", "localhost"} {
		var invalid *loopback.PrefixError
		if _, err := loopback.Hold(t.Context(), text, nil); !errors.As(err, &invalid) {
			t.Errorf("prefix %q: %v", text, err)
		}
	}
}
