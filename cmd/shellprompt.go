package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"ebb/ui"
)

// promptPatience bounds what the prompt asks PD.
const promptPatience = 500 * time.Millisecond

// interact runs what an operator types. Each command has the interrupts of its
// own: the first one cancels that command, and the second one ends the program,
// as without a shell. Between commands an interrupt drops the line.
func (s *shell) interact(ctx context.Context, t *target) error {
	// The first interrupt cancelled ctx for good, but a shell survives it.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	defer stop()
	history, err := openHistory(filepath.Join(s.env.stateDir(), "history"))
	if err != nil {
		s.env.printError(&hintedError{err, "lines are remembered until you leave"}, ExitFailed, false)
	}
	editor := &ui.Editor{Streams: s.env.Streams, History: history, Complete: s.complete(ctx)}
	for {
		line, words, err := s.read(ctx, editor, t)
		switch {
		case ctx.Err() != nil:
			return &codedError{errors.New("terminated"), ExitInterrupted}
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ui.ErrInterrupted), errors.Is(err, context.Canceled):
			continue
		}
		var commands [][]string
		for _, w := range words {
			commands = append(commands, wordTexts(w))
		}
		if err := history.add(line, flatten(commands)); err != nil {
			history.path = "" // said once
			s.env.printError(fmt.Errorf("keep the history: %w", err), ExitFailed, false)
		}
		if err != nil {
			var usage *usageError
			if !errors.As(err, &usage) {
				return err
			}
			s.env.printError(err, ExitUsage, false)
			continue
		}
		for _, command := range commands {
			code, err := s.run(ctx, command)
			if errors.Is(err, errLeave) {
				return nil
			}
			if code != ExitDone {
				break // as in a script: what follows was typed in the hope of success
			}
		}
	}
}

func flatten(commands [][]string) []string {
	var words []string
	for _, c := range commands {
		words = append(words, c...)
	}
	return words
}

// read reads a line, and as many more as its open quotes need.
func (s *shell) read(ctx context.Context, editor *ui.Editor, t *target) (line string, commands [][]shellWord, err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT)
	defer stop()
	prompt := s.prompt(ctx, t)
	for {
		more, err := editor.ReadLine(ctx, prompt)
		if err != nil {
			return "", nil, err
		}
		line += more
		commands, err = splitShell(line)
		if !errors.Is(err, errOpenQuote) {
			return line, commands, err
		}
		line += "\n"
		prompt = "... "
		editor = &ui.Editor{Streams: editor.Streams, History: editor.History} // the beginning is out of sight of completion
	}
}

// prompt names the cluster, its PD leader and the leader's version.
func (s *shell) prompt(ctx context.Context, t *target) string {
	if t == nil {
		return "ebb> "
	}
	name := t.name()
	if t.topology != nil && t.topology.ClusterName == "" {
		name = filepath.Base(name)
	}
	ctx, cancel := context.WithTimeout(ctx, promptPatience)
	defer cancel()
	members, err := t.pd.Members(ctx)
	if err != nil {
		return name + pad(name) + "[PD does not answer]> "
	}
	leader := members.Leader.Name
	if leader == "" {
		return name + pad(name) + "[PD has no leader]> "
	}
	if name == "" && len(members.Leader.ClientURLs) > 0 { // only -u was given
		if u, err := url.Parse(members.Leader.ClientURLs[0]); err == nil {
			leader = u.Host
		}
	}
	if version, err := t.pd.PDVersion(ctx); err == nil {
		leader += " " + version
	}
	return name + pad(name) + "[" + leader + "]> "
}

func pad(name string) string {
	if name == "" {
		return ""
	}
	return " "
}
