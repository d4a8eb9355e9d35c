package pdclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// errStreamBroke marks an error of the connection in the middle of a body.
var errStreamBroke = errors.New("connection broke")

// open starts to read an answer of any size. It fails over until a server has
// begun to answer; what breaks later is an error of the body. The caller closes
// the body.
func (c *Client) open(ctx context.Context, r request) (body io.ReadCloser, url string, err error) {
	err = c.failover(ctx, r, func(_ context.Context, base string, _ time.Duration) error {
		url = r.url(base)
		// Bound by the caller's context, which outlives the failover. PD builds the
		// whole answer before it sends the first byte: 3 to 6 s for a million regions.
		resp, err := exchange(ctx, c.reads, base, r, c.timeout)
		if err != nil {
			return err
		}
		if resp.StatusCode/100 != 2 {
			defer resp.Body.Close()
			text, err := readSmall(resp.Body, nil)
			if err != nil {
				return err
			}
			return checkStatus(r.method, url, resp, text)
		}
		body = newPatientBody(resp, c.timeout)
		return nil
	})
	return body, url, err
}

// patientBody gives up when no byte arrives for a while. There is no bound on
// the whole: a body of a gigabyte over a slow line is no failure.
type patientBody struct {
	body    io.ReadCloser
	wait    time.Duration
	timer   *time.Timer
	stalled atomic.Bool
}

func newPatientBody(resp *http.Response, wait time.Duration) *patientBody {
	b := &patientBody{body: resp.Body, wait: wait}
	b.timer = time.AfterFunc(wait, func() {
		b.stalled.Store(true)
		_ = b.body.Close() // ends a Read that waits
	})
	return b
}

func (b *patientBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.wait)
	n, err := b.body.Read(p)
	b.timer.Stop()
	switch {
	case err == nil || err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return n, err
	case b.stalled.Load():
		return n, fmt.Errorf("%w: nothing came for %v", errStreamBroke, b.wait)
	}
	return n, fmt.Errorf("%w: %w", errStreamBroke, err)
}

func (b *patientBody) Close() error {
	b.timer.Stop()
	return b.body.Close()
}
