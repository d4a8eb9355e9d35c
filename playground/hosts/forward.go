package hosts

import (
	"io"
	"net"

	"golang.org/x/crypto/ssh"
)

// forward is a connection through the host, as through a jump host.
func forward(offered ssh.NewChannel) {
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
	conn, err := net.Dial("tcp", joinPort(target.Host, int(target.Port)))
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
