package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"
)

// childReadyFD is the number that the first of exec.Cmd's ExtraFiles gets.
const childReadyFD = 3

// runInBackground starts "up" in a session of its own and returns when it is
// ready. Until then the child shares our standard error, so that its progress and
// its errors reach the user without being relayed.
func runInBackground(ctx context.Context, env *Env, flags *pflag.FlagSet, output string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find own program: %w", err)
	}
	ready, childEnd, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("create pipe: %w", err)
	}
	defer ready.Close()

	child := exec.Command(self, childArgs(flags)...)
	child.Stderr = os.Stderr
	child.ExtraFiles = []*os.File{childEnd}
	// Neither the terminal's Ctrl-C nor its end shall reach the child.
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := child.Start(); err != nil {
		return errors.Join(fmt.Errorf("start in background: %w", err), childEnd.Close())
	}
	if err := childEnd.Close(); err != nil {
		return fmt.Errorf("close pipe: %w", err)
	}
	// The child cleans up after itself and ends, which also ends the pipe.
	stop := context.AfterFunc(ctx, func() { _ = child.Process.Signal(syscall.SIGTERM) })
	defer stop()

	var a announcement
	switch err := json.NewDecoder(ready).Decode(&a); {
	case errors.Is(err, io.EOF):
		return childFailure(child.Wait())
	case err != nil:
		return fmt.Errorf("read report of the background process: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(err, child.Wait())
	}
	return a.print(env.Out, output)
}

// childArgs returns the command line of the child: the flags that were given.
func childArgs(flags *pflag.FlagSet) []string {
	args := []string{"up", fmt.Sprintf("--ready-fd=%d", childReadyFD)}
	flags.Visit(func(flag *pflag.Flag) {
		switch value := flag.Value.(type) {
		case pflag.SliceValue:
			for _, element := range value.GetSlice() {
				args = append(args, "--"+flag.Name+"="+element)
			}
		default:
			if flag.Name != "background" && flag.Name != "output" {
				args = append(args, "--"+flag.Name+"="+value.String())
			}
		}
	})
	return args
}

// childFailure returns the error for a child that ended without being ready.
func childFailure(waitErr error) error {
	var exit *exec.ExitError
	if errors.As(waitErr, &exit) && exit.ExitCode() > 0 {
		return &childError{code: exit.ExitCode()}
	}
	return fmt.Errorf("wait for the background process: it ended before it was ready: %w", waitErr)
}

// redirectStandardStreams makes file the standard output and standard error of
// this process, panics included.
func redirectStandardStreams(file *os.File) error {
	for _, fd := range []int{unix.Stdout, unix.Stderr} {
		if err := unix.Dup3(int(file.Fd()), fd, 0); err != nil {
			return fmt.Errorf("redirect output to %s: %w", file.Name(), err)
		}
	}
	return nil
}
