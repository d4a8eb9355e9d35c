// Package wire is what the processes of a playground say to each other over Unix
// sockets: the shims and the SSH servers to the first process of a simulated
// host, and the store processes to the fleet that thinks for them.
//
// The sockets have abstract names. They need no file, which could be left
// behind, no short path, and are reachable from every mount namespace.
package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
)

// HostSocket is the name of the socket of the host with this address.
func HostSocket(ip string) string { return "@ebb-playground/" + ip }

// FleetSocket is the name of the socket where the processes of the stores in a
// network report. A store knows its network from its own address.
func FleetSocket(ip string) string {
	return "@ebb-playground/" + ip[:strings.LastIndexByte(ip, '.')+1] + "stores"
}

// Request asks a host for one thing; exactly one field is set. Three files come
// with Exec: standard input, output and error.
type Request struct {
	Exec      *Exec    `json:"exec,omitempty"`
	Systemctl []string `json:"systemctl,omitempty"` // arguments
	Halt      string   `json:"halt,omitempty"`      // a unit, to be killed and kept down
}

// Exec is a command to run.
type Exec struct {
	Path string   `json:"path,omitempty"` // empty: look Argv[0] up in the PATH of Env
	Argv []string `json:"argv"`
	Env  []string `json:"env"`
	Dir  string   `json:"dir"`
	// Root runs it as root, not as the login user.
	Root bool `json:"root,omitempty"`
	// TTY says that standard input is a terminal, to be the controlling one.
	TTY bool `json:"tty,omitempty"`
}

// Signal may follow an Exec while the command runs.
type Signal struct {
	Signal syscall.Signal `json:"signal"`
}

// Reply answers a request.
type Reply struct {
	Error  string         `json:"error,omitempty"` // the command could not be started
	Stdout string         `json:"stdout,omitempty"`
	Stderr string         `json:"stderr,omitempty"`
	Code   int            `json:"code"`             // exit status
	Signal syscall.Signal `json:"signal,omitempty"` // that ended the command
}

// Hello is the first thing a store process says to the fleet.
type Hello struct {
	Store string `json:"store"` // address, as registered with PD
	// Status makes the rest of the connection one of HTTP, to the status server
	// of the store. Without it the store runs for as long as the connection lasts.
	Status bool `json:"status,omitempty"`
}

// Welcome is the fleet's answer to a Hello without Status.
type Welcome struct {
	Refused string `json:"refused,omitempty"` // why the store may not run
}

// files is how many come with an Exec.
const files = 3

// Dial connects to a socket of this package.
func Dial(name string) (*net.UnixConn, error) {
	return net.DialUnix("unix", nil, &net.UnixAddr{Name: name, Net: "unix"})
}

// Listen listens on a socket of this package.
func Listen(name string) (*net.UnixListener, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: name, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen on socket %s: %w", name, err)
	}
	return l, nil
}

// Send writes a request, with the files that belong to it. One byte goes ahead
// to carry them, because they must be received together with the first byte.
func Send(conn *net.UnixConn, request Request, stdio ...*os.File) error {
	var rights []byte
	if len(stdio) > 0 {
		descriptors := make([]int, len(stdio))
		for i, f := range stdio {
			descriptors[i] = int(f.Fd())
		}
		rights = syscall.UnixRights(descriptors...)
	}
	if _, _, err := conn.WriteMsgUnix([]byte{'\n'}, rights, nil); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	return nil
}

// Receive reads a request and its files, which are the caller's to close, and
// returns the decoder for what follows.
func Receive(conn *net.UnixConn) (request Request, stdio []*os.File, rest *json.Decoder, err error) {
	rights := make([]byte, syscall.CmsgSpace(4*files))
	_, n, _, _, err := conn.ReadMsgUnix(make([]byte, 1), rights)
	if err != nil {
		return request, nil, nil, fmt.Errorf("receive request: %w", err)
	}
	if stdio, err = filesIn(rights[:n]); err != nil {
		return request, nil, nil, err
	}
	rest = json.NewDecoder(conn)
	if err := rest.Decode(&request); err != nil {
		return request, stdio, rest, fmt.Errorf("receive request: %w", err)
	}
	if request.Exec != nil && (len(stdio) != files || len(request.Exec.Argv) == 0) {
		return request, stdio, rest, errors.New("receive request: a command needs arguments and three files")
	}
	return request, stdio, rest, nil
}

func filesIn(rights []byte) ([]*os.File, error) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, fmt.Errorf("receive files: %w", err)
	}
	var received []*os.File
	for i := range messages {
		descriptors, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			return received, fmt.Errorf("receive files: %w", err)
		}
		for _, fd := range descriptors {
			syscall.CloseOnExec(fd)
			received = append(received, os.NewFile(uintptr(fd), "received"))
		}
	}
	return received, nil
}
