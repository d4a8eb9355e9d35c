package sshexec

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// errConnectTimeout is the cause of a connection that took too long.
var errConnectTimeout = errors.New("no answer in time")

// deadline bounds connecting, from the first packet to the end of the login. It
// stands still while somebody at the terminal is asked something: reading a
// fingerprint aloud over the telephone takes longer than any host should.
type deadline struct {
	cancel context.CancelCauseFunc
	limit  time.Duration

	mu      sync.Mutex
	timer   *time.Timer
	pending int // open questions
	asked   bool
}

func newDeadline(ctx context.Context, limit time.Duration) (context.Context, *deadline) {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &deadline{cancel: cancel, limit: limit}
	d.timer = time.AfterFunc(limit, d.expire)
	return ctx, d
}

func (d *deadline) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pending == 0 {
		d.cancel(fmt.Errorf("%w (%s)", errConnectTimeout, d.limit))
	}
}

// suspend stops the clock until the function that it returns is called; then the
// whole time is granted again.
func (d *deadline) suspend() (resume func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending++
	d.asked = true
	d.timer.Stop()
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.pending--; d.pending == 0 {
			d.timer.Reset(d.limit)
		}
	}
}

// stop ends it; the context is cancelled without a timeout.
func (d *deadline) stop() {
	d.mu.Lock()
	d.timer.Stop()
	d.mu.Unlock()
	d.cancel(nil)
}

// wasAsked reports whether a question took time.
func (d *deadline) wasAsked() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}
