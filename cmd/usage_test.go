package cmd

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ebb/pdclient"
	"ebb/ui"
)

// The words of other programs lead to a command that exists, and hide none.
func TestOtherWords(t *testing.T) {
	root := newRoot(systemEnv(ui.Test("").Streams))
	said := make(map[string]bool)
	for name, words := range otherWords {
		if commandOf(root, name) == nil {
			t.Errorf("no command %s", name)
		}
		for _, word := range words {
			if commandOf(root, word) != nil || said[word] {
				t.Errorf("%s is a command, or stands for two", word)
			}
			said[word] = true
			if near := nearCommands(root, word); !slices.Equal(near, []string{name}) {
				t.Errorf("%s: %q, want %s", word, near, name)
			}
		}
	}
	for _, c := range commands(t) {
		for name := range otherFlags {
			if c.Flags().Lookup(name) != nil {
				t.Errorf("%s has --%s", c.CommandPath(), name)
			}
		}
	}
}

// Whatever is wrong with a command line is a usage error with a hint, found
// before anybody is asked.
func TestWrongCommandLines(t *testing.T) {
	for _, c := range commands(t) {
		if !c.Runnable() || c.DisableFlagParsing {
			continue
		}
		path := strings.Fields(c.CommandPath())[1:]
		for _, wrong := range [][]string{{"one", "two", "three", "four"}, {"--no-such-flag"}, {"-?"}, {"--no-color=perhaps"}} {
			args := append(slices.Clone(path), wrong...)
			t.Run(strings.Join(args, " "), func(t *testing.T) {
				streams := ui.Test("")
				env := systemEnv(streams.Streams)
				env.NewPD = func(pdclient.Config) (*pdclient.Client, error) {
					return nil, errors.New("nobody was to be asked")
				}
				code := run(t.Context(), env, args)
				if text := streams.ErrBuf.String(); code != ExitUsage || !strings.Contains(text, "hint: ") {
					t.Errorf("exit %d\n%s", code, text)
				}
				if text := streams.OutBuf.String(); text != "" {
					t.Errorf("printed %q", text)
				}
			})
		}
	}
}
