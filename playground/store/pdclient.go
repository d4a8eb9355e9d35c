package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pingcap/kvproto/pkg/pdpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// rpcTimeout bounds one call to one PD member, so that a member that hangs
// costs a heartbeat and not the store.
const rpcTimeout = 3 * time.Second

// retryPause is the wait between attempts to find PD's leader.
const retryPause = 100 * time.Millisecond

// PDError is a refusal by PD, as opposed to a call that did not get through.
type PDError struct {
	Type    pdpb.ErrorType
	Message string
}

func (e *PDError) Error() string { return e.Message }

// deposed says that the member found out in the middle of the call that it leads
// no more. PD has no type for that, only its error code.
func (e *PDError) deposed() bool { return strings.Contains(e.Message, "ErrEtcdTxnConflict") }

// pdClient speaks to whichever PD member leads. It is shared by all stores.
type pdClient struct {
	log *slog.Logger
	tls *tls.Config // nil for plain text

	mu        sync.Mutex
	urls      []string // of all members known
	conns     map[string]*grpc.ClientConn
	leader    string
	clusterID uint64
	moved     chan struct{} // closed when the leader changes
}

func newPDClient(urls []string, tlsConfig *tls.Config, log *slog.Logger) *pdClient {
	return &pdClient{log: log, tls: tlsConfig, urls: slices.Clone(urls), conns: map[string]*grpc.ClientConn{}, moved: make(chan struct{})}
}

func (c *pdClient) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		_ = conn.Close() // nothing is under way any more
	}
	clear(c.conns)
}

// conn returns the connection to one member. gRPC connects lazily and keeps
// trying by itself.
func (c *pdClient) conn(member string) (*grpc.ClientConn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.conns[member]; conn != nil {
		return conn, nil
	}
	u, err := url.Parse(member)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("dial PD: %q is not a URL", member)
	}
	security := insecure.NewCredentials()
	if c.tls != nil {
		security = credentials.NewTLS(c.tls.Clone())
	}
	conn, err := grpc.Dial(u.Host, grpc.WithTransportCredentials(security))
	if err != nil {
		return nil, fmt.Errorf("dial PD %s: %w", member, err)
	}
	c.conns[member] = conn
	return conn, nil
}

// refresh asks the members who leads. A member that cannot be reached or does
// not know is passed over.
func (c *pdClient) refresh(ctx context.Context) error {
	c.mu.Lock()
	urls := slices.Clone(c.urls)
	c.mu.Unlock()
	err := errors.New("no member was asked")
	for _, u := range urls {
		var conn *grpc.ClientConn
		if conn, err = c.conn(u); err != nil {
			continue
		}
		ask, cancel := context.WithTimeout(ctx, time.Second)
		var resp *pdpb.GetMembersResponse
		resp, err = pdpb.NewPDClient(conn).GetMembers(ask, &pdpb.GetMembersRequest{})
		cancel()
		if err != nil {
			continue
		}
		if len(resp.GetLeader().GetClientUrls()) > 0 {
			c.follow(resp)
			return nil
		}
		err = fmt.Errorf("%s knows no leader", u)
	}
	return fmt.Errorf("find PD leader: %w", err)
}

// follow adopts what a member said about the cluster.
func (c *pdClient) follow(resp *pdpb.GetMembersResponse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range resp.GetMembers() {
		for _, u := range m.GetClientUrls() {
			if !slices.Contains(c.urls, u) {
				c.urls = append(c.urls, u)
			}
		}
	}
	c.clusterID = resp.GetHeader().GetClusterId()
	if leader := resp.GetLeader().GetClientUrls()[0]; leader != c.leader {
		c.log.Info("PD leader is", "url", leader, "before", c.leader)
		c.leader = leader
		close(c.moved)
		c.moved = make(chan struct{})
	}
}

// target is the leader to speak to, and the signal that it is leader no more.
type target struct {
	pdpb.PDClient
	url       string
	clusterID uint64
	moved     <-chan struct{}
}

func (t target) header() *pdpb.RequestHeader { return &pdpb.RequestHeader{ClusterId: t.clusterID} }

func (c *pdClient) target(ctx context.Context) (target, error) {
	c.mu.Lock()
	known := c.leader != ""
	c.mu.Unlock()
	if !known {
		if err := c.refresh(ctx); err != nil {
			return target{}, err
		}
	}
	c.mu.Lock()
	t := target{url: c.leader, clusterID: c.clusterID, moved: c.moved}
	c.mu.Unlock()
	conn, err := c.conn(t.url)
	if err != nil {
		return target{}, err
	}
	t.PDClient = pdpb.NewPDClient(conn)
	return t, nil
}

// once makes one call to the leader. After a failure to get through it looks
// for a new leader, so that the next call goes there.
func (c *pdClient) once(ctx context.Context, call func(context.Context, target) (*pdpb.ResponseHeader, error)) error {
	ctx, cancel := context.WithTimeout(ctx, rpcTimeout)
	defer cancel()
	t, err := c.target(ctx)
	if err != nil {
		return err
	}
	h, err := call(ctx, t)
	if err == nil {
		err = refusal(h)
	}
	var refused *PDError
	if err != nil && (!errors.As(err, &refused) || refused.Type == pdpb.ErrorType_NOT_BOOTSTRAPPED || refused.deposed()) {
		_ = c.refresh(ctx) // best effort: the call's own error says more
	}
	return err
}

// retry repeats a call until PD has answered it or ctx ends. Everything sent
// this way may be sent twice: ids may be wasted, the rest is idempotent.
func (c *pdClient) retry(ctx context.Context, call func(context.Context, target) (*pdpb.ResponseHeader, error)) error {
	for {
		err := c.once(ctx, call)
		var refused *PDError
		if err == nil || errors.As(err, &refused) && !refused.deposed() {
			return err
		}
		if sleep(ctx, retryPause) != nil {
			return err
		}
	}
}

func refusal(h *pdpb.ResponseHeader) error {
	if e := h.GetError(); e != nil && e.GetType() != pdpb.ErrorType_OK {
		return &PDError{Type: e.GetType(), Message: e.GetMessage()}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
