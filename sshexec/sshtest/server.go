// Package sshtest has hosts to test against: an in-process SSH server that plays
// commands from a script, and the real sshd of OpenSSH on a loopback address.
package sshtest

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ebb/sshexec"
)

// Config is what a host is like. The zero value is a healthy one that lets every
// key in.
type Config struct {
	// Address to listen on; "" for any port of 127.0.0.1. All of 127.0.0.0/8 is
	// there on Linux without being set up.
	Address string
	// HostKeys, certificates among them; nil for one Ed25519 key.
	HostKeys []ssh.Signer
	// Authorized keys; nil lets every key in, empty none.
	Authorized []ssh.PublicKey
	// Password that is accepted as well; "" for none.
	Password string
	// Forward lets the host be a jump host.
	Forward bool

	// Latency is added before each connection and each command.
	Latency time.Duration
	// HangUps is how many connections are dropped before a word is said, as
	// MaxStartups does.
	HangUps int
	// Mute accepts connections and never says a word.
	Mute bool
	// MaxSessions at once on a connection; 0 for any number.
	MaxSessions int
	// Noise is what the start-up files of the login shell print.
	Noise string
	// SudoRefuses is what sudo says instead of running a command; "" lets it run.
	SudoRefuses string
}

// Server is an in-process host. It fails the test for a command that was not
// expected, and at the end for one that was and did not come.
type Server struct {
	t        testing.TB
	config   Config
	listener net.Listener
	wg       sync.WaitGroup
	ctx      context.Context // lives as long as the server
	stop     context.CancelFunc

	mu       sync.Mutex
	expected []*Expectation
	ran      []string
	conns    map[net.Conn]bool
	accepted int
	frozen   chan struct{} // not nil while the host does nothing
}

// NewServer starts a host that ends with the test.
func NewServer(t testing.TB, c Config) *Server {
	t.Helper()
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	if c.HostKeys == nil {
		c.HostKeys = []ssh.Signer{NewKey(t, ED25519)}
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", c.Address)
	if err != nil {
		t.Fatalf("start ssh server: %v", err)
	}
	s := &Server{t: t, config: c, listener: listener, conns: map[net.Conn]bool{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	t.Cleanup(func() {
		s.Close()
		s.checkUnused()
	})
	return s
}

// Close ends the server and its connections.
func (s *Server) Close() {
	s.stop()
	s.listener.Close()
	s.Cut()
	s.wg.Wait()
}

// Cut breaks all connections, as a host that is switched off does. The server
// stays up.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
}

// Target is where the host is, for a user.
func (s *Server) Target(user string) sshexec.Target { return target(s.listener.Addr(), user) }

func target(addr net.Addr, user string) sshexec.Target {
	host, port, _ := net.SplitHostPort(addr.String())
	n, _ := strconv.Atoi(port) // of a listener
	return sshexec.Target{Host: host, Port: n, User: user}
}

// HostKey is the first of the host keys.
func (s *Server) HostKey() ssh.PublicKey { return s.config.HostKeys[0].PublicKey() }

// KnownHosts are the lines of known_hosts for all keys of the host.
func (s *Server) KnownHosts() string {
	var b strings.Builder
	for _, key := range s.config.HostKeys {
		b.WriteString(KnownHostsLine(s.Target(""), key.PublicKey()))
	}
	return b.String()
}

// Connections is how many were accepted so far, dropped ones among them.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Ran lists the commands so far, as [sshexec.Cmd.String] has them.
func (s *Server) Ran() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.ran...)
}

// Fleet starts n hosts with one host key each, on addresses 127.x.y.z of their
// own and one port.
func Fleet(t testing.TB, n int, c Config) []*Server {
	t.Helper()
	servers := make([]*Server, n)
	for i := range servers {
		c.Address = fmt.Sprintf("127.77.%d.%d:0", i/250, i%250+1)
		servers[i] = NewServer(t, c)
	}
	return servers
}

// KnownHostsFile writes known_hosts for hosts and returns its path.
func KnownHostsFile(t testing.TB, servers ...*Server) string {
	t.Helper()
	var b strings.Builder
	for _, s := range servers {
		b.WriteString(s.KnownHosts())
	}
	return WriteFile(t, filepath.Join(t.TempDir(), "known_hosts"), b.String())
}
