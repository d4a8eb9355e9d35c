package pdclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// badFor is how long a server that did not answer is asked last.
	badFor = 30 * time.Second
	// writeFreshness is how old the knowledge of the leader may be for a write.
	writeFreshness = 5 * time.Second
)

// locate returns the base URL to send to: the leader where it can be reached
// directly, else a server that passes requests on to it. A target found more
// than maxAge ago is looked up again; maxAge 0 accepts any.
func (c *Client) locate(ctx context.Context, wait, maxAge time.Duration) (string, error) {
	select {
	case c.finding <- struct{}{}:
		defer func() { <-c.finding }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	c.mu.Lock()
	target, age := c.target, time.Since(c.foundAt)
	c.mu.Unlock()
	if target != "" && (maxAge == 0 || age < maxAge) {
		return target, nil
	}
	return c.discover(ctx, wait)
}

// discover asks one server after the other who leads. The servers that were
// configured come first, those that failed lately come last.
func (c *Client) discover(ctx context.Context, wait time.Duration) (string, error) {
	var tries []Try
	for _, base := range c.candidates() {
		m, err := c.membersAt(ctx, base, wait)
		if err == nil {
			return c.adopt(ctx, base, m, wait)
		}
		tries = append(tries, Try{base, err})
		if answered(err) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		c.markBad(base)
	}
	return "", &UnreachableError{tries}
}

// answered reports whether the error is a server's own word.
func answered(err error) bool {
	var status *StatusError
	var decode *DecodeError
	return errors.As(err, &status) || errors.As(err, &decode) || errors.Is(err, ErrNoLeader)
}

// candidates lists all known servers in the order to be asked.
func (c *Client) candidates() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var good, bad []string
	for _, base := range slices.Concat(c.given, c.learned) {
		switch failed, was := c.bad[base]; {
		case slices.Contains(good, base) || slices.Contains(bad, base):
		case was && time.Since(failed) < badFor:
			bad = append(bad, base)
		default:
			good = append(good, base)
		}
	}
	return append(good, bad...)
}

// adopt chooses the target after a server answered with the list of members.
func (c *Client) adopt(ctx context.Context, base string, m *membersAnswer, wait time.Duration) (string, error) {
	if err := c.checkCluster(base, m.ClusterID); err != nil {
		return "", err
	}
	c.learn(m)
	target := base
	urls := c.usable(m.Leader.ClientURLs)
	switch i := slices.IndexFunc(c.given, func(g string) bool { return slices.Contains(urls, g) }); {
	case i >= 0 && !c.isBad(c.given[i]):
		target = c.given[i]
	case slices.Contains(urls, base):
	default:
		// The advertised address may be out of reach from here, or belong to
		// another PD behind a NAT: ask it before trusting it.
		for _, u := range urls {
			if c.isBad(u) {
				continue
			}
			other, err := c.membersAt(ctx, u, wait)
			if err == nil && other.ClusterID == m.ClusterID {
				target = u
				break
			}
			if err != nil && ctx.Err() == nil {
				c.markBad(u)
			}
		}
	}
	c.mu.Lock()
	c.target, c.foundAt, c.version = target, time.Now(), m.Leader.Version
	c.mu.Unlock()
	return target, nil
}

func (c *Client) checkCluster(base string, id uint64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clusterID == 0 {
		c.clusterID = id
	}
	if id != c.clusterID {
		return fmt.Errorf("use pd %s: %w: cluster id %d, expected %d", base, ErrOtherCluster, id, c.clusterID)
	}
	return nil
}

// learn remembers the URLs that the members advertise.
func (c *Client) learn(m *membersAnswer) {
	var urls []string
	for _, member := range m.Members.Members {
		urls = append(urls, c.usable(member.ClientURLs)...)
	}
	c.mu.Lock()
	c.learned = urls
	c.mu.Unlock()
}

// usable normalises advertised URLs. Where the configured ones are https, a
// plain one is not followed: the request would travel in the clear.
func (c *Client) usable(urls []string) []string {
	secure := strings.HasPrefix(c.given[0], "https://")
	var out []string
	for _, u := range urls {
		if base, err := parseEndpoint(u, secure); err == nil {
			out = append(out, base)
		}
	}
	return out
}

func (c *Client) isBad(base string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	failed, was := c.bad[base]
	return was && time.Since(failed) < badFor
}

// markBad moves a server to the end of the queue and gives up on it as target.
func (c *Client) markBad(base string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bad[base] = time.Now()
	if c.target == base {
		c.target = ""
	}
}

// forget makes the next request look for the leader again.
func (c *Client) forget(base string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.target == base {
		c.target = ""
	}
}
