package cmd

import (
	"context"
	"errors"

	"ebb/decommission"
	"ebb/journal"
	"ebb/operators"
	"ebb/pdclient"
	"ebb/topology"
	"ebb/topology/file"
	"ebb/tune"
	"ebb/ui"
)

// ExitCode is the status that the program ends with. It is the same in every
// output format.
type ExitCode int

// The exit codes. 2 is never used: the Go runtime ends with it on a panic.
const (
	ExitDone            ExitCode = 0
	ExitFailed          ExitCode = 1
	ExitNo              ExitCode = 3
	ExitUsage           ExitCode = 4
	ExitCannotTell      ExitCode = 5
	ExitDeclined        ExitCode = 6
	ExitInProgress      ExitCode = 7
	ExitPartly          ExitCode = 8
	ExitUnreachable     ExitCode = 9
	ExitLocked          ExitCode = 10
	ExitTuningNotUndone ExitCode = 11
	ExitInterrupted     ExitCode = 130
)

// exitCodes documents the codes in the order of "ebb help exit-codes".
var exitCodes = []struct {
	Code ExitCode
	Name string // in JSON errors
	Text string
}{
	{ExitDone, "done", "done, or there was nothing to do"},
	{ExitFailed, "failed", "failed; what was tried and why is on stderr"},
	{ExitNo, "no", "the answer is no: refused as unsafe, with nothing changed, or a problem was found"},
	{ExitUsage, "usage", "wrong flags or arguments, or a file that cannot be understood; nothing was changed"},
	{ExitCannotTell, "cannot-tell", "something could not be looked at, so nobody can tell; nothing was changed"},
	{ExitDeclined, "declined", "declined at the prompt; nothing was changed"},
	{ExitInProgress, "in-progress", "still in progress: timed out or detached; the stores go on leaving"},
	{ExitPartly, "partly", "partly applied; what is left is listed, and the same command continues"},
	{ExitUnreachable, "unreachable", "PD could not be reached in time"},
	{ExitLocked, "locked", "another operation holds the lock"},
	{ExitTuningNotUndone, "tuning-not-restored", "tuned settings could not be put back"},
	{ExitInterrupted, "interrupted", "interrupted before anything was changed"},
}

func (c ExitCode) String() string {
	for _, e := range exitCodes {
		if e.Code == c {
			return e.Name
		}
	}
	return "failed"
}

// usageError is a mistake in the command line.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
func (e *usageError) Hint() string  { return e.hint }

// errDeclined is returned when the answer at a prompt is not yes.
var errDeclined = errors.New("declined; nothing was changed")

// errInterrupted is what a run says that ended before it changed anything.
var errInterrupted = errors.New("interrupted; nothing was changed")

// errTold stands for what another program has said on stderr itself.
var errTold = errors.New("failed; why was said already")

// codedError is an error that knows its exit code.
type codedError struct {
	error
	code ExitCode
}

func (e *codedError) Unwrap() error { return e.error }

// exitCodeOf is the one place where errors become exit codes.
func exitCodeOf(err error) ExitCode {
	if err == nil {
		return ExitDone
	}
	var (
		coded       *codedError
		usage       *usageError
		refused     *decommission.RefusedError
		unknown     *decommission.UnknownError
		moved       *decommission.MovedError
		partial     *decommission.PartialError
		unfinished  *decommission.UnfinishedError
		lostContact *decommission.LostContactError
		fileLocked  *file.LockedError
		scaleOut    *file.ScaleOutError
		locked      *journal.LockedError
		maintained  *pdclient.MaintenanceBusyError
		remain      *operators.RemainError
		otherPD     *operators.MovedError
		unread      *operators.UnreadError
		gap         *pdclient.RegionGapError
	)
	if code, ok := tuneCodeOf(err); ok {
		return code
	}
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage), isInputError(err):
		return ExitUsage
	case errors.As(err, &partial):
		return ExitPartly
	case errors.As(err, &remain):
		if !remain.Changed() && remain.Err != nil {
			return exitCodeOf(remain.Err) // why it stopped, when nothing came of it
		}
		return ExitPartly
	case errors.As(err, &refused), errors.As(err, &moved), errors.As(err, &otherPD), errors.As(err, &unfinished), errors.Is(err, file.ErrChanged):
		return ExitNo
	case errors.As(err, &unknown), errors.As(err, &unread), errors.As(err, &gap):
		return ExitCannotTell
	case errors.Is(err, errDeclined):
		return ExitDeclined
	case errors.Is(err, decommission.ErrDetached), errors.Is(err, decommission.ErrTimeout):
		return ExitInProgress
	case errors.Is(err, ui.ErrInterrupted), errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, pdclient.ErrOutcomeUnknown):
		return ExitPartly
	case errors.As(err, &fileLocked), errors.As(err, &scaleOut), errors.As(err, &locked), errors.As(err, &maintained):
		return ExitLocked
	case errors.As(err, &lostContact), errors.Is(err, pdclient.ErrUnreachable), errors.Is(err, pdclient.ErrNoLeader), errors.Is(err, context.DeadlineExceeded):
		return ExitUnreachable
	}
	return ExitFailed
}

// tuneCodeOf is exitCodeOf for errors of package tune. That values could not be
// put back is said whatever else happened.
func tuneCodeOf(err error) (code ExitCode, ok bool) {
	switch {
	case errors.As(err, new(*tune.NotRestoredError)):
		return ExitTuningNotUndone, true
	case errors.As(err, new(*tune.PartialError)):
		return ExitPartly, true
	case errors.As(err, new(*tune.MovedError)), errors.As(err, new(*tune.NothingLeavingError)):
		return ExitNo, true
	case errors.As(err, new(*tune.UnreadError)):
		return ExitCannotTell, true
	}
	return ExitDone, false
}

// isInputError reports errors in what the user gave: files, names, TLS paths.
func isInputError(err error) bool {
	var (
		parse     *topology.ParseError
		node      *topology.UnknownNodeError
		ambiguous *topology.AmbiguousNodeError
		notStore  *topology.NotAStoreError
		tlsFile   *pdclient.TLSFileError
	)
	return errors.As(err, &parse) || errors.As(err, &node) || errors.As(err, &ambiguous) ||
		errors.As(err, &notStore) || errors.As(err, &tlsFile)
}
