package jq

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"time"
)

const (
	// pieceSize is how much output a worker gathers before it hands it on.
	pieceSize = 32 << 10
	// pieceTime is how long it gathers at most while results come.
	pieceTime = 50 * time.Millisecond
	// piecesAhead bounds what a portion may hold back until its turn comes.
	piecesAhead = 4
)

// job is a portion, its results and how it ended.
type job struct {
	portion
	pieces chan *piece // closed when the job is done
	err    error       // set before pieces is closed
}

// piece is results one behind the other.
type piece struct {
	text []byte
	ends []int
}

// pool is the workers of a run.
type pool struct {
	program *Program
	// todo and inOrder hold the same jobs, for the workers and for who emits.
	// inOrder is as long as jobs may be ahead.
	todo    chan *job
	inOrder chan *job
	free    chan *piece
	group   sync.WaitGroup
}

func (p *Program) runParallel(ctx context.Context, batches iter.Seq2[[][]byte, error], emit func(line []byte) error) error {
	ctx, cancel := context.WithCancel(ctx)
	workers := runtime.GOMAXPROCS(0)
	w := &pool{
		program: p,
		todo:    make(chan *job),
		inOrder: make(chan *job, 2*workers),
		free:    make(chan *piece, 2*workers*piecesAhead),
	}
	defer w.group.Wait()
	defer cancel()
	halting, release := stopWith(ctx)
	defer release()
	w.group.Go(func() { w.produce(ctx, batches) })
	for range workers {
		w.group.Go(func() { w.work(halting) })
	}
	for {
		var j *job
		var more bool
		select {
		case j, more = <-w.inOrder:
		case <-ctx.Done():
			return cancelled(ctx)
		}
		if !more {
			return cancelled(ctx)
		}
		if err := w.emit(ctx, j, emit); err != nil {
			if errors.Is(err, errHalted) {
				return nil
			}
			return err
		}
	}
}

func (w *pool) produce(ctx context.Context, batches iter.Seq2[[][]byte, error]) {
	defer close(w.inOrder)
	defer close(w.todo)
	for part := range portions(batches) {
		j := &job{portion: part, pieces: make(chan *piece, piecesAhead)}
		select {
		case w.inOrder <- j:
		case <-ctx.Done():
			return
		}
		select {
		case w.todo <- j:
		case <-ctx.Done():
			return
		}
	}
}

// emit gives out the results of a job and returns how it ended.
func (w *pool) emit(ctx context.Context, j *job, emit func(line []byte) error) error {
	for {
		var p *piece
		var more bool
		select {
		case p, more = <-j.pieces:
		case <-ctx.Done():
			return cancelled(ctx)
		}
		if !more {
			return j.err
		}
		start := 0
		for _, end := range p.ends {
			if err := emit(p.text[start:end]); err != nil {
				return err
			}
			start = end
		}
		select {
		case w.free <- p:
		default:
		}
	}
}

// work does jobs until there are no more. Jobs behind one that failed are not
// asked for, and the values of a failed one may still be looked at.
func (w *pool) work(ctx *stop) {
	d := &decoder{reuse: true}
	var native *machine
	if w.program.native != nil {
		native = newMachine(w.program.native, w.program.raw)
	}
	for j := range w.todo {
		g := &gathering{pool: w, job: j, ctx: ctx, out: w.newPiece(), since: time.Now()}
		j.err = g.do(native, d)
		if err := g.flush(); err != nil {
			j.err = err
		}
		close(j.pieces)
		if j.err != nil {
			return
		}
	}
}

func (w *pool) newPiece() *piece {
	select {
	case p := <-w.free:
		p.text, p.ends = p.text[:0], p.ends[:0]
		return p
	default:
		return &piece{}
	}
}
