package decommission

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// tcpListen is the state LISTEN in /proc/net/tcp (include/net/tcp_states.h).
const tcpListen = "0A"

// listListeners prints the listeners among the connections of a host, which may have
// a hundred thousand of others, behind the headers of the tables. A host without IPv6
// has the first table only.
const listListeners = `in4=/proc/net/tcp in6=/proc/net/tcp6
grep -e local_address -e " 0A " "$in4" && if [ -e "$in6" ]; then grep -e local_address -e " 0A " "$in6"; fi`

// ListeningPorts tells which of the ports something listens on, at one of the
// given addresses of the host or at all of its addresses. Names among them are
// not resolved here: with one, and without any address at all, a listener at any
// address counts.
func ListeningPorts(ctx context.Context, h Host, addresses []string, ports []int) ([]int, error) {
	out, err := h.Run(ctx, Command{Argv: []string{"sh", "-c", listListeners}})
	if err != nil {
		return nil, fmt.Errorf("look for listeners: %w", err)
	}
	if !strings.Contains(out, "local_address") {
		return nil, fmt.Errorf("look for listeners: /proc/net/tcp is not what it should be: %.80q", out)
	}
	at, all := parseAddresses(addresses)
	var open []int
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[3] != tcpListen {
			continue
		}
		local, err := parseProcAddr(fields[1])
		if err != nil {
			return nil, fmt.Errorf("look for listeners: %w", err)
		}
		port := int(local.Port())
		ip := local.Addr().Unmap()
		if slices.Contains(ports, port) && !slices.Contains(open, port) && (all || ip.IsUnspecified() || slices.Contains(at, ip)) {
			open = append(open, port)
		}
	}
	slices.Sort(open)
	return open, nil
}

// parseAddresses reads addresses; all is true when they are not all known.
func parseAddresses(addresses []string) (list []netip.Addr, all bool) {
	for _, text := range addresses {
		ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil {
			return nil, true
		}
		list = append(list, ip.Unmap())
	}
	return list, len(list) == 0
}

// parseProcAddr reads "0100007F:1F90": the address as 32-bit words in the byte
// order of the machine (little endian wherever TiKV runs), and the port.
func parseProcAddr(text string) (netip.AddrPort, error) {
	addr, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(addr)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("want an address as in /proc/net/tcp, got %q", text)
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("want a port as in /proc/net/tcp, got %q", text)
	}
	ip, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip, uint16(n)), nil
}
