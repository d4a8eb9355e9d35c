package pdclient

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"ebb/internal/skim"
)

// listReader reads the elements of a list in an answer of PD, such as
// {"count":N,"regions":[...]}. The answer is in memory, or comes from a stream and
// is then held in chunks.
//
// It is written by hand because it was measured to matter: with a library that
// reads tokens a full scan of regions took 1.4 times what it takes to read and
// discard them, and that library 80 % of the program's time.
type listReader[T any] struct {
	list string // name of the list
	// element reads the element that starts at i and returns the index behind it. It
	// has to find an id. Where the text ends inside it is called again, from its
	// start.
	element func(b []byte, i int, e *edge) (int, error)
	// value makes what is passed on of the element that was read last; raw is its
	// text.
	value func(raw []byte) T

	src   io.Reader // nil when buf is the whole answer
	chunk int       // size of the next buffer
	buf   []byte
	pos   int
	base  int64 // offset of buf in the answer

	items   []scanned[T] // since the last call of emit
	edge    edge         // of the element that is being read
	emit    func([]scanned[T]) bool
	counted int // value of "count", -1 before it was read
	n       int
	seen    bool // the list
	stopped bool // emit has had enough
}

// errStopped ends the reading because emit has had enough.
var errStopped = errors.New("stopped by the reader")

// read reads the answer. What emit is given stays valid and is not changed.
func (r *listReader[T]) read() error {
	if err := r.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		c, err := r.peek()
		switch {
		case err != nil:
			return err
		case c == '}':
			r.pos++
			return r.finish()
		case !first:
			if err := r.expect(','); err != nil {
				return err
			}
		}
		if err := r.member(); err != nil || r.stopped {
			return err
		}
	}
}

// finish checks what is known when the list has been read: a PD follower that
// passes an answer on can break off in the middle of a 200 and even append more.
func (r *listReader[T]) finish() error {
	switch _, err := r.peek(); {
	case err == nil:
		return errBehind
	case !errors.Is(err, errTruncated):
		return err
	case !r.seen:
		return errors.New("no list of " + r.list + " in it")
	case r.counted != r.n:
		return fmt.Errorf("count says %d %s, the list has %d", r.counted, r.list, r.n)
	}
	r.flush()
	return nil
}

func (r *listReader[T]) member() error {
	quoted, err := r.next()
	if err == nil && quoted[0] != '"' {
		err = skim.ErrMalformed
	}
	if err != nil {
		return err
	}
	name := string(quoted[1 : len(quoted)-1])
	if err := r.expect(':'); err != nil {
		return err
	}
	c, err := r.peek()
	switch {
	case err != nil:
		return err
	case name == r.list && c == '[':
		r.seen = true
		return r.elements()
	}
	value, err := r.next()
	if err != nil {
		return err
	}
	switch {
	case name == "count":
		n, err := strconv.Atoi(string(value))
		if err != nil {
			return errors.New("want a count, got " + clip(string(value)))
		}
		r.counted = n
	case name == r.list && string(value) == "null":
		r.seen = true
	case name == r.list:
		return errors.New("want a list of " + r.list + ", got " + clip(string(value)))
	}
	return nil
}

func (r *listReader[T]) elements() error {
	r.pos++
	for first := true; !r.stopped; first = false {
		c, err := r.peek()
		switch {
		case err != nil:
			return err
		case c == ']':
			r.pos++
			return nil
		case !first:
			if err := r.expect(','); err != nil {
				return err
			}
		}
		v, err := r.whole(func(b []byte, i int) (int, error) {
			r.edge = edge{}
			if b[i] != '{' {
				return skim.Value(b, i, 0)
			}
			return r.element(b, i, &r.edge)
		})
		switch {
		case err != nil:
			return err
		case r.edge.id == 0:
			return fmt.Errorf("an element of %s without id", r.list)
		}
		if r.items == nil {
			r.items = make([]scanned[T], 0, max(min(r.counted-r.n, len(r.buf)/256), 16))
		}
		r.items = append(r.items, scanned[T]{r.value(v), r.edge})
		r.n++
	}
	return nil
}

// next returns the next value.
func (r *listReader[T]) next() ([]byte, error) {
	return r.whole(func(b []byte, i int) (int, error) { return skim.Value(b, i, 0) })
}

// whole returns what find finds at the next value, which it reads again from the
// start when the buffer ends inside it.
func (r *listReader[T]) whole(find func(b []byte, i int) (int, error)) ([]byte, error) {
	if _, err := r.peek(); err != nil {
		return nil, err
	}
	for {
		end, err := find(r.buf, r.pos)
		switch {
		case err == nil:
			v := r.buf[r.pos:end:end]
			r.pos = end
			return v, nil
		case !errors.Is(err, skim.ErrShort):
			r.pos = end
			return nil, err
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// peek returns the next byte that is no white space and stays in front of it.
func (r *listReader[T]) peek() (byte, error) {
	for {
		if r.pos = skim.Space(r.buf, r.pos); r.pos < len(r.buf) {
			return r.buf[r.pos], nil
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
}

func (r *listReader[T]) expect(want byte) error {
	c, err := r.peek()
	if err != nil {
		return err
	}
	if c != want {
		return fmt.Errorf("%w: want %q, got %q", skim.ErrMalformed, want, c)
	}
	r.pos++
	return nil
}
