package jq

import (
	"errors"
	"iter"

	"github.com/itchyny/gojq"
)

// feed gives the elements to a program: it is what .regions[] has become.
type feed struct {
	// next returns the next element, false behind the last one.
	next   func() (value any, ok bool, err error)
	opened bool
	count  int // elements given out
	// err is what ended the elements early. It ends the program, too, which
	// must not catch it.
	err error
}

var errReadTwice = errors.New("run jq program: the elements were asked for twice; this is a mistake of the splitting of programs, not of the program")

// nullError is what jq says of null[].
var nullError = func() any {
	query, err := gojq.Parse("null[]")
	if err != nil {
		panic(err)
	}
	value, _ := query.Run(nil).Next()
	return value
}()

// openFeed is the function that stands for .regions[]; its argument is the feed.
func openFeed(_ any, args []any) gojq.Iter {
	f, ok := args[0].(*feed)
	if !ok {
		return gojq.NewIter(errReadTwice)
	}
	if f.opened {
		f.err = errReadTwice
	}
	f.opened = true
	return f
}

// Next makes a feed a gojq.Iter.
func (f *feed) Next() (any, bool) {
	if f.err != nil {
		return &gojq.HaltError{}, true // no try can catch it
	}
	value, ok, err := f.next()
	switch {
	case errors.Is(err, ErrNull):
		return nullError, true
	case err != nil:
		f.err = err
		return &gojq.HaltError{}, true
	}
	if ok {
		f.count++
	}
	return value, ok
}

// portion is some elements that follow each other.
type portion struct {
	first    int // how many elements are in front
	elements [][]byte
	err      error // behind the elements; nil when there are more, or no more
}

// Portions start small, so that the first results come at once.
const (
	firstPortion = 16
	fullPortion  = 256
)

// portions cuts batches. There is one at least: also without an element a
// program may have something to say.
func portions(batches iter.Seq2[[][]byte, error]) iter.Seq[portion] {
	return func(yield func(portion) bool) {
		first, size := 0, firstPortion
		sent := false
		for batch, err := range batches {
			for len(batch) > 0 {
				n := min(size, len(batch))
				if !yield(portion{first: first, elements: batch[:n]}) {
					return
				}
				sent, first, batch = true, first+n, batch[n:]
				size = min(size*4, fullPortion)
			}
			if err != nil && (!sent || !errors.Is(err, ErrNull)) {
				yield(portion{first: first, err: err})
				return
			}
		}
		if !sent {
			yield(portion{})
		}
	}
}

// reader decodes the elements of a portion one by one.
type reader struct {
	portion
	decoder *decoder
	mask    *mask
	at      int
}

func (r *reader) next() (any, bool, error) {
	if r.at == len(r.elements) {
		return nil, false, r.err
	}
	value, err := r.decoder.decode(r.elements[r.at], r.mask)
	if err != nil {
		if invalid, ok := errors.AsType[*InvalidError](err); ok {
			invalid.Element = r.first + r.at
		}
		return nil, false, err
	}
	r.at++
	return value, true, nil
}
