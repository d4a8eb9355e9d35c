package cmd

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ebb/ui"
)

// candidate is a word that completion offers.
type candidate struct{ word, what string }

// complete completes a line with what the completion of other shells is made
// of. A word in quotes is left alone.
func (s *shell) complete(ctx context.Context) ui.Completer {
	return func(line string, pos int) (newLine string, newPos int, candidates []string) {
		commands, err := splitShell(line[:pos])
		if err != nil {
			return line, pos, nil
		}
		var words []shellWord
		if len(commands) > 0 && !strings.HasSuffix(strings.TrimRight(line[:pos], " \t"), ";") {
			words = commands[len(commands)-1]
		}
		last := shellWord{start: pos, end: pos}
		if n := len(words); n > 0 && words[n-1].end == pos {
			last, words = words[n-1], words[:n-1]
		}
		if last.quoted {
			return line, pos, nil
		}
		offers := s.offers(ctx, wordTexts(words), last.text)
		if len(offers) == 0 {
			return line, pos, nil
		}
		insert := commonPrefix(offers)
		if len(offers) == 1 && !strings.HasSuffix(insert, "/") && !strings.HasSuffix(insert, "=") {
			insert += " "
		}
		if line[pos:] != "" && strings.HasSuffix(insert, " ") && line[pos] == ' ' {
			insert = strings.TrimSuffix(insert, " ")
		}
		return line[:last.start] + insert + line[pos:], last.start + len(insert), describe(offers)
	}
}

// offers asks cobra for the candidates, on a tree whose output nobody sees.
func (s *shell) offers(ctx context.Context, words []string, last string) []candidate {
	if len(words) > 0 && words[0] == "ebb" {
		words = words[1:]
	}
	env := *s.env
	env.inShell = true
	root := newRoot(&env)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(slices.Concat([]string{cobra.ShellCompRequestCmd}, s.withCluster(words), []string{last}))
	if err := root.ExecuteContext(ctx); err != nil {
		return nil
	}
	var offers []candidate
	directive := cobra.ShellCompDirectiveError
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if number, ok := strings.CutPrefix(line, ":"); ok {
			n, err := strconv.Atoi(number)
			if err == nil {
				directive = cobra.ShellCompDirective(n)
			}
			continue
		}
		word, what, _ := strings.Cut(line, "\t")
		offers = append(offers, candidate{word, what})
	}
	if len(words) == 0 {
		offers = append(offers, candidate{"exit", "Leave the shell"}, candidate{"quit", "Leave the shell"})
	}
	switch {
	case directive&cobra.ShellCompDirectiveError != 0:
		return nil
	case directive&cobra.ShellCompDirectiveFilterFileExt != 0:
		offers = files(last, offers)
	case directive&cobra.ShellCompDirectiveNoFileComp == 0 && len(offers) == 0:
		offers = files(last, nil)
	}
	return slices.DeleteFunc(offers, func(c candidate) bool {
		return !strings.HasPrefix(c.word, last) || !plain.MatchString(strings.ReplaceAll(c.word, ",", "")) || len(words) == 0 && c.word == "shell"
	})
}

// files offers files and directories, of files those with one of the extensions
// if there are any.
func files(last string, extensions []candidate) []candidate {
	dir, base := filepath.Split(last)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil
	}
	var offers []candidate
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		fits := len(extensions) == 0 || slices.ContainsFunc(extensions, func(c candidate) bool { return strings.HasSuffix(e.Name(), "."+c.word) })
		switch {
		case err != nil, strings.HasPrefix(e.Name(), ".") && base == "":
		case info.IsDir():
			offers = append(offers, candidate{word: dir + e.Name() + "/"})
		case fits:
			offers = append(offers, candidate{word: dir + e.Name()})
		}
	}
	return offers
}

func commonPrefix(offers []candidate) string {
	prefix := offers[0].word
	for _, o := range offers[1:] {
		n := 0
		for n < len(prefix) && n < len(o.word) && prefix[n] == o.word[n] {
			n++
		}
		prefix = prefix[:n]
	}
	return prefix
}

func describe(offers []candidate) []string {
	rows := make([][]string, len(offers))
	for i, o := range offers {
		rows[i] = []string{o.word, o.what}
	}
	return alignColumns(rows)
}
