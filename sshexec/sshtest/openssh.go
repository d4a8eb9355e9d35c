package sshtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ebb/sshexec"
)

// OpenSSHConfig is what the real sshd is told.
type OpenSSHConfig struct {
	// Address to listen on without a port; "" for 127.0.0.1.
	Address string
	// User to log in as; "" for whoever runs the test. Only root can let others in.
	User string
	// Authorized keys.
	Authorized []ssh.PublicKey
	// HostKeys; nil for one of each kind.
	HostKeys []KeyType
	// Lines are added to sshd_config.
	Lines []string
}

// OpenSSHServer is a running sshd.
type OpenSSHServer struct {
	// Target to connect to.
	Target sshexec.Target
	// HostKeys by kind.
	HostKeys map[KeyType]ssh.PublicKey

	process *os.Process
	log     *lockedBuffer
}

// OpenSSH starts the real sshd, without any configuration of the system, until
// the end of the test. The test is skipped where there is none.
func OpenSSH(t testing.TB, c OpenSSHConfig) *OpenSSHServer {
	t.Helper()
	program := findSSHD()
	if program == "" {
		t.Skip("no sshd here: run make deps, or install the package openssh-server")
	}
	if c.HostKeys == nil {
		c.HostKeys = []KeyType{ED25519, ECDSA, RSA}
	}
	if c.User == "" {
		me, err := user.Current()
		if err != nil {
			t.Fatalf("start sshd: %v", err)
		}
		c.User = me.Username
	}
	dir := publicDir(t)
	addr := freeAddress(t, c.Address)
	s := &OpenSSHServer{Target: target(addr, c.User), HostKeys: map[KeyType]ssh.PublicKey{}, log: &lockedBuffer{}}
	file := s.writeConfig(t, dir, c)
	s.start(t, program, file)
	return s
}

func findSSHD() string {
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// publicDir is a directory that the user who logs in can read.
func publicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sshtest") //nolint:usetesting // others cannot enter that of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // sshd reads authorized_keys as the user
		t.Fatal(err)
	}
	return dir
}

func freeAddress(t testing.TB, host string) net.Addr {
	t.Helper()
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr()
}

func (s *OpenSSHServer) writeConfig(t testing.TB, dir string, c OpenSSHConfig) string {
	t.Helper()
	var keys strings.Builder
	for _, key := range c.Authorized {
		keys.WriteString(PublicKeyText(key) + "\n")
	}
	authorized := filepath.Join(dir, "authorized_keys")
	if err := os.WriteFile(authorized, []byte(keys.String()), 0o644); err != nil { // public keys
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ListenAddress %s\nPort %d\nPidFile none\nAuthorizedKeysFile %s\n", s.Target.Host, s.Target.Port, authorized)
	b.WriteString("StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n")
	b.WriteString("PermitRootLogin yes\nUseDNS no\nLogLevel VERBOSE\n")
	for _, kind := range c.HostKeys {
		path := filepath.Join(dir, "host_"+string(kind))
		s.HostKeys[kind] = NewKeyFile(t, path, kind, "")
		b.WriteString("HostKey " + path + "\n")
	}
	for _, line := range c.Lines {
		b.WriteString(line + "\n")
	}
	return WriteFile(t, filepath.Join(dir, "sshd_config"), b.String())
}

func (s *OpenSSHServer) start(t testing.TB, program, config string) {
	t.Helper()
	if os.Getuid() == 0 {
		// Where sshd separates privileges; its package makes it at boot.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // what sshd demands
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-D", "-e", "-f", config)
	cmd.Stderr = s.log
	// Its log comes from sessions, too, which can outlive it.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start sshd: %v", err)
	}
	s.process = cmd.Process
	t.Cleanup(func() {
		s.Cut()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd said:\n%s", s.log.String())
		}
	})
	address := net.JoinHostPort(s.Target.Host, strconv.Itoa(s.Target.Port))
	for range 500 {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("sshd does not listen on %s:\n%s", address, s.log.String())
}

// KnownHosts are the lines of known_hosts for the given kinds, all by default.
func (s *OpenSSHServer) KnownHosts(kinds ...KeyType) string {
	var b strings.Builder
	for kind, key := range s.HostKeys {
		if len(kinds) == 0 || strings.Contains(fmt.Sprint(kinds), string(kind)) {
			b.WriteString(KnownHostsLine(s.Target, key))
		}
	}
	return b.String()
}

// Cut kills the sshd processes that serve connections, as if the network was
// gone. What they run goes on.
func (s *OpenSSHServer) Cut() {
	for _, pid := range children(s.process.Pid) {
		for _, worker := range children(pid) {
			if strings.Contains(commandLine(worker), "sshd") {
				_ = syscall.Kill(worker, syscall.SIGKILL)
			}
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

func children(parent int) []int {
	var found []int
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // has ended
		}
		// "pid (name) state ppid": the name can hold anything.
		_, rest, _ := strings.Cut(string(content[bytes.LastIndexByte(content, ')')+1:]), " ")
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}

func commandLine(pid int) string {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return string(content)
}

// lockedBuffer is a buffer that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
