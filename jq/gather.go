package jq

import (
	"errors"
	"time"
)

// gathering is the work on one job.
type gathering struct {
	pool  *pool
	job   *job
	ctx   *stop
	out   *piece
	since time.Time // out is gathered since then
}

// maxSurprises is how many elements of a portion a native program may leave to
// gojq before the rest goes there at once.
const maxSurprises = fullPortion / 8

// do runs the program over the portion of the job: natively where that works.
func (g *gathering) do(native *machine, d *decoder) error {
	rest := g.job.portion
	for surprises := 0; native != nil && len(rest.elements) > 0 && surprises < maxSurprises; {
		if err := cancelled(g.ctx.Context); err != nil {
			return err
		}
		one := portion{first: rest.first, elements: rest.elements[:1]}
		rest.first, rest.elements = rest.first+1, rest.elements[1:]
		if native.element(one.elements[0], g.out) {
			if len(g.out.text) < pieceSize && g.job.first > 0 {
				continue
			}
			if err := g.flush(); err != nil {
				return err
			}
		} else if err := g.gojq(one, d); err != nil {
			return err
		} else {
			surprises++
		}
	}
	if len(rest.elements) == 0 && len(g.job.elements) > 0 && rest.err == nil {
		return nil
	}
	return g.gojq(rest, d)
}

// gojq runs the program over some elements.
func (g *gathering) gojq(part portion, d *decoder) error {
	p := g.pool.program
	r := &reader{portion: part, decoder: d, mask: p.needed}
	f := &feed{next: r.next}
	err := p.run(g.ctx, f, func(value any) error {
		g.out.text = appendResult(g.out.text, value, p.raw)
		g.out.ends = append(g.out.ends, len(g.out.text))
		// The very first results are wanted at once.
		if g.job.first > 0 && len(g.out.text) < pieceSize && time.Since(g.since) < pieceTime {
			return nil
		}
		return g.flush()
	})
	if failed, ok := errors.AsType[*RunError](err); ok {
		failed.Element = part.first + f.count - 1
	}
	return err
}

// flush hands on what there is.
func (g *gathering) flush() error {
	if len(g.out.ends) == 0 {
		return nil
	}
	select {
	case g.job.pieces <- g.out:
	case <-g.ctx.Context.Done():
		return cancelled(g.ctx.Context)
	}
	g.out, g.since = g.pool.newPiece(), time.Now()
	return nil
}
