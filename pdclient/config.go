package pdclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config says where PD is and how long to wait for it.
type Config struct {
	// Endpoints are PD's client URLs, or host:port. Without a scheme it is https
	// when TLS is configured, else http. At least one is needed; they remain the
	// first to be tried, before the URLs that PD advertises.
	Endpoints []string
	// TLS is the zero value for plain HTTP and for https with the system's CAs.
	TLS TLSConfig
	// Timeout bounds one call over all its attempts; 10 s when zero. For streams of
	// regions it bounds the wait for the first byte and for each further one.
	Timeout time.Duration
	// EndpointTimeout bounds the wait for one server's answer in the first round;
	// it doubles every round. 2 s when zero.
	EndpointTimeout time.Duration
	// UseProxy honours HTTP_PROXY and HTTPS_PROXY. PD is an inner service, so by
	// default they are ignored.
	UseProxy bool
	// Sleep replaces the pause between attempts; nil for a real one. It returns the
	// context's error when that ends first.
	Sleep func(context.Context, time.Duration) error
}

// New checks the configuration and loads the TLS files. It sends nothing.
func New(cfg Config) (*Client, error) {
	tlsConfig, err := cfg.TLS.Load()
	if err != nil {
		return nil, err
	}
	endpoints, err := parseEndpoints(cfg.Endpoints, tlsConfig != nil)
	if err != nil {
		return nil, err
	}
	c := &Client{
		given:   endpoints,
		timeout: cfg.Timeout,
		attempt: cfg.EndpointTimeout,
		sleep:   cfg.Sleep,
		finding: make(chan struct{}, 1),
		bad:     make(map[string]time.Time),

		statsFew: defaultStatsFew,
	}
	if c.timeout <= 0 {
		c.timeout = 10 * time.Second
	}
	if c.attempt <= 0 {
		c.attempt = 2 * time.Second
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: c.timeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: c.timeout,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     60 * time.Second,
	}
	if cfg.UseProxy {
		transport.Proxy = http.ProxyFromEnvironment
	}
	c.reads = &http.Client{Transport: transport, CheckRedirect: followRead}
	// A write on a kept-alive connection that PD is just closing would end in an
	// unknown outcome for no reason, so every write has a connection of its own.
	fresh := transport.Clone()
	fresh.DisableKeepAlives = true
	c.writes = &http.Client{Transport: fresh, CheckRedirect: refuseRedirect}
	return c, nil
}

func parseEndpoints(list []string, secure bool) ([]string, error) {
	var out []string
	for _, s := range list {
		base, err := parseEndpoint(s, secure)
		if err != nil {
			return nil, err
		}
		out = append(out, base)
	}
	if len(out) == 0 {
		return nil, errors.New("connect to pd: no endpoint given")
	}
	return out, nil
}

// parseEndpoint returns scheme://host:port.
func parseEndpoint(s string, secure bool) (string, error) {
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		if secure {
			s = "https://" + s
		} else {
			s = "http://" + s
		}
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", fmt.Errorf("parse pd endpoint %q: %w", s, err)
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("parse pd endpoint %q: scheme must be http or https", s)
	case u.Hostname() == "":
		return "", fmt.Errorf("parse pd endpoint %q: no host", s)
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil:
		return "", fmt.Errorf("parse pd endpoint %q: want only scheme, host and port", s)
	case secure && u.Scheme == "http":
		return "", fmt.Errorf("parse pd endpoint %q: http cannot use the tls files given", s)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func followRead(r *http.Request, via []*http.Request) error {
	switch {
	case unboundedStats(r.URL):
		return errUnboundedStats
	case len(via) > 3:
		return errors.New("redirected more than 3 times")
	}
	return nil
}

// refuseRedirect keeps a write from being sent a second time; the redirect
// itself becomes the error.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
