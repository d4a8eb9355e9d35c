// Package loopback gives every playground a /24 of 127.0.0.0/8, so that each of
// its hosts has an address of its own and every service its default port, and so
// that several playgrounds run side by side.
//
// All of 127.0.0.0/8 is local on Linux without any configuration. Other systems
// know 127.0.0.1 only.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
)

const (
	// controlPort is where the control API listens, on host controlHost of the
	// network.
	controlPort = 20999
	controlHost = 254

	// firstPrefix is the /16 from which networks are picked automatically.
	firstPrefix = "127.41"
)

// Network is a /24 that this process holds. It is held by listening on the
// control address: the kernel grants that to one process only, and takes it back
// even from one that is killed, so that no lock file can go stale.
type Network struct {
	prefix   netip.Prefix
	listener net.Listener
}

// BusyError says that a network is in use.
type BusyError struct {
	Prefix  string
	Address string // where another process listens
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("hold network %s.0/24: %s is in use", e.Prefix, e.Address)
}

// Hint tells what to do.
func (e *BusyError) Hint() string {
	return "leave --net out to have a free one picked, or see `ebb playground list`"
}

// Hold takes the network with the given prefix, such as "127.41.7". probe names
// host and port pairs that must be free in it: a process that listens on all
// addresses of this machine would be in the way.
func Hold(ctx context.Context, prefix string, probe map[int]int) (*Network, error) {
	parsed, err := parse(prefix)
	if err != nil {
		return nil, err
	}
	network := &Network{prefix: parsed}
	// Held first, then probed: a probe takes the port for a moment, which must not
	// be the moment in which the one who holds the network wants it.
	network.listener, err = network.listen(ctx, controlHost, controlPort)
	if err != nil {
		return nil, err
	}
	for host, port := range probe {
		listener, err := network.listen(ctx, host, port)
		if err != nil {
			network.listener.Close()
			return nil, err
		}
		listener.Close()
	}
	return network, nil
}

// HoldAny takes the first free network of 127.41.0.0/16.
func HoldAny(ctx context.Context, probe map[int]int) (*Network, error) {
	var last error
	for third := 1; third <= 254; third++ {
		network, err := Hold(ctx, firstPrefix+"."+strconv.Itoa(third), probe)
		var busy *BusyError
		if err == nil || !errors.As(err, &busy) {
			return network, err
		}
		last = err
	}
	return nil, fmt.Errorf("find a free loopback network: %w", last)
}

// Prefix returns the network as three numbers, such as "127.41.7".
func (n *Network) Prefix() string {
	octets := n.prefix.Addr().As4()
	return fmt.Sprintf("%d.%d.%d", octets[0], octets[1], octets[2])
}

// Host returns the address of host number i, 1 to 254.
func (n *Network) Host(i int) string {
	octets := n.prefix.Addr().As4()
	octets[3] = byte(i)
	return netip.AddrFrom4(octets).String()
}

// Listener accepts connections at the control address. Closing it gives the
// network back.
func (n *Network) Listener() net.Listener { return n.listener }

func (n *Network) listen(ctx context.Context, host, port int) (net.Listener, error) {
	address := net.JoinHostPort(n.Host(host), strconv.Itoa(port))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &BusyError{Prefix: n.Prefix(), Address: address}
	case err != nil:
		return nil, fmt.Errorf("hold network %s.0/24: %w", n.Prefix(), err)
	}
	return listener, nil
}

// PrefixError says that a text is not a loopback /24.
type PrefixError struct{ Text string }

func (e *PrefixError) Error() string {
	return fmt.Sprintf("parse network %q: want the first three numbers of a loopback address, such as 127.41.7", e.Text)
}

func parse(prefix string) (netip.Prefix, error) {
	addr, err := netip.ParseAddr(prefix + ".0")
	// 127.0.0 holds 127.0.0.1, where other programs listen.
	if err != nil || !addr.Is4() || !addr.IsLoopback() || prefix == "127.0.0" {
		return netip.Prefix{}, &PrefixError{Text: prefix}
	}
	return netip.PrefixFrom(addr, 24), nil
}
