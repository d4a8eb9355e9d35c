package machine

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ebb/playground/systemd"
	"ebb/playground/wire"
)

// serve answers requests until the process ends.
func (m *machine) serve(listener *net.UnixListener) {
	for {
		conn, err := listener.AcceptUnix()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			request, stdio, rest, err := wire.Receive(conn)
			var reply wire.Reply
			switch {
			case err != nil:
				reply = wire.Reply{Error: err.Error(), Code: 1}
			case request.Exec != nil:
				reply = m.exec(request.Exec, stdio, rest)
			case request.Halt != "":
				if err := m.units.Halt(request.Halt); err != nil {
					reply.Error = err.Error()
				}
			default:
				out := m.units.Systemctl(request.Systemctl, systemd.Caller{Root: m.mayChange(conn)})
				reply = wire.Reply{Stdout: out.Stdout, Stderr: out.Stderr, Code: out.Code}
			}
			closeAll(stdio)
			// Who has gone away does not want the answer.
			_ = json.NewEncoder(conn).Encode(reply)
		}()
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// exec runs a command to its end and passes on signals meanwhile. A connection
// that ends leaves the command running, as sshd and sudo do.
func (m *machine) exec(e *wire.Exec, stdio []*os.File, signals *json.Decoder) wire.Reply {
	env := append(m.cfg.environment(e.Root), e.Env...)
	path := e.Path
	if path == "" {
		if path = lookPath(e.Argv[0], m.cfg.path()); path == "" {
			return wire.Reply{Error: fmt.Sprintf("%s: command not found", e.Argv[0]), Code: 127}
		}
	}
	dir := e.Dir
	if info, err := os.Stat(dir); dir == "" || err != nil || !info.IsDir() {
		dir = "/"
	}
	p, err := m.tree.start(command{path: path, argv: e.Argv, env: env, dir: dir, files: stdio, as: m.credential(e.Root), tty: e.TTY})
	// The command alone keeps its files open, so that others see their end.
	closeAll(stdio)
	if err != nil {
		return wire.Reply{Error: err.Error(), Code: 126}
	}
	go func() {
		for {
			var s wire.Signal
			if signals.Decode(&s) != nil {
				return
			}
			killGroup(p.pid, s.Signal)
		}
	}()
	status := <-p.exited
	if status.Signaled() {
		return wire.Reply{Signal: status.Signal(), Code: 128 + int(status.Signal())}
	}
	return wire.Reply{Code: status.ExitStatus()}
}

// credential is who a command runs as; nil is this process's own user.
func (m *machine) credential(root bool) *syscall.Credential {
	if root || !m.cfg.User.Switch {
		return nil
	}
	id := uint32(m.cfg.User.GID)
	return &syscall.Credential{Uid: uint32(m.cfg.User.UID), Gid: id, Groups: []uint32{id}}
}

// mayChange tells whether whoever sent a request may start and stop units. Where
// there is only one user, sudo cannot be told from its absence.
func (m *machine) mayChange(conn *net.UnixConn) bool {
	if !m.cfg.User.Switch {
		return true
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	root := false
	err = raw.Control(func(fd uintptr) {
		peer, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		root = err == nil && peer.Uid == 0
	})
	return err == nil && root
}

// lookPath finds a command in a PATH. That of this process is another one.
func lookPath(name, path string) string {
	if strings.Contains(name, "/") {
		return name
	}
	for dir := range strings.SplitSeq(path, ":") {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}
