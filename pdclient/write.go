package pdclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// dialAttempts is how often a write looks for a leader that accepts a
// connection. Nothing has been sent until then.
const dialAttempts = 3

// post makes a write with a JSON body; in may be nil for none.
func post(path string, query url.Values, in any) (request, error) {
	r := request{method: http.MethodPost, path: path, query: query}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return r, fmt.Errorf("encode body of post %s: %w", path, err)
		}
		r.body = body
	}
	return r, nil
}

// write sends a request to the leader, once. Any status but 2xx is a
// *StatusError, a lost answer an *OutcomeUnknownError.
func (c *Client) write(ctx context.Context, r request) error {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var tries tryLog
	for round := range dialAttempts {
		base, err := c.locate(bounded, min(c.attempt<<round, c.timeout), writeFreshness)
		if err == nil {
			var sent bool
			if sent, err = c.writeAt(bounded, base, r); sent || err == nil {
				return err
			}
			c.markBad(base)
			err = &UnreachableError{[]Try{{base, err}}}
		}
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) {
			return c.ended(ctx, r, tries, err)
		}
		if pause := tries.add(unreachable, round); pause < 0 || c.sleep(bounded, pause) != nil {
			break
		}
	}
	return c.ended(ctx, r, tries, nil)
}

// writeAt reports whether the request may have left this machine.
func (c *Client) writeAt(ctx context.Context, base string, r request) (sent bool, err error) {
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// Called with a connection that is ready for the request, TLS included.
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	url := r.url(base)
	resp, err := exchange(traced, c.writes, base, r, c.timeout)
	if err != nil {
		if !connected.Load() {
			return false, err
		}
		c.forget(base)
		return true, &OutcomeUnknownError{Method: r.method, URL: url, Err: err}
	}
	defer resp.Body.Close()
	// The status line is the answer; a body that breaks off does not change it.
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	err = checkStatus(r.method, url, resp, body)
	if status, ok := errors.AsType[*StatusError](err); ok {
		if status.transient() {
			c.forget(base)
		}
		if status.ambiguous() {
			return true, &OutcomeUnknownError{Method: r.method, URL: url, Err: err}
		}
	}
	return true, err
}

// settle finds out about a write whose outcome is unknown. done reads the state
// and reports whether the write took effect, with a word on what was read. Only
// a yes is decisive: a request that is still under way may take effect later.
func (c *Client) settle(ctx context.Context, err error, done func(context.Context) (bool, string, error)) error {
	unknown, ok := errors.AsType[*OutcomeUnknownError](err)
	if !ok || ctx.Err() != nil {
		return err
	}
	if c.sleep(ctx, 200*time.Millisecond) != nil {
		return err
	}
	yes, state, readErr := done(ctx)
	switch {
	case readErr != nil:
		unknown.Reread = readErr.Error()
	case yes:
		return nil
	default:
		unknown.Reread = state
	}
	return err
}
