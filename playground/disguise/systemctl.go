package disguise

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"ebb/playground/wire"
)

// systemctl asks the first process of the host, as the real one asks systemd.
func systemctl(args []string) int {
	conn, err := wire.Dial(wire.HostSocket(os.Getenv(HostVariable)))
	if err != nil {
		fmt.Fprintln(os.Stderr, "Failed to connect to bus: Connection refused")
		return 1
	}
	defer func() { _ = conn.Close() }()
	// A command line without arguments is one, too.
	if args == nil {
		args = []string{}
	}
	var reply wire.Reply
	err = wire.Send(conn, wire.Request{Systemctl: args})
	if err == nil {
		err = json.NewDecoder(conn).Decode(&reply)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "Failed to get reply: Connection reset by peer")
		return 1
	}
	_, _ = io.WriteString(os.Stdout, reply.Stdout)
	_, _ = io.WriteString(os.Stderr, reply.Stderr)
	return reply.Code
}
