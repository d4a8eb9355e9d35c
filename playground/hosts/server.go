package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// server is the SSH server of a host.
type server struct {
	host  *Host
	login ssh.PublicKey // the only key that may log in

	mu       sync.Mutex
	key      ssh.Signer
	listener net.Listener
	conns    map[net.Conn]bool
	resume   chan struct{} // closed when the server goes on; nil unless it hangs
	cutsNext bool
}

func newServer(h *Host, login ssh.PublicKey) (*server, error) {
	key, _, err := newKey(h.Name)
	if err != nil {
		return nil, err
	}
	return &server{host: h, login: login, key: key, conns: make(map[net.Conn]bool)}, nil
}

func (s *server) hostKey() ssh.PublicKey { return s.key.PublicKey() }

// open starts to listen.
func (s *server) open() error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp4", joinPort(s.host.IP, s.host.port))
	if err != nil {
		return fmt.Errorf("open SSH port: %w", err)
	}
	s.mu.Lock()
	s.listener = listener
	s.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return nil
}

// close frees the port and resets all connections, as a host that loses power
// would if it could still say so.
func (s *server) close() {
	s.hang(false)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		s.listener.Close()
		s.listener = nil
	}
	s.cutLocked()
}

// cut breaks all connections. What runs in them goes on.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutLocked()
}

func (s *server) cutLocked() {
	for conn := range s.conns {
		conn.Close()
	}
}

// enter notes a connection, and refuses it if the server is closed or the host
// admits nobody from there.
func (s *server) enter(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil || !s.host.admits(conn.RemoteAddr()) {
		return false
	}
	s.conns[conn] = true
	return true
}

func (s *server) leave(conn net.Conn) {
	conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

// serve speaks SSH on a connection until it ends.
func (s *server) serve(raw net.Conn) {
	if !s.enter(raw) {
		raw.Close()
		return
	}
	defer s.leave(raw)
	deadline := time.AfterFunc(loginTimeout, func() { raw.Close() })
	conn, channels, requests, err := ssh.NewServerConn(&gated{Conn: raw, server: s}, s.config())
	if !deadline.Stop() || err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	go answerGlobal(requests)
	open := make(chan struct{}, maxSessions)
	for request := range channels {
		switch request.ChannelType() {
		case "session":
			select {
			case open <- struct{}{}:
			default:
				_ = request.Reject(ssh.ConnectionFailed, "open failed")
				continue
			}
			go func() {
				defer func() { <-open }()
				s.serveSession(conn, raw, request)
			}()
		case "direct-tcpip":
			go s.host.forward(request)
		default:
			_ = request.Reject(ssh.UnknownChannelType, "unknown channel type")
		}
	}
}

// maxSessions is OpenSSH's default of MaxSessions.
const maxSessions = 10

// loginTimeout is OpenSSH's default of LoginGraceTime.
const loginTimeout = 2 * time.Minute

func (s *server) config() *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10",
		MaxAuthTries:  6,
		PublicKeyCallback: func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if meta.User() != s.host.inside.User.Name || !bytes.Equal(key.Marshal(), s.login.Marshal()) {
				return nil, errors.New("not authorized")
			}
			return nil, nil
		},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	config.AddHostKey(s.key)
	return config
}

// answerGlobal answers keepalives as OpenSSH does: with a refusal, which shows
// that somebody is there.
func answerGlobal(requests <-chan *ssh.Request) {
	for request := range requests {
		if request.WantReply {
			_ = request.Reply(false, nil)
		}
	}
}

// gated is a connection that stands still while the server hangs.
type gated struct {
	net.Conn
	server *server
}

func (g *gated) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	g.server.wait()
	return n, err
}

func (g *gated) Write(p []byte) (int, error) {
	g.server.wait()
	return g.Conn.Write(p)
}

// wait returns when the server does not hang.
func (s *server) wait() {
	s.mu.Lock()
	resume := s.resume
	s.mu.Unlock()
	if resume != nil {
		<-resume
	}
}

// hang makes the server stand still, or go on.
func (s *server) hang(still bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if still && s.resume == nil {
		s.resume = make(chan struct{})
	}
	if !still && s.resume != nil {
		close(s.resume)
		s.resume = nil
	}
}

// setCutNext breaks the connection of the next command after the command has ended
// and before its status is told.
func (s *server) setCutNext(cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cutsNext = cut
}

// takeCut tells whether this is the command whose end is not told.
func (s *server) takeCut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	cut := s.cutsNext
	s.cutsNext = false
	return cut
}

// changeKey gives the host another key, which known_hosts does not have.
func (s *server) changeKey() error {
	key, _, err := newKey(s.host.Name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
	return nil
}

func (s *server) hangs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resume != nil
}
