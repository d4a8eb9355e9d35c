package sshexec

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// grace is how long a host may take, after the command should have ended, to say
// so.
const grace = 5 * time.Second

// errUnusedConnection marks a connection that turned out to be broken before the
// command was sent: another one can be tried.
var errUnusedConnection = errors.New("connection broken before the command was sent")

// prepared is a command ready to be sent.
type prepared struct {
	cmd    Cmd
	script Script
	text   string
	stdin  string
}

func prepare(cmd Cmd) (*prepared, error) {
	data, err := cmd.readStdin()
	if err != nil {
		return nil, err
	}
	p := &prepared{cmd: cmd, stdin: EncodeStdin(data)}
	p.script = Script{
		Argv: cmd.Argv, Sudo: cmd.Sudo, Timeout: cmd.timeout(), StdinSize: len(p.stdin), Marker: "ebb-" + rand.Text(),
	}
	p.text, err = p.script.Text()
	return p, err
}

// execution is one command on its way.
type execution struct {
	client  *client
	command *prepared
	stdout  cappedBuffer
	stderr  cappedBuffer
	state   atomic.Int32
	stop    chan struct{} // closed to end the command
	done    chan error    // how the session ended
	start   time.Time
}

// States of an execution. Only one of sending and giving up can come first, so
// that a command of which it was said that it did not start never does.
const (
	waiting int32 = iota
	sent
	givenUp
)

// run sends a command and waits for its end.
func (c *client) run(ctx context.Context, p *prepared) (Output, error) {
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return Output{}, &ConnectError{Host: c.host, Err: context.Cause(ctx)}
	case <-c.gone:
		return Output{}, errUnusedConnection
	}
	x := &execution{client: c, command: p, stop: make(chan struct{}), done: make(chan error, 1), start: time.Now()}
	c.wg.Go(func() {
		defer func() { <-c.slots }()
		x.done <- x.session()
	})
	limit := time.NewTimer(p.cmd.timeout() + killAfter + grace)
	defer limit.Stop()
	select {
	case err := <-x.done:
		return x.result(err)
	case <-ctx.Done():
		cause := context.Cause(ctx)
		return x.abandon(cause, func(ended bool) error {
			return &CanceledError{Host: c.host, Command: p.cmd.String(), Ended: ended, Err: cause}
		})
	case <-limit.C:
		return x.abandon(errConnectTimeout, x.timeout)
	}
}

// session runs in its own goroutine: every step of it can hang with the host.
func (x *execution) session() error {
	session, err := x.client.openSession()
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }() // usually the host was first
	session.Stdout, session.Stderr = &x.stdout, &x.stderr
	stdin, err := session.StdinPipe()
	if err != nil {
		return err
	}
	if err := session.Start(Bootstrap(len(x.command.text))); err != nil {
		return err
	}
	if !x.state.CompareAndSwap(waiting, sent) {
		return errUnusedConnection
	}
	// A host that reads no more tells why with its exit status.
	_, _ = io.WriteString(stdin, x.command.text+x.command.stdin)
	ended := make(chan struct{})
	defer close(ended)
	x.client.wg.Go(func() {
		select {
		case <-x.stop:
			stdin.Close()
		case <-ended:
		}
	})
	return session.Wait()
}

// openSession waits for a place when the host allows fewer sessions than usual.
func (c *client) openSession() (*ssh.Session, error) {
	for attempt := 1; ; attempt++ {
		session, err := c.ssh.NewSession()
		var refused *ssh.OpenChannelError
		if !errors.As(err, &refused) || attempt == 10 {
			return session, err
		}
		select {
		case <-time.After(time.Duration(attempt) * 50 * time.Millisecond):
		case <-c.gone:
			return nil, errUnusedConnection
		}
	}
}

// abandon ends the command by ending its input, which the script on the host
// watches, and waits a little for the host to confirm it.
func (x *execution) abandon(cause error, failure func(ended bool) error) (Output, error) {
	if x.state.CompareAndSwap(waiting, givenUp) {
		return Output{}, &ConnectError{Host: x.client.host, Err: cause}
	}
	close(x.stop)
	timer := time.NewTimer(killAfter + grace)
	defer timer.Stop()
	select {
	case err := <-x.done:
		// Status 0 as well: some programs end with it when they are told to stop.
		return x.output(), failure(hasEnded(err))
	case <-timer.C:
		return x.output(), failure(false)
	}
}

func (x *execution) output() Output {
	stdout, cut := x.stdout.bytes()
	stderr, alsoCut := x.stderr.bytes()
	begin := []byte(x.command.script.Begin())
	return Output{
		Stdout: after(stdout, begin), Stderr: after(stderr, begin),
		Truncated: cut || alsoCut, Duration: time.Since(x.start),
	}
}

// after is what follows the marker; nothing if there is none.
func after(output, marker []byte) []byte {
	_, rest, _ := bytes.Cut(output, marker)
	return rest
}

// cappedBuffer keeps the first MaxOutput bytes, and takes the others so that the
// command does not stand still. Start-up noise counts as well.
type cappedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
	cut bool
}

func (b *cappedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if room := MaxOutput - b.buf.Len(); len(p) > room {
		b.buf.Write(p[:room])
		b.cut = true
	} else {
		b.buf.Write(p)
	}
	return len(p), nil
}

func (b *cappedBuffer) bytes() ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes()), b.cut
}
