package hosts

import (
	"context"
	"io"
	"net"
	"net/netip"

	"golang.org/x/crypto/ssh"
)

// admits tells whether an SSH client at this address may connect. A host behind a
// jump host knows that one only, as behind a firewall.
func (h *Host) admits(client net.Addr) bool {
	at, err := netip.ParseAddrPort(client.String())
	return h.onlyVia == "" || err == nil && at.Addr().String() == h.onlyVia
}

// forward is a connection through the host, as through a jump host: it comes from
// the host's own address.
func (h *Host) forward(offered ssh.NewChannel) {
	var target struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}
	if ssh.Unmarshal(offered.ExtraData(), &target) != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(h.IP)}}
	conn, err := from.DialContext(context.Background(), "tcp", joinPort(target.Host, int(target.Port)))
	if err != nil {
		_ = offered.Reject(ssh.ConnectionFailed, "Connection refused")
		return
	}
	defer conn.Close()
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer func() { _ = channel.Close() }()
	go ssh.DiscardRequests(requests)
	go func() {
		_, _ = io.Copy(conn, channel)
		conn.Close()
	}()
	_, _ = io.Copy(channel, conn)
}
