package sshtest

import (
	"encoding/base64"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"ebb/sshexec"
)

// session plays the login shell of one session.
func (s *Server) session(conn net.Conn, request ssh.NewChannel) {
	s.waitThawed()
	channel, requests, err := request.Accept()
	if err != nil {
		return
	}
	defer func() { _ = channel.Close() }()
	for request := range requests {
		var exec struct{ Command string }
		if request.Type != "exec" || ssh.Unmarshal(request.Payload, &exec) != nil {
			_ = request.Reply(false, nil)
			continue
		}
		size, err := sshexec.ParseBootstrap(exec.Command)
		if err != nil {
			fail(s.t, "ssh server %s: login shell was given %q", s.listener.Addr(), exec.Command)
			_ = request.Reply(false, nil)
			continue
		}
		_ = request.Reply(true, nil)
		go ssh.DiscardRequests(requests)
		s.shell(conn, channel, size)
		return
	}
}

// shell reads a script and does what it asks for.
func (s *Server) shell(conn net.Conn, channel ssh.Channel, size int) {
	text := make([]byte, size)
	if _, err := io.ReadFull(channel, text); err != nil {
		return // given up before it was sent; nothing runs
	}
	script, err := sshexec.ParseScript(string(text))
	if err != nil {
		fail(s.t, "ssh server %s: %v: %q", s.listener.Addr(), err, text)
		return
	}
	encoded := make([]byte, script.StdinSize)
	if _, err := io.ReadFull(channel, encoded); err != nil {
		return
	}
	stdin, err := base64.StdEncoding.DecodeString(string(encoded))
	if err != nil {
		fail(s.t, "ssh server %s: input: %v", s.listener.Addr(), err)
	}
	s.pause(s.config.Latency)
	s.waitThawed()
	write(channel, s.config.Noise+script.ReachedHost(), script.ReachedHost())
	if script.Sudo && s.config.SudoRefuses != "" {
		write(channel, "", s.config.SudoRefuses+"\n")
		exit(channel, 1)
		return
	}
	write(channel, script.Begin(), script.Begin())
	s.play(conn, channel, sshexec.Cmd{Argv: script.Argv, Sudo: script.Sudo}.String(), string(stdin))
}

func write(channel ssh.Channel, stdout, stderr string) {
	_, _ = io.WriteString(channel, stdout)
	_, _ = io.WriteString(channel.Stderr(), stderr)
}

// play does what was expected of a command.
func (s *Server) play(conn net.Conn, channel ssh.Channel, command, stdin string) {
	e := s.take(command)
	if e == nil {
		fail(s.t, "ssh server %s: unexpected command %q", s.listener.Addr(), command)
		write(channel, "", "sshtest: unexpected command\n")
		exit(channel, 1)
		return
	}
	if e.stdin != nil && *e.stdin != stdin {
		fail(s.t, "ssh server %s: %s was given the input %q, want %q", s.listener.Addr(), command, stdin, *e.stdin)
	}
	cancelled := make(chan struct{})
	s.wg.Go(func() {
		_, _ = io.Copy(io.Discard, channel) // nothing more comes but the end
		close(cancelled)
	})
	write(channel, e.stdout, e.stderr)
	if e.ending == hangs || e.after > 0 {
		if !s.wait(e, cancelled) {
			exit(channel, 143)
			return
		}
	}
	switch e.ending {
	case drops:
		conn.Close()
	case killed:
		_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal string
			Core   bool
			Error  string
			Lang   string
		}{Signal: e.signal}))
	case exits, hangs:
		exit(channel, e.status)
	}
}

// wait lets a command take its time; false when it was cancelled.
func (s *Server) wait(e *Expectation, cancelled <-chan struct{}) bool {
	var done <-chan time.Time
	if e.ending != hangs {
		done = time.After(e.after)
	}
	if e.stubborn {
		cancelled = nil
	}
	select {
	case <-done:
		return true
	case <-cancelled:
		return false
	case <-s.ctx.Done():
		return false
	}
}

func exit(channel ssh.Channel, status int) {
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}
