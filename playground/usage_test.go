package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestUsageErrors(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, line := range []string{
		"frob",
		"up --bogus",
		"up extra",
		"--stores 2",
		"--pd-count 2",
		"--regions 0",
		"--region-size 12",
		"--region-size many",
		"--speed 0",
		"--store-limit -1",
		"--replicas 0",
		"--net 10.0.1",
		"--name a/b",
		"--pd localhost",
		"--pd http://127.0.0.1:2379 --pd-server pd-server",
		"-o yaml",
		"list -o yaml",
		"stop --all --name x",
		"fault frob",
		"fault stop",
		"fault stop 1 2",
	} {
		var out, errs bytes.Buffer
		code := Main(strings.Fields(line), Streams{Out: &out, Err: &errs})
		if code != exitUsage || !strings.HasPrefix(errs.String(), "ebb-playground: ") || out.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s%s", line, code, out.String(), errs.String())
		}
	}
}

func TestHelp(t *testing.T) {
	root := newRootCmd(&Env{})
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		first := cmd.Short[:1]
		if first != strings.ToUpper(first) || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help is %q", cmd.CommandPath(), cmd.Short)
		}
		if !cmd.HasParent() || cmd.Parent() == root {
			if !strings.Contains(cmd.Long, "EXIT STATUS") || cmd.Example == "" {
				t.Errorf("%s: help lacks the exit status or an example", cmd.CommandPath())
			}
		}
		for _, child := range cmd.Commands() {
			walk(child)
		}
	}
	walk(root)
}
