package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"ebb/journal"
	"ebb/ui"
)

// Bounds of the history: lines, and bytes of one line. The file holds at most
// twice as many lines before it is cut.
const (
	historyLines   = 1000
	historyLineMax = 4096
)

// shellHistory are the lines of this and earlier shells, the latest last, kept
// in a file that only its owner may read. Of several shells at once each sees
// its own lines, and the file gets those of all.
type shellHistory struct {
	path  string // "" : kept nowhere
	lines []string
}

// openHistory reads the history. With an error it is empty and kept nowhere.
func openHistory(path string) (*shellHistory, error) {
	h := &shellHistory{}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return h, err
	}
	if err := os.Chmod(path, 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, err
	}
	var lines []string
	for line := range bytes.Lines(data) {
		// Control characters that somebody wrote there must not reach the terminal.
		if text := ui.Clean(strings.TrimRight(string(line), "\r\n")); text != "" && len(text) <= historyLineMax {
			lines = append(lines, text)
		}
	}
	kept := lines[max(len(lines)-historyLines, 0):]
	if len(lines) > 2*historyLines {
		if err := renameio.WriteFile(path, []byte(strings.Join(kept, "\n")+"\n"), 0o600); err != nil {
			return h, fmt.Errorf("cut %s: %w", path, err)
		}
	}
	h.path, h.lines = path, slices.Clone(kept)
	return h, nil
}

// Len implements [ui.History].
func (h *shellHistory) Len() int { return len(h.lines) }

// At implements [ui.History]: 0 is the latest line.
func (h *shellHistory) At(index int) string { return h.lines[len(h.lines)-1-index] }

// add takes a line in. Lines that begin with a blank are not kept, nor those
// with a password in them, nor one that is as the last. words are those of the
// line, empty when it could not be split.
func (h *shellHistory) add(line string, words []string) error {
	if strings.HasPrefix(line, " ") || !slices.Equal(journal.Redact(words), words) || len(words) == 0 && strings.Contains(line, "://") {
		return nil
	}
	// The editor shows one line only; to jq the end of a line is a blank.
	line = strings.TrimSpace(strings.Join(strings.Split(line, "\n"), " "))
	if line == "" || len(line) > historyLineMax || ui.Clean(line) != line || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return nil
	}
	h.lines = append(h.lines, line)
	if len(h.lines) > historyLines {
		h.lines = slices.Delete(h.lines, 0, 1)
	}
	if h.path == "" {
		return nil
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n") // one write, so that the lines of two shells do not mix
	return errors.Join(err, f.Close())
}
