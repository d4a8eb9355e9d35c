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

// typedPage decodes a page.
func typedPage(a *answer, list []scanned[cluster.Region]) ([]scanned[cluster.Region], error) {
	return readPage(a, newRegionReader(), list)
}

// readPage reads a list that is in memory. list is memory for the result, or nil.
func readPage[T any](a *answer, r *listReader[T], list []scanned[T]) (all []scanned[T], err error) {
	r.buf, r.counted = a.body, -1
	if list != nil {
		r.items = list[:0]
	}
	r.emit = func(items []scanned[T]) bool {
		all = items
		return true
	}
	if err := r.read(); err != nil {
		return nil, r.fail(http.MethodGet, a.url, err)
	}
	return all, nil
}

// pendingPage is a page on its way.
type pendingPage struct {
	key    []byte
	answer *answer
	err    error
	done   chan struct{}
}

func (s *scanner[T]) fetch(ctx context.Context, key []byte) *pendingPage {
	p := &pendingPage{key: key, done: make(chan struct{})}
	query := url.Values{"key": {string(key)}, "limit": {strconv.Itoa(s.page)}}
	if len(s.scan.EndKey) > 0 {
		query.Set("end_key", string(s.scan.EndKey)) // 4.0 and 5.0 ignore it
	}
	r := get("/regions/key", query)
	r.room = s.takeRoom()
	go func() {
		defer close(p.done)
		p.answer, p.err = s.client.read(ctx, r)
	}()
	return p
}

// takeRoom returns memory for the next page: that of one which has been decoded, or
// new memory with some room to spare, since the last Read, which finds the end, wants
// room too.
func (s *scanner[T]) takeRoom() []byte {
	if n := len(s.rooms); n > 0 {
		room := s.rooms[n-1]
		s.rooms = s.rooms[:n-1]
		return room
	}
	if s.size == 0 {
		return nil
	}
	return make([]byte, 0, s.size+s.size/16+bytes.MinRead)
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
