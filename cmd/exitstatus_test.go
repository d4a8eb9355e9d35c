package cmd

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ebb/ui"
)

// documentedCodes are those of a command's EXIT STATUS.
func documentedCodes(t testing.TB, c *cobra.Command) []ExitCode {
	t.Helper()
	_, block, _ := strings.Cut(c.Long, "\n\nEXIT STATUS\n")
	var codes []ExitCode
	for line := range strings.Lines(block) {
		code, err := strconv.Atoi(strings.Fields(line)[0])
		if err != nil {
			t.Errorf("%s: EXIT STATUS: %v", c.CommandPath(), err)
		}
		codes = append(codes, ExitCode(code))
	}
	return codes
}

// Whoever asks PD can fail to reach it and be interrupted; whoever asks a person
// can be declined.
func TestExitStatusBlocks(t *testing.T) {
	for _, c := range commands(t) {
		if !c.Runnable() {
			continue
		}
		want := []ExitCode{ExitDone, ExitUsage}
		if c.Flags().Lookup("output") != nil { // what it prints may meet a full disk
			want = append(want, ExitFailed)
		}
		if c.Flags().Lookup("pd") != nil {
			want = append(want, ExitFailed, ExitUnreachable, ExitInterrupted)
		}
		if c.Flags().Lookup("yes") != nil {
			want = append(want, ExitNo, ExitCannotTell, ExitDeclined, ExitPartly, ExitLocked)
		}
		codes := documentedCodes(t, c)
		for _, code := range want {
			if !slices.Contains(codes, code) {
				t.Errorf("%s does not document exit code %d", c.CommandPath(), code)
			}
		}
		if c.Flags().Lookup("yes") == nil && c.Name() != "shell" && slices.Contains(codes, ExitDeclined) {
			t.Errorf("%s documents that it is declined, but asks nothing", c.CommandPath())
		}
		if c.Flags().Lookup("pd") == nil && !c.DisableFlagParsing && slices.Contains(codes, ExitUnreachable) {
			t.Errorf("%s documents that PD is out of reach, but knows none", c.CommandPath())
		}
	}
}

// exitAsDocumented is what a program of a script does at its end: an exit code
// that the command's EXIT STATUS does not have becomes one that no script wants.
func exitAsDocumented(args []string, code int) int {
	c, _, err := newRoot(systemEnv(ui.Test("").Streams)).Find(joinArgs(args))
	if err != nil || !c.Runnable() || strings.HasPrefix(c.Name(), "__") {
		return code
	}
	_, block, _ := strings.Cut(c.Long, "\n\nEXIT STATUS\n")
	if strings.Contains("\n"+block, fmt.Sprintf("\n  %3d  ", code)) {
		return code
	}
	fmt.Fprintf(os.Stderr, "%s ended with exit code %d, which its EXIT STATUS does not have\n", c.CommandPath(), code)
	return 99
}
