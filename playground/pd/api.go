package pd

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// requestTimeout bounds one HTTP request. PD itself waits up to 3 s for a leader
// before it refuses.
const requestTimeout = 5 * time.Second

// API asks a running PD, ours or another one, the few things that the playground
// needs. It knows PD only by its client URLs.
type API struct {
	endpoints []string
	client    *http.Client
}

// NewAPI returns an API for the PD with the given client URLs. tlsConfig is for
// those that begin with https.
func NewAPI(endpoints []string, tlsConfig *tls.Config) *API {
	transport := &http.Transport{
		// PD is on a loopback address: a proxy from the environment would be
		// asked for an address that only this host knows.
		Proxy:           nil,
		TLSClientConfig: tlsConfig,
		// A member that is killed must not leave a connection behind that the
		// next request fails on.
		DisableKeepAlives: true,
	}
	return &API{endpoints: endpoints, client: &http.Client{Transport: transport, Timeout: requestTimeout}}
}

// StatusError is an answer of PD other than 200.
type StatusError struct {
	Method, URL string
	Status      int
	Body        string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s %s: PD returned %d: %s", strings.ToLower(e.Method), e.URL, e.Status, e.Body)
}

// Leader returns the name of the PD leader.
func (a *API) Leader(ctx context.Context) (string, error) {
	var leader struct {
		Name string `json:"name"`
	}
	if err := a.call(ctx, http.MethodGet, "/leader", nil, &leader); err != nil {
		return "", fmt.Errorf("find PD leader: %w", err)
	}
	return leader.Name, nil
}

// Version returns what PD says it is, such as "v8.1.0".
func (a *API) Version(ctx context.Context) (string, error) {
	var version struct {
		Version string `json:"version"`
	}
	if err := a.call(ctx, http.MethodGet, "/version", nil, &version); err != nil {
		return "", fmt.Errorf("read PD version: %w", err)
	}
	return version.Version, nil
}

// Bootstrapped tells whether a store has created the cluster's first region.
func (a *API) Bootstrapped(ctx context.Context) (bool, error) {
	var status struct {
		Bootstrap time.Time `json:"raft_bootstrap_time"`
	}
	if err := a.call(ctx, http.MethodGet, "/cluster/status", nil, &status); err != nil {
		return false, fmt.Errorf("read cluster status: %w", err)
	}
	return !status.Bootstrap.IsZero(), nil
}

// TransferLeader moves the leadership to the named member, or, with an empty
// name, to any other, and returns when the new leader serves.
func (a *API) TransferLeader(ctx context.Context, to string) error {
	before, err := a.Leader(ctx)
	if err != nil {
		return err
	}
	if before == to {
		return nil
	}
	path := "/leader/resign"
	if to != "" {
		path = "/leader/transfer/" + url.PathEscape(to)
	}
	if err := a.call(ctx, http.MethodPost, path, nil, nil); err != nil {
		return fmt.Errorf("transfer PD leader from %q: %w", before, err)
	}
	return a.awaitLeader(ctx, func(name string) bool {
		return name == to || (to == "" && name != before)
	})
}

// SetStoreLimit sets the add-peer limit of all present and future stores, in
// peers per minute. PD accepts it only in a bootstrapped cluster.
func (a *API) SetStoreLimit(ctx context.Context, addPeerPerMinute float64) error {
	body := map[string]any{"type": "add-peer", "rate": addPeerPerMinute}
	if err := a.call(ctx, http.MethodPost, "/stores/limit", body, nil); err != nil {
		return fmt.Errorf("set store limit to %g add-peer per minute: %w", addPeerPerMinute, err)
	}
	return nil
}

// awaitLeader returns once a leader that is wanted serves.
func (a *API) awaitLeader(ctx context.Context, wanted func(name string) bool) error {
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	var lastErr error
	for {
		name, err := a.Leader(ctx)
		switch {
		case err != nil:
			lastErr = err
		case wanted(name):
			// Only the leader reads its configuration from etcd before it
			// serves; any member may know its name earlier.
			if lastErr = a.call(ctx, http.MethodGet, "/config/replicate", nil, nil); lastErr == nil {
				return nil
			}
		default:
			lastErr = fmt.Errorf("the leader is %q", name)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for PD leader: %w (%w)", ctx.Err(), lastErr)
		}
	}
}

// call sends one request, which PD forwards to its leader, and decodes the answer
// into out unless that is nil. A read goes to the next endpoint when one fails; a
// write only when it cannot have been received.
func (a *API) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	failures := make([]error, 0, len(a.endpoints))
	for _, endpoint := range a.endpoints {
		err := a.callOne(ctx, method, endpoint+"/pd/api/v1"+path, body, out)
		if err == nil || !mayRepeat(method, err) {
			return err
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

// mayRepeat tells whether another endpoint may be asked after err.
func mayRepeat(method string, err error) bool {
	if status, ok := errors.AsType[*StatusError](err); ok {
		// 503 comes from a member that knows no leader to forward to.
		return status.Status == http.StatusServiceUnavailable ||
			method == http.MethodGet && status.Status >= http.StatusInternalServerError
	}
	var network *net.OpError
	return method == http.MethodGet || (errors.As(err, &network) && network.Op == "dial")
}

func (a *API) callOne(ctx context.Context, method, address string, body []byte, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("create request: %w", err)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read answer of %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return &StatusError{Method: method, URL: address, Status: response.StatusCode, Body: strings.TrimSpace(string(text))}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("decode answer of %s: %w", address, err)
	}
	return nil
}
