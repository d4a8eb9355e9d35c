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
		"--topology t.yaml --stores 5",
		"--topology t.yaml --hosts=false",
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

// eachCommand calls visit for every command that is not cobra's own.
func eachCommand(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		eachCommand(sub, visit)
	}
}

func TestHelp(t *testing.T) {
	eachCommand(newRootCmd(&Env{}), func(cmd *cobra.Command) {
		first := cmd.Short[:1]
		if first != strings.ToUpper(first) || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help is %q", cmd.CommandPath(), cmd.Short)
		}
		if !strings.Contains(cmd.Long, "\n\nEXIT STATUS\n    0  done") {
			t.Errorf("%s: help lacks the exit status", cmd.CommandPath())
		}
		examples := 0
		for line := range strings.Lines(cmd.Example) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			examples++
			if err := parses(strings.Fields(line)); err != nil {
				t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
			}
		}
		if examples < 2 {
			t.Errorf("%s: %d examples", cmd.CommandPath(), examples)
		}
	})
	for verb := range faultExamples {
		fault, _, err := newRootCmd(&Env{}).Find([]string{"fault", verb})
		if err != nil || fault.Name() != verb {
			t.Errorf("examples of a fault that does not exist: %s", verb)
		}
	}
}

// parses tells what is wrong with the flags and the number of arguments of a
// command line.
func parses(words []string) error {
	cmd, rest, err := newRootCmd(&Env{}).Find(words[1:])
	if err != nil {
		return err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

func TestDidYouMean(t *testing.T) {
	for line, hint := range map[string]string{
		"stat":         "did you mean status or stop?",
		"fault stopp":  "did you mean stop?",
		"--storse 3":   "did you mean --stores?",
		"stop --al":    "did you mean --all?",
		"frobnication": "see `ebb-playground --help`",
		"--frobnicate": "see `ebb-playground --help`",
		"-z":           "see `ebb-playground --help`",
	} {
		var out, errs bytes.Buffer
		code := Main(strings.Fields(line), Streams{Out: &out, Err: &errs})
		if code != exitUsage || !strings.HasSuffix(errs.String(), "\nhint: "+hint+"\n") {
			t.Errorf("%s: exit code %d\n%s", line, code, &errs)
		}
	}
}
