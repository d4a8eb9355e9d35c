package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"ebb/playground/layout"
	"ebb/playground/loopback"
	"ebb/playground/runstate"
)

// Exit codes. They are ebb's where the two mean the same.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 4
	exitInterrupted = 130
)

// UsageError says that a command line cannot be obeyed.
type UsageError struct{ Cause error }

func (e *UsageError) Error() string { return e.Cause.Error() }
func (e *UsageError) Unwrap() error { return e.Cause }

// Hint tells where to look.
func (e *UsageError) Hint() string {
	var meant *meantError
	if errors.As(e.Cause, &meant) {
		return meant.Hint()
	}
	return "see `ebb-playground --help`"
}

// childError carries the exit code of a background process, which has printed
// its error itself.
type childError struct{ code int }

func (e *childError) Error() string {
	return fmt.Sprintf("background process ended with exit code %d", e.code)
}

// report prints err with its hint and returns the exit code for it.
func report(w io.Writer, err error) int {
	if child, ok := errors.AsType[*childError](err); ok {
		return child.code
	}
	code := exitCode(err)
	switch code {
	case exitDone:
	case exitInterrupted:
		fmt.Fprintln(w, "ebb-playground: interrupted")
	default:
		fmt.Fprintf(w, "ebb-playground: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		var hinter interface{ Hint() string }
		if errors.As(err, &hinter) {
			fmt.Fprintf(w, "hint: %s\n", hinter.Hint())
		}
	}
	return code
}

func exitCode(err error) int {
	var (
		usage  *UsageError
		shape  *layout.ShapeError
		adopt  *layout.AdoptError
		name   *runstate.NameError
		prefix *loopback.PrefixError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &shape), errors.As(err, &adopt), errors.As(err, &name), errors.As(err, &prefix):
		return exitUsage
	}
	return exitFailed
}
