package sshexec_test

import (
	"context"
	"sync"

	"ebb/sshexec"
)

type hostResult[R any] struct {
	target sshexec.Target
	value  R
	err    error
}

// each runs f for every target, on 16 of them at once, and returns the results in
// the order of the targets.
func each[R any](ctx context.Context, p *sshexec.Pool, targets []sshexec.Target, f func(context.Context, sshexec.Target, sshexec.Runner) (R, error)) []hostResult[R] {
	results := make([]hostResult[R], len(targets))
	places := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i, t := range targets {
		results[i].target = t
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			results[i].value, results[i].err = f(ctx, t, p.Host(t))
		})
	}
	wg.Wait()
	return results
}
