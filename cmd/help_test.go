package cmd

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ebb/internal/golden"
	"ebb/ui"
)

// commands are all commands of a fresh tree, and its topics.
func commands(t *testing.T) []*cobra.Command {
	t.Helper()
	var list []*cobra.Command
	eachCommand(newRoot(systemEnv(ui.Test("").Streams)), func(c *cobra.Command) { list = append(list, c) })
	return list
}

// TestHelp keeps every command's help in a file, and asks nobody for it: with
// no network and no file in reach, help has to work.
func TestHelp(t *testing.T) {
	for _, c := range commands(t) {
		args := strings.Fields(c.CommandPath())[1:]
		name := strings.Join(append([]string{"ebb"}, args...), "-")
		t.Run(name, func(t *testing.T) {
			help := append(slices.Clone(args), "--help")
			if c.DisableFlagParsing || !c.Runnable() {
				help = append([]string{"help"}, args...)
			}
			streams := ui.Test("")
			env := systemEnv(streams.Streams)
			if code := run(t.Context(), env, help); code != ExitDone {
				t.Errorf("exit code %d", code)
			}
			if text := streams.ErrBuf.String(); text != "" {
				t.Errorf("help wrote to stderr: %s", text)
			}
			golden.Check(t, "help/"+name+".txt", []byte(streams.OutBuf.String()))
		})
	}
}

// TestCommandsAreDocumented holds every command to the same form.
func TestCommandsAreDocumented(t *testing.T) {
	for _, c := range commands(t) {
		t.Run(c.CommandPath(), func(t *testing.T) {
			first, _, _ := strings.Cut(c.Short, " ")
			if c.Short == "" || !unicode.IsUpper(rune(c.Short[0])) || strings.HasSuffix(c.Short, ".") || strings.HasSuffix(first, "s") || strings.HasSuffix(first, "ing") {
				t.Errorf("Short %q is no imperative sentence without full stop", c.Short)
			}
			for line := range strings.Lines(c.Long) {
				if len([]rune(strings.TrimRight(line, "\n"))) > 120 {
					t.Errorf("Long has a line too long for a terminal: %q", line)
				}
			}
			if !c.Runnable() {
				return // a topic
			}
			if strings.Count(c.Example, "\n") < 1 {
				t.Errorf("Example %q has less than two lines", c.Example)
			}
			for line := range strings.Lines(c.Example) {
				if !strings.HasPrefix(line, "  ") || !strings.Contains(line, c.CommandPath()) {
					t.Errorf("Example line %q does not show the command", line)
				}
			}
			if !strings.Contains(c.Long, "\n\nEXIT STATUS\n") {
				t.Error("Long has no EXIT STATUS")
			}
			// A verb with verbs of its own leaves the changing to its apply.
			if c.GroupID == groupChange && !c.HasSubCommands() || c.Name() == "apply" {
				flags := []string{"dry-run", "yes", "output", "jq"}
				if c.GroupID == groupChange {
					flags = append(flags, "node")
				}
				for _, flag := range flags {
					if c.Flags().Lookup(flag) == nil {
						t.Errorf("changes something, but has no --%s", flag)
					}
				}
				if s := c.Flags().ShorthandLookup("y"); s == nil || s.Name != "yes" {
					t.Error("-y is not --yes")
				}
			}
		})
	}
}

// The same letter means the same everywhere, and usage texts have one form.
func TestFlagsAgree(t *testing.T) {
	names := make(map[string]string)  // shorthand -> name
	usages := make(map[string]string) // name -> usage
	for _, c := range commands(t) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Name == "version" {
				return
			}
			if f.Shorthand != "" && c.CommandPath()+" "+f.Name != "ebb shell command" { // -c as in every shell
				if known := names[f.Shorthand]; known != "" && known != f.Name {
					t.Errorf("%s: -%s is --%s, elsewhere --%s", c.CommandPath(), f.Shorthand, f.Name, known)
				}
				names[f.Shorthand] = f.Name
			}
			usage := strings.ReplaceAll(f.Usage, "`", "")
			if usage == "" || strings.HasSuffix(usage, ".") || unicode.IsUpper(rune(usage[0])) && !regexp.MustCompile(`^[A-Z]{2,}`).MatchString(usage) && f.Name != "node" {
				t.Errorf("%s --%s: usage %q", c.CommandPath(), f.Name, f.Usage)
			}
			if known := usages[f.Name]; known != "" && known != f.Usage && !slices.Contains([]string{"interval", "timeout", "for", "store"}, f.Name) {
				t.Errorf("%s --%s: usage %q, elsewhere %q", c.CommandPath(), f.Name, f.Usage, known)
			}
			usages[f.Name] = f.Usage
		})
	}
}
