package cmd

import (
	"regexp"
	"strings"
	"testing"

	"ebb/ui"
)

// What a topic says to run, or to give, exists.
func TestTopicsNameWhatExists(t *testing.T) {
	root := newRoot(systemEnv(ui.Test("").Streams))
	flags := map[string]bool{"--help": true}
	for _, c := range commands(t) {
		for _, line := range strings.Fields(c.Flags().FlagUsages()) {
			flags[strings.TrimRight(line, ",")] = true
		}
	}
	topics := 0
	for _, topic := range root.Commands() {
		if topic.Runnable() || topic.HasSubCommands() {
			continue
		}
		topics++
		for _, match := range regexp.MustCompile(`\bebb\s+([a-z][a-z-]+)((?: [a-z]+)?)`).FindAllStringSubmatch(topic.Long, -1) {
			if c, _, err := root.Find([]string{match[1]}); err != nil || c == root {
				t.Errorf("help %s: no command %q", topic.Name(), match[0])
			}
		}
		for _, flag := range regexp.MustCompile(`(?m)(?:^|[ (])(--?[a-zA-Z][a-z-]*)`).FindAllStringSubmatch(topic.Long, -1) {
			if !flags[flag[1]] {
				t.Errorf("help %s: no flag %s", topic.Name(), flag[1])
			}
		}
	}
	if topics != 3 {
		t.Errorf("%d topics", topics)
	}
}
