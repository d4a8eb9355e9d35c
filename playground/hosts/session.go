package hosts

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"

	"ebb/playground/wire"
)

// session is one SSH session: a command, a shell or a subsystem.
type session struct {
	server  *server
	channel ssh.Channel
	raw     net.Conn
	login   *ssh.ServerConn
	env     []string
	tty     *terminal // nil unless one was asked for

	mu      sync.Mutex
	running *net.UnixConn // to the host, while the command runs
}

// Payloads of requests, as RFC 4254 defines them.
type (
	execRequest   struct{ Command string }
	envRequest    struct{ Name, Value string }
	signalRequest struct{ Name string }
	exitStatus    struct{ Status uint32 }
	exitSignal    struct {
		Name       string
		CoreDumped bool
		Message    string
		Language   string
	}
)

func (s *server) serveSession(login *ssh.ServerConn, raw net.Conn, offered ssh.NewChannel) {
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer func() { _ = channel.Close() }()
	se := &session{server: s, channel: channel, raw: raw, login: login}
	defer func() {
		if se.tty != nil {
			se.tty.close()
		}
	}()
	var command sync.WaitGroup
	started := false
	for request := range requests {
		argv, ok := se.argv(request)
		if argv == nil {
			reply(request, ok)
			continue
		}
		reply(request, !started)
		if !started {
			started = true
			command.Go(func() {
				se.run(argv)
				_ = channel.Close()
			})
		}
	}
	if se.tty != nil {
		// A terminal hangs up, and its shell with it.
		se.tty.close()
	}
	command.Wait()
}

func reply(request *ssh.Request, ok bool) {
	if request.WantReply {
		_ = request.Reply(ok, nil)
	}
}

// argv returns what a request wants to be run; nil for a request of another
// kind, which is then done.
func (se *session) argv(request *ssh.Request) (argv []string, ok bool) {
	shell := se.server.host.inside.User.Shell
	switch request.Type {
	case "exec":
		var r execRequest
		if ssh.Unmarshal(request.Payload, &r) != nil {
			return nil, false
		}
		return []string{"/bin/sh", "-c", r.Command}, true
	case "shell":
		return []string{shell, "-l"}, true
	case "subsystem":
		var r execRequest
		const sftp = "/usr/lib/openssh/sftp-server"
		if _, err := os.Stat(sftp); err != nil || ssh.Unmarshal(request.Payload, &r) != nil || r.Command != "sftp" {
			return nil, false
		}
		return []string{sftp}, true
	case "env":
		var r envRequest
		// OpenSSH on Debian accepts these.
		if ssh.Unmarshal(request.Payload, &r) != nil || r.Name != "LANG" && (len(r.Name) < 3 || r.Name[:3] != "LC_") {
			return nil, false
		}
		se.env = append(se.env, r.Name+"="+r.Value)
		return nil, true
	case "signal":
		var r signalRequest
		return nil, ssh.Unmarshal(request.Payload, &r) == nil && se.signal(r.Name)
	case "pty-req", "window-change":
		return nil, se.terminalRequest(request)
	}
	return nil, false
}

// signalNumbers are the signals that SSH has names for.
var signalNumbers = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "QUIT": syscall.SIGQUIT,
	"TERM": syscall.SIGTERM, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
}

func signalName(sig syscall.Signal) string {
	for name, number := range signalNumbers {
		if number == sig {
			return name
		}
	}
	return fmt.Sprintf("%d@ebb", int(sig))
}

// signal passes a signal on. OpenSSH does not do so for logins of root.
func (se *session) signal(name string) bool {
	number, known := signalNumbers[name]
	if !known || se.server.host.inside.User.UID == 0 {
		return false
	}
	se.mu.Lock()
	defer se.mu.Unlock()
	return se.running != nil && json.NewEncoder(se.running).Encode(wire.Signal{Signal: number}) == nil
}

// run runs a command on the host and tells the client how it ended.
func (se *session) run(argv []string) {
	answer, err := se.onHost(argv)
	if err != nil {
		se.server.host.log.Warn("SSH command not run", "err", err)
		se.raw.Close()
		return
	}
	if se.server.takeCut() {
		se.raw.Close()
		return
	}
	if answer.Error != "" {
		fmt.Fprintln(se.channel.Stderr(), answer.Error)
	}
	if answer.Signal != 0 {
		_, _ = se.channel.SendRequest("exit-signal", false, ssh.Marshal(exitSignal{Name: signalName(answer.Signal)}))
		return
	}
	_, _ = se.channel.SendRequest("exit-status", false, ssh.Marshal(exitStatus{Status: uint32(answer.Code)}))
}

// onHost has the host run a command, and returns when it has ended and all that
// holds its output has, too.
func (se *session) onHost(argv []string) (wire.Reply, error) {
	var answer wire.Reply
	h := se.server.host
	conn, err := wire.Dial(wire.HostSocket(h.IP))
	if err != nil {
		return answer, fmt.Errorf("run command on host %s: %w", h.IP, errDown)
	}
	defer func() { _ = conn.Close() }()
	streams, err := se.streams()
	if err != nil {
		return answer, err
	}
	request := wire.Exec{Path: argv[0], Argv: argv, Env: append(se.environment(), se.env...), Dir: h.inside.User.Home, TTY: se.tty != nil}
	if argv[0] == h.inside.User.Shell {
		request.Argv = []string{"-" + filepath.Base(argv[0])}
	}
	err = wire.Send(conn, wire.Request{Exec: &request}, streams.theirs...)
	streams.handOver()
	if err != nil {
		streams.abandon()
		return answer, err
	}
	se.mu.Lock()
	se.running = conn
	se.mu.Unlock()
	copied := streams.copy(se.channel)
	err = json.NewDecoder(conn).Decode(&answer)
	se.mu.Lock()
	se.running = nil
	se.mu.Unlock()
	// The end of a shell hangs up its terminal, which ends the output, too.
	copied.Wait()
	if err != nil {
		return answer, fmt.Errorf("run command on host %s: %w", h.IP, err)
	}
	return answer, nil
}

func (se *session) environment() []string {
	remoteIP, remotePort, _ := net.SplitHostPort(se.login.RemoteAddr().String())
	localIP, localPort, _ := net.SplitHostPort(se.login.LocalAddr().String())
	env := []string{
		fmt.Sprintf("SSH_CLIENT=%s %s %s", remoteIP, remotePort, localPort),
		fmt.Sprintf("SSH_CONNECTION=%s %s %s %s", remoteIP, remotePort, localIP, localPort),
	}
	if se.tty != nil {
		env = append(env, "TERM="+se.tty.kind, "SSH_TTY="+se.tty.name)
	}
	return env
}
