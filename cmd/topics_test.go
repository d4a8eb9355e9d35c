package cmd

import (
	"io/fs"
	"os"
	"path/filepath"
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
		for _, line := range strings.Fields(c.Flags().FlagUsages() + c.PersistentFlags().FlagUsages()) {
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
	if topics != 4 {
		t.Errorf("%d topics", topics)
	}
}

// A variable that the program looks at is no secret.
func TestEnvironmentTopic(t *testing.T) {
	topic := newEnvironmentTopic().Long
	getenv := regexp.MustCompile(`etenv\("([A-Z_]+)"\)`)
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "playground":
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, m := range getenv.FindAllStringSubmatch(string(source), -1) {
			found++
			if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(topic) {
				t.Errorf("%s: %s is not in help environment", path, m[1])
			}
		}
		return err
	})
	if err != nil || found < 7 {
		t.Errorf("%d variables: %v", found, err)
	}
}
