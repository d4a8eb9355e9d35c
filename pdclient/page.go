package pdclient

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"

	"ebb/cluster"
)

func decodeRegions(a *answer) ([]cluster.Region, error) {
	d := newRegionDecoder(bytes.NewReader(a.body))
	var list []cluster.Region
	err := d.list(func(r *cluster.Region) bool {
		if list == nil {
			list = make([]cluster.Region, 0, max(min(d.counted, largestPage), 1))
		}
		list = append(list, *r)
		return true
	})
	if err != nil {
		return nil, d.fail(http.MethodGet, a.url, err)
	}
	return list, nil
}

// pendingPage is a page on its way.
type pendingPage struct {
	key    []byte
	answer *answer
	err    error
	done   chan struct{}
}

func (s *scanner) fetch(ctx context.Context, key []byte) *pendingPage {
	p := &pendingPage{key: key, done: make(chan struct{})}
	query := url.Values{"key": {string(key)}, "limit": {strconv.Itoa(s.page)}}
	if len(s.scan.EndKey) > 0 {
		query.Set("end_key", string(s.scan.EndKey)) // 4.0 and 5.0 ignore it
	}
	go func() {
		defer close(p.done)
		p.answer, p.err = s.client.read(ctx, get("/regions/key", query))
	}()
	return p
}

func (p *pendingPage) wait(ctx context.Context) (*answer, error) {
	select {
	case <-p.done:
		return p.answer, p.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// lastEndKey finds the end key of the last region of a page without decoding the
// page; nil when it cannot. It is a guess to be checked: a later PD may print
// other end keys within a region.
func lastEndKey(page []byte) []byte {
	const name = `"end_key":`
	i := bytes.LastIndex(page, []byte(name))
	if i < 0 {
		return nil
	}
	rest := bytes.TrimLeft(page[i+len(name):], " \n\t")
	if len(rest) == 0 || rest[0] != '"' {
		return nil
	}
	digits, _, ok := bytes.Cut(rest[1:], []byte{'"'})
	if !ok {
		return nil
	}
	key := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(key, digits); err != nil {
		return nil
	}
	return key
}
