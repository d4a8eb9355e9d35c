package sshexec

import (
	"context"
	"sync"
)

// Result is what one host made of a function that ran on many.
type Result[R any] struct {
	Target Target
	Value  R
	Err    error
}

// Each runs f for every target, on Options.Concurrency of them at once, and
// returns all results in the order of the targets. A failure on one host stops no
// other; when ctx ends, the hosts that were not begun get its error, which then
// matches ErrNotStarted.
func Each[R any](ctx context.Context, p *Pool, targets []Target, f func(context.Context, Target, Runner) (R, error)) []Result[R] {
	results := make([]Result[R], len(targets))
	places := make(chan struct{}, p.options.Concurrency)
	var wg sync.WaitGroup
	for i, t := range targets {
		results[i].Target = t
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			results[i].Err = &ConnectError{Host: t, Err: context.Cause(ctx)}
			continue
		}
		wg.Go(func() {
			defer func() { <-places }()
			results[i].Value, results[i].Err = f(ctx, t, p.Host(t))
		})
	}
	wg.Wait()
	return results
}
