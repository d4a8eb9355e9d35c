package cmd

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"ebb/pdclient"
	"ebb/ui"
	"ebb/ui/uitest"
)

// exampleCommand is the ebb command of an example line as words, without what
// only a shell does: pipes, redirections, and what stands around <( ).
func exampleCommand(t *testing.T, line string) []string {
	t.Helper()
	if inner := regexp.MustCompile(`<\((.*)\)`).FindStringSubmatch(line); inner != nil {
		line = inner[1]
	}
	quote := rune(0)
	for i, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		}
		if quote == 0 && strings.ContainsRune("|<>", c) {
			line = line[:i]
			break
		}
	}
	commands, err := splitShell(line)
	if err != nil || len(commands) != 1 || commands[0][0].text != "ebb" {
		t.Fatalf("no command of ebb: %v", err)
	}
	return wordTexts(commands[0])[1:]
}

// TestExamples runs what the help texts show, up to the first request to PD: all
// flags exist, and no value is refused.
func TestExamples(t *testing.T) {
	dir := exampleFiles(t)
	for _, c := range commands(t) {
		for line := range strings.Lines(c.Example) {
			line = strings.TrimSpace(line)
			t.Run(line, func(t *testing.T) {
				t.Parallel() // they wait for a PD to come back
				runExample(t, dir, line)
			})
		}
	}
}

// exampleFiles makes what the examples name.
func exampleFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const servers = "pd_servers:\n  - host: 10.0.1.4\ntikv_servers:\n  - host: 10.0.1.7\n  - host: 10.0.1.8\n"
	meta := "user: tidb\ntidb_version: v8.5.0\ntopology:\n  " + strings.TrimSpace(strings.ReplaceAll(servers, "\n", "\n  ")) + "\n"
	for name, content := range map[string]string{
		"topology.yaml": servers, "fence_ipmilan.sh": "#!/bin/sh\n",
		"tiup/storage/cluster/clusters/prod/meta.yaml": meta,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	t.Setenv("TIUP_HOME", filepath.Join(dir, "tiup"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	return dir
}

func runExample(t *testing.T, dir, line string) {
	args := exampleCommand(t, line)
	streams := ui.Test("")
	if args[0] != "shell" { // it reads a script then
		streams.SetTTY(true, true, true)
	}
	streams.Setenv("HOME", dir)
	env := systemEnv(streams.Streams)
	env.Prompter = uitest.NewPrompter(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	env.Sleep = func(ctx context.Context, _ time.Duration) error {
		cancel() // nobody waits for a PD that is not there
		return ctx.Err()
	}
	env.NewPD = func(config pdclient.Config) (*pdclient.Client, error) {
		config.Endpoints = []string{"http://127.0.0.1:1"}
		return pdclient.New(config)
	}
	env.Run = func(context.Context, string, []string) error { return nil }
	code := run(ctx, env, args)
	// What is named is not here: no operation, no bundle, no samples, no PD, no playground.
	absent := slices.ContainsFunc([]string{"audit show", "--from night.json", "ebb report", "playground"}, func(s string) bool { return strings.Contains(line, s) })
	if code != ExitDone && code != ExitUnreachable && code != ExitInterrupted && !absent {
		t.Errorf("exit %d\n%s", code, streams.ErrBuf)
	}
	if text := streams.ErrBuf.String(); strings.Contains(text, "flag") || strings.Contains(text, "argument") {
		t.Errorf("exit %d\n%s", code, text)
	}
}
