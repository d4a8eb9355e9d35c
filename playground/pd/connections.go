package pd

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// breakConnections shuts down every connection that this process has accepted
// at the member's client and peer addresses. etcd waits up to ReqTimeout, nine
// seconds here, for open streams to end by themselves, and TiKV's heartbeat
// stream never does; a host that loses power breaks them at once.
//
// The connections are found by their local address, which belongs to this member
// alone because every member has a loopback address of its own.
func breakConnections(e endpoint) error {
	targets := make(map[netip.AddrPort]bool, 2)
	for _, raw := range []string{e.clientURL, e.peerURL} {
		parsed, err := url.Parse(raw)
		if err != nil {
			return fmt.Errorf("parse member address: %w", err)
		}
		addr, err := netip.ParseAddrPort(parsed.Host)
		if err != nil {
			return fmt.Errorf("parse member address: %w", err)
		}
		targets[addr] = true
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return fmt.Errorf("list open files: %w", err)
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if err := shutdownIfLocal(fd, targets); err != nil {
			return err
		}
	}
	return nil
}

// shutdownIfLocal shuts fd down if it is a connection whose local end is in
// targets. Files that are no connection, or were closed meanwhile, are left
// alone.
func shutdownIfLocal(fd int, targets map[netip.AddrPort]bool) error {
	if local, ok := localEnd(fd); !ok || !targets[local] {
		return nil
	}
	err := unix.Shutdown(fd, unix.SHUT_RDWR)
	if err != nil && !errors.Is(err, unix.ENOTCONN) && !errors.Is(err, unix.EBADF) {
		return fmt.Errorf("shut down connection: %w", err)
	}
	return nil
}

// localEnd returns the local address of a connection; a listener has no peer and
// is none.
func localEnd(fd int) (netip.AddrPort, bool) {
	local, err := unix.Getsockname(fd)
	if err != nil {
		return netip.AddrPort{}, false
	}
	if _, err := unix.Getpeername(fd); err != nil {
		return netip.AddrPort{}, false
	}
	return addrPort(local), true
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
