package pdclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

const (
	apiPrefix   = "/pd/api/v1"
	apiV2Prefix = "/pd/api/v2"
	callerID    = "ebb"
	// bodyLimit bounds answers that are held in memory. The largest of them are
	// placement rules, about 300 bytes for each TiFlash table.
	bodyLimit = 64 << 20
)

// Client talks to one PD cluster. It is safe for concurrent use.
type Client struct {
	given   []string // base URLs as configured
	reads   *http.Client
	writes  *http.Client
	timeout time.Duration
	attempt time.Duration
	sleep   func(context.Context, time.Duration) error
	// statsFew is how many regions are counted with one question.
	statsFew int

	// finding is held by the one goroutine that looks for the leader.
	finding chan struct{}

	mu        sync.Mutex
	target    string // base URL for the next request, "" when it must be found
	foundAt   time.Time
	learned   []string             // client URLs that PD advertises
	bad       map[string]time.Time // base URL -> last network failure
	clusterID uint64
	version   string // of the leader, as PD says it
}

// Close drops the connections that are kept for later calls. The client stays
// usable.
func (c *Client) Close() {
	c.reads.CloseIdleConnections()
	c.writes.CloseIdleConnections()
}

// request is one HTTP request, without the server it goes to.
type request struct {
	method string
	path   string // below apiPrefix, or apiV2Prefix
	v2     bool
	query  url.Values
	body   []byte
	// slow gives a server the whole timeout to answer, for calls that make PD walk
	// over its regions: asking again would only make it walk twice.
	slow bool
	// room is where the answer is put if it fits; nil for new memory.
	room []byte
}

// url is where the request goes at a server, without its query.
func (r request) url(base string) string {
	if r.v2 {
		return base + apiV2Prefix + r.path
	}
	return base + apiPrefix + r.path
}

func get(path string, query url.Values) request {
	return request{method: http.MethodGet, path: path, query: query}
}

// statsRegionPath loops for ever inside PD (8.5.4 and later, master) when its
// range reaches the end of the key space and holds a multiple of 1000 regions;
// see getRegionStats in pkg/core/region.go of PD.
const statsRegionPath = "/stats/region"

var errUnboundedStats = errors.New("refused: an unbounded " + statsRegionPath + " can make pd spin until it is restarted")

// unboundedStats is about the path as PD understands it: it resolves dots and
// slashes, also escaped ones, with a redirect.
func unboundedStats(u *url.URL) bool {
	return strings.HasSuffix(path.Clean(u.Path), statsRegionPath) && u.Query().Get("end_key") == ""
}

// build is the only place that makes HTTP requests.
func (r request) build(ctx context.Context, base string) (*http.Request, error) {
	target := r.url(base)
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	var body io.Reader
	if r.body != nil {
		body = bytes.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("build request %s %s: %w", r.method, r.path, err)
	}
	if unboundedStats(req.URL) {
		return nil, errUnboundedStats
	}
	req.Header.Set("X-Caller-ID", callerID) // PD 7.6 and later
	req.Header.Set("component", callerID)   // PD before 7.6
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

var errNoAnswer = errors.New("no answer in time")

// exchange sends a request to one server and waits at most wait for the header
// of the answer. The body is then bound by ctx alone. The caller closes it.
func exchange(ctx context.Context, hc *http.Client, base string, r request, wait time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	req, err := r.build(ctx, base)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	timer := time.AfterFunc(wait, func() { cancel(errNoAnswer) })
	resp, err := hc.Do(req)
	if !timer.Stop() && err == nil {
		resp.Body.Close()
		err = errNoAnswer
	}
	if err != nil {
		if errors.Is(context.Cause(ctx), errNoAnswer) {
			err = fmt.Errorf("%w (%v)", errNoAnswer, wait)
		}
		cancel(nil)
		return nil, trimURLError(err)
	}
	resp.Body = &cancelBody{resp.Body, cancel}
	return resp, nil
}

// trimURLError drops the method and URL which net/http puts before the cause;
// the errors of this package name them themselves.
func trimURLError(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}

// cancelBody releases the context of an exchange with its body.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (b *cancelBody) Close() error {
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// readSmall reads an answer that fits into memory, into room if it fits there.
func readSmall(body io.Reader, room []byte) ([]byte, error) {
	b := bytes.NewBuffer(room[:0])
	if _, err := b.ReadFrom(io.LimitReader(body, bodyLimit+1)); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	data := b.Bytes()
	if len(data) > bodyLimit {
		return nil, fmt.Errorf("read answer: larger than %d MiB", bodyLimit>>20)
	}
	return data, nil
}
