package sshtest

import (
	"testing"
	"time"
)

// ending is how a command ends.
type ending int

const (
	exits ending = iota
	killed
	hangs
	drops
)

// Expectation is a command that a host will be given, and what it does then. The
// default is to print nothing and to end with status 0, once.
type Expectation struct {
	command  string
	stdout   string
	stderr   string
	status   int
	signal   string
	ending   ending
	stubborn bool
	after    time.Duration
	stdin    *string
	times    int // 0 for any number
	used     int
}

// Expect adds a command, written as [sshexec.Cmd.String] has it: quoted where
// necessary, and with "sudo -n -- " in front if it runs as root. The order of
// expectations does not matter, but for those of the same command.
func (s *Server) Expect(command string) *Expectation {
	e := &Expectation{command: command, times: 1}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected = append(s.expected, e)
	return e
}

// Prints sets the output.
func (e *Expectation) Prints(stdout string) *Expectation {
	e.stdout = stdout
	return e
}

// Exits sets the status and what is said on stderr.
func (e *Expectation) Exits(status int, stderr string) *Expectation {
	e.ending, e.status, e.stderr = exits, status, stderr
	return e
}

// Signal ends the command by a signal, named without SIG.
func (e *Expectation) Signal(name string) *Expectation {
	e.ending, e.signal = killed, name
	return e
}

// Hangs goes on until the command is cancelled, as a real host would; a stubborn
// one even then.
func (e *Expectation) Hangs(stubborn bool) *Expectation {
	e.ending, e.stubborn = hangs, stubborn
	return e
}

// Drops breaks the connection after the output.
func (e *Expectation) Drops() *Expectation {
	e.ending = drops
	return e
}

// After is how long the command takes before its end.
func (e *Expectation) After(d time.Duration) *Expectation {
	e.after = d
	return e
}

// Reads sets the input that the command must be given.
func (e *Expectation) Reads(stdin string) *Expectation {
	e.stdin = &stdin
	return e
}

// Times sets how often the command comes; 0 is any number, none among them.
func (e *Expectation) Times(n int) *Expectation {
	e.times = n
	return e
}

// take finds what a command does; nil when it was not expected.
func (s *Server) take(command string) *Expectation {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ran = append(s.ran, command)
	for _, e := range s.expected {
		if e.command == command && (e.times == 0 || e.used < e.times) {
			e.used++
			return e
		}
	}
	return nil
}

func (s *Server) checkUnused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.expected {
		if e.used < e.times {
			fail(s.t, "ssh server %s: command %q came %d times, want %d", s.listener.Addr(), e.command, e.used, e.times)
		}
	}
}

func fail(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Errorf(format, args...)
}
