// Command ebb-playground runs a TiDB cluster's storage layer on one machine to
// try ebb on: a real PD and simulated TiKV and TiFlash stores that obey it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(Main(os.Args[1:], systemStreams()))
}

// Main runs one command and returns its exit code. The first Ctrl-C ends it in
// good order, the second at once.
func Main(args []string, streams Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)

	root := newRootCmd(&Env{
		Streams:   streams,
		StateHome: os.Getenv("XDG_STATE_HOME"),
		Home:      os.Getenv("HOME"),
	})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	return report(streams.Err, err)
}
