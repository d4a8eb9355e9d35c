package sshexec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentTimeout bounds what an agent does without asking its user: listing keys.
const agentTimeout = 5 * time.Second

// agents keeps one connection to each agent.
type agents struct {
	mu     sync.Mutex
	open   map[string]*agentConn
	closed bool
	wg     sync.WaitGroup
}

type agentConn struct {
	conn    net.Conn
	client  agent.ExtendedAgent
	signers []ssh.Signer
}

var errClosed = errors.New("already closed")

// signers lists the keys of an agent, once; a failure is tried again.
func (a *agents) signers(ctx context.Context, socket string) ([]ssh.Signer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, errClosed
	}
	if c, ok := a.open[socket]; ok {
		return c.signers, nil
	}
	ctx, cancel := context.WithTimeout(ctx, agentTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("ask ssh agent: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	client := agent.NewClient(conn)
	signers, err := client.Signers()
	if err == nil && !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("ask ssh agent: %w", err)
	}
	if a.open == nil {
		a.open = map[string]*agentConn{}
	}
	a.open[socket] = &agentConn{conn: conn, client: client, signers: signers}
	return signers, nil
}

func (a *agents) close() {
	a.mu.Lock()
	a.closed = true
	for _, c := range a.open {
		c.conn.Close()
	}
	a.mu.Unlock()
	a.wg.Wait()
}

// agentSigner is a key of an agent in the login of one host. The agent may ask
// its user to confirm or to touch a device, so the clock of the login stands
// still; the end of the context does not wait for it.
type agentSigner struct {
	ssh.Signer
	agents *agents
	ctx    context.Context // ssh.Signer has no context, and the login has one
	dial   *deadline
}

func (s agentSigner) Sign(rand io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(rand, data, "")
}

func (s agentSigner) SignWithAlgorithm(rand io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	type result struct {
		signature *ssh.Signature
		err       error
	}
	done := make(chan result, 1)
	defer s.dial.suspend()()
	s.agents.wg.Go(func() {
		var r result
		if with, ok := s.Signer.(ssh.AlgorithmSigner); ok && algorithm != "" {
			r.signature, r.err = with.SignWithAlgorithm(rand, data, algorithm)
		} else {
			r.signature, r.err = s.Signer.Sign(rand, data)
		}
		done <- r
	})
	select {
	case r := <-done:
		if r.err != nil {
			return nil, fmt.Errorf("sign with the ssh agent: %w", r.err)
		}
		return r.signature, nil
	case <-s.ctx.Done():
		return nil, context.Cause(s.ctx)
	}
}

// Algorithms leaves out RSA with SHA-1.
func (s agentSigner) Algorithms() []string {
	switch keyType := s.PublicKey().Type(); keyType {
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	case ssh.CertAlgoRSAv01:
		return []string{ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01}
	default:
		return []string{keyType}
	}
}
