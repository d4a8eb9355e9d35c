package jq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// stop is a context whose Done costs nothing while it is not done: gojq looks
// at it in front of every instruction.
type stop struct {
	context.Context
	done atomic.Pointer[<-chan struct{}]
}

// Done makes a stop a context.Context.
func (s *stop) Done() <-chan struct{} {
	if done := s.done.Load(); done != nil {
		return *done
	}
	return nil
}

// stopWith returns a context that is done when ctx is. release lets go of ctx.
func stopWith(ctx context.Context) (s *stop, release func()) {
	s = &stop{Context: ctx}
	detach := context.AfterFunc(ctx, func() {
		done := ctx.Done()
		s.done.Store(&done)
	})
	return s, func() { detach() }
}

// cancelled is the error of a context that is done, else nil.
func cancelled(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("run jq program: %w", err)
	}
	return nil
}

// RunElements runs the program over a document of which only the elements of
// its array are given: batches of them in order, each element the JSON of a
// whole value. The results and the error are those of Run over the document,
// except that results in front of invalid JSON are given out.
//
// An error of the sequence ends the run with that error, but ErrNull in place
// of elements says that the array is null. The bytes of a batch must stay as
// they are until RunElements returns. The sequence runs in a goroutine of its
// own and a little ahead; it should end when ctx does, because RunElements
// waits for it, also after an early end as in first(.regions[]).
//
// emit gets the results in order, never two at once. The bytes are its own
// only until it returns. Its error ends the run and is returned.
//
// Programs that treat each element on its own run on all cores. Memory is
// bounded by a few hundred elements per core beside the batches, and by what
// the program itself collects.
func (p *Program) RunElements(ctx context.Context, batches iter.Seq2[[][]byte, error], emit func(line []byte) error) error {
	switch {
	case p.elements == nil:
		return &WholeDocumentError{p.why}
	case p.parallel:
		return p.runParallel(ctx, batches, emit)
	}
	return p.runSerial(ctx, batches, emit)
}

// run runs the program over the feed, and gives each result to emit before the
// next element is asked for. errHalted says that the program ended the run.
func (p *Program) run(ctx *stop, f *feed, emit func(value any) error) error {
	results := p.elements.RunWithContext(ctx, nil, append(slices.Clone(p.args), f)...)
	for {
		value, ok, err := result(ctx, results)
		switch {
		case f.err != nil:
			return f.err
		case err != nil:
			return err
		case !ok:
			return nil
		}
		if err := emit(value); err != nil {
			return err
		}
	}
}

// decoded is a portion made into values.
type decoded struct {
	values []any
	err    error
}

// runSerial decodes ahead while the program runs.
func (p *Program) runSerial(ctx context.Context, batches iter.Seq2[[][]byte, error], emit func(line []byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	ahead := make(chan decoded, 2)
	var producer sync.WaitGroup
	producer.Go(func() {
		defer close(ahead)
		p.decodeAhead(ctx, batches, ahead)
	})
	defer producer.Wait()
	defer cancel()
	halting, release := stopWith(ctx)
	defer release()

	var now decoded
	next := func() (any, bool, error) {
		for len(now.values) == 0 {
			if now.err != nil {
				return nil, false, now.err
			}
			var more bool
			select {
			case now, more = <-ahead:
			case <-ctx.Done():
				return nil, false, cancelled(ctx)
			}
			if !more {
				return nil, false, cancelled(ctx)
			}
		}
		value := now.values[0]
		now.values[0] = nil
		now.values = now.values[1:]
		return value, true, nil
	}
	var line []byte
	err := p.run(halting, &feed{next: next}, func(value any) error {
		line = appendResult(line[:0], value, p.raw)
		return emit(line)
	})
	if errors.Is(err, errHalted) {
		return nil
	}
	return err
}

func (p *Program) decodeAhead(ctx context.Context, batches iter.Seq2[[][]byte, error], ahead chan<- decoded) {
	d := &decoder{}
	for part := range portions(batches) {
		r := &reader{portion: part, decoder: d, mask: p.needed}
		out := decoded{values: make([]any, 0, len(part.elements))}
		for more := true; more; {
			var value any
			if value, more, out.err = r.next(); more {
				out.values = append(out.values, value)
			}
		}
		select {
		case ahead <- out:
		case <-ctx.Done():
			return
		}
		if out.err != nil {
			return
		}
	}
}
