package topology

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// JoinHostPort makes "host:port", with brackets around an IPv6 host whether or
// not it came with them. It is how tiup spells instance ids.
func JoinHostPort(host string, port int) string {
	return net.JoinHostPort(bareHost(host), strconv.Itoa(port))
}

// bareHost takes the brackets off an IPv6 host.
func bareHost(host string) string {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host[1 : len(host)-1]
	}
	return host
}

// normalHost is the form in which hosts are compared: names without case, IP
// addresses in their one canonical spelling.
func normalHost(host string) string {
	host = strings.ToLower(bareHost(strings.TrimSpace(host)))
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.String()
	}
	return host
}

// normalAddress is the form in which "host:port" addresses are compared. What
// has no port is compared as a host.
func normalAddress(address string) string {
	address = strings.TrimSpace(address)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return normalHost(address)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(n, 10)
	}
	return net.JoinHostPort(normalHost(host), port)
}

// SameAddress reports whether two "host:port" addresses are one, however spelled.
func SameAddress(a, b string) bool { return normalAddress(a) == normalAddress(b) }

// hostOf is the host of a normalised address, with or without a port.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}
