package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// scriptRun is the state of a run without an operator.
type scriptRun struct {
	*shell
	keepGoing bool
	first     error // the first failure
}

// runText runs the commands of -c. It is read to the end before anything runs.
func (s *shell) runText(ctx context.Context, text string, keepGoing bool) error {
	commands, err := splitShell(text)
	if err != nil {
		return syntaxError("-c", err)
	}
	r := scriptRun{shell: s, keepGoing: keepGoing}
	if done, err := r.each(ctx, commands, ""); done {
		return err
	}
	return r.first
}

// runScript runs commands line by line as they come.
func (s *shell) runScript(ctx context.Context, in io.Reader, keepGoing bool) error {
	r := scriptRun{shell: s, keepGoing: keepGoing}
	reader := bufio.NewReader(in)
	pending := ""
	for number, began := 1, 1; ; number++ {
		line, readErr := reader.ReadString('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return fmt.Errorf("read commands: %w", readErr)
		}
		if pending == "" {
			began = number
		}
		place := fmt.Sprintf("line %d: ", began)
		pending += line
		commands, err := splitShell(pending)
		switch {
		case errors.Is(err, errOpenQuote) && readErr == nil:
			continue
		case err != nil:
			return errors.Join(syntaxError(strings.TrimSuffix(place, ": "), err), r.first)
		}
		pending = ""
		if done, err := r.each(ctx, commands, place); done {
			return err
		}
		if readErr != nil {
			return r.first
		}
	}
}

func syntaxError(where string, err error) error {
	var usage *usageError
	if errors.As(err, &usage) {
		return &usageError{fmt.Errorf("%s: %w", where, usage.err), usage.hint}
	}
	return &usageError{fmt.Errorf("%s: %w", where, err), "quotes are as in a POSIX shell; see ebb shell --help"}
}

// each runs commands and reports whether the script is over, and how.
func (r *scriptRun) each(ctx context.Context, commands [][]shellWord, place string) (done bool, err error) {
	for _, words := range commands {
		texts := wordTexts(words)
		code, err := r.run(ctx, texts)
		if errors.Is(err, errLeave) {
			return true, r.first
		}
		if code != ExitDone && r.first == nil {
			r.first = failure(place, texts, code)
		}
		switch {
		case ctx.Err() != nil && code == ExitDone:
			return true, errors.Join(r.first, &codedError{errors.New(place + "interrupted"), ExitInterrupted})
		case code != ExitDone && (!r.keepGoing || ctx.Err() != nil):
			return true, r.first
		}
	}
	return false, nil
}
