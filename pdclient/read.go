package pdclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	firstPause = 100 * time.Millisecond
	longPause  = 2 * time.Second
	// deafRounds is after how many rounds without hope a read gives up before its
	// deadline: no server said anything, or not what a PD says that may recover. An
	// election takes longer than that, but meanwhile PD answers that it has no leader.
	deafRounds = 3
	// startingRounds is how often a leader that does not run the cluster yet is
	// asked.
	startingRounds = 4
)

// answer is a small answer, read in full.
type answer struct {
	url  string
	body []byte
	date time.Time // the Date header, zero when absent
}

// decode unmarshals the body.
func (a *answer) decode(v any) error {
	if err := json.Unmarshal(a.body, v); err != nil {
		return newDecodeError(http.MethodGet, a.url, len(a.body), err)
	}
	return nil
}

// readJSON reads a small answer into v.
func (c *Client) readJSON(ctx context.Context, r request, v any) error {
	a, err := c.read(ctx, r)
	if err != nil {
		return err
	}
	return a.decode(v)
}

// read asks until a server answers for good or the deadline ends.
func (c *Client) read(ctx context.Context, r request) (*answer, error) {
	var a *answer
	err := c.failover(ctx, r, func(ctx context.Context, base string, wait time.Duration) error {
		var err error
		a, err = c.readAt(ctx, base, r, wait)
		return err
	})
	return a, err
}

// readAt reads from one server.
func (c *Client) readAt(ctx context.Context, base string, r request, wait time.Duration) (*answer, error) {
	resp, err := exchange(ctx, c.reads, base, r, wait)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := readSmall(resp.Body, r.room)
	if err != nil {
		return nil, err
	}
	url := r.url(base)
	if err := checkStatus(r.method, url, resp, body); err != nil {
		return nil, err
	}
	a := &answer{url: url, body: body}
	if t, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.date = t
	}
	return a, nil
}

// checkStatus returns a *StatusError for anything but 2xx.
func checkStatus(method, url string, resp *http.Response, body []byte) error {
	if resp.StatusCode/100 == 2 {
		return nil
	}
	e := parseStatusError(method, url, resp.StatusCode, body)
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.retryAfter = time.Duration(s) * time.Second
	}
	return e
}

// failover calls ask with one server after the other until it succeeds, fails
// for good, or the client's timeout ends.
func (c *Client) failover(ctx context.Context, r request, ask func(ctx context.Context, base string, wait time.Duration) error) error {
	bounded, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var tries tryLog
	for round := 0; ; round++ {
		wait := min(c.attempt<<min(round, 10), c.timeout)
		if r.slow {
			wait = c.timeout
		}
		base, err := c.locate(bounded, wait, 0)
		if err == nil {
			if err = ask(bounded, base, wait); err == nil {
				return nil
			}
			if !c.retryable(base, err) {
				return err
			}
			err = &UnreachableError{[]Try{{base, err}}}
		}
		var unreachable *UnreachableError
		if !errors.As(err, &unreachable) {
			return c.ended(ctx, r, tries, err)
		}
		pause := tries.add(unreachable, round)
		if pause < 0 || c.sleep(bounded, pause) != nil {
			return c.ended(ctx, r, tries, nil)
		}
	}
}

// ended makes the error of a read that gave up. A caller who cancelled knows why;
// one whose deadline ended wants to know what the servers said until then.
func (c *Client) ended(ctx context.Context, r request, tries tryLog, err error) error {
	cause := context.Cause(ctx)
	late := errors.Is(cause, context.DeadlineExceeded) && len(tries.list) > 0
	switch {
	case late:
		return fmt.Errorf("%s %s: %w: %w", r.method, r.path, &UnreachableError{tries.list}, cause)
	case cause != nil:
		return fmt.Errorf("%s %s: %w", r.method, r.path, cause)
	case len(tries.list) > 0 && (err == nil || errors.Is(err, context.DeadlineExceeded)):
		return fmt.Errorf("%s %s: %w", r.method, r.path, &UnreachableError{tries.list})
	}
	return fmt.Errorf("%s %s: %w", r.method, r.path, err)
}

// retryable reports whether another attempt makes sense, and draws the
// consequences for the server that failed.
func (c *Client) retryable(base string, err error) bool {
	var status *StatusError
	var decode *DecodeError
	switch {
	case errors.As(err, &status):
		if !status.transient() {
			return false
		}
		c.forget(base)
		return true
	case errors.Is(err, ErrNoLeader):
		c.forget(base)
		return true
	case errors.As(err, &decode), errors.Is(err, errUnboundedStats), errors.Is(err, ErrOtherCluster):
		return false
	}
	c.markBad(base)
	return true
}

// tryLog collects the last word of each server over all rounds.
type tryLog struct {
	list []Try
	deaf int // rounds in a row without hope
}

// add takes the tries of a round and returns how long to pause before the next
// one; negative to give up.
func (l *tryLog) add(u *UnreachableError, round int) time.Duration {
	var asked time.Duration
	hope, starting := false, false
	for _, t := range u.Tries {
		l.keep(t)
		hope = hope || errors.Is(t.Err, ErrNoLeader)
		if status, ok := errors.AsType[*StatusError](t.Err); ok {
			hope = hope || status.transient()
			asked = max(asked, status.retryAfter)
			starting = starting || status.starting()
		}
	}
	if hope {
		l.deaf = 0
	} else {
		l.deaf++
	}
	if l.deaf >= deafRounds || starting && round >= startingRounds {
		return -1
	}
	pause := min(firstPause<<min(round, 10), longPause)
	return max(asked, pause/2+rand.N(pause))
}

func (l *tryLog) keep(t Try) {
	for i := range l.list {
		if l.list[i].Endpoint != t.Endpoint {
			continue
		}
		// That the whole call ran out of time says less than what came before.
		if !errors.Is(t.Err, context.DeadlineExceeded) {
			l.list[i] = t
		}
		return
	}
	l.list = append(l.list, t)
}
