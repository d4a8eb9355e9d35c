package sshtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.accepted++
		drop := s.accepted <= s.config.HangUps || s.ctx.Err() != nil
		if !drop {
			s.conns[conn] = true
		}
		s.mu.Unlock()
		if drop {
			conn.Close()
			continue
		}
		s.wg.Go(func() {
			s.serve(conn)
			conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

var errRefused = errors.New("not authorized")

func (s *Server) serverConfig() *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		MaxAuthTries: 6,
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if s.config.Authorized == nil {
				return &ssh.Permissions{}, nil
			}
			for _, authorized := range s.config.Authorized {
				if bytes.Equal(authorized.Marshal(), key.Marshal()) {
					return &ssh.Permissions{}, nil
				}
			}
			return nil, errRefused
		},
	}
	if s.config.Password != "" {
		config.PasswordCallback = func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) == s.config.Password {
				return &ssh.Permissions{}, nil
			}
			return nil, errRefused
		}
	}
	for _, key := range s.config.HostKeys {
		config.AddHostKey(key)
	}
	return config
}

// serve plays one connection to its end.
func (s *Server) serve(conn net.Conn) {
	s.pause(s.config.Latency)
	if s.config.Mute {
		_, _ = io.Copy(io.Discard, conn) // until it is closed
		return
	}
	sshConn, channels, requests, err := ssh.NewServerConn(conn, s.serverConfig())
	if err != nil {
		return // the client's to report
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer func() { _ = sshConn.Close() }()
	wg.Go(func() { s.answer(requests) })
	places := make(chan struct{}, max(s.config.MaxSessions, 1))
	for request := range channels {
		switch request.ChannelType() {
		case "session":
			if s.config.MaxSessions > 0 {
				select {
				case places <- struct{}{}:
				default:
					_ = request.Reject(ssh.ConnectionFailed, "open failed")
					continue
				}
			}
			wg.Go(func() {
				s.session(conn, request)
				if s.config.MaxSessions > 0 {
					<-places
				}
			})
		case "direct-tcpip":
			wg.Go(func() { s.forward(request) })
		default:
			_ = request.Reject(ssh.UnknownChannelType, request.ChannelType())
		}
	}
}

// answer refuses global requests, as OpenSSH does with a keepalive.
func (s *Server) answer(requests <-chan *ssh.Request) {
	for request := range requests {
		s.waitThawed()
		if request.WantReply {
			_ = request.Reply(false, nil)
		}
	}
}

// Freeze makes the host stop answering, with its connections open.
func (s *Server) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen == nil {
		s.frozen = make(chan struct{})
	}
}

func (s *Server) waitThawed() {
	s.mu.Lock()
	frozen := s.frozen
	s.mu.Unlock()
	if frozen == nil {
		return
	}
	select {
	case <-frozen:
	case <-s.ctx.Done():
	}
}

func (s *Server) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

// forward is the jump host's part.
func (s *Server) forward(request ssh.NewChannel) {
	var to struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(request.ExtraData(), &to); err != nil || !s.config.Forward {
		_ = request.Reject(ssh.Prohibited, "administratively prohibited")
		return
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	conn, err := new(net.Dialer).DialContext(s.ctx, "tcp", address)
	if err != nil {
		_ = request.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	channel, requests, err := request.Accept()
	if err != nil {
		conn.Close()
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { ssh.DiscardRequests(requests) })
	wg.Go(func() {
		_, _ = io.Copy(conn, channel)
		conn.Close()
	})
	_, _ = io.Copy(channel, conn)
	_ = channel.Close() // the client may have been first
	conn.Close()
	wg.Wait()
}
